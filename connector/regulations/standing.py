"""Parts of a rule pack about who stands in for whom: what is decided in person, who is added when a limit has passed.

Knows no file and no other pack.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field as Key

from connector.regulations.parts import Cited
from connector.regulations.rulebook import Claim, EscalationStep, Explanation
from connector.regulations.vocabulary import Office, RequestKind

if TYPE_CHECKING:
    from connector.regulations.pack import Pack

HOUSE = "HOUSE"


class InPersonPart(Cited):
    """Decisions that the holder of an office makes himself: no deputy, no alternate. No kind named means all.

    With `sensitive` or `cause` only for requests that are or have it.
    """

    office: Office
    kinds: tuple[RequestKind, ...] = ()
    sensitive: bool = False
    cause: str = ""

    def covers(self, office: Office, kind: RequestKind, *, sensitive: bool, cause: str) -> bool:
        return (
            office is self.office
            and (not self.kinds or kind in self.kinds)
            and (sensitive or not self.sensitive)
            and self.cause in ("", cause)
        )


class EscalationPart(Cited):
    """Who may decide too, so many working days after the limit of a stage of `office` has passed.

    `alternate` is an office, held in the stage's unit, the unit above it or the centre; or the holder's own deputy.
    """

    office: Office
    alternate: Office | Literal["deputy"]
    of: Literal["unit", "above", "centre"] = "unit"
    after_working_days: int = Key(0, ge=0, le=30)


def in_person_clause(
    packs: Sequence["Pack"], office: Office, kind: RequestKind, *, sensitive: bool, cause: str
) -> str | None:
    """The clause by which this decision is made in person; None where a deputy may make it."""
    said = [part for pack in packs for part in pack.in_person]
    return next((p.clause for p in said if p.covers(office, kind, sensitive=sensitive, cause=cause)), None)


def escalation_steps(packs: Sequence["Pack"], office: Office) -> tuple[EscalationStep, ...]:
    """The steps for one office, the earliest first: those of the regulations, the house's where they have none."""
    said = [(pack.id, part) for pack in packs for part in pack.escalation if part.office is office]
    chosen = [part for name, part in said if name != HOUSE] or [part for _, part in said]
    steps = [
        EscalationStep(
            alternate=str(part.alternate), of=part.of, after_working_days=part.after_working_days, clause=part.clause
        )
        for part in chosen
    ]
    return tuple(sorted(steps, key=lambda step: step.after_working_days))


def explain_standing(packs: Iterable["Pack"]) -> Iterator[Explanation]:
    """What each pack says about deputies and alternates, one value each (K4)."""
    for pack in packs:
        for number, part in enumerate(pack.in_person):
            what = (part.office.value, *(kind.value for kind in part.kinds))
            yield _explained(f"in_person.{pack.id}.{number}", what, pack.id, part)
        for number, step in enumerate(pack.escalation):
            value = (step.office.value, str(step.alternate), step.of, step.after_working_days)
            yield _explained(f"escalation.{pack.id}.{number}", value, pack.id, step)


def _explained(name: str, value: tuple[object, ...], pack_id: str, part: Cited) -> Explanation:
    claim = Claim(pack=pack_id, value=value, clause=part.clause, house=part.house, note=part.note)
    return Explanation(name=name, value=value, won=(claim,), others=())
