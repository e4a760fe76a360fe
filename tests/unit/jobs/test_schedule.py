"""When jobs are due: slots that every process names alike, in Chinese time."""

from datetime import UTC, datetime, time, timedelta

import pytest

from connector.checks.runs import LEASE
from jobs.clock import CATCH_UP_SECONDS
from jobs.schedule import SCHEDULE
from jobs.timing import SHANGHAI, Daily, Every


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "slot"),
    [
        ("2026-03-09T17:59:59.999999", "2026-03-08T18:00:00"),
        ("2026-03-09T18:00:00", "2026-03-09T18:00:00"),
        ("2026-03-10T04:00:00", "2026-03-09T18:00:00"),
        ("2026-12-31T18:00:01", "2026-12-31T18:00:00"),
    ],
)
def test_slot_daily_at_two_is_two_in_china(now: str, slot: str) -> None:
    assert Daily(time(2, 0)).slot(utc(now)) == utc(slot)


@pytest.mark.parametrize("span", [timedelta(seconds=15), timedelta(hours=1)])
def test_slot_every_is_the_same_for_any_moment_within(span: timedelta) -> None:
    start = utc("2026-03-10T04:00:00")
    assert {Every(span).slot(start + span * share / 10) for share in range(10)} == {start}
    assert Every(span).slot(start + span) == start + span
    assert Every(span).slot(start - timedelta(microseconds=1)) == start - span


@pytest.mark.parametrize("job", SCHEDULE, ids=lambda job: job.name)
def test_trigger_fires_at_the_moments_the_slots_name(job: object) -> None:
    now = datetime(2026, 3, 10, 12, 34, 56, 789, tzinfo=SHANGHAI)
    fires = job.when.trigger().get_next_fire_time(None, now)  # type: ignore[attr-defined]
    assert job.when.slot(fires) == fires  # type: ignore[attr-defined]
    assert job.when.slot(fires - timedelta(microseconds=1)) < now  # type: ignore[attr-defined]


def test_schedule_names_are_unique_and_texts_are_there() -> None:
    assert len({job.name for job in SCHEDULE}) == len(SCHEDULE)
    assert all(job.does.zh and job.does.en and job.when.words().zh for job in SCHEDULE)


def test_catch_up_looks_more_often_than_a_lease_lasts() -> None:
    assert timedelta(seconds=CATCH_UP_SECONDS) < LEASE
