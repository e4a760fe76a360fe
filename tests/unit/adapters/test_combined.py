"""One read for all who ask at the same moment: nobody gets an answer older than his question."""

import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from connector.adapters.combined import CombinedRead

THREADS = 12


def test_get_from_many_threads_reads_together_and_answers_each() -> None:
    reads: list[int] = []

    def read(keys: Collection[int]) -> dict[int, int]:
        reads.append(len(keys))
        time.sleep(0.02)
        return {key: key * key for key in keys if key != 7}

    combined, together = CombinedRead(read, most=5), Barrier(THREADS)

    def ask(key: int) -> int | None:
        together.wait()
        return combined.get(key)

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(ask, range(THREADS)))
    assert answers == [None if key == 7 else key * key for key in range(THREADS)]
    assert sum(reads) == THREADS
    assert max(reads) == 5, "no more at once than one read may hold"
    assert len(reads) < THREADS


def test_get_twice_reads_twice() -> None:
    state = [True]
    combined = CombinedRead(lambda keys: dict.fromkeys(keys, state[0]), most=5)
    assert combined.get("a") is True
    state[0] = False
    assert combined.get("a") is False


def test_get_while_a_read_is_under_way_waits_for_one_that_begins_later() -> None:
    """A read that had begun may have passed the user before he was changed."""
    state, inside, changed = [True], Barrier(2), Barrier(2)
    first = [True]

    def read(keys: Collection[str]) -> dict[str, bool]:
        found = dict.fromkeys(keys, state[0])
        if first.pop() if first else False:
            inside.wait()
            changed.wait()
        return found

    combined = CombinedRead(read, most=5)
    with ThreadPoolExecutor(2) as pool:
        early = pool.submit(combined.get, "a")
        inside.wait()
        state[0] = False
        late = pool.submit(combined.get, "a")
        time.sleep(0.05)
        changed.wait()
        assert (early.result(5), late.result(5)) == (True, False)


def test_get_when_the_read_fails_raises_for_each_and_goes_on() -> None:
    fails = [True]

    def read(keys: Collection[str]) -> dict[str, int]:
        if fails.pop() if fails else False:
            raise ConnectionError
        return dict.fromkeys(keys, 1)

    combined = CombinedRead(read, most=5)
    with pytest.raises(ConnectionError):
        combined.get("a")
    assert combined.get("a") == 1
