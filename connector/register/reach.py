"""Of which units the actor may see the people: the one place that says so (GS 3, GS 5-7). Changes nothing.

It is computed from the appointments as they are now, at every use: whose power was narrowed has less from then on.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, not_, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from connector.auth.act import Act
from connector.auth.actor import ActorKind
from connector.errors import ForbiddenError
from connector.register import offices
from connector.register.errors import BeyondOwnPowerError
from connector.register.offices import OFFICE_NAMES
from connector.register.readers import LEDGER
from connector.register.separated import SEPARATED
from connector.register.tables import UnitRow
from connector.regulations.vocabulary import Office

Units = Sequence[UnitRow] | None  # with all below them; None is every unit

# 局领导, 负责人: they see their own level and all below it (GS 7(1), 7(2)). The auditor reads all (JC 8, GS 9).
SEES_ALL_BELOW = (Office.PRINCIPAL, Office.LEADER_IN_CHARGE, Office.SYSTEM_DEPARTMENT_HEAD, Office.AUDITOR)
# 系统管理员 and those who work for them: their own level and the next one (GS 5(1)).
OWN_AND_NEXT = (
    Office.SECURITY_ADMINISTRATOR,
    Office.SYSTEM_ADMINISTRATOR,
    Office.OPERATOR,
    Office.KEY_CUSTODIAN,
    Office.VERIFIER,
)
ADMINISTERS = (*SEES_ALL_BELOW, *OWN_AND_NEXT)
LEVEL_KINDS = ("region", "centre")  # A coordination centre stands for its level (GS 2, GS 5(1)).


TREE = UnitRow.__table__.alias("tree")  # The bare table: what decides the reach is not confined by it.


@dataclass(frozen=True)
class Span:
    """Everything below `path`, but nothing at or below one of `without`."""

    path: str
    without: tuple[str, ...] = ()

    def covers(self, path: str) -> bool:
        return path.startswith(self.path) and not path.startswith(self.without)


@dataclass(frozen=True)
class Reach:
    """What an actor sees: one span for each of his offices."""

    spans: tuple[Span, ...]

    def condition(self, path: ColumnElement[Any]) -> ColumnElement[bool]:
        """SQL condition: the unit with this path is within the reach."""
        return or_(
            false(),
            *(
                and_(
                    path.startswith(span.path, autoescape=True),
                    *(not_(path.startswith(below, autoescape=True)) for below in span.without),
                )
                for span in self.spans
            ),
        )

    def covers(self, path: str) -> bool:
        return any(span.covers(path) for span in self.spans)


def reach_of(act: Act) -> Reach | None:
    """What the actor, who administers something, sees today; None where that is everything or he administers nothing.

    Whoever holds no office of administration sees what is his own: that stands in the rooms, not here.
    """
    if act.actor.person_id is None:
        return None
    held = [one for one in offices.offices_of(act, act.actor.person_id) if one[0] in ADMINISTERS]
    if not held:
        return None
    own = Reach(tuple(dict.fromkeys(_span(act, office, unit) for office, unit in held)))
    outside = select(TREE.c.id).where(not_(own.condition(TREE.c.path))).limit(1)
    return own if act.session.scalar(outside) is not None else None


def check_may_give(act: Act, office: Office, unit: UnitRow, *, giver_id: str | None = None) -> None:
    """Raises BeyondOwnPowerError unless the giver may give this office in this unit (GS 3, GS 5).

    A security administrator of a level gives every office at his own level, and at the next level its administrators.
    One of a bureau, a department or an agency gives the offices of his own unit, and no administrator. What counts is
    the power the giver has today, also when an appointment he made earlier is confirmed.
    """
    person_id = giver_id or str(act.actor.person_id)
    for held, home in offices.offices_of(act, person_id):
        if held in (Office.SECURITY_ADMINISTRATOR, Office.PRINCIPAL) and _may_give(act, home, office, unit):
            return
    raise BeyondOwnPowerError(office=f"{OFFICE_NAMES[office].zh} ({OFFICE_NAMES[office].en})")


def check_whole(act: Act, *, doing: str) -> None:
    """Raises ForbiddenError for whoever administers a part only: this is about every unit (GS 3, GS 5)."""
    if reach_of(act) is not None:
        centre = "交易中心的任职人员 (an officer of the centre whose level is the whole tree)"
        raise ForbiddenError(act=doing, offices=centre)


def units_in_reach(act: Act, whole: Collection[Office], *, doing: str) -> Units:
    """Every unit within their level for the holders of the offices `whole`, his own for a unit head (GS 3, GS 5).

    None means that nothing is left out but what the session itself leaves out (confine). ForbiddenError for everybody
    else, the operator of the machine and the jobs too: they hold no office.
    """
    if offices.units_where(act, whole):
        return None
    offices.check_holds(act, *whole, Office.UNIT_HEAD, doing=doing)
    return offices.units_where(act, [Office.UNIT_HEAD])


def units_of_ledger(act: Act) -> Units:
    """The units whose accounts and persons the actor may read; the machine's operator and the jobs read all (A5).

    ForbiddenError for whoever is neither one of those who oversee the whole nor a unit head (JC 8(2), GS 3).
    """
    if act.actor.kind in (ActorKind.HOST, ActorKind.JOB):
        return None
    return units_in_reach(act, LEDGER, doing="查看台账 / read the ledger")


def inside(within: Units, *paths: InstrumentedAttribute[str]) -> list[ColumnElement[bool]]:
    """SQL conditions: one of these paths lies in one of the units; none where every unit may be seen."""
    if within is None:
        return []
    return [or_(false(), *(path.startswith(unit.path, autoescape=True) for unit in within for path in paths))]


def level_of(act: Act, unit: UnitRow) -> UnitRow:
    """The unit that an office held in `unit` stands for: the region of a region's centre, otherwise the unit itself."""
    if unit.kind == "centre" and unit.parent_id is not None:
        parent = act.session.get_one(UnitRow, unit.parent_id)
        return parent if parent.kind == "region" else unit
    return unit


def level_above(act: Act, unit: UnitRow) -> UnitRow | None:
    """The unit of the level to which `unit` reports: the region above a level, the own level of a bureau (GS 9)."""
    own = level_of(act, unit)
    return None if own.parent_id is None else level_of(act, act.session.get_one(UnitRow, own.parent_id))


def _may_give(act: Act, home: UnitRow, office: Office, unit: UnitRow) -> bool:
    own = level_of(act, home)
    if own.kind not in LEVEL_KINDS:
        return unit.path.startswith(own.path) and office not in SEPARATED
    next_levels = _regions_below(act, own)
    if Span(own.path, next_levels).covers(unit.path):
        return True
    below = next((path for path in next_levels if unit.path.startswith(path)), None)
    return below is not None and office in SEPARATED and level_of(act, unit).path == below


def _span(act: Act, office: Office, unit: UnitRow) -> Span:
    own = level_of(act, unit)
    if office in SEES_ALL_BELOW or own.kind != "region":
        return Span(own.path)
    return Span(own.path, tuple(path for next_one in _regions_below(act, own) for path in _below_path(act, next_one)))


def _regions_below(act: Act, unit: UnitRow) -> tuple[str, ...]:
    statement = select(TREE.c.path).where(TREE.c.parent_id == unit.id, TREE.c.kind == "region")
    return tuple(act.session.scalars(statement.order_by(TREE.c.path)))


def _below_path(act: Act, path: str) -> tuple[str, ...]:
    region = select(TREE.c.id).where(TREE.c.path == path).scalar_subquery()
    statement = select(TREE.c.path).where(TREE.c.parent_id == region, TREE.c.kind == "region")
    return tuple(act.session.scalars(statement))
