"""Writes tables as .xlsx or .csv in which every text stays text: a name that begins with = is no formula.

XlsxWriter writes them: openpyxl turns such a text into a live formula. Knows no feature.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from connector.errors import FieldProblem, RefusedInputError
from connector.register.offices import OFFICE_ZONE

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"
TEXT_ONLY = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
LONGEST_CELL = 32_767  # characters; Excel refuses more
WIDTHS = (8, 48)

Rows = Iterable[Sequence[Any]]


def xlsx_bytes(sheet: str, columns: Sequence[str], rows: Rows, *, notes: Sequence[str] = ()) -> bytes:
    """An .xlsx file: `notes` in the first rows, then the heads, then the rows; nothing in it is a formula."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, TEXT_ONLY) as book:
        page, bold = book.add_worksheet(sheet[:31]), book.add_format({"bold": True})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        for line, note in enumerate(notes):
            page.write_string(line, 0, note)
        for column, head in enumerate(columns):
            page.write_string(len(notes), column, head, bold)
        widths = [len(head) * 2 for head in columns]
        for line, row in enumerate(rows, len(notes) + 1):
            for column, value in enumerate(row):
                text = plain(value)
                widths[column] = max(widths[column], *(len(part) * 2 for part in text.split("\n")))
                if isinstance(value, int | float) and not isinstance(value, bool):
                    page.write_number(line, column, value)
                else:
                    page.write_string(line, column, text, wrapped)
        for column, width in enumerate(widths):
            page.set_column(column, column, min(max(width, WIDTHS[0]), WIDTHS[1]))
        page.freeze_panes(len(notes) + 1, 1)
    return file.getvalue()


def csv_bytes(columns: Sequence[str], rows: Rows) -> bytes:
    """A .csv file that Excel reads as UTF-8; a text that it would take for a formula is led by an apostrophe."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_harmless(value) for value in row])
    return b"\xef\xbb\xbf" + file.getvalue().encode("utf-8")


def write_table(path: Path, sheet: str, columns: Sequence[str], rows: Rows, *, notes: Sequence[str] = ()) -> None:
    """Writes .xlsx or .csv by the end of the name; RefusedInputError for another end."""
    if path.suffix == ".xlsx":
        path.write_bytes(xlsx_bytes(sheet, columns, rows, notes=notes))
    elif path.suffix == ".csv":
        path.write_bytes(csv_bytes(columns, rows))
    else:
        wrong = FieldProblem("output", "文件名应以 .xlsx 或 .csv 结尾", "the name must end in .xlsx or .csv")
        raise RefusedInputError([wrong])


def plain(value: Any) -> str:
    """A value as people read it: moments and days in Chinese time, nothing as an empty cell."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(OFFICE_ZONE).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)[:LONGEST_CELL]


def _harmless(value: Any) -> Any:
    if isinstance(value, int | float):
        return value
    text = plain(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
