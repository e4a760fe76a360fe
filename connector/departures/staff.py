"""Loads the people with an account and a key in the directory, once for each run, as tuples."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import null, select

from connector.auth.act import Act
from connector.departures.moves import Staff
from connector.departures.plan import ManagedAccount
from connector.register import accounts
from connector.register.offices import in_office
from connector.register.tables import AccountRow, AccountStateRow, AppointmentRow, PersonRow, UnitRow
from connector.regulations.vocabulary import AccountClass, AccountStatus, Office
from connector.storage.batches import in_batches

ADMINISTERING = (Office.SYSTEM_ADMINISTRATOR, Office.SECURITY_ADMINISTRATOR)  # never frozen by a machine
_STAFF = (
    select(  # Labelled and ordered as `Staff` is: a row of the result is used as one, a copy would double the time.
        PersonRow.directory_key.label("key"),
        PersonRow.id.label("person_id"),
        PersonRow.name,
        PersonRow.phone_digest,
        PersonRow.mail,
        PersonRow.unit_id,
        PersonRow.post,
        AccountRow.id.label("account_id"),
        AccountRow.account_class,
        AccountRow.status,
        null().label("cause"),
    )
    .join(AccountRow, AccountRow.person_id == PersonRow.id)
    .where(PersonRow.directory_key.is_not(None))
)
_CAUSES = (
    select(AccountStateRow.account_id, AccountStateRow.cause)
    .join(AccountRow, AccountRow.id == AccountStateRow.account_id)
    .where(AccountRow.status == AccountStatus.FROZEN.value, AccountStateRow.until.is_(None))
)


def load_staff(act: Act, keys: Collection[str] | None = None) -> dict[str, Staff]:
    """Everybody with an account and a key in the directory, or of these keys only, by key."""
    if keys is None:
        return _by_key(act, act.session.execute(_STAFF))
    found: dict[str, Staff] = {}
    for some in in_batches(keys):
        found |= _by_key(act, act.session.execute(_STAFF.where(PersonRow.directory_key.in_(some))))
    return found


def _by_key(act: Act, rows: Iterable[Any]) -> dict[str, Staff]:
    """The rows, with the cause of those that are frozen: a second small query costs less than a third join."""
    staff: dict[str, Staff] = {row[0]: row for row in rows}
    frozen = [person for person in staff.values() if person[9] == AccountStatus.FROZEN]
    if frozen:
        causes = {account_id: cause for account_id, cause in act.session.execute(_CAUSES)}
        staff |= {person.key: Staff(*person[:10], causes.get(person.account_id)) for person in frozen}
    return staff


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
    for key, person_id, _, _, _, _, _, account_id, account_class, status, cause in staff:
        for_key = status == AccountStatus.FROZEN and cause in accounts.KEY_CAUSES
        yield ManagedAccount(
            account_id,
            key,
            classes[account_class],
            AccountStatus.ACTIVE if for_key else statuses[status],
            person_id in administrators,
        )
