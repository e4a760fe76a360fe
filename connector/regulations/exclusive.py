"""Parts of a rule pack about boxes of privileged use, office hours, exclusive charges and blackouts. Pure.

Knows no file and no other pack.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import time
from fnmatch import fnmatchcase
from typing import Literal, Self

from pydantic import Field as Key
from pydantic import model_validator

from connector.regulations.parts import Cited
from connector.regulations.rulebook import Charge
from connector.regulations.vocabulary import AccountClass


class NumberPart(Cited):
    """A number with a name of its own; the name says the unit."""

    name: Literal[
        "box_hours",
        "box_notice_minutes",
        "blackout_minutes_before",
        "blackout_minutes_after",
        "deputy_days",
        "vacancy_notice_days",
        "at_once_minutes",
    ]
    value: int = Key(ge=1, le=100_000)


class HoursPart(Cited):
    """Office hours of a working day, as time of day in Asia/Shanghai."""

    begin: time
    end: time

    @model_validator(mode="after")
    def _begin_before_end(self) -> Self:
        if self.begin >= self.end:
            raise ValueError("office hours begin before they end")
        return self

    @property
    def words(self) -> tuple[str, str]:
        """Begin and end as "HH:MM"."""
        return f"{self.begin:%H:%M}", f"{self.end:%H:%M}"


class ChargePart(Cited):
    """A charge 职责 and what shows that somebody has it: permissions by pattern of their id, or classes of account.

    A permission belongs to the first charge that names it, in the order of the pack.
    """

    name: str = Key(pattern=r"^[a-z_]+$")
    title: str = Key(min_length=1)
    title_en: str = Key(min_length=1)
    permissions: tuple[str, ...] = Key((), description='patterns of "subsystem:role", with * and ?')
    keywords: tuple[str, ...] = Key((), description="words in the module or the workflow role")
    classes: tuple[AccountClass, ...] = ()

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.permissions and not self.keywords:
            raise ValueError("a charge names permissions by pattern or by keyword")
        if any(len(word.strip()) < 2 for word in (*self.permissions, *self.keywords)):
            raise ValueError("a pattern or keyword has at least two characters, else it names everything")
        return self

    def as_charge(self) -> Charge:
        return Charge(
            name=self.name, title=self.title, title_en=self.title_en, clause=self.clause, classes=self.classes,
        )  # fmt: skip


class ExclusivePart(Cited):
    """Charges of which nobody has two."""

    charges: tuple[str, ...] = Key(min_length=2)

    @model_validator(mode="after")
    def _are_distinct(self) -> Self:
        if len(set(self.charges)) < len(self.charges):
            raise ValueError("a charge stands twice")
        return self


def narrowest(values: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """The hours that lie in all of these. Raises ValueError when they share none."""
    listed = list(values)
    begin, end = max(hours[0] for hours in listed), min(hours[1] for hours in listed)
    if begin >= end:
        raise ValueError("hours share nothing")
    return begin, end


def charge_of(parts: Iterable[ChargePart], permission_id: str, named: str, fold: Callable[[str], str]) -> Charge | None:
    """The first charge that names the permission. `named` holds its module and workflow role, folded by `fold`."""
    for part in parts:
        by_id = any(fnmatchcase(permission_id, pattern) for pattern in part.permissions)
        if by_id or any(fold(word) in named for word in part.keywords):
            return part.as_charge()
    return None


def claims(
    numbers: Iterable[NumberPart], hours: HoursPart | None
) -> Iterator[tuple[str, int | tuple[str, str], Cited]]:
    """Every number and the hours of a pack, by the name of the value."""
    yield from ((f"number.{part.name}", part.value, part) for part in numbers)
    if hours:
        yield "hours.office", hours.words, hours
