"""The mirror's door: takes events in, answers when an account was last used and how old its password is.

Reads nothing from Keycloak; `reader` and `baseline` do that, outside any transaction.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from connector.activity import store
from connector.activity.coverage import ADMIN as ADMIN
from connector.activity.coverage import LOGIN as LOGIN
from connector.activity.coverage import login_coverage
from connector.activity.evidence_tables import FactorChangeRow
from connector.activity.factors import factor_change
from connector.activity.rules import summarise
from connector.activity.tables import ActivityRow, IdpEventRow, SubsystemUseRow
from connector.activity.watch import Watch
from connector.auth.act import Act
from connector.ports import IdpEvent
from connector.register.tables import AccountRow


def ingest(act: Act, kind: str, events: Sequence[IdpEvent], watch: Watch | None = None) -> int:
    """Stores events of `kind` ("login" or "admin") and what they say of the accounts (GX 10, LC 7(2)).

    Returns how many were new. Events may be given twice, late and in any order: the result is the same. `watch` sees
    the new ones and records its alarms in the same transaction (GX 11).
    """
    of_kind = [event for event in events if event.kind == kind]
    new = store.insert_events(act.session, of_kind)
    store.merge_activity(act.session, summarise(new))
    store.insert_factors(act.session, [change for event in new if (change := factor_change(event)) is not None])
    if watch is not None and new:
        watch.see(act, new)
    return len(new)


def last_used_at(act: Act, account_id: str) -> datetime | None:
    """When the account was last really used; None when no use is known (which is not: never used)."""
    return act.session.scalar(
        select(ActivityRow.last_used_at)
        .join(AccountRow, AccountRow.keycloak_id == ActivityRow.keycloak_id)
        .where(AccountRow.id == account_id)
    )


def password_set_at(act: Act, account_id: str) -> datetime | None:
    """When the account's password was last set; None when that is not known."""
    return act.session.scalar(
        select(ActivityRow.password_set_at)
        .join(AccountRow, AccountRow.keycloak_id == ActivityRow.keycloak_id)
        .where(AccountRow.id == account_id)
    )


def uses_by_subsystem(act: Act, account_id: str) -> dict[str, datetime]:
    """Last use of each subsystem, by its client id."""
    rows = act.session.execute(
        select(SubsystemUseRow.subsystem_id, SubsystemUseRow.last_used_at)
        .join(AccountRow, AccountRow.keycloak_id == SubsystemUseRow.keycloak_id)
        .where(AccountRow.id == account_id)
        .order_by(SubsystemUseRow.subsystem_id)
    )
    return {subsystem: at for subsystem, at in rows}


def covers_since(act: Act) -> datetime | None:
    """Since when the mirror has every login event; None before the first read, and while Keycloak records none."""
    coverage = login_coverage(act)
    return None if coverage.off_since else coverage.since


def list_factor_changes(act: Act, account_id: str, *, limit: int = 100) -> list[FactorChangeRow]:
    """Second factors that came and went, newest first (GS 10(2)); those found by a baseline as of their enrolment."""
    query = (
        select(FactorChangeRow)
        .join(AccountRow, AccountRow.keycloak_id == FactorChangeRow.keycloak_id)
        .where(AccountRow.id == account_id)
        .order_by(FactorChangeRow.at.desc(), FactorChangeRow.id)
        .limit(limit)
    )
    return list(act.session.scalars(query))


def activity_of(act: Act, account_id: str) -> ActivityRow | None:
    """Everything the mirror keeps of one account; None when it never saw it."""
    return act.session.scalar(
        select(ActivityRow)
        .join(AccountRow, AccountRow.keycloak_id == ActivityRow.keycloak_id)
        .where(AccountRow.id == account_id)
    )


def list_events(
    act: Act,
    *,
    account_id: str | None = None,
    type_name: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 100,
) -> list[IdpEventRow]:
    """Keycloak's events, newest first, by account, type and time (GX 10)."""
    query = select(IdpEventRow).order_by(IdpEventRow.at.desc(), IdpEventRow.id).limit(limit)
    if account_id is not None:
        query = query.join(AccountRow, AccountRow.keycloak_id == IdpEventRow.user_id)
        query = query.where(AccountRow.id == account_id)
    if type_name is not None:
        query = query.where(IdpEventRow.type == type_name)
    if since is not None:
        query = query.where(IdpEventRow.at >= since)
    if until is not None:
        query = query.where(IdpEventRow.at < until)
    return list(act.session.scalars(query))
