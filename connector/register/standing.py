"""Reads who stands for whom today: the deputies that count now. Changes nothing (HH 3)."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from connector.auth.act import Act
from connector.register import confine
from connector.register.deputy_tables import DeputyRow
from connector.register.offices import in_office, office_day
from connector.register.tables import AccountRow, AccountStateRow, AppointmentRow, PersonRow
from connector.regulations.vocabulary import AccountStatus, Office


class StandsIn(NamedTuple):
    """One deputy of one office: who stands, for whom, and by which naming."""

    deputy: PersonRow
    holder: PersonRow
    row_id: str
    office: Office
    unit_id: str


def counts_now(act: Act) -> ColumnElement[bool]:
    """SQL condition on DeputyRow joined with its AppointmentRow: the deputy may act today.

    He loses it for good when his account, or that of the one he stands for, has been out of use since the naming:
    who was frozen on suspicion has not left a deputy behind (GS 13, GS 14).
    """
    day = office_day(act)
    return and_(
        DeputyRow.confirmed_at.is_not(None),
        DeputyRow.ended_at.is_(None),
        DeputyRow.valid_from <= day,
        DeputyRow.valid_to >= day,
        in_office(act),
        in_use_since_naming(DeputyRow.deputy_id),
        in_use_since_naming(DeputyRow.holder_id),
    )


def in_use_since_naming(person_id: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """SQL condition: the person's account is active and was so at every moment since the deputy was named."""
    account, state = aliased(AccountRow), aliased(AccountStateRow)
    is_active = exists().where(account.person_id == person_id, account.status == AccountStatus.ACTIVE.value)
    was_out = exists().where(
        state.account_id == account.id,
        account.person_id == person_id,
        state.status != AccountStatus.ACTIVE.value,
        state.since >= DeputyRow.made_at,
    )
    return and_(is_active, ~was_out)


def deputies_of(act: Act, office: Office, unit_id: str) -> list[StandsIn]:
    """Everybody who stands today for a holder of the office in exactly this unit, in the order of naming."""
    return _read(act, AppointmentRow.office == office.value, AppointmentRow.unit_id == unit_id)


def stood_for_by(act: Act, person_id: str) -> list[StandsIn]:
    """What this person may do today as a deputy."""
    return _read(act, DeputyRow.deputy_id == person_id)


def _read(act: Act, *conditions: ColumnElement[bool]) -> list[StandsIn]:
    deputy, holder = aliased(PersonRow), aliased(PersonRow)
    statement = (
        select(deputy, holder, DeputyRow.id, AppointmentRow.office, AppointmentRow.unit_id)
        .join(AppointmentRow, AppointmentRow.id == DeputyRow.appointment_id)
        .join(deputy, deputy.id == DeputyRow.deputy_id)
        .join(holder, holder.id == DeputyRow.holder_id)
        .where(counts_now(act), *conditions)
        .order_by(DeputyRow.made_at, DeputyRow.id)
    )
    with confine.beyond(act):  # Who stands for whom is a rule: the office may lie outside the deputy's own reach.
        found = act.session.execute(statement).all()
    return [StandsIn(who, whom, row_id, Office(office), unit_id) for who, whom, row_id, office, unit_id in found]
