"""Reads a list of people from .xlsx or .csv by content, and makes the empty template. Knows no database and no rule.

A cell that computes is never evaluated: it is marked, and refused by whoever reads the row.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any, Final, NamedTuple

from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from connector.register.workbooks import FORMULA, xlsx_rows
from connector.requests.batch_errors import BatchFileError

MOST_LINES: Final = 1000
MOST_BYTES: Final = 5 << 20
MOST_UNPACKED: Final = 50 << 20  # A small .xlsx can unpack to any size.
MOST_COLUMNS: Final = 30
MOST_IN_CELL: Final = 4000
NUMBER: Final = "\x00number"  # A long number that a spreadsheet has rounded.
SAFE_DIGITS: Final = 15  # A spreadsheet keeps no more digits of a number.
XLSX: Final = b"PK\x03\x04"


class SheetLine(NamedTuple):
    """One line as it stands in the file; `line` counts as the spreadsheet does."""

    line: int
    cells: Mapping[str, str]


def parse_sheet(content: bytes, headings: Mapping[str, str]) -> list[SheetLine]:
    """The lines below the headings, blank ones left out. `headings` maps the words of a heading to a column's name.

    Raises BatchFileError.
    """
    if len(content) > MOST_BYTES:
        raise BatchFileError(reason=f"> {MOST_BYTES} bytes")
    lines = _xlsx_lines(content) if content.startswith(XLSX) else _csv_lines(content)
    names = _names(next(lines, ()), headings)
    read = [SheetLine(line, _cells(names, cells)) for line, cells in enumerate(islice(lines, MOST_LINES + 1), 2)]
    if len(read) > MOST_LINES:
        raise BatchFileError(reason=f"超过{MOST_LINES}行 / more than {MOST_LINES} lines")
    kept = [line for line in read if any(line.cells.values())]
    if not kept:
        raise BatchFileError(reason="没有数据行 / there is no line")
    return kept


def make_template(suffix: str, headings: Sequence[str], explained: Iterable[Sequence[str]]) -> bytes:
    """An empty file with the headings; every column of an .xlsx keeps what is typed as text.

    `explained` are lines for a second sheet of an .xlsx: how the columns are filled, and the codes there are.
    """
    if suffix == ".csv":
        return ("\ufeff" + ",".join(headings) + "\r\n").encode()
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "申请"
    sheet.append(list(headings))
    sheet.freeze_panes = "A2"
    for number in range(1, len(headings) + 1):
        column = sheet.column_dimensions[get_column_letter(number)]
        column.width, column.number_format = 22, "@"
    words = book.create_sheet("填写说明")
    for line in explained:
        words.append(list(line))
    for letter, width in zip("ABCD", (26, 60, 24, 24), strict=True):
        words.column_dimensions[letter].width = width
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _names(first: Sequence[Any], headings: Mapping[str, str]) -> list[str]:
    names = []
    for cell in first:
        said = _text(cell).replace(" ", "").removesuffix("*").lower()
        if said and said not in headings:
            raise BatchFileError(reason=f"不认识的列 / unknown column: {said[:16]}")
        names.append(headings.get(said, ""))
    known = [name for name in names if name]
    if not known:
        raise BatchFileError(reason="第1行应为列名 / the first line holds the headings")
    if len(known) != len(set(known)):
        raise BatchFileError(reason="列重复 / a column stands twice")
    return names


def _cells(names: Sequence[str], cells: Sequence[Any]) -> dict[str, str]:
    return {name: _text(cell) for name, cell in zip(names, cells, strict=False) if name}


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime | date):
        return cell.strftime("%Y-%m-%d")
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        whole = int(cell) if float(cell).is_integer() else None
        return str(whole) if whole is not None and len(str(abs(whole))) <= SAFE_DIGITS else NUMBER
    text = str(cell).strip()
    return FORMULA if text.startswith("=") else text[:MOST_IN_CELL]


def _csv_lines(content: bytes) -> Iterator[Sequence[Any]]:
    text = next((read for read in (_decoded(content, name) for name in ("utf-8-sig", "gb18030")) if read), None)
    if text is None or "\0" in text:
        raise BatchFileError(reason="内容不是 .xlsx 或 .csv / neither .xlsx nor .csv by its content")
    try:
        for line in csv.reader(io.StringIO(text, newline=""), strict=True):
            yield line[:MOST_COLUMNS]
    except csv.Error:
        raise BatchFileError(reason="CSV") from None


def _decoded(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _xlsx_lines(content: bytes) -> Iterator[Sequence[Any]]:
    return xlsx_rows(
        content, _refused, most_columns=MOST_COLUMNS, most_rows=MOST_LINES + 2, most_unpacked=MOST_UNPACKED
    )


def _refused(reason: str) -> BatchFileError:
    return BatchFileError(reason=reason)
