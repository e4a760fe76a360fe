"""Makes small scans, right and wrong ones, byte by byte."""

import io
import struct
import zipfile
import zlib

PICTURE = b"\x11\x22\x33\x44" * 16


def make_pdf(inside: bytes = b"", *, catalogue: bytes = b"", trailer: bytes = b"", compressed: bytes = b"") -> bytes:
    """A PDF of one page; `compressed` becomes an object stream."""
    body = b"%PDF-1.5\n1 0 obj <</Type/Catalog/Pages 2 0 R " + catalogue + b">> endobj\n"
    body += b"2 0 obj <</Type/Pages/Kids[]/Count 0>> endobj\n" + inside
    if compressed:
        packed = zlib.compress(compressed)
        body += b"7 0 obj <</Type/ObjStm/Filter/FlateDecode/Length %d>>\nstream\n" % len(packed)
        body += packed + b"\nendstream endobj\n"
    return body + b"trailer <</Root 1 0 R " + trailer + b">>\nstartxref\n9\n%%EOF\n"


def make_png(width: int = 10, height: int = 10, *, extra: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    lines = zlib.compress(b"\0" * 110)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


def make_jpeg(width: int = 10, height: int = 10) -> bytes:
    def segment(marker: int, data: bytes) -> bytes:
        return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data

    frame = segment(0xC0, b"\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\0")
    scan = segment(0xDA, b"\x01\x01\0\0\x3f\0") + PICTURE + b"\xff\x00\xff\xd0" + PICTURE
    return b"\xff\xd8" + segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0") + frame + scan + b"\xff\xd9"


def make_zip() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("run.js", "alert(1)")
    return content.getvalue()
