"""Signals among the urgent steps: after everything else, in order within a lane, past what was refused."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

from connector.auth.act import Act
from connector.errors import ConnectorError, UnavailableError
from connector.outbox import lease
from connector.outbox import service as outbox
from connector.outbox.deliver import Delivery
from connector.outbox.tables import StepRow
from tests.town import HOST, Town

LEASE = timedelta(seconds=60)
Fails = Callable[[str], ConnectorError | None]


def put(town: Town, key: str, lane: str) -> int:
    with town.connector.act(HOST) as act:
        return outbox.enqueue(act, "test", key=key, lane=lane, payload={}).id


def state(town: Town, step_id: int) -> tuple[str, int]:
    with town.connector.act(HOST) as act:
        row = act.session.get_one(StepRow, step_id)
        return row.state, row.attempts


def delivery(town: Town, seen: list[str], fails: Fails = lambda _key: None) -> Delivery:
    def open_act(actor: object, now: object) -> AbstractContextManager[Act]:
        return town.connector.act(actor, now=now)  # type: ignore[arg-type]

    def handle(step: StepRow) -> None:
        seen.append(step.key)
        if error := fails(step.key):
            raise error

    return Delivery(open_act, {"test": handle}, LEASE, 1)


def test_run_urgent_takes_signals_after_everything_else(town: Town) -> None:
    ids = [
        put(town, key, lane)
        for key, lane in (("s1", "signal:1:a"), ("f1", "freeze:a"), ("s2", "signal:1:b"), ("f2", "freeze:b"))
    ]
    seen: list[str] = []
    assert delivery(town, seen).run_urgent(ids) == ["done"] * 4
    assert seen == ["f1", "f2", "s1", "s2"]


def test_run_now_stops_a_lane_at_what_was_not_taken_and_gives_back_the_rest(town: Town) -> None:
    first, second, other = put(town, "1", "signal:1:a"), put(town, "2", "signal:1:a"), put(town, "3", "signal:2:a")
    seen: list[str] = []
    down: Fails = lambda key: UnavailableError(part="x") if key == "1" else None  # noqa: E731
    delivery(town, seen, down).run_now([first, second, other])
    assert seen == ["1", "3"]
    assert [state(town, step) for step in (first, second, other)] == [("pending", 1), ("pending", 0), ("done", 1)]


def test_run_now_leaves_a_signal_behind_one_that_another_worker_is_sending(town: Town) -> None:
    first, second = put(town, "1", "signal:1:a"), put(town, "2", "signal:1:a")
    with town.connector.act(HOST) as act:
        assert [step.id for step in lease.take_due(act.session, act.now, LEASE, 10, signals=True)] == [first]
    seen: list[str] = []
    assert delivery(town, seen).run_now([first, second]) == []
    assert (seen, state(town, second)) == ([], ("pending", 0))


def test_deliver_passes_by_a_signal_that_was_refused(town: Town) -> None:
    first, second = put(town, "1", "signal:1:a"), put(town, "2", "signal:1:a")
    seen: list[str] = []
    delivery(town, seen, lambda key: ConnectorError() if key == "1" else None).run_due()
    assert seen == ["1", "2"]
    assert [state(town, step)[0] for step in (first, second)] == ["dead", "done"]
