"""Parts of a rule pack about what comes round: periods, the size of a sample, checklists. Knows no file."""

from typing import Literal, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from connector.regulations.parts import Cited
from connector.regulations.rulebook import CheckItem


class PeriodicPart(Cited):
    """Something that comes round every so many months; how long after a period it may take is the level NAME_due."""

    name: str = Key(pattern=r"^[a-z_]+$")
    months: Literal[1, 3, 6, 12]


class SamplePart(Cited):
    """How large a sample is: this share of what it is drawn from, at least and at most so many."""

    share_percent: int = Key(ge=1, le=100)
    least: int = Key(ge=1, le=1000)
    most: int = Key(ge=1, le=10_000)

    @model_validator(mode="after")
    def _least_below_most(self) -> Self:
        if self.least > self.most:
            raise ValueError("least must not be above most")
        return self


class ChecklistPart(Cited):
    """The questions of a check that people sign, in their order."""

    name: str = Key(pattern=r"^[a-z_]+$")
    item: tuple[CheckItem, ...] = Key(min_length=1)

    @field_validator("item")
    @classmethod
    def _items_are_distinct(cls, items: tuple[CheckItem, ...]) -> tuple[CheckItem, ...]:
        if len({one.name for one in items}) < len(items):
            raise ValueError("an item stands twice")
        return items
