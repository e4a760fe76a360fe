"""Loads the people with an account and a key in the directory, once for each run, as tuples."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import and_, select

from connector.auth.act import Act
from connector.departures.moves import Staff
from connector.departures.plan import ManagedAccount
from connector.register import accounts
from connector.register.offices import in_office
from connector.register.tables import AccountRow, AccountStateRow, AppointmentRow, PersonRow, UnitRow
from connector.regulations.vocabulary import AccountClass, AccountStatus, Office

ADMINISTERING = (Office.SYSTEM_ADMINISTRATOR, Office.SECURITY_ADMINISTRATOR)  # never frozen by a machine
_BATCH = 500  # keys in one IN (…)
_STAFF = (
    select(
        PersonRow.directory_key,
        PersonRow.id,
        PersonRow.name,
        PersonRow.phone_digest,
        PersonRow.mail,
        PersonRow.unit_id,
        PersonRow.post,
        AccountRow.id,
        AccountRow.account_class,
        AccountRow.status,
        AccountStateRow.cause,
    )
    .join(AccountRow, AccountRow.person_id == PersonRow.id)
    .outerjoin(
        AccountStateRow,
        and_(
            AccountRow.status == AccountStatus.FROZEN.value,  # Only of those does the cause matter.
            AccountStateRow.account_id == AccountRow.id,
            AccountStateRow.until.is_(None),
        ),
    )
    .where(PersonRow.directory_key.is_not(None))
)


def load_staff(act: Act, keys: Collection[str] | None = None) -> dict[str, Staff]:
    """Everybody with an account and a key in the directory, or of these keys only, by key."""
    if keys is None:
        return _by_key(act.session.execute(_STAFF))
    wanted = sorted(keys)
    found: dict[str, Staff] = {}
    for first in range(0, len(wanted), _BATCH):
        some = _STAFF.where(PersonRow.directory_key.in_(wanted[first : first + _BATCH]))
        found |= _by_key(act.session.execute(some))
    return found


def _by_key(rows: Iterable[Any]) -> dict[str, Staff]:
    return {row[0]: Staff(*row) for row in rows}


def load_units(act: Act) -> dict[str, str]:
    """Ids of all units by code, in lower case: codes compare so."""
    return {code.lower(): unit_id for code, unit_id in act.session.execute(select(UnitRow.code, UnitRow.id))}


def managed_accounts(act: Act, staff: Mapping[str, Staff]) -> list[ManagedAccount]:
    """The accounts of these people as the plan sees them.

    Who is frozen for a lost key alone counts as in use: the next key would bring him back, although he left.
    """
    administrators = set(
        act.session.scalars(
            select(AppointmentRow.person_id).where(
                AppointmentRow.office.in_([office.value for office in ADMINISTERING]), in_office(act)
            )
        )
    )
    return list(_managed(staff.values(), administrators))


def _managed(staff: Iterable[Staff], administrators: Collection[str]) -> Iterable[ManagedAccount]:
    classes = {each.value: each for each in AccountClass}
    statuses = {each.value: each for each in AccountStatus}
    for person in staff:
        for_key = person.status == AccountStatus.FROZEN and person.cause in accounts.KEY_CAUSES
        yield ManagedAccount(
            person.account_id,
            person.key,
            classes[person.account_class],
            AccountStatus.ACTIVE if for_key else statuses[person.status],
            person.person_id in administrators,
        )
