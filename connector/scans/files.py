"""The files of the scans: by SHA-256, in folders of two levels, mode 0600, written whole or not at all. No database."""

import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from connector.scans.errors import ScanFileChangedError, ScanFileMissingError


class ScanFiles:
    """The folder of the scans; it is made, mode 0700, with the first file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, content: bytes) -> str:
        """Stores a file and returns its SHA-256 (hex). What is there already and whole stays as it is."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.path(sha256)
        if path.exists() and _hash(path) == sha256:
            return sha256
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{sha256[:16]}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        _sync_folder(path.parent)
        return sha256

    def get(self, sha256: str) -> bytes:
        """The file, compared with its hash. Raises ScanFileMissingError, ScanFileChangedError."""
        try:
            content = self.path(sha256).read_bytes()
        except OSError:
            raise ScanFileMissingError(sha256=sha256) from None
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ScanFileChangedError(sha256=sha256)
        return content

    def check(self, sha256: str) -> None:
        """As `get`, without keeping the file in memory."""
        path = self.path(sha256)
        try:
            found = _hash(path)
        except OSError:
            raise ScanFileMissingError(sha256=sha256) from None
        if found != sha256:
            raise ScanFileChangedError(sha256=sha256)

    def list_all(self) -> Iterator[str]:
        """The names of all files there are."""
        yield from (path.name for path in self._folder.glob("??/??/*") if not path.name.startswith("."))

    def path(self, sha256: str) -> Path:
        """Where a file is, or would be."""
        return self._folder / sha256[:2] / sha256[2:4] / sha256


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    """The name is on the disk too: a row that names the file may be committed now."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
