"""The files on the disk: where they lie, who may read them, and what is found when one is not what it was."""

import hashlib
import stat
import sys
from pathlib import Path

import pytest

from connector.scans.errors import (
    ScanFileChangedError,
    ScanFileMissingError,
    TooLargeScanError,
    VirusFoundError,
    VirusScanUnavailableError,
)
from connector.scans.files import ScanFiles
from connector.scans.intake import ScanIntake
from tests.unit.scans.files import make_pdf


def test_put_file_lies_by_its_hash_for_its_owner_alone(tmp_path: Path) -> None:
    files = ScanFiles(tmp_path / "scans")
    sha256 = files.put(b"paper")
    assert sha256 == hashlib.sha256(b"paper").hexdigest()
    path = tmp_path / "scans" / sha256[:2] / sha256[2:4] / sha256
    assert path.read_bytes() == b"paper"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(files.list_all()) == [sha256]
    assert [one.name for one in path.parent.iterdir()] == [sha256]


def test_put_again_restores_a_file_that_was_changed(tmp_path: Path) -> None:
    files = ScanFiles(tmp_path)
    sha256 = files.put(b"paper")
    files.path(sha256).write_bytes(b"other")
    with pytest.raises(ScanFileChangedError):
        files.get(sha256)
    with pytest.raises(ScanFileChangedError):
        files.check(sha256)
    assert files.put(b"paper") == sha256
    assert files.get(sha256) == b"paper"


def test_get_missing_file_says_which(tmp_path: Path) -> None:
    files = ScanFiles(tmp_path)
    for ask in (files.get, files.check):
        with pytest.raises(ScanFileMissingError, match="ab" * 32):
            ask("ab" * 32)


def test_put_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("connector.scans.files.os.fsync", fail)
    files = ScanFiles(tmp_path)
    with pytest.raises(OSError, match="disk full"):
        files.put(b"paper")
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == []


def intake(folder: Path, *command: str, **options: float) -> ScanIntake:
    return ScanIntake(files=ScanFiles(folder), most_bytes=100_000, command=command, **options)  # type: ignore[arg-type]


def python(program: str) -> tuple[str, ...]:
    return (sys.executable, "-c", program)


def test_admit_asks_the_scanner_with_the_content(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    program = f"import sys,pathlib; pathlib.Path({str(seen)!r}).write_bytes(sys.stdin.buffer.read())"
    admitted = intake(tmp_path / "scans", *python(program)).admit(make_pdf())
    assert seen.read_bytes() == make_pdf()
    assert admitted.media_type == "application/pdf"
    assert admitted.size == len(make_pdf())


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (python("raise SystemExit(1)"), VirusFoundError),
        (python("raise SystemExit(2)"), VirusScanUnavailableError),
        (("/no/such/scanner",), VirusScanUnavailableError),
        (python("import time; time.sleep(30)"), VirusScanUnavailableError),
    ],
    ids=["infected", "broken", "absent", "hangs"],
)
def test_admit_without_a_clean_answer_keeps_nothing(
    tmp_path: Path, command: tuple[str, ...], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        intake(tmp_path / "scans", *command, seconds=1.0).admit(make_pdf())
    assert not (tmp_path / "scans").exists()


def test_admit_more_than_the_setting_allows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TooLargeScanError):
        intake(tmp_path / "scans").admit(make_pdf(b"%" * 100_000))
    assert not (tmp_path / "scans").exists()
