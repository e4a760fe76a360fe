"""The units whose accounts the reader of the ledger may see, to choose one from. Reads only."""

from sqlalchemy import or_, select, true

from connector.auth.act import Act
from connector.register import ledger, offices, units
from connector.register.tables import UnitRow
from connector.regulations.vocabulary import Office

MOST_UNITS = 300  # to choose from; where there are more, the unit's code is typed


def units_in_reach(act: Act) -> list[UnitRow]:
    """The units to choose from, in the order of the tree; none where there are too many of them."""
    within = own_units(act)
    conditions = or_(*(UnitRow.path.startswith(unit.path, autoescape=True) for unit in within)) if within else true()
    statement = select(UnitRow).where(conditions).order_by(UnitRow.path).limit(MOST_UNITS + 1)
    found = list(act.session.scalars(statement))
    return found if len(found) <= MOST_UNITS else []


def own_units(act: Act) -> list[UnitRow]:
    """The topmost units that a unit head sees; empty for whoever sees all. ForbiddenError for everybody else."""
    ledger.check_may_read(act)
    return [] if offices.units_where(act, ledger.WHOLE_READERS) else offices.units_where(act, [Office.UNIT_HEAD])


def is_in_reach(act: Act, unit: UnitRow) -> bool:
    """Whether the reader sees the accounts of this unit."""
    within = own_units(act)
    return not within or any(units.is_within(unit, top) for top in within)
