"""Asks Keycloak once for the age of passwords that are older than the mirror, in small batches that can be resumed.

One call per account (about 200 a second), so it is never part of a scan; from then on the events tell.
"""

from datetime import datetime

from sqlalchemy import or_, select, update

from connector.activity import store
from connector.activity.reader import OpenAct
from connector.activity.rules import PasswordEvidence
from connector.activity.tables import ActivityRow
from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.ports import IdentityProvider, UnknownUserError
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountStatus

BATCH = 100


def take_baseline(idp: IdentityProvider, open_act: OpenAct, *, limit: int) -> int:
    """Asks for at most `limit` accounts; returns how many were asked for (0 = nothing left to ask)."""
    asked = 0
    while asked < limit:
        with open_act() as act:
            batch = list_unknown(act, min(BATCH, limit - asked))
        if not batch:
            break
        found = {user_id: _ask(idp, user_id) for user_id in batch}
        with open_act() as act:
            record_baseline(act, found)
        asked += len(batch)
    return asked


def _ask(idp: IdentityProvider, user_id: str) -> datetime | None:
    try:
        return idp.password_set_at(user_id)
    except UnknownUserError:
        return None  # Deleted there: reconciliation reports it, and it is not asked for again.


def list_unknown(act: Act, limit: int) -> list[str]:
    """Keycloak ids of active accounts whose password's age is neither known nor asked for yet."""
    ids = act.session.scalars(
        select(AccountRow.keycloak_id)
        .outerjoin(ActivityRow, ActivityRow.keycloak_id == AccountRow.keycloak_id)
        .where(
            AccountRow.status == AccountStatus.ACTIVE.value,
            AccountRow.keycloak_id.is_not(None),
            or_(ActivityRow.keycloak_id.is_(None), ActivityRow.password_evidence == PasswordEvidence.UNKNOWN.value),
            ActivityRow.baseline_at.is_(None),
        )
        .order_by(AccountRow.id)
        .limit(limit)
    )  # fmt: skip
    return [user_id for user_id in ids if user_id is not None]


def record_baseline(act: Act, found: dict[str, datetime | None]) -> None:
    """Stores what Keycloak answered; an event that came meanwhile knows better and stays."""
    store.missing_rows(act.session, sorted(found))
    for user_id, at in found.items():
        row = update(ActivityRow).where(ActivityRow.keycloak_id == user_id)
        act.session.execute(row.values(baseline_at=act.now))
        if at is not None:
            act.session.execute(
                row.where(ActivityRow.password_set_at.is_(None)).values(
                    password_set_at=at, password_evidence=PasswordEvidence.BASELINE.value
                )
            )
    known = sum(at is not None for at in found.values())
    audit.record(act, Event.ACTIVITY_BASELINE_TAKEN, "activity:passwords", asked=len(found), known=known)
