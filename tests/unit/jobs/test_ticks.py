"""A tick: one process runs a slot, a dead holder loses it, a failing job is recorded and alarmed once."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.auth.actor import Actor
from connector.checks import runs
from connector.checks.runs import LEASE, JobRunRow
from connector.errors import Text
from connector.ports import KeycloakUnavailableError
from jobs import ticks
from jobs.schedule import Every, Job
from tests.fakes.clock import FakeClock
from tests.fixtures_activity import open_mirror
from tests.fixtures_register import NOON, Desk

SPAN = timedelta(seconds=15)


@dataclass
class Bench:
    """What a tick needs of the connector: its database and its clock."""

    desk: Desk
    clock: FakeClock
    ran: list[datetime] = field(default_factory=list)
    error: Exception | None = None

    def act(self, actor: Actor, *, now: datetime | None = None) -> AbstractContextManager[Act]:
        return self.desk.act(actor, now or self.clock.now())

    def job(self, *, exclusive: bool = True) -> Job:
        def run(_connector: Any, now: datetime) -> dict[str, Any]:
            self.ran.append(now)
            if self.error:
                raise self.error
            return {"n": len(self.ran)}

        return Job(name="probe", when=Every(SPAN), run=run, does=Text("试", "try"), exclusive=exclusive)

    def rows(self) -> list[JobRunRow]:
        with self.desk.act() as act:
            return list(act.session.scalars(select(JobRunRow).order_by(JobRunRow.due_at)))

    def alarms(self) -> list[str]:
        with self.desk.act() as act:
            return list(act.session.scalars(select(AuditEntryRow.event).where(AuditEntryRow.alarm)))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    desk = open_mirror(tmp_path)
    yield Bench(desk, FakeClock(NOON))
    desk.close()


Tick = Callable[..., str | None]


def tick(bench: Bench, holder: str = "a", *, after: timedelta = timedelta(), exclusive: bool = True) -> str | None:
    return ticks.tick(bench, bench.job(exclusive=exclusive), holder, now=NOON + after)  # type: ignore[arg-type]


def test_tick_same_slot_from_two_processes_runs_once(bench: Bench) -> None:
    assert [tick(bench, "a"), tick(bench, "b"), tick(bench, "a")] == ["done", None, None]
    [row] = bench.rows()
    assert (row.due_at, row.holder, row.outcome, row.summary) == (NOON, "a", "done", {"n": 1})


def test_tick_next_slot_runs_again(bench: Bench) -> None:
    assert [tick(bench, "a"), tick(bench, "b", after=SPAN)] == ["done", "done"]


def test_tick_after_long_pause_runs_once_not_once_per_missed_slot(bench: Bench) -> None:
    tick(bench)
    assert [tick(bench, after=timedelta(days=3)), tick(bench, after=timedelta(days=3))] == ["done", None]
    assert len(bench.rows()) == 2


def claim(bench: Bench, holder: str, after: timedelta = timedelta()) -> JobRunRow | None:
    with bench.desk.act() as act:
        return runs.claim(act.session, "probe", NOON, holder, NOON + after)


def test_claim_of_dead_holder_is_taken_over_when_its_lease_ends(bench: Bench) -> None:
    dead = claim(bench, "dead")
    assert dead is not None
    assert claim(bench, "b", LEASE - timedelta(seconds=1)) is None
    taken = claim(bench, "b", LEASE + timedelta(seconds=1))
    assert taken is not None
    assert (taken.holder, taken.tries) == ("b", 2)
    with bench.desk.act() as act:
        assert not runs.finish(act.session, dead, outcome="done", summary={}, error=None, now=NOON)
        assert runs.finish(act.session, taken, outcome="done", summary={}, error=None, now=NOON)


def test_claim_of_living_holder_is_kept_by_its_heartbeat(bench: Bench) -> None:
    claim(bench, "alive")
    with bench.desk.act() as act:
        assert runs.extend(act.session, "alive", NOON + LEASE / 2) == 1
    assert claim(bench, "b", LEASE + timedelta(seconds=1)) is None


def test_tick_while_slot_before_still_runs_waits(bench: Bench) -> None:
    claim(bench, "slow")
    assert tick(bench, "b", after=SPAN) is None


def test_tick_failing_job_is_recorded_and_alarmed_once_until_it_recovers(bench: Bench) -> None:
    bench.error = KeycloakUnavailableError("down")
    assert [tick(bench, after=n * SPAN) for n in range(3)] == ["failed"] * 3
    assert bench.alarms() == ["job.failed"]
    assert str(bench.rows()[0].error).startswith("keycloak-unavailable: ")
    bench.error = None
    assert tick(bench, after=3 * SPAN) == "done"
    bench.error = RuntimeError("王试 371502197003010011")
    assert tick(bench, after=4 * SPAN) == "failed"
    assert bench.alarms() == ["job.failed"] * 2
    assert bench.rows()[-1].error == "RuntimeError", "a library's message may hold personal values"


def test_tick_self_guarding_job_runs_everywhere_and_leaves_a_row_only_when_it_fails(bench: Bench) -> None:
    assert [tick(bench, "a", exclusive=False), tick(bench, "b", exclusive=False)] == ["done", "done"]
    assert bench.rows() == []
    bench.error = RuntimeError()
    assert tick(bench, "a", exclusive=False) == "failed"
    assert [row.outcome for row in bench.rows()] == ["failed"]
    assert bench.alarms() == ["job.failed"]


def test_run_now_stands_in_the_history(bench: Bench) -> None:
    run = ticks.run_now(bench, bench.job(), "cli:me")  # type: ignore[arg-type]
    assert run is not None
    assert [(row.outcome, row.holder) for row in bench.rows()] == [("done", "cli:me")]
