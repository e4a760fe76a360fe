"""The table of jobs as the web shows it: next due, last run, lateness."""

from datetime import datetime, time, timedelta

import pytest

from connector.checks import runs, timetable
from connector.checks.runs import LEASE
from connector.checks.timetable import JobView
from connector.errors import Text
from jobs.timing import Daily, Every
from tests.fixtures_register import NOON
from tests.unit.jobs.conftest import SPAN, Bench

MINUTE = timedelta(minutes=1)


def view(bench: Bench, after: timedelta = timedelta()) -> JobView:
    with bench.desk.act() as act:
        [found] = timetable.overview(act.session, NOON + after)
    return found


def listed(bench: Bench, *, exclusive: bool = True) -> None:
    bench.worker("a").keep_alive([bench.job(exclusive=exclusive)])


def tick(bench: Bench, after: timedelta = timedelta(), *, exclusive: bool = True) -> None:
    bench.worker("a").tick(bench.job(exclusive=exclusive), now=NOON + after)


def test_overview_before_any_process_ran_is_empty(bench: Bench) -> None:
    with bench.desk.act() as act:
        assert timetable.overview(act.session, NOON) == []


def test_overview_of_a_new_job_tells_words_and_next_and_is_not_late(bench: Bench) -> None:
    listed(bench)
    found = view(bench)
    assert (found.job, found.when_zh, found.does_en, found.last) == ("probe", "每15秒", "try", None)
    assert (found.next_due_at, found.late_seconds, found.seen_at) == (NOON + SPAN, None, NOON)


@pytest.mark.parametrize("after", [timedelta(0), timedelta(seconds=1), timedelta(days=9, seconds=14), -10 * MINUTE])
def test_overview_next_due_is_the_first_slot_to_come_however_old_the_line_is(bench: Bench, after: timedelta) -> None:
    listed(bench)
    due = view(bench, after).next_due_at
    assert timedelta(0) < due - (NOON + after) <= SPAN
    assert Every(SPAN).slot(due) == due


def test_overview_of_a_daily_job_is_due_at_its_time_in_china(bench: Bench) -> None:
    daily = Daily(time(2, 0))
    line = timetable.Line(job="d", when=daily.words(), does=Text("试", "try"), due_at=daily.slot(NOON), span=daily.span)
    with bench.desk.act() as act:
        timetable.publish(act.session, [line], NOON)
    assert view(bench).next_due_at == datetime.fromisoformat("2026-03-11T02:00:00+08:00")


def test_overview_tells_the_last_run_with_its_duration(bench: Bench) -> None:
    listed(bench)
    bench.work = lambda _connector, _now: bench.clock.advance(timedelta(seconds=3)) and None
    tick(bench)
    last = view(bench).last
    assert last is not None
    assert (last.outcome, last.seconds, last.due_at) == ("done", 3.0, NOON)


def test_overview_late_counts_from_the_first_slot_nobody_served(bench: Bench) -> None:
    listed(bench)
    tick(bench)
    assert view(bench, SPAN + LEASE).late_seconds is None
    assert view(bench, timedelta(days=2)).late_seconds == (timedelta(days=2) - SPAN).total_seconds()
    tick(bench, timedelta(days=2))
    assert view(bench, timedelta(days=2)).late_seconds is None


def test_overview_late_of_a_job_that_never_ran_counts_from_its_first_slot(bench: Bench) -> None:
    listed(bench)
    assert view(bench, 10 * MINUTE).late_seconds == (10 * MINUTE - SPAN).total_seconds()


def test_overview_of_a_run_whose_holder_died_is_lost_and_late_from_its_own_slot(bench: Bench) -> None:
    listed(bench)
    with bench.desk.act() as act:
        runs.claim(act.session, "probe", NOON, "dead", NOON)
    assert view(bench, LEASE - SPAN).last.outcome == "running"  # type: ignore[union-attr]
    found = view(bench, LEASE + SPAN)
    assert found.last is not None
    assert (found.last.outcome, found.late_seconds) == ("lost", (LEASE + SPAN).total_seconds())


def test_overview_of_an_overrunning_job_is_running_and_late(bench: Bench) -> None:
    listed(bench)
    with bench.desk.act() as act:
        runs.claim(act.session, "probe", NOON, "slow", NOON)
        runs.extend(act.session, "slow", NOON + 4 * MINUTE)
    found = view(bench, 5 * MINUTE)
    assert found.last is not None
    assert (found.last.outcome, found.late_seconds) == ("running", (5 * MINUTE - SPAN).total_seconds())


def test_overview_of_a_self_guarding_job_tells_its_last_run_and_its_failure(bench: Bench) -> None:
    worker, job = bench.worker("a"), bench.job(exclusive=False)
    worker.tick(job, now=NOON)
    worker.keep_alive([job])
    last = view(bench).last
    assert last is not None
    assert (last.outcome, last.started_at) == ("done", NOON)
    bench.error = RuntimeError()
    worker.tick(job, now=NOON + SPAN)
    assert view(bench, SPAN).last.outcome == "failed"  # type: ignore[union-attr]
    bench.error = None
    worker.tick(job, now=NOON + 2 * SPAN)
    worker.keep_alive([job])
    assert view(bench, 2 * SPAN).last.outcome == "done"  # type: ignore[union-attr]


def test_keep_alive_removes_lines_of_jobs_that_are_no_more(bench: Bench) -> None:
    old = timetable.Line(job="old", when=Text("a", "a"), does=Text("a", "a"), due_at=NOON, span=SPAN)
    with bench.desk.act() as act:
        timetable.publish(act.session, [old], NOON)
    listed(bench)
    assert view(bench).job == "probe"


def test_keep_alive_without_a_database_goes_on(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(bench.desk, "act", refuse)
    listed(bench)


@pytest.mark.parametrize(
    ("outcome", "due"), [("done", [0]), ("failed", [1]), ("lost", [2]), ("running", [3]), (None, [3, 2, 1, 0])]
)
def test_list_runs_by_outcome_finds_these_newest_first(bench: Bench, outcome: str | None, due: list[int]) -> None:
    hour = timedelta(hours=1)
    tick(bench)
    bench.error = RuntimeError()
    tick(bench, hour)
    with bench.desk.act() as act:
        runs.claim(act.session, "other", NOON + 2 * hour, "dead", NOON + 2 * hour)
        runs.claim(act.session, "probe", NOON + 3 * hour, "alive", NOON + 3 * hour)
        found = timetable.show_runs(act.session, NOON + 3 * hour, outcome=outcome)
    assert [round((run.due_at - NOON) / hour) for run in found] == due
    assert all(run.outcome == outcome for run in found if outcome)
