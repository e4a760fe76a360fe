"""Whom the accounts of a list belong to, in one query for the whole page of it. Reads only; no numbers of a person."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from connector.auth.act import Act
from connector.register.tables import AccountRow, PersonRow, UnitRow
from connector.storage.batches import in_batches


class Owner(NamedTuple):
    """One account with its person and unit. Numbers and addresses of the person are not read."""

    account_id: str
    person_id: str
    user_name: str
    name: str
    post: str
    unit: str
    account_class: str
    status: str


def by_account(act: Act, account_ids: Collection[str]) -> dict[str, Owner]:
    """The owners by account id; an id that nobody has is left out."""
    return {owner.account_id: owner for owner in _read(act, AccountRow.id, account_ids)}


def by_user_name(act: Act, names: Collection[str]) -> dict[str, Owner]:
    """The owners by user name; a name that nobody has is left out."""
    return {owner.user_name: owner for owner in _read(act, AccountRow.user_name, names)}


def by_person(act: Act, person_ids: Collection[str]) -> dict[str, Owner]:
    """The owners by person id, of those who have an account."""
    return {owner.person_id: owner for owner in _read(act, AccountRow.person_id, person_ids)}


def _read(act: Act, column: InstrumentedAttribute[str], values: Collection[str]) -> list[Owner]:
    statement = (
        select(AccountRow, PersonRow.name, PersonRow.post, UnitRow.name)
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .join(UnitRow, UnitRow.id == PersonRow.unit_id)
    )
    found: list[Owner] = []
    for some in in_batches(values):
        rows = act.session.execute(statement.where(column.in_(some)))
        found += [
            Owner(
                account_id=account.id, person_id=account.person_id, user_name=account.user_name, name=name, post=post,
                unit=unit, account_class=account.account_class, status=account.status,
            )
            for account, name, post, unit in rows
        ]  # fmt: skip
    return found
