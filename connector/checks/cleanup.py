"""The clean-up list of JC annex 3, of one scan: as rows for a page, and as a spreadsheet. Reads only."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from sqlalchemy import select

from connector.auth.act import Act
from connector.checks.report import OUTCOMES, Outcome, ReportLine
from connector.register.names import CLASS_NAMES
from connector.register.tables import AccountRow, GrantRow, PermissionRow, PersonRow, SubsystemRow, UnitRow

TITLE = "信息系统账号清理清单"
HEADINGS = ("系统名称", "科室", "使用人", "使用账户", "账号类型", "处理方式")  # word for word, JC annex 3
WIDTHS = (24, 28, 14, 24, 16, 36)
MILLIMETRES = (28, 28, 20, 32, 22, 0)
NO_SYSTEM = "（无系统权限）"  # full-width brackets, as the list is in Chinese

TREATMENTS: Mapping[Outcome, str] = {**{key: text.zh for key, text in OUTCOMES.items()}, Outcome.PROPOSED: "拟禁用"}


@dataclass(frozen=True)
class CleanUpRow:
    """One line of the annex, in its order: one account in one system it has permissions in."""

    system: str
    unit: str
    person: str
    user_name: str
    account_class: str
    treatment: str


def list_rows(act: Act, lines: Sequence[ReportLine]) -> list[CleanUpRow]:
    """The lines of the annex for these accounts, by system and user name; an account without permission has one."""
    by_id = {line.account_id: line for line in lines}
    found = act.session.execute(
        select(AccountRow.id, AccountRow.user_name, AccountRow.account_class, PersonRow.name, UnitRow.name)
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .join(UnitRow, UnitRow.id == PersonRow.unit_id)
        .where(AccountRow.id.in_(by_id))
    )
    systems = _systems(act, by_id)
    rows = [
        CleanUpRow(
            system, unit, person, user_name,
            CLASS_NAMES[account_class].zh, TREATMENTS[by_id[account_id].outcome],
        )
        for account_id, user_name, account_class, person, unit in found
        for system in systems.get(account_id, [NO_SYSTEM])
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row.system == NO_SYSTEM, row.system, row.user_name))


def _systems(act: Act, account_ids: Iterable[str]) -> dict[str, list[str]]:
    """Names of the subsystems in which each account holds a permission."""
    rows = act.session.execute(
        select(GrantRow.account_id, SubsystemRow.name)
        .join(PermissionRow, PermissionRow.id == GrantRow.permission_id)
        .join(SubsystemRow, SubsystemRow.id == PermissionRow.subsystem_id)
        .where(GrantRow.account_id.in_(account_ids), GrantRow.until.is_(None))
        .distinct()
        .order_by(SubsystemRow.name)
    )
    systems: dict[str, list[str]] = {}
    for account_id, name in rows:
        systems.setdefault(account_id, []).append(name)
    return systems


def listing(rows: Sequence[CleanUpRow]) -> dict[str, Any]:
    """The annex as it is printed: data for the typesetter's "listing"."""
    systems = "、".join(dict.fromkeys(row.system for row in rows if row.system != NO_SYSTEM))
    return {
        "annex": "附件 3",
        "title": TITLE,
        "above": [f"系统名称：{systems}"],
        "columns": [{"title": head, "width": width} for head, width in zip(HEADINGS, MILLIMETRES, strict=True)],
        "rows": [list(astuple(row)) for row in rows],
    }


def write_xlsx(rows: Sequence[CleanUpRow]) -> bytes:
    """The annex as a spreadsheet: its title, its line of systems, its headings, one row per line.

    Every cell is text: a name that begins with "=" must not become a formula on somebody's desk.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet("清理清单")
    for letter, width in zip("ABCDEF", WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A4"

    def line(cells: Iterable[str], *, bold: bool = False, size: int = 11) -> None:
        made = []
        for value in cells:
            cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value))
            cell.data_type = "s"
            cell.font = Font(bold=bold, size=size)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            made.append(cell)
        sheet.append(made)

    line([TITLE], bold=True, size=14)
    line([f"系统名称：{'、'.join(dict.fromkeys(row.system for row in rows if row.system != NO_SYSTEM))}"])
    line(HEADINGS, bold=True)
    for row in rows:
        line(astuple(row))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
