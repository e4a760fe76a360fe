"""Several processes on one PostgreSQL run each slot once, also when one is killed; `python -m jobs` stops cleanly."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

import connector.migrations.every_table  # noqa: F401  # brings every table into the metadata
from connector.checks import runs
from connector.storage.engine import Database
from connector.storage.tables import Base

ROOT = Path(__file__).parents[3]


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    made = Database(postgres_url)
    Base.metadata.create_all(made.engine)
    with made.session() as session:
        session.execute(text("CREATE TABLE effects (slot text, holder text)"))
    yield made
    made.close()


def start_clock(url: str, holder: str, stack: ExitStack) -> subprocess.Popen[str]:
    """One more process, ready; killed at the end of the stack if it still runs."""
    command = [sys.executable, "-m", "tests.integration.jobs.one_clock", url, holder]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    stack.callback(process.stdout.close)  # type: ignore[union-attr]
    stack.callback(process.wait, 10)
    stack.callback(process.kill)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.req("F1")
def test_clock_in_two_processes_runs_each_slot_once_and_survives_a_kill(database: Database) -> None:
    with ExitStack() as stack:
        first, second = (start_clock(database.url, holder, stack) for holder in ("one", "two"))
        time.sleep(5)
        first.kill()
        first.wait(5)
        killed_at = time.time()
        time.sleep(4)
        second.send_signal(signal.SIGTERM)
        assert second.wait(10) == 0
    with database.session() as session:
        slots = Counter(slot for (slot,) in session.execute(text("SELECT slot FROM effects")))
    assert set(slots.values()) == {1}, "no slot twice"
    moments = sorted(datetime.fromisoformat(slot).timestamp() for slot in slots)
    assert moments == [moments[0] + n for n in range(len(moments))], "no slot missing"
    assert moments[-1] > killed_at + 1, "the other goes on"


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
