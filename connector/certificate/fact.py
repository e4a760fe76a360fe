"""What a fact is: one thing about Keycloak that this product relies on, and how to try it. Holds no fact itself."""

from collections.abc import Callable
from dataclasses import dataclass

from connector.certificate.scratch import ScratchRealm
from connector.errors import Text

Check = Callable[[ScratchRealm], str]
"""Tries the fact; returns the evidence, raises FactNotHeld (or anything else) when it does not hold."""


class FactNotHeld(Exception):
    """Keycloak does otherwise than this product relies on; the text says what was seen."""


@dataclass(frozen=True)
class Fact:
    """One fact. `id` stands in certificates for ever; `source` is the clause or requirement that rests on it."""

    id: str
    name: Text
    why: Text
    source: str
    check: Check

    @property
    def group(self) -> str:
        return self.id.partition(".")[0]


@dataclass(frozen=True)
class Outcome:
    """How one fact went."""

    fact: Fact
    held: bool
    evidence: str
    seconds: float


def fact(id_: str, name: Text, why: Text, source: str) -> Callable[[Check], Fact]:
    """Makes the decorated function the check of a fact."""
    return lambda check: Fact(id_, name, why, source, check)


def demand(holds: bool, otherwise: str) -> None:
    """Raises FactNotHeld, with what was seen instead, unless it holds."""
    if not holds:
        raise FactNotHeld(otherwise)
