"""What is known of an account's use, how old that is, and why more is not known (F1). Reads the mirror alone.

"unknown" is a state of its own with a reason: missing evidence is never taken for disuse.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, null, or_, select

from connector.activity.coverage import Coverage, login_coverage
from connector.activity.tables import ActivityRow
from connector.auth.act import Act
from connector.errors import NotFoundError, Text
from connector.register.tables import AccountRow, AccountStateRow


class UnknownReason(StrEnum):
    """Why nobody can say whether an account was used."""

    NOT_IN_KEYCLOAK = "not-in-keycloak"
    NEVER_INGESTED = "never-ingested"
    EVENTS_OFF = "events-off"
    STALE = "stale"
    GAP = "gap"
    OLDER_THAN_EVENTS = "older-than-events"


WORDS: dict[UnknownReason, Text] = {
    UnknownReason.NOT_IN_KEYCLOAK: Text("身份服务中没有此账号", "Keycloak has no such account"),
    UnknownReason.NEVER_INGESTED: Text("尚未读取过登录事件", "No login events were read yet"),
    UnknownReason.EVENTS_OFF: Text("身份服务已停止记录登录事件", "Keycloak was told to record no logins"),
    UnknownReason.STALE: Text("登录事件已超过一天未读取", "Login events were not read for more than a day"),
    UnknownReason.GAP: Text("登录记录曾中断，只能从恢复时起判断", "Login events were lost; they tell from then on"),
    UnknownReason.OLDER_THAN_EVENTS: Text("账号早于登录记录的起点", "The account is older than the login events"),
}


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Of one account: last known use and its source (event, log, baseline), since when every login is known, when
    that was read, and `unknown` when it cannot be said whether the account was used in the time asked about.

    `restarted_at` tells, with the reason "gap", when the gap was found.
    """

    account_id: str
    last_used_at: datetime | None
    source: str | None
    covers_since: datetime | None
    read_at: datetime | None
    restarted_at: datetime | None
    unknown: UnknownReason | None

    @property
    def words(self) -> Text | None:
        return WORDS[self.unknown] if self.unknown else None


def evidence_of(act: Act, account_id: str, *, since: datetime | None = None) -> Evidence:
    """What is known of the account's use since `since`, or since it was opened or enabled again (LC 7(2)).

    Raises NotFoundError.
    """
    coverage = login_coverage(act)
    begin: Any = active_since() if since is None else literal(since, type_=AccountRow.opened_at.type)
    row = act.session.execute(
        select(ActivityRow.last_used_at, ActivityRow.last_used_source, unknown_reason(coverage, begin, act.now))
        .select_from(AccountRow)
        .outerjoin(ActivityRow, ActivityRow.keycloak_id == AccountRow.keycloak_id)
        .outerjoin(AccountStateRow, and_(AccountStateRow.account_id == AccountRow.id, AccountStateRow.until.is_(None)))
        .where(AccountRow.id == account_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(kind="账号 (account)", name=account_id)
    return Evidence(
        account_id=account_id,
        last_used_at=row[0],
        source=row[1],
        covers_since=coverage.since,
        read_at=coverage.read_at,
        restarted_at=coverage.restarted_at,
        unknown=UnknownReason(row[2]) if row[2] else None,
    )


def active_since() -> ColumnElement[datetime]:
    """Opened, or last enabled again; for a query that joins `AccountRow` and its open `AccountStateRow` (outer)."""
    return func.coalesce(AccountStateRow.since, AccountRow.opened_at)


def unknown_reason(coverage: Coverage, since: Any, now: datetime) -> ColumnElement[str | None]:
    """Why it is not known whether an account was used since `since` (a column or moment); NULL when it is known.

    For a query over `AccountRow` with `ActivityRow` joined (outer) by the Keycloak id.
    """
    return case(
        (or_(AccountRow.keycloak_id.is_(None), ActivityRow.gone_at.is_not(None)), UnknownReason.NOT_IN_KEYCLOAK.value),
        (ActivityRow.last_used_at >= since, null()),
        else_=_reason_of(coverage, since, now),
    )


def _reason_of(coverage: Coverage, since: Any, now: datetime) -> ColumnElement[str | None]:
    """The reason for an account that Keycloak has and that shows no use."""
    for applies, reason in (
        (coverage.since is None, UnknownReason.NEVER_INGESTED),
        (coverage.off_since is not None, UnknownReason.EVENTS_OFF),
        (coverage.is_stale(now), UnknownReason.STALE),
    ):
        if applies:
            return literal(reason.value)
    reason = UnknownReason.GAP if coverage.restarted_at else UnknownReason.OLDER_THAN_EVENTS
    reaches_back = literal(coverage.since, type_=AccountRow.opened_at.type) <= since
    return case((reaches_back, null()), else_=reason.value)
