"""Who may read the cases and hints of departures, and of which units. Reads the register; changes nothing."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import InstrumentedAttribute

from connector.auth.act import Act
from connector.register import offices
from connector.register.tables import UnitRow
from connector.regulations.vocabulary import Office

READERS = (
    Office.PRINCIPAL,
    Office.LEADER_IN_CHARGE,
    Office.SYSTEM_DEPARTMENT_HEAD,
    Office.OPERATOR,
    Office.SECURITY_ADMINISTRATOR,
    Office.AUDITOR,
)
Units = Sequence[UnitRow] | None  # with all below them; None is every unit


def units_in_reach(act: Act, *, doing: str) -> Units:
    """The units whose people the actor may see: all for the readers, his own for a unit head (LC 7(2)).

    ForbiddenError for everybody else.
    """
    if offices.units_where(act, READERS):
        return None
    offices.check_holds(act, *READERS, Office.UNIT_HEAD, doing=doing)
    return offices.units_where(act, [Office.UNIT_HEAD])


def inside(within: Units, *paths: InstrumentedAttribute[str]) -> list[ColumnElement[bool]]:
    """SQL conditions: one of these paths lies in one of the units; none where every unit may be seen."""
    if within is None:
        return []
    return [or_(*(path.startswith(unit.path, autoescape=True) for unit in within for path in paths))]
