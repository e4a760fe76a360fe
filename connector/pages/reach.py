"""The units whose accounts the reader of the ledger may see, to choose one from. Reads only."""

from sqlalchemy import select

from connector.auth.act import Act
from connector.errors import NotFoundError
from connector.register import people, units
from connector.register.reach import inside, units_of_ledger
from connector.register.tables import UnitRow

MOST_UNITS = 300  # to choose from; where there are more, the unit's code is typed


def units_in_reach(act: Act) -> list[UnitRow]:
    """The units to choose from, in the order of the tree; none where there are too many of them."""
    conditions = inside(units_of_ledger(act), UnitRow.path)
    statement = select(UnitRow).where(*conditions).order_by(UnitRow.path).limit(MOST_UNITS + 1)
    found = list(act.session.scalars(statement))
    return found if len(found) <= MOST_UNITS else []


def own_units(act: Act) -> list[UnitRow]:
    """The topmost units that a unit head sees; empty for whoever sees all. ForbiddenError for everybody else."""
    return list(units_of_ledger(act) or [])


def chosen_unit(act: Act, code: str) -> UnitRow:
    """The unit asked for, within the reader's reach; his own without a code. NotFoundError beyond it."""
    own = own_units(act)
    if not code:
        return own[0] if own else units.get_unit_by_id(act, people.get_person(act, str(act.actor.person_id)).unit_id)
    unit = units.get_unit(act, code)
    if not is_in_reach(act, unit):
        raise NotFoundError(kind="单位 (unit)", name=code)
    return unit


def is_in_reach(act: Act, unit: UnitRow) -> bool:
    """Whether the reader sees the accounts of this unit."""
    within = own_units(act)
    return not within or any(units.is_within(unit, top) for top in within)
