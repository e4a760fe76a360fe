"""Writes what a baseline found beside what the events say. An event knows better than a date that was asked for."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, update

from connector.activity import store
from connector.activity.evidence_tables import FactorChangeRow
from connector.activity.factors import ENROLLED, FactorChange, found_factors
from connector.activity.rules import PasswordEvidence, Seen
from connector.activity.tables import ActivityRow
from connector.auth.act import Act
from connector.ports import AccountSnapshot
from connector.storage.upsert import dialect_insert

SAME = timedelta(seconds=5)  # An event and the credential it tells of are stamped one after the other.
SOURCE = "baseline"
ACTIVITY: Any = ActivityRow.__table__


def record_listing(act: Act, page: Sequence[AccountSnapshot]) -> None:
    """Stores when Keycloak made each account and whether it is enabled; who is listed is not gone."""
    if not page:
        return
    insert = dialect_insert(act.session, ACTIVITY)
    told = {name: insert.excluded[name] for name in ("created_at", "enabled", "gone_at")}
    statement = insert.on_conflict_do_update(index_elements=["keycloak_id"], set_=told)
    rows = [
        {
            "keycloak_id": one.user_id, "created_at": one.created_at, "enabled": one.enabled, "gone_at": None,
            "password_evidence": PasswordEvidence.UNKNOWN.value,
        }
        for one in page
    ]  # fmt: skip
    act.session.execute(statement, rows)


def record_credentials(act: Act, found: Sequence[AccountSnapshot]) -> int:
    """Stores dates of passwords and second factors, and uses, that are newer than what is known.

    Returns how many of the accounts have a password. A user who is gone is marked so.
    """
    if not found:
        return 0
    passwords = {one.user_id: at for one in found if (at := _password_at(one)) is not None}
    known = _known_passwords(act, list(passwords))
    newer = {user_id: at for user_id, at in passwords.items() if _is_newer(at, known.get(user_id))}
    store.merge_activity(act.session, {one.user_id: _seen(one, newer, act.now) for one in found}, SOURCE)
    asked = update(ACTIVITY).where(ActivityRow.keycloak_id == bindparam("asked_id"))
    act.session.execute(asked.values(baseline_at=act.now), [{"asked_id": one.user_id} for one in found])
    store.insert_factors(act.session, _unseen_factors(act, found))
    return len(passwords)


def _password_at(one: AccountSnapshot) -> datetime | None:
    dates = [each.created_at for each in one.credentials if each.type == "password" and each.created_at]
    return max(dates, default=None)


def _known_passwords(act: Act, user_ids: Sequence[str]) -> dict[str, datetime | None]:
    query = select(ActivityRow.keycloak_id, ActivityRow.password_set_at)
    rows = act.session.execute(query.where(ActivityRow.keycloak_id.in_(user_ids)))
    return {user_id: at for user_id, at in rows}


def _is_newer(at: datetime, known: datetime | None) -> bool:
    return known is None or at > known + SAME


def _seen(one: AccountSnapshot, passwords: dict[str, datetime], now: datetime) -> Seen:
    set_at = passwords.get(one.user_id)
    return Seen(
        used_at=one.last_used_at,
        login_at=one.last_login_at,
        password_at=set_at,
        password_evidence=PasswordEvidence.BASELINE if set_at else PasswordEvidence.UNKNOWN,
        gone_at=now if one.gone else None,
        uses=dict(one.uses),
    )


def _unseen_factors(act: Act, found: Sequence[AccountSnapshot]) -> list[FactorChange]:
    """The second factors of which no event told."""
    factors = [factor for one in found for factor in found_factors(one.user_id, one.credentials, act.now)]
    if not factors:
        return []
    query = select(FactorChangeRow).where(
        FactorChangeRow.keycloak_id.in_({factor.keycloak_id for factor in factors}),
        FactorChangeRow.change == ENROLLED,
    )
    told = list(act.session.scalars(query))
    return [factor for factor in factors if not any(_is_same(row, factor) for row in told)]


def _is_same(row: FactorChangeRow, factor: FactorChange) -> bool:
    if row.keycloak_id != factor.keycloak_id or row.factor != factor.factor:
        return False
    return row.credential == factor.credential or (row.source == "event" and abs(row.at - factor.at) <= SAME)
