"""Several processes on one PostgreSQL run each slot once, also when one is killed; `python -m jobs` stops cleanly."""

import multiprocessing
import os
import random
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import select, text

import connector.migrations.every_table  # noqa: F401  # brings every table into the metadata
from connector.checks import runs
from connector.checks.runs import JobRunRow
from connector.storage.engine import Database
from connector.storage.tables import Base
from tests.integration.jobs.one_clock import Pace, run_clock

Found = TypeVar("Found")
ROOT = Path(__file__).parents[3]


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    made = Database(postgres_url)
    Base.metadata.create_all(made.engine)
    with made.session() as session:
        session.execute(text("CREATE TABLE effects (slot text, holder text)"))
    yield made
    made.close()


@dataclass
class Replicas:
    """Processes that share the database, by the name of their claims; all are ended with the stack."""

    url: str
    pace: Pace
    stack: ExitStack
    running: dict[str, BaseProcess] = field(default_factory=dict)
    started: int = 0

    def start(self) -> str:
        """One more process, ready; returns its name."""
        self.started += 1
        name = f"replica-{self.started}"
        # A server that has imported everything once forks the processes: twenty starts from nothing take too long.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.integration.jobs.one_clock"])
        ready = context.Event()
        process = context.Process(target=run_clock, args=(self.url, name, self.pace, ready))
        process.start()
        self.stack.callback(end_process, process)
        assert ready.wait(30), "not ready"
        self.running[name] = process
        return name

    def send(self, name: str, number: signal.Signals) -> None:
        pid = self.running[name].pid
        assert pid is not None
        os.kill(pid, number)

    def kill(self, name: str) -> None:
        self.send(name, signal.SIGKILL)
        self.running.pop(name).join(10)

    def stop_cleanly(self) -> list[int | None]:
        """Exit codes of those that still run."""
        for name in self.running:
            self.send(name, signal.SIGTERM)
        for process in self.running.values():
            process.join(20)
        return [process.exitcode for process in self.running.values()]


def end_process(process: BaseProcess) -> None:
    process.kill()
    process.join(10)
    process.close()


def slots_of(database: Database) -> Counter[str]:
    with database.session() as session:
        return Counter(slot for (slot,) in session.execute(text("SELECT slot FROM effects")))


def missing_slots(found: Iterable[str], pace: Pace) -> list[datetime]:
    """Slots between the first and the last that have no effect."""
    moments = {datetime.fromisoformat(slot) for slot in found}
    first, last = min(moments), max(moments)
    expected = (first + n * pace.every for n in range(round((last - first) / pace.every) + 1))
    return [moment for moment in expected if moment not in moments]


@pytest.mark.req("F1")
def test_clock_in_two_processes_runs_each_slot_once_and_survives_a_kill(database: Database) -> None:
    pace = Pace(lease=timedelta(seconds=2))
    with ExitStack() as stack:
        replicas = Replicas(database.url, pace, stack)
        first, _second = replicas.start(), replicas.start()
        time.sleep(4)
        replicas.kill(first)
        killed_at = time.time()
        time.sleep(4)
        assert replicas.stop_cleanly() == [0]
    slots = slots_of(database)
    assert set(slots.values()) == {1}, "no slot twice"
    assert missing_slots(slots, pace) == []
    assert datetime.fromisoformat(max(slots)).timestamp() > killed_at + 1, "the other goes on"


KILLS, STOPS, SLOTS = 20, 5, 1000


@pytest.mark.req("F1")
def test_clock_of_three_replicas_killed_and_stopped_at_random_does_each_slot_exactly_once(database: Database) -> None:
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    chance = random.Random(seed)  # noqa: S311  # Chance, not a secret.
    blows = chance.sample([signal.SIGKILL] * KILLS + [signal.SIGSTOP] * STOPS, KILLS + STOPS)
    pace = Pace(timedelta(milliseconds=40), timedelta(seconds=1), work_seconds=0.02)
    with ExitStack() as stack:
        replicas = Replicas(database.url, pace, stack)
        for _ in range(3):
            replicas.start()
        for number, blow in enumerate(blows, start=1):
            wait_until(lambda n=number: len(slots_of(database)) >= n * SLOTS // (len(blows) + 1))
            strike(database, replicas, blow, chance)
        wait_until(lambda: len(slots_of(database)) >= SLOTS)
        assert replicas.stop_cleanly() == [0, 0, 0]
    slots = slots_of(database)
    with database.session() as session:
        tries = Counter(run.tries for run in session.scalars(select(JobRunRow)))
    print(f"{len(slots)} slots, runs by number of holders {dict(tries)}")
    assert [slot for slot, effects in slots.items() if effects > 1] == []
    assert missing_slots(slots, pace) == []
    assert len(slots) >= SLOTS
    assert sum(tries.values()) - tries[1] >= STOPS, "the blows fell on slots under way"


def strike(database: Database, replicas: Replicas, blow: signal.Signals, chance: random.Random) -> None:
    """Hits the holder of the slot under way: a killed one is replaced, a stopped one wakes after it was replaced."""
    holder = wait_until(lambda: holder_of(database))
    time.sleep(chance.uniform(0, 0.02))
    if blow is signal.SIGKILL:
        replicas.kill(holder)
        replicas.start()
        return
    replicas.send(holder, signal.SIGSTOP)
    wait_until(lambda: holder_of(database) not in (None, holder))
    replicas.send(holder, signal.SIGCONT)


def holder_of(database: Database) -> str | None:
    with database.session() as session:
        return session.scalar(select(JobRunRow.holder).where(JobRunRow.outcome == "running").limit(1))


def wait_until(look: Callable[[], Found], seconds: float = 60) -> Found:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
    return found


def test_python_m_jobs_with_keycloak_away_records_failures_goes_on_and_stops_cleanly(
    tmp_path: Path, sqlite_url: str
) -> None:
    database = Database(sqlite_url)
    Base.metadata.create_all(database.engine)
    given = {
        "TRADING_IDP_DATA_DIR": str(tmp_path),
        "TRADING_IDP_DATABASE_URL": sqlite_url,
        "TRADING_IDP_KEYCLOAK_URL": "http://127.0.0.1:9",
    }
    command = [sys.executable, "-m", "jobs"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **given}, stdout=log, stderr=log)
        try:
            outcomes = wait_for_outcomes(database, "ingest_events", "seal_record")
            assert process.poll() is None, "a failing job does not stop the clock"
            second = subprocess.run(command, cwd=ROOT, env={**os.environ, **given}, capture_output=True, timeout=30)
            assert second.returncode == 1, "one process on SQLite"
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        finally:
            process.kill()
            process.wait(5)
    assert outcomes == {"ingest_events": "failed", "seal_record": "done"}
    database.close()


def wait_for_outcomes(database: Database, *jobs: str) -> dict[str, str]:
    """How the first run of each job ended; waits for all of them."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with database.session() as session:
            ended = [run for run in runs.list_runs(session, datetime.now(UTC)) if run.outcome != "running"]
        found = {run.job: run.outcome for run in ended}
        if set(jobs) <= set(found):
            return {job: found[job] for job in jobs}
        time.sleep(0.2)
    raise AssertionError(f"not run within 30 s: {set(jobs) - set(found)}")
