"""Outcomes written behind the calls: in order, never two at once, and a failed write is not lost."""

from collections.abc import Sequence
from threading import Event

import pytest

from connector.outbox.behind import Behind
from connector.outbox.tables import StepRow


def make_steps(*ids: int, lane: str = "") -> list[StepRow]:
    return [StepRow(id=number, lane=lane or f"freeze:{number}") for number in ids]


def test_add_writes_in_order_and_keeps_every_state() -> None:
    written: list[list[int]] = []

    def write(steps: Sequence[StepRow], outcomes: Sequence[str]) -> list[str]:
        written.append([step.id for step in steps])
        return list(outcomes)

    with Behind(write) as behind:
        for first in range(0, 9, 3):
            behind.add(make_steps(first, first + 1, first + 2), ["done", "dead", "done"])
    assert written == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert behind.states == {n: "dead" if n % 3 == 1 else "done" for n in range(9)}


def test_wait_for_a_lane_that_is_being_written_waits_and_for_another_does_not() -> None:
    begun, go_on = Event(), Event()

    def write(steps: Sequence[StepRow], _outcomes: Sequence[str]) -> list[str]:
        begun.set()
        assert go_on.wait(5)
        return ["done"] * len(steps)

    with Behind(write) as behind:
        behind.add(make_steps(1, lane="account:a"), ["done"])
        assert begun.wait(5)
        behind.wait_for(make_steps(2, lane="account:b"))
        assert behind.states == {}, "the other lane waits for nothing"
        go_on.set()
        behind.wait_for(make_steps(3, lane="account:a"))
        assert behind.states == {1: "done"}


def test_write_that_fails_is_raised_at_the_end() -> None:
    def write(_steps: Sequence[StepRow], _outcomes: Sequence[str]) -> list[str]:
        raise ConnectionError

    with pytest.raises(ConnectionError), Behind(write) as behind:
        behind.add(make_steps(1), ["done"])


def test_fail_in_the_block_keeps_its_own_error() -> None:
    def write(_steps: Sequence[StepRow], _outcomes: Sequence[str]) -> list[str]:
        raise ConnectionError

    def call_in_vain() -> None:
        with Behind(write) as behind:
            behind.add(make_steps(1), ["done"])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        call_in_vain()


def test_wait_with_nothing_to_write_says_so() -> None:
    with Behind(lambda steps, _: ["done"] * len(steps)) as behind:
        assert not behind.wait()
        behind.add(make_steps(1), ["done"])
        assert behind.wait()
