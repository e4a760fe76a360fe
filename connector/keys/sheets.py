"""Reads keys from a .csv or .xlsx file, and makes the empty template of both. Knows no database and no rule."""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from openpyxl import Workbook

from connector.keys.errors import SheetUnreadableError
from connector.keys.serials import plain
from connector.register.workbooks import FORMULA, xlsx_rows

MOST_KEYS = 10_000  # in one file
MOST_BYTES = 10 << 20
MOST_UNPACKED = 100 << 20  # A small .xlsx can unpack to any size.
MOST_COLUMNS = 20
SAFE_DIGITS = 15  # A spreadsheet keeps no more digits of a number.

COLUMNS = ("serial", "model", "batch", "aaguid", "cert_serial", "key_id")
HEADINGS_ZH = ("序列号", "型号", "批次", "AAGUID", "证书序列号", "凭据标识")
NAMES = {
    **{name: name for name in COLUMNS},
    **{zh.lower(): name for zh, name in zip(HEADINGS_ZH, COLUMNS, strict=True)},
    **{"密钥序列号": "serial", "密钥型号": "model", "批次号": "batch", "型号标识": "aaguid"},
    **{"certificate serial": "cert_serial", "credential id": "key_id", "credentialid": "key_id"},
}
TEXT_ONLY = frozenset({"aaguid", "cert_serial", "key_id"})  # A number cell has lost leading zeros or has an exponent.


class SheetRow(NamedTuple):
    """One row as it stands in the file; `line` counts as the spreadsheet does."""

    line: int
    cells: dict[str, str]


def read_sheet(path: Path) -> list[SheetRow]:
    """The rows of a .csv or .xlsx file below its headings, blank ones left out; raises SheetUnreadableError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SheetUnreadableError(reason=type(error).__name__) from None
    return parse_sheet(content, path.suffix)


def parse_sheet(content: bytes, suffix: str) -> list[SheetRow]:
    """As `read_sheet`, of what was uploaded."""
    if len(content) > MOST_BYTES:
        raise SheetUnreadableError(reason=f"> {MOST_BYTES} bytes")
    readers = {".csv": _csv_lines, ".xlsx": _xlsx_lines}
    if suffix.lower() not in readers:
        raise SheetUnreadableError(reason="只接受 .csv 和 .xlsx / only .csv and .xlsx")
    lines = readers[suffix.lower()](content)
    first = next(lines, ())
    headings = _headings(first)
    rows = [SheetRow(line, _cells(headings, cells)) for line, cells in enumerate(islice(lines, MOST_KEYS + 1), 2)]
    if len(rows) > MOST_KEYS:
        raise SheetUnreadableError(reason=f"超过{MOST_KEYS}行 / more than {MOST_KEYS} rows")
    return [row for row in rows if any(row.cells.values())]


def make_template(suffix: str) -> bytes:
    """An empty file with the headings, whose columns keep what is typed as text."""
    if suffix == ".csv":
        return ("\ufeff" + ",".join(HEADINGS_ZH) + "\r\n").encode()
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "keys"
    sheet.append(HEADINGS_ZH)
    for column, _ in enumerate(COLUMNS):
        letter = "ABCDEF"[column]
        sheet.column_dimensions[letter].width = 24
        sheet.column_dimensions[letter].number_format = "@"
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _headings(first: Sequence[Any]) -> list[str]:
    names: list[str] = []
    for cell in first:
        name = plain(_text(cell, "")).lower()
        if name and name not in NAMES:
            raise SheetUnreadableError(reason=f"不认识的列 / unknown column: {name[:32]}")
        names.append(NAMES.get(name, ""))
    known = [name for name in names if name]
    if "serial" not in known or "model" not in known:
        raise SheetUnreadableError(reason="缺少列 / a column is missing: 序列号 (serial), 型号 (model)")
    if len(known) != len(set(known)):
        raise SheetUnreadableError(reason="列重复 / a column stands twice")
    return names


def _cells(headings: Sequence[str], cells: Sequence[Any]) -> dict[str, str]:
    return {name: _text(cell, name) for name, cell in zip(headings, cells, strict=False) if name}


def _text(cell: Any, column: str) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        text = str(cell).strip()
        return FORMULA if text.startswith("=") else text
    whole = isinstance(cell, int) and len(str(abs(cell))) <= SAFE_DIGITS
    return str(cell) if whole and column not in TEXT_ONLY else FORMULA


def _csv_lines(content: bytes) -> Iterator[Sequence[Any]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise SheetUnreadableError(reason="编码应为 UTF-8 或 GB18030 / not UTF-8 or GB18030")
    try:
        yield from csv.reader(io.StringIO(text, newline=""), strict=True)
    except csv.Error:
        raise SheetUnreadableError(reason="CSV") from None


def _xlsx_lines(content: bytes) -> Iterator[Sequence[Any]]:
    return xlsx_rows(
        content, _unreadable, most_columns=MOST_COLUMNS, most_rows=MOST_KEYS + 2, most_unpacked=MOST_UNPACKED
    )


def _unreadable(reason: str) -> SheetUnreadableError:
    return SheetUnreadableError(reason=reason)
