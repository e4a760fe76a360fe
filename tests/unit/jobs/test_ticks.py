"""A tick: one process runs a slot, a dead holder loses it, a failing job is recorded and alarmed once."""

from datetime import timedelta

from connector.checks import runs
from connector.checks.runs import LEASE, JobRunRow
from connector.ports import KeycloakUnavailableError
from jobs.ticks import holder_name
from tests.fixtures_register import NOON
from tests.unit.jobs.conftest import SPAN, Bench


def tick(bench: Bench, holder: str = "a", *, after: timedelta = timedelta(), **how: bool) -> str | None:
    return bench.worker(holder).tick(bench.job(**how), now=NOON + after)


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
    run = bench.worker("cli:me").run_now(bench.job())
    assert run is not None
    assert [(row.outcome, row.holder) for row in bench.rows()] == [("done", "cli:me")]


def test_holder_name_of_two_processes_is_never_the_same() -> None:
    """A container that starts again has the host and the pid of the one that died, and must not keep its claims."""
    assert holder_name() != holder_name()


def test_claim_newer_slot_gives_up_the_one_whose_holder_died(bench: Bench) -> None:
    dead = claim(bench, "dead")
    assert dead is not None
    assert tick(bench, "b", after=LEASE + SPAN) == "done"
    assert [(row.holder, row.outcome) for row in bench.rows()] == [("dead", "lost"), ("b", "done")]
    with bench.desk.act() as act:
        assert not runs.finish(act.session, dead, outcome="done", summary={}, error=None, now=NOON)


def test_catch_up_after_long_pause_runs_each_job_once_and_stops_when_told(bench: Bench) -> None:
    worker = bench.worker("a")
    worker.catch_up([bench.job()])
    bench.clock.advance(timedelta(days=3))
    worker.catch_up([bench.job()])
    worker.catch_up([bench.job()])
    assert len(bench.ran) == 2
    bench.clock.advance(timedelta(days=3))
    worker.stopping.set()
    worker.catch_up([bench.job()])
    assert len(bench.ran) == 2


def test_tick_after_the_clock_was_set_back_runs_the_slots_again_that_it_ran_ahead_of_time(bench: Bench) -> None:
    day = timedelta(days=1)
    assert tick(bench, after=day) == "done"
    assert tick(bench) == "done"
    assert [row.due_at for row in bench.rows()] == [NOON]
    assert tick(bench, after=day) == "done", "the slot of tomorrow is run tomorrow"


def test_tick_after_the_clock_was_set_back_waits_for_no_lease_of_the_future(bench: Bench) -> None:
    with bench.desk.act() as act:
        runs.claim(act.session, "probe", NOON - SPAN, "died ahead", NOON + timedelta(days=1))
    assert tick(bench, "b") == "done"


def test_tick_every_slot_runs_each_missed_one_in_turn(bench: Bench) -> None:
    tick(bench, every_slot=True)
    assert tick(bench, after=4 * SPAN, every_slot=True) == "done"
    assert [row.due_at for row in bench.rows()] == [NOON + n * SPAN for n in range(5)]
    assert tick(bench, after=4 * SPAN, every_slot=True) is None


def test_tick_every_slot_takes_the_dead_holders_slot_first(bench: Bench) -> None:
    claim(bench, "dead")
    assert tick(bench, "b", after=2 * SPAN, every_slot=True) is None, "the holder may live"
    assert tick(bench, "b", after=LEASE + SPAN, every_slot=True) == "done"
    rows = bench.rows()
    assert [row.due_at for row in rows] == [NOON + n * SPAN for n in range(len(rows))]
    assert (rows[0].holder, rows[0].tries) == ("b", 2)
    assert {row.outcome for row in rows} == {"done"}


def test_tick_every_slot_tries_a_failed_one_again_before_the_next(bench: Bench) -> None:
    bench.error = KeycloakUnavailableError("down")
    assert [tick(bench, after=n * SPAN, every_slot=True) for n in range(2)] == ["failed"] * 2
    assert [(row.due_at, row.tries) for row in bench.rows()] == [(NOON, 2)]
    assert bench.alarms() == ["job.failed"], "one alarm, not one for each try"
    bench.error = None
    assert tick(bench, after=2 * SPAN, every_slot=True) == "done"
    assert [row.outcome for row in bench.rows()] == ["done"] * 3


def test_run_now_every_slot_leaves_none_out(bench: Bench) -> None:
    tick(bench, every_slot=True)
    bench.clock.advance(2 * SPAN + timedelta(seconds=1))
    assert bench.worker("cli:me").run_now(bench.job(every_slot=True)) is not None
    assert [row.due_at for row in bench.rows()][:3] == [NOON + n * SPAN for n in range(3)]


def test_tick_a_slot_that_failed_is_not_run_again_unless_every_slot_counts(bench: Bench) -> None:
    bench.error = KeycloakUnavailableError("down")
    assert [tick(bench), tick(bench, "b")] == ["failed", None]
