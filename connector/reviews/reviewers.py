"""Who may answer for an account now: by the offices held today, so that a reviewer who left is nobody's bottleneck."""

from dataclasses import dataclass

from connector.auth.act import Act
from connector.register import confine, offices, units
from connector.register.tables import PersonRow, UnitRow
from connector.regulations.vocabulary import Office

LADDER = (Office.UNIT_HEAD, Office.LEADER_IN_CHARGE, Office.PRINCIPAL)  # level 0, 1 and 2 of a sheet
TOP = len(LADDER) - 1


@dataclass(frozen=True)
class Bench:
    """The holders of the ladder's offices for one unit, by level. Read once for all its accounts."""

    unit: UnitRow
    levels: tuple[tuple[PersonRow, ...], ...]


def bench_of(act: Act, unit: UnitRow) -> Bench:
    """Unit head of the unit itself, the nearest leader in charge at or above it, the principal of the centre."""
    with confine.beyond(act):  # Who may answer is a rule: it must know offices above the actor's own units.
        centre = units.centre(act)
        leaders = _nearest(act, Office.LEADER_IN_CHARGE, unit) or offices.holders(
            act, Office.LEADER_IN_CHARGE, centre.id
        )
        return Bench(
            unit,
            (
                tuple(offices.holders(act, Office.UNIT_HEAD, unit.id)),
                tuple(leaders),
                tuple(offices.holders(act, Office.PRINCIPAL, centre.id)),
            ),
        )


def eligible(bench: Bench, person_id: str, level: int) -> list[tuple[Office, PersonRow]]:
    """Pure: who may answer for this person's account when its sheet has come to `level`, with his office (JC 7, 9).

    One who holds an office of the ladder is reviewed from the rung above it, and never by himself. A rung nobody holds
    is passed over: where no reviewer is left above, the highest one below answers. Empty only where nobody is there.
    """
    start = 1 + max((rung for rung, held in enumerate(bench.levels) if person_id in {p.id for p in held}), default=-1)
    rungs = [
        [(office, person) for person in held if person.id != person_id]
        for office, held in zip(LADDER, bench.levels, strict=True)
    ]
    first = next((rung for rung in range(start, TOP + 1) if rungs[rung]), None)
    if first is None:
        below = next((rung for rung in range(min(start, TOP + 1) - 1, -1, -1) if rungs[rung]), None)
        return rungs[below] if below is not None else []
    return [each for rung in range(first, max(first, level) + 1) for each in rungs[rung]]


def _nearest(act: Act, office: Office, unit: UnitRow) -> list[PersonRow]:
    at: UnitRow | None = unit
    while at is not None:
        if found := offices.holders(act, office, at.id):
            return found
        at = act.session.get(UnitRow, at.parent_id) if at.parent_id else None
    return []
