"""Pure rules of conflicts of duty: which two charges meet in one person at one time, and when a blackout holds."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import combinations
from typing import NamedTuple

Exclusion = Callable[[str, str], str | None]  # The clause by which two charges exclude each other; None where they go.


class Held(NamedTuple):
    """A charge somebody has, from `start` up to, and without, `end` (None: for good).

    `source` is a permission's id, a class of account, or "project:NUMBER:PHASE". With a `project` it counts
    there alone.
    """

    charge: str
    source: str
    start: datetime
    end: datetime | None = None
    project: str | None = None


class Conflict(NamedTuple):
    """Two charges that exclude each other, held at one time. `clause` says why."""

    first: Held
    second: Held
    clause: str

    @property
    def pair(self) -> tuple[str, str]:
        """Both charges, in the order of their names."""
        low, high = sorted((self.first.charge, self.second.charge))
        return low, high

    @property
    def project(self) -> str | None:
        return self.first.project or self.second.project

    @property
    def key(self) -> str:
        """Names the conflict of one person, the same at every scan."""
        return "|".join([*sorted((self.first.source, self.second.source)), self.project or ""])


def share_a_moment(a_start: datetime, a_end: datetime | None, b_start: datetime, b_end: datetime | None) -> bool:
    """Whether two half-open spans overlap; None is no end. An empty span has no moment."""
    start = max(a_start, b_start)
    return all(end is None or start < end for end in (a_end, b_end))


def conflict_of(a: Held, b: Held, exclusion: Exclusion) -> Conflict | None:
    """The conflict of two charges of one person. Those of two different projects do not meet (HH 3)."""
    clause = exclusion(a.charge, b.charge)
    apart = a.project is not None and b.project is not None and a.project != b.project
    if clause is None or apart or not share_a_moment(a.start, a.end, b.start, b.end):
        return None
    first, second = sorted((a, b), key=lambda held: (held.charge, held.source))
    return Conflict(first, second, clause)


def find_conflicts(held: Iterable[Held], exclusion: Exclusion) -> list[Conflict]:
    """Every conflict among these charges, in the order of their names."""
    found = [conflict_of(a, b, exclusion) for a, b in combinations(list(held), 2)]
    return sorted((one for one in found if one is not None), key=lambda one: one.key)


def new_conflicts(asked: Sequence[Held], held: Sequence[Held], exclusion: Exclusion) -> list[Conflict]:
    """The conflicts that what is asked for would bring: with what is held, and within itself."""
    found = find_conflicts(asked, exclusion)
    found += [one for a in asked for b in held if (one := conflict_of(a, b, exclusion)) is not None]
    return found


class Window(NamedTuple):
    """The blackout around one opening of bids: from `start` up to, and without, `end` (LC 8)."""

    project: str
    start: datetime
    end: datetime


def blackout(project: str, opening: datetime, before: int, after: int) -> Window:
    """The window of one opening; `before` and `after` in minutes."""
    return Window(project, opening - timedelta(minutes=before), opening + timedelta(minutes=after))


def first_blackout(start: datetime, end: datetime, windows: Iterable[Window]) -> Window | None:
    """The earliest window that shares a moment with the span; `end` equal to `start` asks about that moment."""
    last = end if end > start else start + timedelta.resolution
    found = [window for window in windows if share_a_moment(start, last, window.start, window.end)]
    return min(found, key=lambda window: window.start, default=None)
