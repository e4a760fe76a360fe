"""Takes the lists in which subsystems say who holds which role there: a CSV of user name and role (F7; JC 9, 11).

A list is evidence and changes no account. It is read strictly: a row that is passed over would count as "not there".
"""

import csv
import hashlib
import io
import re
from datetime import datetime

from sqlalchemy import delete, insert, select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.errors import FieldProblem, NotFoundError, RefusedInputError
from connector.reconciliation.three_way_errors import OlderExportError
from connector.reconciliation.three_way_tables import SubsystemExportRow, SubsystemHoldingRow
from connector.register import catalogue, reach
from connector.register.offices import check_host_or_holds
from connector.register.tables import SubsystemRow
from connector.regulations.vocabulary import Office
from connector.storage.tables import new_id

# They answer for the subsystems' lists of users (JC 8(2)); whoever only oversees does not bring evidence himself.
EXPORTERS = (Office.SYSTEM_ADMINISTRATOR, Office.SYSTEM_DEPARTMENT_HEAD)
HEADINGS = (["user_name", "role"], ["用户名", "角色"])
MOST_BYTES = 64 << 20
MOST_ROWS = 1_000_000
MOST_PROBLEMS = 20
USER_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
ROLE = re.compile(r"[^\s=+@\-\x00-\x1f\x7f][^\x00-\x1f\x7f]{0,63}")  # What a spreadsheet would compute is no role.
CLAUSE = "JC 9"
INSERTED = 5000  # rows of one statement

Holdings = list[tuple[str, str]]


def receive_export(
    act: Act, subsystem_id: str, content: bytes, *, taken_at: datetime | None = None
) -> SubsystemExportRow:
    """Keeps a subsystem's list as of `taken_at` (default: now), in place of the one before.

    For system administrators, the head of the system department and the operator of the machine. Raises
    ForbiddenError, NotFoundError, RefusedInputError with the wrong rows, OlderExportError.
    """
    check_host_or_holds(act, *EXPORTERS, doing="上传子系统用户清单 / upload a subsystem's list of users")
    reach.check_whole(
        act, doing="上传子系统用户清单 / upload a subsystem's list of users"
    )  # It names users of all units.
    subsystem = act.session.get(SubsystemRow, subsystem_id, with_for_update=True)
    if subsystem is None:
        raise NotFoundError(kind="子系统 (subsystem)", name=subsystem_id)
    moment = _check_moment(act, subsystem, taken_at or act.now)
    holdings = parse_export(content)
    row = SubsystemExportRow(
        id=new_id(),
        subsystem_id=subsystem_id,
        taken_at=moment,
        received_at=act.now,
        received_by=act.actor.name,
        sha256=hashlib.sha256(content).hexdigest(),
        rows=len(holdings),
    )
    former = select(SubsystemExportRow.id).where(SubsystemExportRow.subsystem_id == subsystem_id)
    act.session.execute(delete(SubsystemHoldingRow).where(SubsystemHoldingRow.export_id.in_(former)))
    act.session.add(row)
    act.session.flush()
    for first in range(0, len(holdings), INSERTED):
        part = holdings[first : first + INSERTED]
        values = [{"export_id": row.id, "user_name": user, "role": role} for user, role in part]
        act.session.execute(insert(SubsystemHoldingRow), values)
    audit.record(
        act, Event.SUBSYSTEM_EXPORT_RECEIVED, f"subsystem:{subsystem_id}",
        export=row.id, rows=row.rows, sha256=row.sha256, taken_at=moment.isoformat(),
    )  # fmt: skip
    return row


def newest_export(act: Act, subsystem_id: str) -> SubsystemExportRow | None:
    """The list of the subsystem that counts."""
    statement = select(SubsystemExportRow).where(SubsystemExportRow.subsystem_id == subsystem_id)
    newest = statement.order_by(SubsystemExportRow.taken_at.desc(), SubsystemExportRow.received_at.desc())
    return act.session.scalars(newest.limit(1)).first()


def newest_exports(act: Act) -> list[SubsystemExportRow]:
    """The newest list of each subsystem that ever sent one."""
    found = (newest_export(act, row.id) for row in catalogue.list_subsystems(act))
    return [row for row in found if row is not None]


def holdings_of(act: Act, export: SubsystemExportRow) -> set[tuple[str, str]]:
    """(user name, role) of an export."""
    statement = select(SubsystemHoldingRow.user_name, SubsystemHoldingRow.role)
    rows = act.session.execute(statement.where(SubsystemHoldingRow.export_id == export.id))
    return {(user_name, role) for user_name, role in rows}


def parse_export(content: bytes) -> Holdings:
    """(user name in lower case, role) of every row, in order; raises RefusedInputError naming the wrong rows."""
    if len(content) > MOST_BYTES:
        raise _refused("file", f"文件超过{MOST_BYTES >> 20} MB", f"is larger than {MOST_BYTES >> 20} MB")
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise _refused("file", "应为 UTF-8 编码的 CSV 文件", "is not CSV in UTF-8") from None
    if not rows or [cell.strip() for cell in rows[0]] not in HEADINGS:
        raise _refused("row 1", "首行应为 user_name,role（或 用户名,角色）", "the first row must be user_name,role")
    if len(rows) - 1 > MOST_ROWS:
        raise _refused("file", f"超过{MOST_ROWS}行", f"has more than {MOST_ROWS} rows")
    return _checked(rows[1:])


def _checked(rows: list[list[str]]) -> Holdings:
    found: dict[tuple[str, str], int] = {}
    problems: list[FieldProblem] = []
    for number, cells in enumerate(rows, 2):
        wrong = _wrong(cells)
        pair = (cells[0].strip().lower(), cells[1].strip()) if wrong is None else ("", "")
        if wrong is None and pair in found:
            wrong = (f"与第{found[pair]}行重复", f"repeats row {found[pair]}")
        if wrong is not None:
            problems.append(FieldProblem(f"row {number}", *wrong, CLAUSE))
        found.setdefault(pair, number)
        if len(problems) == MOST_PROBLEMS:
            break
    if not found and not problems:
        # An empty list would say that nobody holds anything there; a broken export looks just like it.
        raise _refused("file", "清单中没有内容行", "there is no row in the list")
    if problems:
        raise RefusedInputError(problems, clause=CLAUSE)
    return list(found)


def _wrong(cells: list[str]) -> tuple[str, str] | None:
    """What is wrong with a row, without repeating what stands in it: it may be anything."""
    if len(cells) != 2:
        return "应有用户名和角色两列", "must have two cells: user name and role"
    if not USER_NAME.fullmatch(cells[0].strip().lower()):
        return "用户名格式不正确", "is not a user name"
    if not ROLE.fullmatch(cells[1].strip()):
        return "角色格式不正确", "is not a role"
    return None


def _check_moment(act: Act, subsystem: SubsystemRow, taken_at: datetime) -> datetime:
    if taken_at > act.now:
        raise _refused("taken_at", "导出时间不能晚于现在", "must not be in the future")
    newest = newest_export(act, subsystem.id)
    if newest is not None and newest.taken_at > taken_at:
        raise OlderExportError(subsystem=subsystem.id, taken_at=newest.taken_at.isoformat(timespec="minutes"))
    return taken_at


def _refused(field: str, zh: str, en: str) -> RefusedInputError:
    return RefusedInputError([FieldProblem(field, zh, en, CLAUSE)], clause=CLAUSE)
