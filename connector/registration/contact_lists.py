"""Changes of contact, handler and reviewer as they are shown, and which are overdue. Reads only (HH 3, GX 12)."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, or_, select, true

from connector.auth.act import Act
from connector.register import offices, people
from connector.register.reach import Units, inside
from connector.register.tables import UnitRow
from connector.registration import handovers
from connector.registration.tables import ContactChangeRow


@dataclass(frozen=True, kw_only=True)
class ChangeView:
    """One change as it is shown. `overdue`: its day has passed and it is not filed."""

    change_id: str
    unit: str
    unit_name: str
    duty: str
    giver: str | None
    taker: str | None
    effective_on: date
    late: bool
    reason: str
    source: str
    announced_by: str
    announced_at: datetime
    state: str
    overdue: bool
    signed: list[str]  # sides that have signed the record as it stands
    filed_at: datetime | None


def list_changes(
    act: Act, *, open_only: bool = True, overdue_only: bool = False, within: Units = None, own: str | None = None,
    first: int = 0, limit: int = 200,
) -> list[ChangeView]:  # fmt: skip
    """Changes of these units, and those in which the person `own` is a side, the earliest day first.

    Whoever lists them checks that the actor may.
    """
    statement = (
        select(ContactChangeRow, UnitRow)
        .join(UnitRow, UnitRow.id == ContactChangeRow.unit_id)
        .where(or_(and_(true(), *inside(within, UnitRow.path)), *_is_side(own)))
        .order_by(ContactChangeRow.effective_on, ContactChangeRow.id)
        .offset(first)
        .limit(limit)
    )
    if open_only or overdue_only:
        statement = statement.where(ContactChangeRow.state.in_(["announced", "effective"]))
    if overdue_only:
        statement = statement.where(ContactChangeRow.effective_on < offices.office_day(act))
    return [view_of(act, change, unit) for change, unit in act.session.execute(statement)]


def _is_side(person_id: str | None) -> list[ColumnElement[bool]]:
    if person_id is None:
        return []
    return [ContactChangeRow.giver_id == person_id, ContactChangeRow.taker_id == person_id]


def unsigned_changes(act: Act) -> list[ContactChangeRow]:
    """Open changes that hand something over and that nobody has signed: what the system knows is still added."""
    statement = select(ContactChangeRow).where(
        ContactChangeRow.state.in_(["announced", "effective"]), ContactChangeRow.giver_id.is_not(None)
    )
    return [change for change in act.session.scalars(statement) if not handovers.signed_sides(act, change)]


def view_of(act: Act, change: ContactChangeRow, unit: UnitRow) -> ChangeView:
    """One change with names instead of ids."""

    def name(person_id: str | None) -> str | None:
        return people.get_person(act, person_id).name if person_id else None

    own = {field: getattr(change, field) for field in ChangeView.__dataclass_fields__ if hasattr(change, field)}
    return ChangeView(
        **own,
        change_id=change.id,
        unit=unit.code,
        unit_name=unit.name,
        giver=name(change.giver_id),
        taker=name(change.taker_id),
        overdue=is_overdue(change, offices.office_day(act)),
        signed=sorted(handovers.signed_sides(act, change)),
    )


def is_overdue(change: ContactChangeRow, today: date) -> bool:
    """Whether its day has passed and the record is not filed."""
    return change.state in ("announced", "effective") and change.effective_on < today
