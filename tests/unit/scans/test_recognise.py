"""What a file is by its content, and every kind of file that is refused, each with its reason."""

import struct

import pytest

from connector.scans.errors import (
    ActiveScanError,
    AmbiguousScanError,
    EncryptedScanError,
    HugeImageError,
    ScanRefusedError,
    TruncatedScanError,
    UnknownFormatError,
)
from connector.scans.recognise import recognise
from tests.unit.scans.files import make_jpeg, make_pdf, make_png, make_zip

IMAGE = b"5 0 obj <</Type/XObject/Subtype/Image/Width %d/Height %d>>\nstream\n\xff\xd8\xff\nendstream endobj\n"
END = b"\nstartxref\n9\n%%EOF"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (make_pdf(), "application/pdf"),
        (make_pdf(IMAGE % (2480, 3508)), "application/pdf"),
        (make_pdf(compressed=b"5 0 obj <</Type/Annot>>"), "application/pdf"),
        (make_pdf(b"4 0 obj <<>>\nstream\n/JavaScript /Encrypt\nendstream endobj\n"), "application/pdf"),
        (make_jpeg(), "image/jpeg"),
        (make_jpeg() + b"\0\0\n", "image/jpeg"),
        (make_png(), "image/png"),
    ],
    ids=["pdf", "pdf-image", "pdf-objects", "pdf-words-in-a-stream", "jpeg", "jpeg-padded", "png"],
)
def test_recognise_a_plain_scan_says_what_it_is(content: bytes, kind: str) -> None:
    assert recognise(content) == kind


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", UnknownFormatError),
        (b"GIF89a" + b"\0" * 20, UnknownFormatError),
        (make_zip(), UnknownFormatError),
        (b"\n" + make_pdf(), UnknownFormatError),
        (b"MZ" + make_pdf(), UnknownFormatError),
        (make_pdf()[:-40], TruncatedScanError),
        (make_jpeg()[:-2], TruncatedScanError),
        (make_jpeg()[:40], TruncatedScanError),
        (make_jpeg()[:24], TruncatedScanError),
        (make_png()[:-3], TruncatedScanError),
        (make_png()[:30], TruncatedScanError),
        (make_png()[:45] + b"\x99" + make_png()[46:], TruncatedScanError),
        (make_png(0, 10), TruncatedScanError),
        (make_pdf() + make_zip(), AmbiguousScanError),
        (make_pdf(b"4 0 obj <<>>\nstream\n" + make_zip() + b"\nendstream endobj\n"), AmbiguousScanError),
        (make_pdf() + b"<script>", AmbiguousScanError),
        (b"%PDF-1.4\n<html><script>alert(1)</script>" + END, AmbiguousScanError),
        (make_jpeg() + make_zip(), AmbiguousScanError),
        (make_jpeg() + make_jpeg(), AmbiguousScanError),
        (make_png() + b"MZ\x90", AmbiguousScanError),
        (make_png(extra=struct.pack(">I", 6) + b"tEXt%PDF-1" + b"\xa2\xb7\x00\x00"), TruncatedScanError),
        (make_jpeg().replace(b"JFIF\0\x01", b"%PDF-1", 1), AmbiguousScanError),
        (make_pdf(trailer=b"/Encrypt 9 0 R"), EncryptedScanError),
        (make_pdf(trailer=b"/Encr#79pt 9 0 R"), EncryptedScanError),
        (make_pdf(catalogue=b"/OpenAction 3 0 R"), ActiveScanError),
        (make_pdf(catalogue=b"/Names<</J#61vaScript 3 0 R>>"), ActiveScanError),
        (make_pdf(compressed=b"5 0 obj <</S/JavaScript/JS(app.alert(1))>>"), ActiveScanError),
        (make_pdf(b"4 0 obj <</Type/Filespec/EF<</F 1 0 R>>/EmbeddedFile 1 0 R>> endobj\n"), ActiveScanError),
        (make_pdf(IMAGE % (30000, 30000)), HugeImageError),
        (make_jpeg(20000, 20000), HugeImageError),
        (make_png(100_000, 100_000), HugeImageError),
        (make_pdf(compressed=b" " * (17 << 20)), HugeImageError),
    ],
)
def test_recognise_another_file_is_refused_with_its_reason(content: bytes, refusal: type[ScanRefusedError]) -> None:
    with pytest.raises(ScanRefusedError) as refused:
        recognise(content)
    assert type(refused.value) is refusal, refused.value
    problem = refused.value.problem()
    assert problem["clause"] == "LC 6(1), 7"
    assert problem["title"] != ScanRefusedError.says.zh
