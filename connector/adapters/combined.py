"""Answers those who ask at the same moment by one read. Knows no Keycloak."""

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class CombinedRead(Generic[Key, Value]):
    """One read for all who wait: while one is under way, the next askers gather. Safe between threads.

    Nothing is kept: every answer comes from a read that began after it was asked for.
    """

    def __init__(self, read: Callable[[Collection[Key]], Mapping[Key, Value]], most: int) -> None:
        self._read, self._most = read, most
        self._gathering, self._reading = Lock(), Lock()
        self._waiting: list[tuple[Key, Future[Value | None]]] = []

    def get(self, key: Key) -> Value | None:
        """What the read says of `key`; None when it says nothing. Raises what the read raises."""
        answer: Future[Value | None] = Future()
        with self._gathering:
            self._waiting.append((key, answer))
        while not answer.done():
            with self._reading:
                if not answer.done():
                    self._serve()
        return answer.result()

    def _serve(self) -> None:
        with self._gathering:
            asked, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        try:
            found = self._read({key for key, _ in asked})
        except Exception as error:  # noqa: BLE001  # Whoever asked has to hear it, whatever it is.
            for _, answer in asked:
                answer.set_exception(error)
            return
        for key, answer in asked:
            answer.set_result(found.get(key))
