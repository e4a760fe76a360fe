"""Writes the sealed log into a directory that anybody with the public key can verify. Changes nothing in the log."""

import json
import os
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from connector.audit.errors import ExportRefusedError
from connector.audit.leaf import canonical_bytes
from connector.audit.note import VerifierKey, open_checkpoint
from connector.audit.sources import CHECKPOINTS_FILE, ENTRIES_FILE, KEY_FILE, LATEST_FILE, Source

_PROGRESS_EVERY = 5_000


def export_log(
    source: Source, key: VerifierKey, directory: Path, *, progress: Callable[[int], None] | None = None
) -> int:
    """Writes entries, checkpoints and the public key into the empty or new `directory`; returns how many entries.

    The checkpoints are read first: the export ends at the last of them, whatever is sealed meanwhile. Keep the
    public key and the file `checkpoint` apart from the rest, at best on another machine.
    Raises ExportRefusedError when the directory is not empty, or when the log has no valid checkpoint.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(directory.iterdir()):
        raise ExportRefusedError(reason=f"{directory} is not empty")
    last = ""
    with _new_file(directory / CHECKPOINTS_FILE) as file:
        for last in source.notes():
            file.write(json.dumps({"note": last}, ensure_ascii=False) + "\n")
    if not last:
        raise ExportRefusedError(reason="no checkpoint")
    size = open_checkpoint(last, key).size
    written = _write_entries(source, directory / ENTRIES_FILE, size, progress)
    for name, content in ((LATEST_FILE, last), (KEY_FILE, f"{key}\n")):
        with _new_file(directory / name) as file:
            file.write(content)
    return written


def _write_entries(source: Source, path: Path, size: int, progress: Callable[[int], None] | None) -> int:
    """Writes every entry below `size`, readable or not: an export must not hide what verifying would find."""
    written = 0
    with _new_file(path) as file:
        for entry in source.entries():
            if entry.position >= size:
                break
            content = (
                canonical_bytes({**entry.content, "position": entry.position}).decode() if entry.content else "null"
            )
            file.write(f'{{"entry":{content},"leaf":"{b64encode(entry.leaf).decode()}"}}\n')
            written += 1
            if progress and written % _PROGRESS_EVERY == 0:
                progress(written)
    if progress:
        progress(written)
    return written


def _new_file(path: Path) -> TextIO:
    """A text file that only this user can read: entries name people by id."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", newline="\n")
