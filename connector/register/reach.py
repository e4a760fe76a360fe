"""Of which units the actor may see the people: all, or those that he heads. Reads the register; changes nothing."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import InstrumentedAttribute

from connector.auth.act import Act
from connector.auth.actor import ActorKind
from connector.register import offices
from connector.register.readers import LEDGER
from connector.register.tables import UnitRow
from connector.regulations.vocabulary import Office

Units = Sequence[UnitRow] | None  # with all below them; None is every unit


def units_in_reach(act: Act, whole: Collection[Office], *, doing: str) -> Units:
    """Every unit for the holders of the offices `whole`, his own for a unit head (GS 3, GS 5).

    ForbiddenError for everybody else, the operator of the machine and the jobs too: they hold no office.
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
    return [or_(*(path.startswith(unit.path, autoescape=True) for unit in within for path in paths))]
