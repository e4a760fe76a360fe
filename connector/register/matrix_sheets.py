"""Reads and writes a unit's table of posts and permissions as .csv or .xlsx, by the columns of JC annex 1. No database.

系统名称 and 账号类别 name the permission: id or name of the system, and "module.role" or the words of the catalogue.
使用人 and 序号 are passed over: who holds a post is known by the register.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from openpyxl import Workbook

from connector.errors import FieldProblem, RefusedInputError
from connector.register.matrix_lines import CLAUSE, MOST_LINES, MOST_NOTE, MatrixLine
from connector.register.tables import PermissionRow, SubsystemRow
from connector.register.workbooks import FORMULA, xlsx_rows

MOST_BYTES = 1 << 20
MOST_UNPACKED = 20 << 20  # A small .xlsx can unpack to any size.
MOST_COLUMNS = 12
HEADINGS = ("序号", "系统名称", "账号类别", "岗位", "使用人", "备注")
NAMES: Mapping[str, str] = {
    "系统名称": "system", "system": "system", "账号类别": "role", "role": "role", "权限": "permission",
    "permission": "permission", "岗位": "post", "post": "post", "备注": "note", "note": "note",
    "序号": "", "no": "", "使用人": "", "user": "",
}  # fmt: skip


class Catalogue(NamedTuple):
    """What the words of a sheet may mean: permission ids by (system, role), both as people may write them."""

    ids: frozenset[str]
    by_words: Mapping[tuple[str, str], str]


def make_catalogue(permissions: Iterable[PermissionRow], subsystems: Iterable[SubsystemRow]) -> Catalogue:
    """Pure: every way to write a permission; a way that would mean two of them means none."""
    names = {row.id: row.name for row in subsystems}
    found: dict[tuple[str, str], str] = {}
    twice: set[tuple[str, str]] = set()
    ids = set()
    for row in permissions:
        ids.add(row.id)
        for system in {row.subsystem_id, names.get(row.subsystem_id, "")}:
            for role in {row.role, f"{row.module}.{row.workflow_role}", f"{row.module} {row.workflow_role}"}:
                key = (system.casefold(), role.casefold())
                if found.setdefault(key, row.id) != row.id:
                    twice.add(key)
    return Catalogue(frozenset(ids), {key: value for key, value in found.items() if key not in twice})


def parse_sheet(content: bytes, suffix: str, known: Catalogue) -> list[MatrixLine]:
    """The lines of a file, blank rows left out. Raises RefusedInputError with every wrong row (JC 4, annex 1)."""
    rows = _rows(content, suffix.lower())
    lines: list[MatrixLine] = []
    problems: list[FieldProblem] = []
    for number, cells in rows:
        if not any(cells.values()):
            continue
        wrong = _problem(cells, known)
        if wrong:
            problems.append(FieldProblem(f"row {number}", *wrong, "JC annex 1"))
        else:
            lines.append(
                MatrixLine(post=cells["post"], permission=_permission(cells, known), note=cells.get("note", ""))
            )
    if not lines and not problems:
        problems.append(FieldProblem("file", "文件中没有内容行", "there is no row in the file", "JC annex 1"))
    if problems:
        raise RefusedInputError(problems, clause=CLAUSE)
    return lines


def write_sheet(
    lines: Iterable[MatrixLine], suffix: str, *, names: Callable[[str], tuple[str, str]], users: Mapping[str, str]
) -> bytes:
    """A table as a file with the headings of the annex. `names` gives (system, role); `users` the people of a post."""
    rows = [
        (str(n), *names(line.permission), line.post, users.get(line.post, ""), line.note)
        for n, line in enumerate(lines, 1)
    ]
    if suffix == ".csv":
        text = io.StringIO(newline="")
        csv.writer(text).writerows([HEADINGS, *(map(_harmless, row) for row in rows)])
        return ("\ufeff" + text.getvalue()).encode()
    book = Workbook(write_only=True)
    sheet = book.create_sheet("对照表")
    for row in (HEADINGS, *rows):
        sheet.append([_harmless(cell) for cell in row])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _harmless(cell: str) -> str:
    """A text that a spreadsheet would compute is led by an apostrophe."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t") else cell


def _problem(cells: Mapping[str, str], known: Catalogue) -> tuple[str, str] | None:
    if FORMULA in cells.values():
        return "含有公式，请改为文本", "holds a formula; type text"
    if not cells.get("post") or len(cells["post"]) > 64:
        return "请填写岗位（最多64个字）", "give the post, 64 characters at most"
    if len(cells.get("note", "")) > MOST_NOTE:
        return f"备注最多{MOST_NOTE}个字", f"the note has more than {MOST_NOTE} characters"
    if not _permission(cells, known):
        named = cells.get("permission") or f"{cells.get('system', '')} {cells.get('role', '')}"
        return f"权限目录中没有：{named[:80]}", f"is not in the catalogue: {named[:80]}"
    return None


def _permission(cells: Mapping[str, str], known: Catalogue) -> str:
    if given := cells.get("permission"):
        return given if given in known.ids else ""
    return known.by_words.get((cells.get("system", "").casefold(), cells.get("role", "").casefold()), "")


def _rows(content: bytes, suffix: str) -> list[tuple[int, dict[str, str]]]:
    if len(content) > MOST_BYTES:
        raise _unreadable(f"> {MOST_BYTES} bytes")
    readers = {".csv": _csv_rows, ".xlsx": _xlsx_rows}
    if suffix not in readers:
        raise _unreadable("只接受 .csv 和 .xlsx / only .csv and .xlsx")
    rows = readers[suffix](content)
    columns = _columns([_text(cell) for cell in next(rows, ())])
    found = [
        (number, {name: text for name, text in zip(columns, map(_text, cells), strict=False) if name})
        for number, cells in enumerate(islice(rows, MOST_LINES + 1), 2)
    ]
    if len(found) > MOST_LINES:
        raise _unreadable(f"超过{MOST_LINES}行 / more than {MOST_LINES} rows")
    return found


def _columns(first: Sequence[str]) -> list[str]:
    names = [NAMES.get(cell.casefold(), "?") if cell else "" for cell in first]
    if "?" in names:
        raise _unreadable(f"不认识的列 / unknown column: {first[names.index('?')][:32]}")
    known = [name for name in names if name]
    if len(known) != len(set(known)):
        raise _unreadable("列重复 / a column stands twice")
    if "post" not in known or not ("permission" in known or {"system", "role"} <= set(known)):
        raise _unreadable("缺少列 / columns missing: 系统名称, 账号类别, 岗位")
    return names


def _text(cell: Any) -> str:
    text = "" if cell is None else str(cell).strip()
    return FORMULA if text.startswith("=") else text


def _csv_rows(content: bytes) -> Iterator[Sequence[Any]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise _unreadable("编码应为 UTF-8 或 GB18030 / not UTF-8 or GB18030")
    try:
        yield from csv.reader(io.StringIO(text, newline=""), strict=True)
    except csv.Error:
        raise _unreadable("CSV") from None


def _xlsx_rows(content: bytes) -> Iterator[Sequence[Any]]:
    return xlsx_rows(
        content, _unreadable, most_columns=MOST_COLUMNS, most_rows=MOST_LINES + 2, most_unpacked=MOST_UNPACKED
    )


def _unreadable(reason: str) -> RefusedInputError:
    return RefusedInputError(
        [FieldProblem("file", f"文件无法读取：{reason}", f"cannot be read: {reason}")], clause=CLAUSE
    )
