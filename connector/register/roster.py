"""The register of persons 使用人名册: everybody registered, with or without an account (GX 10). Changes nothing.

Numbers of documents and phones are as they are shown, never in the clear (J5).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, or_, select

from connector.auth.act import Act
from connector.register import units
from connector.register.reach import inside, units_of_ledger
from connector.register.tables import AccountRow, PersonRow, UnitRow
from connector.regulations.vocabulary import AccountStatus

MOST_ROWS = 1000


class Registered(NamedTuple):
    """A person. `user_name` and `account_status` are None without an account.

    `directory_key` is the number in the HR directory: None where there is none, and for a reader who does not see
    the whole.
    """

    person_id: str
    name: str
    document_kind: str
    document_masked: str
    phone_masked: str
    unit_code: str
    unit_name: str
    post: str
    directory_key: str | None
    registered_at: datetime
    user_name: str | None
    account_status: str | None


class Roster(NamedTuple):
    """`total` counts all persons that the filters and the reader's scope leave, `rows` is the page of them."""

    total: int
    rows: tuple[Registered, ...]


def list_persons(
    act: Act,
    *,
    unit_code: str | None = None,
    has_account: bool | None = None,
    text: str | None = None,
    first: int = 0,
    count: int = 50,
) -> Roster:
    """The persons in the order of the unit tree and of their names (A1; GX 10), at most 1,000 rows.

    `unit_code` takes the units below it too; `text` is part of a name, or the whole number in the HR directory.
    Who may read is the ledger's rule: those who oversee the whole see everybody, a unit head the people of his unit
    and below, without the directory's numbers, by which he cannot search either; anybody else gets ForbiddenError.
    Raises NotFoundError for the unit.
    """
    within = units_of_ledger(act)
    sees_keys = within is None
    conditions = [*inside(within, UnitRow.path), *_filters(act, unit_code, has_account)]
    if text:
        conditions.append(_named(text.strip(), by_key=sees_keys))
    matching = (
        select(PersonRow, UnitRow, AccountRow.user_name, AccountRow.status)
        .join(UnitRow, UnitRow.id == PersonRow.unit_id)
        .outerjoin(AccountRow, AccountRow.person_id == PersonRow.id)
        .where(*conditions)
    )
    total = act.session.scalar(matching.with_only_columns(func.count(), maintain_column_froms=True)) or 0
    ordered = matching.order_by(UnitRow.path, PersonRow.name, PersonRow.id)
    page = ordered.offset(max(first, 0)).limit(min(max(count, 0), MOST_ROWS))
    return Roster(total, tuple(_line(*found, sees_keys) for found in act.session.execute(page)))


def _filters(act: Act, unit_code: str | None, has_account: bool | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if unit_code:
        conditions.append(UnitRow.path.startswith(units.get_unit(act, unit_code).path, autoescape=True))
    if has_account is not None:
        conditions.append(AccountRow.id.is_not(None) if has_account else AccountRow.id.is_(None))
    return conditions


def _named(text: str, *, by_key: bool) -> ColumnElement[bool]:
    named = PersonRow.name.contains(text, autoescape=True)
    return or_(named, PersonRow.directory_key == text) if by_key else named


def _line(person: PersonRow, unit: UnitRow, user_name: str | None, status: str | None, sees_key: bool) -> Registered:
    return Registered(
        person_id=person.id,
        name=person.name,
        document_kind=person.document_kind,
        document_masked=person.document_masked,
        phone_masked=person.phone_masked,
        unit_code=unit.code,
        unit_name=unit.name,
        post=person.post,
        directory_key=person.directory_key if sees_key else None,
        registered_at=person.registered_at,
        user_name=user_name,
        account_status=status,
    )


def list_within(
    act: Act, unit: UnitRow, *, statuses: Iterable[AccountStatus], text: str = "", count: int = 50
) -> list[tuple[AccountRow, PersonRow, UnitRow]]:
    """Accounts of the unit and of those below it with their persons, by unit and user name.

    `text` is part of a user name or of a person's name.
    """
    statement = (
        select(AccountRow, PersonRow, UnitRow)
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .join(UnitRow, UnitRow.id == PersonRow.unit_id)
        .where(
            UnitRow.path.startswith(unit.path, autoescape=True),
            AccountRow.status.in_([status.value for status in statuses]),
        )
        .order_by(UnitRow.path, AccountRow.user_name)
        .limit(count)
    )
    if text:
        named = (
            AccountRow.user_name.contains(text.lower(), autoescape=True),
            PersonRow.name.contains(text, autoescape=True),
        )
        statement = statement.where(or_(*named))
    return [(account, person, own) for account, person, own in act.session.execute(statement)]
