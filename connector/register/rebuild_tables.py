"""The two sides of the ledger's comparison as they stand in the database: the accounts' tables, the record's entries.

Reads page by page; changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from connector.audit.tables import AuditEntryRow
from connector.register.rebuild import RebuiltAccount, Span
from connector.register.tables import AccountRow, AccountStateRow, GrantRow, PersonRow, UnitRow

PAGE = 5_000


def read_entries(session: Session) -> Iterator[dict[str, Any]]:
    """Every entry of the record, sealed or not, in its order."""
    last = 0
    while page := session.scalars(
        select(AuditEntryRow).where(AuditEntryRow.id > last).order_by(AuditEntryRow.id).limit(PAGE)
    ).all():
        for row in page:
            yield {
                "event": row.event, "at": row.at, "person_id": row.person_id, "account_id": row.account_id,
                "request_id": row.request_id, "data": row.data,
            }  # fmt: skip
        last = page[-1].id
        session.expire_all()


def read_accounts(session: Session) -> dict[str, RebuiltAccount]:
    """Every account of the tables with its history, in the shape of the rebuilt one."""
    states, grants = defaultdict(list), defaultdict(list)
    for state in session.scalars(select(AccountStateRow).order_by(AccountStateRow.id)):
        span = Span(state.status, state.request_id, state.since, state.until, cause=state.cause)
        states[state.account_id].append(span)
    for grant in session.scalars(select(GrantRow).order_by(GrantRow.id)):
        held = Span(grant.permission_id, grant.granted_by, grant.since, grant.until, grant.withdrawn_by)
        grants[grant.account_id].append(held)
    rows = session.execute(
        select(AccountRow, UnitRow.code)
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .join(UnitRow, UnitRow.id == PersonRow.unit_id)
    )
    return {
        row.id: RebuiltAccount(
            account_id=row.id,
            person_id=row.person_id,
            user_name=row.user_name,
            account_class=row.account_class,
            unit=code,
            purpose=row.purpose,
            valid_until=row.valid_until.isoformat() if row.valid_until else None,
            opened_at=row.opened_at,
            opened_by=row.opened_by,
            suspended_until=row.suspended_until.isoformat() if row.suspended_until else None,
            states=states[row.id],
            grants=grants[row.id],
        )
        for row, code in rows
    }
