"""Says what a file is by its content, and refuses what is no plain scan: PDF, JPEG or PNG. Pure; opens nothing.

A name proves nothing. Whatever two programs could read in two ways (a polyglot), what is cut short, encrypted, active
or too large to look at is refused, each with its reason.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from connector.scans.errors import (
    ActiveScanError,
    AmbiguousScanError,
    EncryptedScanError,
    HugeImageError,
    TruncatedScanError,
    UnknownFormatError,
)

MOST_POINTS: Final = 80_000_000  # A3 at 600 dpi has 70 million.
HEAD: Final = 1024  # Where readers of PDF and browsers look for what a file is.
MOST_INFLATED: Final = 16 << 20  # of one compressed part of a PDF, in bytes

PDF, JPEG, PNG = "application/pdf", "image/jpeg", "image/png"
SUFFIXES: Mapping[str, str] = {PDF: "pdf", JPEG: "jpg", PNG: "png"}
SIGNATURES: Mapping[bytes, str] = {b"%PDF-": PDF, b"\xff\xd8\xff": JPEG, b"\x89PNG\r\n\x1a\n": PNG}

MARKUP = re.compile(rb"<(?:!doctype|html|script|svg|body|iframe|\?php)", re.IGNORECASE)
ACTIVE = re.compile(
    rb"/(JavaScript|JS|Launch|EmbeddedFiles?|OpenAction|AA|RichMedia|XFA|SubmitForm|ImportData|GoToE|GoToR)\b"
)
OBJECT_STREAM = re.compile(rb"/ObjStm\b.{0,512}?>>\s*stream\r?\n", re.DOTALL)
IMAGE_SIDE = rb"/%s\s+(\d{1,9})\b"
NAME_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")


def recognise(content: bytes) -> str:
    """The media type of a scan. Raises a ScanRefusedError that names what is wrong."""
    kind = next((kind for start, kind in SIGNATURES.items() if content.startswith(start)), None)
    if kind is None:
        raise UnknownFormatError
    if MARKUP.search(content[:HEAD]):
        raise AmbiguousScanError(reason="HTML")
    CHECKS[kind](content)
    # The directory of a ZIP (also .docx, .jar) stands at the end and may be hidden in any format.
    if zipfile.is_zipfile(io.BytesIO(content)):
        raise AmbiguousScanError(reason="ZIP")
    return kind


def _check_pdf(content: bytes) -> None:
    end = content.rfind(b"%%EOF")
    if end < 0 or b"startxref" not in content[max(0, end - HEAD) : end]:
        raise TruncatedScanError(reason="%%EOF")
    if content[end + 5 :].strip(b"\r\n\t \0"):
        raise AmbiguousScanError(reason="%%EOF")
    for part in _readable_parts(content):
        if re.search(rb"/Encrypt\b", part):
            raise EncryptedScanError
        found = ACTIVE.search(part)
        if found:
            raise ActiveScanError(reason=found[1].decode())
        _check_images_inside(part)


def _readable_parts(content: bytes) -> Iterator[bytes]:
    """What a reader of the PDF takes for its structure: the file without its streams, and its object streams."""
    outside = re.sub(rb"\bstream\r?\n.*?endstream", b"", content, flags=re.DOTALL)
    yield _without_escapes(outside)
    for start in OBJECT_STREAM.finditer(content):
        inflater = zlib.decompressobj()
        try:
            part = inflater.decompress(content[start.end() :], MOST_INFLATED)
        except zlib.error:
            raise TruncatedScanError(reason="ObjStm") from None
        if inflater.unconsumed_tail:
            raise HugeImageError(width="--", height="--", limit=MOST_POINTS)
        yield _without_escapes(part)


def _without_escapes(part: bytes) -> bytes:
    """A name may be written /J#61vaScript; it is the same name."""
    return NAME_ESCAPE.sub(lambda code: bytes([int(code[1], 16)]), part)


def _check_images_inside(part: bytes) -> None:
    """Pictures stand in dictionaries with both sides."""
    for dictionary in re.findall(rb"<<[^<>]*/Image\b[^<>]*>>", part):
        sides = [re.search(IMAGE_SIDE % side, dictionary) for side in (b"Width", b"Height")]
        if all(sides):
            _check_points(*(int(side[1]) for side in sides if side))


def _check_jpeg(content: bytes) -> None:
    """Walks the segments up to the end of the picture: it has a size, it ends, and nothing comes after."""
    place, size = 2, None
    while place + 4 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker == 0xFF:  # Fill bytes may stand before a marker.
            place += 1
            continue
        length = int.from_bytes(content[place + 2 : place + 4])
        if marker in range(0xC0, 0xD0) and marker not in (0xC4, 0xC8, 0xCC):
            size = _sides(content[place + 5 : place + 9])
        place += 2 + length
        if marker == 0xDA:
            place = _after_picture(content, place)
            if content[place - 1 : place] == b"\xd9":
                break
    if size is None or content[place - 2 : place] != b"\xff\xd9":
        raise TruncatedScanError(reason="JPEG")
    _check_points(*size)
    _check_image_is_all(content, place)


def _after_picture(content: bytes, place: int) -> int:
    """Behind the end marker, or at the next segment of a picture in several passes; raises TruncatedScanError."""
    for found in re.compile(rb"\xff([^\x00\xd0-\xd7\xff])").finditer(content, place):
        return found.end() if found[1] == b"\xd9" else found.start()
    raise TruncatedScanError(reason="JPEG")


def _sides(height_width: bytes) -> tuple[int, int]:
    return int.from_bytes(height_width[2:]), int.from_bytes(height_width[:2])


def _check_png(content: bytes) -> None:
    """Walks the chunks: the head first, each with its checksum, the end last, and nothing after it."""
    place, kind = 8, b""
    while kind != b"IEND":
        length = int.from_bytes(content[place : place + 4])
        kind, data = content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        checksum = content[place + 8 + length : place + 12 + length]
        if len(checksum) < 4 or int.from_bytes(checksum) != zlib.crc32(kind + data):
            raise TruncatedScanError(reason="PNG")
        if place == 8 and (kind != b"IHDR" or length != 13):
            raise TruncatedScanError(reason="IHDR")
        if place == 8:
            _check_points(int.from_bytes(data[:4]), int.from_bytes(data[4:8]))
        place += 12 + length
    _check_image_is_all(content, place)


def _check_image_is_all(content: bytes, end: int) -> None:
    if content[end:].strip(b"\0\r\n "):
        raise AmbiguousScanError(reason="EOF")
    if b"%PDF-" in content[:HEAD]:
        raise AmbiguousScanError(reason="PDF")


def _check_points(width: int, height: int) -> None:
    if width * height > MOST_POINTS:
        raise HugeImageError(width=width, height=height, limit=MOST_POINTS)
    if not width or not height:
        raise TruncatedScanError(reason=f"{width}×{height}")


CHECKS: Mapping[str, Callable[[bytes], None]] = {PDF: _check_pdf, JPEG: _check_jpeg, PNG: _check_png}
