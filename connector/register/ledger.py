"""Reads the ledger 台账: every account with person, class, status and permissions, now or at any past moment.

It is read from the history rows themselves, at most four queries a page however many accounts; it changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from connector.audit.events import Event
from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.register import units
from connector.register.accounts import request_of
from connector.register.reach import inside, units_of_ledger
from connector.register.tables import (
    AccountRow,
    AccountStateRow,
    GrantRow,
    PermissionRow,
    PersonRow,
    UnitRow,
)
from connector.register.unit_tables import PersonSpanRow
from connector.regulations.vocabulary import AccountStatus

MOST_ROWS = 1000
APPROVALS = (Event.REQUEST_STAGE_APPROVED, Event.REQUEST_APPROVED)


class LedgerGrant(NamedTuple):
    """A permission held at the moment asked for. `granted_by` is a request id or a paper; `approved_by` user names."""

    permission_id: str
    sensitive: bool
    granted_by: str
    since: datetime
    approved_by: tuple[str, ...]
    overridden_by: str = ""  # user name of who approved it beyond the table of posts (JC 11)


class LedgerRow(NamedTuple):
    """One account at the moment asked for. `opened_by` is a request id or a paper; `approved_by` are user names."""

    account_id: str
    user_name: str
    account_class: str
    status: str
    status_cause: str
    status_since: datetime
    status_request_id: str | None
    person_id: str
    person_name: str
    document_kind: str
    document_masked: str
    unit_code: str
    unit_name: str
    opened_at: datetime
    opened_by: str
    approved_by: tuple[str, ...]
    grants: tuple[LedgerGrant, ...]


class LedgerPage(NamedTuple):
    """`total` counts all rows that the filters and the reader's scope leave, `rows` is the page of them."""

    as_of: datetime
    total: int
    rows: tuple[LedgerRow, ...]


def list_ledger(
    act: Act,
    *,
    as_of: datetime | None = None,
    unit_code: str | None = None,
    status: AccountStatus | None = None,
    text: str | None = None,
    subsystem: str | None = None,
    first: int = 0,
    count: int = 50,
) -> LedgerPage:
    """The ledger as it stood at `as_of` (default: now), by user name (A5; JC 8(2), JC 15, GS 16).

    `unit_code` takes the units below it too; `text` is part of a user name or of a person's name; `subsystem` leaves
    the accounts that held a permission there, with those permissions alone. The unit of a person is that of the moment.
    The heads of the whole see everything, a unit head his unit and those below; anybody else gets ForbiddenError. At
    most 1,000 rows.
    """
    moment = as_of or act.now
    conditions = inside(units_of_ledger(act), UnitRow.path)
    if unit_code:
        conditions.append(UnitRow.path.startswith(units.get_unit(act, unit_code).path, autoescape=True))
    if status is not None:
        conditions.append(AccountStateRow.status == status.value)
    if text:
        named = (
            AccountRow.user_name.contains(text.lower(), autoescape=True),
            PersonRow.name.contains(text, autoescape=True),
        )
        conditions.append(or_(*named))
    if subsystem is not None:
        conditions.append(_holds_in(subsystem, moment))
    matching = _at(moment, *conditions)
    total = act.session.scalar(matching.with_only_columns(func.count(), maintain_column_froms=True)) or 0
    page = matching.order_by(AccountRow.user_name).offset(max(first, 0)).limit(min(max(count, 0), MOST_ROWS))
    return LedgerPage(moment, total, _rows(act, moment, act.session.execute(page).all(), subsystem))


def _valid_at(
    moment: datetime, since: InstrumentedAttribute[datetime], until: InstrumentedAttribute[datetime | None]
) -> ColumnElement[bool]:
    return and_(since <= moment, or_(until.is_(None), until > moment))


Found = Row[AccountRow, AccountStateRow, PersonRow, UnitRow]


def _at(moment: datetime, *conditions: ColumnElement[bool]) -> Select[AccountRow, AccountStateRow, PersonRow, UnitRow]:
    former = PersonSpanRow  # Where the person belonged then, if he has moved since.
    return (
        select(AccountRow, AccountStateRow, PersonRow, UnitRow)
        .join(AccountStateRow, AccountStateRow.account_id == AccountRow.id)
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .outerjoin(former, and_(former.person_id == PersonRow.id, former.since <= moment, former.until > moment))
        .join(UnitRow, UnitRow.id == func.coalesce(former.unit_id, PersonRow.unit_id))
        .where(_valid_at(moment, AccountStateRow.since, AccountStateRow.until), *conditions)
    )


def _holds_in(subsystem: str, moment: datetime) -> ColumnElement[bool]:
    """The account held a permission of the subsystem at the moment."""
    return (
        exists()
        .where(GrantRow.account_id == AccountRow.id, GrantRow.permission_id == PermissionRow.id)
        .where(PermissionRow.subsystem_id == subsystem, _valid_at(moment, GrantRow.since, GrantRow.until))
    )


def _rows(act: Act, moment: datetime, found: Sequence[Found], subsystem: str | None) -> tuple[LedgerRow, ...]:
    grants = _grants(act, moment, [account.id for account, *_ in found], subsystem)
    sources = {account.opened_by for account, *_ in found}
    sources |= {grant.granted_by for held in grants.values() for grant, _ in held}
    approvers, beyond = _approvers(act, sources)
    return tuple(
        LedgerRow(
            account_id=account.id,
            user_name=account.user_name,
            account_class=account.account_class,
            status=state.status,
            status_cause=state.cause,
            status_since=state.since,
            status_request_id=state.request_id,
            person_id=person.id,
            person_name=person.name,
            document_kind=person.document_kind,
            document_masked=person.document_masked,
            unit_code=unit.code,
            unit_name=unit.name,
            opened_at=account.opened_at,
            opened_by=account.opened_by,
            approved_by=approvers.get(account.opened_by, ()),
            grants=tuple(
                LedgerGrant(
                    grant.permission_id,
                    sensitive,
                    grant.granted_by,
                    grant.since,
                    approvers.get(grant.granted_by, ()),
                    beyond.get((grant.granted_by, grant.permission_id), ""),
                )
                for grant, sensitive in grants[account.id]
            ),
        )
        for account, state, person, unit in found
    )


def _grants(
    act: Act, moment: datetime, account_ids: list[str], subsystem: str | None
) -> dict[str, list[tuple[GrantRow, bool]]]:
    """The grants in force at `moment` of the accounts on the page, with whether each is sensitive."""
    statement = (
        select(GrantRow, PermissionRow.sensitive)
        .join(PermissionRow, PermissionRow.id == GrantRow.permission_id)
        .where(GrantRow.account_id.in_(account_ids), _valid_at(moment, GrantRow.since, GrantRow.until))
        .order_by(GrantRow.account_id, GrantRow.permission_id)
    )
    if subsystem is not None:
        statement = statement.where(PermissionRow.subsystem_id == subsystem)
    held: dict[str, list[tuple[GrantRow, bool]]] = defaultdict(list)
    for grant, sensitive in act.session.execute(statement):
        held[grant.account_id].append((grant, sensitive))
    return held


def _approvers(act: Act, sources: Iterable[str]) -> tuple[dict[str, tuple[str, ...]], dict[tuple[str, str], str]]:
    """Who approved each request, in order, and which of its permissions somebody approved beyond the table of posts.

    As the record says; a paper stands for itself.
    """
    request_ids = [source for source in sources if request_of(source) is not None]
    if not request_ids:
        return {}, {}
    # The events are picked here and not in SQL: SQLite would walk the index of events, which spans all requests.
    statement = (
        select(AuditEntryRow.request_id, AuditEntryRow.event, AuditEntryRow.actor, AuditEntryRow.data)
        .where(AuditEntryRow.request_id.in_(request_ids))
        .order_by(AuditEntryRow.id)
    )
    names: dict[str, dict[str, None]] = defaultdict(dict)
    beyond: dict[tuple[str, str], str] = {}
    for request_id, event, actor, data in act.session.execute(statement):
        if event in APPROVALS:
            names[str(request_id)][actor] = None
        elif event == Event.ENTITLEMENT_OVERRIDDEN:
            beyond |= {(str(request_id), permission): actor for permission in data["permissions"]}
    return {request_id: tuple(found) for request_id, found in names.items()}, beyond
