"""The clock: what it ticks, and that it goes on when the time of the machine is set back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.schedulers.background import BackgroundScheduler

from jobs.clock import ClockWatch, make_clock
from tests.unit.jobs.conftest import Bench


@pytest.fixture
def scheduler(bench: Bench) -> Iterator[BackgroundScheduler]:
    """Started and held: its jobs have their times, and none is run."""
    made = make_clock(bench.worker("a"), [bench.job()])
    made.start(paused=True)
    yield made
    made.shutdown(wait=False)


def next_times(scheduler: BackgroundScheduler) -> dict[str, datetime]:
    return {job.id: job.next_run_time for job in scheduler.get_jobs()}


def test_start_catches_up_at_once_and_ticks_at_the_next_slot(scheduler: BackgroundScheduler) -> None:
    now = datetime.now(UTC)
    times = next_times(scheduler)
    assert set(times) == {"probe", "heartbeat", "catch_up"}
    assert times["catch_up"] <= now
    assert times["heartbeat"] <= now
    assert now - timedelta(seconds=1) < times["probe"] <= now + timedelta(seconds=15)


def test_look_after_the_time_was_set_back_reckons_every_tick_anew(bench: Bench, scheduler: BackgroundScheduler) -> None:
    watch = ClockWatch(scheduler, bench.clock)
    bench.clock.advance(timedelta(days=1))
    assert not watch.look()
    for job in scheduler.get_jobs():  # As they stand after a day that was not.
        job.modify(next_run_time=datetime.now(UTC) + timedelta(days=1))
    bench.clock.advance(-timedelta(days=1))
    assert watch.look()
    latest = datetime.now(UTC) + timedelta(seconds=61)
    assert all(at <= latest for at in next_times(scheduler).values()), next_times(scheduler)
    assert not watch.look(), "once is enough"


def test_look_while_the_time_goes_on_or_is_corrected_a_little_changes_nothing(
    bench: Bench, scheduler: BackgroundScheduler
) -> None:
    watch, before = ClockWatch(scheduler, bench.clock), next_times(scheduler)
    for step in (timedelta(seconds=5), timedelta(days=30), -timedelta(milliseconds=500)):
        bench.clock.advance(step)
        assert not watch.look()
    assert next_times(scheduler) == before
