"""Writes the outcomes of one round of steps while the calls of the next are made. Knows no step's meaning."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, TypeVar

from connector.outbox.tables import StepRow

Outcome = TypeVar("Outcome")
Write = Callable[[Sequence[StepRow], Sequence[Outcome]], list[str]]


class Behind(Generic[Outcome]):
    """One write at a time, in the order given. A write that fails is raised by the next `wait`, or at the end."""

    def __init__(self, write: Write[Outcome]) -> None:
        self._write = write
        self._pool = ThreadPoolExecutor(1)
        self._under_way: tuple[Sequence[StepRow], Future[list[str]]] | None = None
        self.states: dict[int, str] = {}  # by step id, as they were written

    def __enter__(self) -> "Behind[Outcome]":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._pool:
            if error is None:
                self.wait()

    def add(self, steps: Sequence[StepRow], outcomes: Sequence[Outcome]) -> None:
        """Begins to write, once what was added before is written."""
        self.wait()
        self._under_way = steps, self._pool.submit(self._write, steps, outcomes)

    def wait(self) -> bool:
        """Waits until everything is written; whether there was anything."""
        if self._under_way is None:
            return False
        steps, written = self._under_way
        self._under_way = None
        self.states |= zip((step.id for step in steps), written.result(), strict=True)
        return True

    def wait_for(self, steps: Iterable[StepRow]) -> None:
        """Waits when a step of one of these lanes is being written: the next of its lane builds on it."""
        if self._under_way is not None and {s.lane for s in steps} & {s.lane for s in self._under_way[0]}:
            self.wait()
