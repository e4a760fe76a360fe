"""One server for all workers of a test run: the first worker that asks starts it, the end of the run stops it.

Notes in the run's own temporary folder tell the other workers where it is; a file lock makes the first one first.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.embedded.process import ServerProcess, stop_group

Note = dict[str, Any]
Start = Callable[[Path], tuple[Note, ServerProcess | None]]

_NOTE = "server-{name}.json"
_started_here: dict[int, ServerProcess] = {}  # by process id: whoever started a server must also reap it


def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The temporary folder that all workers of this run have in common."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if os.environ.get("PYTEST_XDIST_WORKER") else folder


def share(folder: Path, name: str, start: Start) -> Note:
    """The note of server `name`, made by `start(folder of the server)` once per run: where it is, for all workers.

    A failed start is remembered too, so that every test says why at once and none waits again.
    """
    note = folder / _NOTE.format(name=name)
    with (folder / f"server-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not note.exists():
            note.write_text(json.dumps(_try_start(folder / name, start)), encoding="utf-8")
    written: Note = json.loads(note.read_text(encoding="utf-8"))
    if failure := written.get("failure"):
        pytest.fail(f"{name} did not start: {failure}", pytrace=False)
    return written


def _try_start(folder: Path, start: Start) -> Note:
    try:
        note, process = start(folder)
    except (Exception, pytest.fail.Exception) as problem:  # noqa: BLE001  whatever it was, each test must say it.
        return {"failure": str(problem) or repr(problem)}
    if process is None:
        return note
    _started_here[process.pid] = process
    return {**note, "pid": process.pid}


def stop_shared(folder: Path) -> None:
    """Stops every server noted in `folder`, and no other; called once, when no worker runs any more."""
    for note in folder.glob(_NOTE.format(name="*")):
        written = json.loads(note.read_text(encoding="utf-8"))
        note.unlink()
        if process := _started_here.pop(written.get("pid", 0), None):
            process.stop()
        elif "pid" in written:
            stop_group(written["pid"])
        if "folder" in written:
            shutil.rmtree(written["folder"], ignore_errors=True)
