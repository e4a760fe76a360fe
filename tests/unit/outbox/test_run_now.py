"""Steps tried at once by whoever ordered them: lanes side by side, and no long wait for a Keycloak that is down."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

from connector.auth.act import Act
from connector.outbox import service as outbox
from connector.outbox.deliver import ROUND, Delivery
from connector.outbox.tables import StepRow
from connector.ports import KeycloakUnavailableError
from tests.town import HOST, Town

THREADS = 4


def delivery(town: Town, handle: Callable[[StepRow], None]) -> Delivery:
    def open_act(actor: object, now: object) -> AbstractContextManager[Act]:
        return town.connector.act(actor, now=now)  # type: ignore[arg-type]

    return Delivery(open_act, {"test": handle}, timedelta(seconds=60), THREADS)


def put(town: Town, *lanes: str) -> list[int]:
    with town.connector.act(HOST) as act:
        return [
            outbox.enqueue(act, "test", key=f"{n}:{lane}", lane=lane, payload={"n": n}).id
            for n, lane in enumerate(lanes)
        ]


def states(town: Town) -> list[str]:
    with town.connector.act(HOST) as act:
        return [step.state for step in outbox.list_steps(act)]


def test_run_now_runs_lanes_side_by_side(town: Town) -> None:
    ids = put(town, *(f"freeze:{n}" for n in range(THREADS)))
    together = threading.Barrier(THREADS, timeout=10)
    assert delivery(town, lambda _step: together.wait() and None).run_now(ids) == ["done"] * THREADS


def test_run_now_keeps_the_order_within_a_lane(town: Town) -> None:
    lanes = [f"account:{n % 3}" for n in range(2 * ROUND)]
    seen: list[tuple[str, int]] = []
    ids = put(town, *lanes)
    delivery(town, lambda step: seen.append((step.lane, step.payload["n"]))).run_now(ids)
    for lane in set(lanes):
        own = [n for name, n in seen if name == lane]
        assert own == sorted(own)
    assert len(seen) == len(ids)


def test_run_now_while_the_other_side_is_down_leaves_the_rest_to_the_worker(town: Town) -> None:
    tried: list[int] = []

    def down(step: StepRow) -> None:
        tried.append(step.id)
        raise KeycloakUnavailableError("down")

    ids = put(town, *(f"freeze:{n}" for n in range(3 * ROUND)))
    assert delivery(town, down).run_now(ids) == ["pending"] * ROUND
    assert len(tried) == ROUND
    assert states(town) == ["pending"] * 3 * ROUND


def test_run_now_does_not_wait_with_the_next_round_for_the_slowest_of_one(town: Town) -> None:
    ids = put(town, *(f"freeze:{n}" for n in range(ROUND + 1)))
    next_began = threading.Event()

    def handle(step: StepRow) -> None:
        if step.payload["n"] == ROUND - 1:
            assert next_began.wait(10)
        if step.payload["n"] == ROUND:
            next_began.set()

    assert delivery(town, handle).run_now(ids) == ["done"] * (ROUND + 1)


def test_run_now_keeps_the_order_of_a_lane_that_goes_on_in_the_next_round(town: Town) -> None:
    lanes = [f"freeze:{n}" for n in range(ROUND - 1)] + ["account:1", "account:1"]
    ids, done = put(town, *lanes), threading.Event()

    def handle(step: StepRow) -> None:
        if step.payload["n"] == ROUND - 1:
            done.wait(0.3)
            done.set()
        if step.payload["n"] == ROUND:
            assert done.is_set()

    assert delivery(town, handle).run_now(ids) == ["done"] * (ROUND + 1)
