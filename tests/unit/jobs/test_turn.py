"""A turn that was lost: whatever a stopped holder writes after another took over is not stored."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from connector.audit.tables import AuditEntryRow
from connector.auth.actor import job_actor
from connector.checks import runs
from connector.checks.runs import LEASE, JobRunRow
from connector.storage.tables import new_id
from jobs.errors import TurnLostError
from jobs.turn import make_turn
from tests.fixtures_register import NOON
from tests.unit.jobs.conftest import SPAN, Bench

JOB = job_actor("probe")
MARK = "effect"


def claim(bench: Bench, holder: str, after: timedelta = timedelta()) -> JobRunRow:
    with bench.desk.act() as act:
        run = runs.claim(act.session, "probe", NOON, holder, NOON + after)
    assert run is not None
    return run


def write(connector: Any, now: datetime) -> None:
    """One effect: a row that can be counted."""
    with connector.act(JOB, now=now) as act:
        act.session.add(make_effect(now))


def make_effect(now: datetime) -> JobRunRow:
    return JobRunRow(
        job=MARK, due_at=now, holder=new_id(), started_at=now, leased_until=now, outcome="done", summary={}, error=None
    )


def effects(bench: Bench) -> int:
    return sum(row.job == MARK for row in bench.rows())


@pytest.mark.parametrize("once", [True, False])
def test_write_after_another_took_over_is_refused_and_not_stored(bench: Bench, once: bool) -> None:
    mine = make_turn(bench, claim(bench, "stopped"), once=once)  # type: ignore[arg-type]
    claim(bench, "b", LEASE + SPAN)
    with pytest.raises(TurnLostError):
        write(mine, NOON)
    assert effects(bench) == 0


def test_write_after_a_later_slot_ran_is_refused(bench: Bench) -> None:
    mine = make_turn(bench, claim(bench, "stopped"), once=False)  # type: ignore[arg-type]
    bench.worker("b").tick(bench.job(), now=NOON + LEASE + SPAN)
    with pytest.raises(TurnLostError):
        write(mine, NOON)
    assert effects(bench) == 0


def test_write_while_the_turn_is_held_is_stored_each_time(bench: Bench) -> None:
    mine = make_turn(bench, claim(bench, "a"), once=False)  # type: ignore[arg-type]
    write(mine, NOON)
    write(mine, NOON + SPAN)
    assert effects(bench) == 2


def test_read_needs_no_turn(bench: Bench) -> None:
    mine = make_turn(bench, claim(bench, "stopped"), once=True)  # type: ignore[arg-type]
    claim(bench, "b", LEASE + SPAN)
    with mine.act(JOB, now=NOON, reading=True) as act:
        assert act.session.scalars(select(AuditEntryRow)).all() == []


def test_write_once_and_die_before_the_end_is_not_run_again(bench: Bench) -> None:
    """The effect and the end of the run are one transaction: who dies after it leaves nothing to repeat."""
    run = claim(bench, "dies")
    write(make_turn(bench, run, once=True), NOON)  # type: ignore[arg-type]
    with bench.desk.act() as act:
        assert runs.claim(act.session, "probe", NOON, "b", NOON + LEASE + SPAN) is None
    assert effects(bench) == 1


def test_write_repeatable_and_die_before_the_end_is_run_again(bench: Bench) -> None:
    write(make_turn(bench, claim(bench, "dies"), once=False), NOON)  # type: ignore[arg-type]
    assert claim(bench, "b", LEASE + SPAN).tries == 2


@pytest.mark.parametrize("once", [True, False])
def test_tick_that_loses_its_turn_ends_as_lost_without_alarm(bench: Bench, once: bool) -> None:
    def stand_still(connector: Any, now: datetime) -> None:
        claim(bench, "b", LEASE + SPAN)
        write(connector, now)

    bench.work = stand_still
    assert bench.worker("a").tick(bench.job(once=once), now=NOON) == "lost"
    assert effects(bench) == 0
    assert [(row.holder, row.outcome) for row in bench.rows()] == [("b", "running")]
    assert bench.alarms() == []


def test_tick_once_keeps_summary_and_end(bench: Bench) -> None:
    bench.work = write
    assert bench.worker("a").tick(bench.job(once=True), now=NOON) == "done"
    row = next(row for row in bench.rows() if row.job == "probe")
    assert (row.outcome, row.summary, row.finished_at is not None) == ("done", {"n": 1}, True)


def test_tick_once_that_fails_after_its_act_is_recorded_as_failed(bench: Bench) -> None:
    bench.work, bench.error = write, RuntimeError()
    assert bench.worker("a").tick(bench.job(once=True), now=NOON) == "failed"
    assert [row.outcome for row in bench.rows() if row.job == "probe"] == ["failed"]
