"""Servers of this machine: processes, Java, fetched files and the sample people, without any network."""

import json
import os
import sys
import time
import zipfile
from pathlib import Path

import pytest

from connector.embedded import artifacts, java, process
from connector.embedded.errors import JavaMissingError, ServerFileMissingError, ServerNotStartedError
from connector.embedded.sample_people import make_ldif, sample_people
from tests.servers import shared

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, pathlib, sys, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN); pathlib.Path(sys.argv[1]).touch(); time.sleep(60)",
]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_start_process_that_exits_says_why(tmp_path: Path) -> None:
    started = process.start_process(
        "Sample", [sys.executable, "-c", "raise SystemExit('no port')"], log_file=tmp_path / "log"
    )
    with pytest.raises(ServerNotStartedError, match="exit code 1; no port"):
        started.wait_ready(lambda: False, seconds=20)


def test_start_process_that_never_answers_is_stopped_at_the_deadline(tmp_path: Path) -> None:
    started = process.start_process("Sample", SLEEP, log_file=tmp_path / "log")
    with pytest.raises(ServerNotStartedError, match="no answer"):
        started.wait_ready(lambda: False, seconds=0.1)
    assert not started.is_running()


def test_stop_process_that_ignores_it_kills_it(tmp_path: Path) -> None:
    mark = tmp_path / "deaf"
    started = process.start_process("Sample", [*STUBBORN, str(mark)], log_file=tmp_path / "log")
    started.wait_ready(mark.exists, seconds=20)
    started.stop(grace_seconds=0.2)
    assert not is_alive(started.pid)


def test_stop_process_ends_its_children_too(tmp_path: Path) -> None:
    note = tmp_path / "child"
    program = f"sleep 60 & echo $! > {note}.new && mv {note}.new {note}; wait"
    started = process.start_process("Sample", ["sh", "-c", program], log_file=tmp_path / "log")
    started.wait_ready(note.exists, seconds=20)
    child = int(note.read_text())
    started.stop()
    deadline = time.monotonic() + 20
    while is_alive(child) and time.monotonic() < deadline:  # A killed process is gone once its new parent knows.
        time.sleep(0.01)
    assert not is_alive(child)


def test_stop_process_twice_is_no_error(tmp_path: Path) -> None:
    started = process.start_process("Sample", SLEEP, log_file=tmp_path / "log")
    started.stop()
    started.stop()
    process.stop_group(started.pid)


def test_log_process_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    started = process.start_process("Sample", SLEEP, log_file=tmp_path / "logs" / "log")
    started.kill()
    assert started.log_file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "25" 2025-09-16', 25),
        ('java version "1.8.0_392"', 8),
        ("nonsense", 0),
    ],
)
def test_read_java_version_of_each_form_gives_the_major(printed: str, version: int) -> None:
    assert java.parse_version(printed) == version


def fake_java(home: Path, version: str) -> Path:
    (home / "bin").mkdir(parents=True)
    program = home / "bin" / "java"
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    program.chmod(0o755)
    return home


def test_find_java_of_an_old_machine_takes_the_packaged_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, recent = fake_java(tmp_path / "old", "11.0.2"), fake_java(tmp_path / "recent", "17.0.1")
    monkeypatch.setenv("JAVA_HOME", str(old))
    monkeypatch.setenv("PATH", f"{recent / 'bin'}:/usr/bin:/bin")
    assert java.find_java_home() == recent
    monkeypatch.setenv("JAVA_HOME", str(recent))
    monkeypatch.setenv("PATH", "/nowhere")
    assert java.find_java_home() == recent


def test_find_java_where_there_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(java, "_candidates", lambda: iter([fake_java(tmp_path / "old", "11.0.2"), tmp_path / "none"]))
    with pytest.raises(JavaMissingError):
        java.find_java_home()


def test_fetch_that_fails_leaves_no_file_and_the_next_one_starts_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(_artifact: object, into: Path, _progress: object) -> Path:
        into.mkdir(parents=True)
        (into / "half.jar").write_bytes(b"half")
        raise OSError("cut off")

    monkeypatch.setattr(artifacts, "_resolve", cut_off)
    for _ in range(2):
        with pytest.raises(ServerFileMissingError, match="cut off"):
            artifacts.fetch(artifacts.DIRECTORY, tmp_path)
    assert not list((tmp_path / "files").glob("*.jar"))


def test_fetch_twice_asks_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def resolve(artifact: object, into: Path, _progress: object) -> Path:
        asked.append(artifact)
        into.mkdir(parents=True)
        (into / "got.jar").write_bytes(b"whole")
        return into / "got.jar"

    monkeypatch.setattr(artifacts, "_resolve", resolve)
    first = artifacts.fetch(artifacts.DIRECTORY, tmp_path)
    assert artifacts.fetch(artifacts.DIRECTORY, tmp_path) == first
    assert (first.read_bytes(), len(asked)) == (b"whole", 1)


def test_unpack_over_half_an_unpacked_archive_is_whole(tmp_path: Path) -> None:
    archive, folder = tmp_path / "server.zip", tmp_path / "server"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("server-1.0/bin/kc.sh", "#!/bin/sh\n")
        opened.writestr("server-1.0/lib/a", "a")
    (tmp_path / ".server.half" / "left-over").mkdir(parents=True)
    artifacts.unpack(archive, folder)
    assert sorted(p.name for p in folder.iterdir()) == ["bin", "lib"]
    assert os.access(folder / "bin" / "kc.sh", os.X_OK)


def test_make_people_of_one_seed_gives_the_same_people() -> None:
    assert make_ldif(50, seed=3) == make_ldif(50, seed=3)
    assert make_ldif(50, seed=3) != make_ldif(50, seed=4)


def test_make_people_with_units_and_leavers_has_them() -> None:
    people = list(sample_people(40, units=["A", "B"], left={2}))
    assert {person.unit_code for person in people} == {"A", "B"}
    assert [person.number for person in people if person.status == "left"] == ["000002"]
    assert len({person.dn for person in people}) == 40
    assert make_ldif(40, left={2}).count("employeeStatus: left") == 1


def test_share_server_that_fails_says_so_to_every_worker_and_is_tried_once(tmp_path: Path) -> None:
    tries: list[Path] = []

    def start(folder: Path) -> tuple[shared.Note, None]:
        tries.append(folder)
        raise ServerNotStartedError(part="Sample", reason="no disk", log=folder)

    for _ in range(2):
        with pytest.raises(pytest.fail.Exception, match="no disk"):
            shared.share(tmp_path, "sample", start)
    assert len(tries) == 1


def test_share_server_that_starts_gives_its_note_and_stops_it(tmp_path: Path) -> None:
    started = []

    def start(folder: Path) -> tuple[shared.Note, process.ServerProcess]:
        started.append(process.start_process("Sample", SLEEP, log_file=folder / "log"))
        return {"port": 7}, started[0]

    first = shared.share(tmp_path, "sample", start)
    assert shared.share(tmp_path, "sample", start) == first == {"port": 7, "pid": started[0].pid}
    assert json.loads((tmp_path / "server-sample.json").read_text())["port"] == 7
    shared.stop_shared(tmp_path)
    assert len(started) == 1
    assert not started[0].is_running()
