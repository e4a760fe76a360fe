"""Reads the rows of an .xlsx that somebody sent, whatever is inside it. Knows no table and no database."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

FORMULA: Final = "\x00formula"  # a cell that computes: what it shows is not what it says
MOST_PARTS: Final = 200  # files inside an .xlsx
PACKED: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What openpyxl and what it stands on raise for a damaged file; any single byte of it may be wrong.
BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, struct.error, InvalidFileException, ParseError, LookupError, ValueError, TypeError,
    AttributeError, ArithmeticError, EOFError, OSError, RuntimeError,
)  # fmt: skip


def xlsx_rows(
    content: bytes,
    refuse: Callable[[str], Exception],
    *,
    most_columns: int,
    most_rows: int,
    most_unpacked: int,
) -> Iterator[Sequence[Any]]:
    """The rows of the first sheet; a cell with a formula is FORMULA. `most_unpacked` counts bytes.

    Raises what `refuse` makes of the reason: for a file that unpacks to more, and for one that is damaged.
    """
    try:
        _check_size(content, refuse, most_unpacked)
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        for row in book.worksheets[0].iter_rows(max_col=most_columns, max_row=most_rows):
            yield [FORMULA if getattr(cell, "data_type", "") in ("f", "e") else cell.value for cell in row]
        book.close()
    except BROKEN as error:
        raise refuse(f"文件已损坏 / damaged: {type(error).__name__}") from None


def _check_size(content: bytes, refuse: Callable[[str], Exception], most_unpacked: int) -> None:
    """A small file can unpack to any size. What it says of its parts is what they are read to, and no more."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > most_unpacked:
        raise refuse(f"解压后过大 / unpacks to more than {most_unpacked} bytes")
    if any(part.compress_type not in PACKED for part in parts):
        raise zipfile.BadZipFile
