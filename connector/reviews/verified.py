"""Verifies a package of a filing with the public key alone: no installation, no database (JC 19, GX 10).

The file may come from anybody: whatever is wrong with it is a named refusal, and it is never unpacked without limit.
"""

import io
import json
import zipfile
import zlib
from hashlib import sha256
from typing import Any

from connector.audit.errors import MalformedNoteError
from connector.audit.note import VerifierKey, open_note
from connector.reviews.errors import PackageUnreadableError
from connector.reviews.package import FORMAT, MANIFEST, SIGNATURE

MOST_FILES = 100
MOST_BYTES = 512 * 2**20  # unpacked: a filing of 300,000 accounts has about 200 MB


def verify_package(archive: bytes, verifier_key: str) -> list[tuple[str, bool]]:
    """What was compared and whether it agrees: every file with the manifest, the manifest with the signature.

    `verifier_key` is the record's public key (C2SP). Raises PackageUnreadableError for what is no package at all,
    MalformedNoteError for what is no key.
    """
    key = VerifierKey.parse(verifier_key)
    files = _read(archive)
    listed = _listed(files)
    present = files.keys() - {MANIFEST, SIGNATURE}
    found = [(name, name in files and sha256(files[name]).hexdigest() == listed[name]) for name in sorted(listed)]
    found += [(name, False) for name in sorted(present - listed.keys())]
    return [*found, (SIGNATURE, _is_signed(files, key))]


def _read(archive: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            entries = opened.infolist()
            if len({entry.filename for entry in entries}) != len(entries):
                raise PackageUnreadableError(reason="有重名文件 (two files of one name)")
            if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > MOST_BYTES:
                raise PackageUnreadableError(reason="文件过多或过大 (too many files, or too large)")
            return {entry.filename: opened.read(entry) for entry in entries}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise PackageUnreadableError(reason="不是完整的 ZIP 文件 (not a whole ZIP archive)") from error


def _listed(files: dict[str, bytes]) -> dict[str, str]:
    """Hex SHA-256 of each file, as the manifest names them."""
    if MANIFEST not in files:
        raise PackageUnreadableError(reason=f"缺少 {MANIFEST} (no {MANIFEST})")
    try:
        manifest: Any = json.loads(files[MANIFEST])
        return {str(each["name"]): str(each["sha256"]) for each in manifest["files"]}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise PackageUnreadableError(reason=f"{MANIFEST} 无法读取 ({MANIFEST} cannot be read)") from error


def _is_signed(files: dict[str, bytes], key: VerifierKey) -> bool:
    try:
        text = open_note(files.get(SIGNATURE, b"").decode(), key)
    except (MalformedNoteError, UnicodeDecodeError):
        return False
    lines = text.splitlines()
    return len(lines) > 2 and lines[0] == FORMAT and lines[2] == sha256(files[MANIFEST]).hexdigest()
