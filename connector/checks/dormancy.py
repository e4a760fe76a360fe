"""Says which accounts are zombies, from the mirror alone (LC 7(2)). Never asks Keycloak, disables nobody.

The verdict is one SQL expression, so a million accounts cost one query. "unknown" is an answer: where the evidence does
not reach back far enough, nobody is called dormant.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select

from connector.activity import service as activity
from connector.activity.tables import ActivityRow
from connector.auth.act import Act
from connector.register.tables import AccountRow, AccountStateRow
from connector.regulations.vocabulary import AccountStatus


class DormancyVerdict(StrEnum):
    """What the evidence says of an account."""

    ACTIVE = "active"
    DORMANT = "dormant"  # not used for the whole period of the rule
    NEVER_USED = "never_used"  # not used once since it was opened, long enough ago
    UNKNOWN = "unknown"  # the evidence does not reach back far enough


@dataclass(frozen=True, kw_only=True)
class DormancyRule:
    """The rule of one scan. `covers_since` is from when on no login event is missing; None = none was ever read."""

    now: datetime
    dormancy: timedelta
    never_used: timedelta
    covers_since: datetime | None

    def as_json(self) -> dict[str, Any]:
        return {
            "dormancy_days": self.dormancy.days,
            "never_used_days": self.never_used.days,
            "covers_since": self.covers_since.isoformat() if self.covers_since else None,
            "clause": "LC 7(2)",
        }


@dataclass(frozen=True, kw_only=True)
class DormantAccount:
    """One finding with its evidence."""

    account_id: str
    user_name: str
    account_class: str
    verdict: DormancyVerdict
    last_used_at: datetime | None
    active_since: datetime  # opened, or last enabled again

    def evidence(self) -> dict[str, Any]:
        return {
            "verdict": self.verdict.value,
            "last_used_at": self.last_used_at.isoformat() if self.last_used_at else None,
            "active_since": self.active_since.isoformat(),
            "account_class": self.account_class,
        }


def rule_in_force(act: Act) -> DormancyRule:
    return DormancyRule(
        now=act.now,
        dormancy=act.rulebook.dormancy(),
        never_used=act.rulebook.never_used(),
        covers_since=activity.covers_since(act),
    )


# An account that was suspended for half a year could not be used: its time starts when it was enabled again.
_active_since: ColumnElement[datetime] = func.coalesce(AccountStateRow.since, AccountRow.opened_at)
_last_used: ColumnElement[datetime | None] = case(
    (ActivityRow.last_used_at >= _active_since, ActivityRow.last_used_at), else_=None
)


def verdict_of(rule: DormancyRule) -> ColumnElement[str]:
    """The verdict as an SQL expression over the join of `_accounts`."""
    idle_since = func.coalesce(_last_used, _active_since)
    covers = literal(rule.covers_since or rule.now, type_=ActivityRow.last_used_at.type)
    young = and_(_last_used.is_(None), _active_since > rule.now - rule.never_used)
    return case(
        (_last_used > rule.now - rule.dormancy, DormancyVerdict.ACTIVE.value),
        (young, DormancyVerdict.ACTIVE.value),
        (and_(_last_used.is_(None), covers <= _active_since), DormancyVerdict.NEVER_USED.value),
        (
            and_(idle_since <= rule.now - rule.dormancy, covers <= rule.now - rule.dormancy),
            DormancyVerdict.DORMANT.value,
        ),
        else_=DormancyVerdict.UNKNOWN.value,
    )


def _accounts(columns: Sequence[Any]) -> Select[Any]:
    """Active accounts that Keycloak has, with their activity and the start of their present status."""
    return (
        select(*columns)
        .select_from(AccountRow)
        .outerjoin(ActivityRow, ActivityRow.keycloak_id == AccountRow.keycloak_id)
        .outerjoin(AccountStateRow, and_(AccountStateRow.account_id == AccountRow.id, AccountStateRow.until.is_(None)))
        .where(AccountRow.status == AccountStatus.ACTIVE.value, AccountRow.keycloak_id.is_not(None))
    )


def _not_in_use(rule: DormancyRule) -> ColumnElement[bool]:
    """Accounts whose verdict can be other than active; those in use need no look at when they were enabled.

    Whoever was used within both periods is active, also when he was enabled again only afterwards.
    """
    newest_cutoff = rule.now - min(rule.dormancy, rule.never_used)
    return or_(ActivityRow.last_used_at.is_(None), ActivityRow.last_used_at <= newest_cutoff)


def count_verdicts(act: Act, rule: DormancyRule) -> dict[DormancyVerdict, int]:
    """How many accounts have each verdict."""
    verdict = verdict_of(rule).label("verdict")
    rows = act.session.execute(_accounts([verdict, func.count()]).where(_not_in_use(rule)).group_by(verdict))
    counts = {each: 0 for each in DormancyVerdict} | {DormancyVerdict(name): number for name, number in rows}
    looked_at = select(func.count()).where(
        AccountRow.status == AccountStatus.ACTIVE.value, AccountRow.keycloak_id.is_not(None)
    )
    others = sum(number for each, number in counts.items() if each is not DormancyVerdict.ACTIVE)
    return counts | {DormancyVerdict.ACTIVE: act.session.scalars(looked_at).one() - others}


def list_dormant(act: Act, rule: DormancyRule, *, limit: int | None = None) -> list[DormantAccount]:
    """Dormant and never-used accounts, the longest idle first. Reads only."""
    verdict = verdict_of(rule).label("verdict")
    idle_since = func.coalesce(_last_used, _active_since)
    columns: list[Any] = [AccountRow.id, AccountRow.user_name, AccountRow.account_class, verdict]
    columns += [ActivityRow.last_used_at, _active_since]
    query = (
        _accounts(columns)
        .where(
            _not_in_use(rule),
            verdict_of(rule).in_([DormancyVerdict.DORMANT.value, DormancyVerdict.NEVER_USED.value]),
        )
        .order_by(idle_since, AccountRow.id)
        .limit(limit)
    )
    return [
        DormantAccount(
            account_id=row[0], user_name=row[1], account_class=row[2], verdict=DormancyVerdict(row[3]),
            last_used_at=row[4], active_since=row[5],
        )
        for row in act.session.execute(query)
    ]  # fmt: skip
