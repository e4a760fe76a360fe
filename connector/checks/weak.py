"""Long-standing simple passwords: found from the mirror, warned about, then proposed to be disabled (LC 6(3)).

No password is ever seen here. One is taken for simple when it is older than the policy in force, so that nobody knows
what it was held to, or when an inspection has flagged it. Who changes it meanwhile is out of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, false, func, literal, or_, select

from connector.activity.tables import ActivityRow
from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.checks import notices, policies
from connector.checks.scan import IN_USE, Counts, Found, Scan, count_in_use, iso
from connector.checks.tables import WeakPasswordRow, WeakPasswordWarningRow
from connector.errors import Text
from connector.register import accounts
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import RequestKind

CLAUSE = "LC 6(3)"
QUIET = timedelta(days=90)  # A quarter: the clean-up list is filed each quarter (JC 19).


class WeakVerdict(StrEnum):
    """What is known of an account's password."""

    FINE = "fine"
    OLD_POLICY = "old_policy"  # set before the policy in force, or a stronger one, was in force
    FLAGGED = "flagged"  # an inspection says that it is weak
    UNKNOWN = "unknown"  # its age is not known, or since when the policy is in force


FOUND = frozenset({WeakVerdict.OLD_POLICY.value, WeakVerdict.FLAGGED.value})


@dataclass(frozen=True, kw_only=True)
class WeakRule:
    """The rule of one run. `policy_since` is None where the policy's first day is not known: then nobody is old."""

    now: datetime
    policy_since: datetime | None
    grace: timedelta

    def as_json(self) -> dict[str, Any]:
        return {"policy_since": iso(self.policy_since), "grace_days": self.grace.days, "clause": CLAUSE}


def rule_in_force(act: Act) -> WeakRule:
    return WeakRule(now=act.now, policy_since=policies.present_since(act), grace=act.rulebook.weak_password_grace())


_is_flagged: ColumnElement[bool] = and_(
    WeakPasswordRow.flagged_at.is_not(None),
    or_(ActivityRow.password_set_at.is_(None), ActivityRow.password_set_at < WeakPasswordRow.flagged_at),
)
# What a warning speaks of: a password set since then is another one.
_concerns: ColumnElement[datetime] = case((_is_flagged, WeakPasswordRow.flagged_at), else_=ActivityRow.password_set_at)


def _is_old(rule: WeakRule) -> ColumnElement[bool]:
    return false() if rule.policy_since is None else ActivityRow.password_set_at < rule.policy_since


def verdict_of(rule: WeakRule) -> ColumnElement[str]:
    """The verdict as an SQL expression over the join of `_accounts`."""
    unknown = literal(True) if rule.policy_since is None else ActivityRow.password_set_at.is_(None)
    return case(
        (_is_flagged, WeakVerdict.FLAGGED.value),
        (unknown, WeakVerdict.UNKNOWN.value),
        (_is_old(rule), WeakVerdict.OLD_POLICY.value),
        else_=WeakVerdict.FINE.value,
    )


def _accounts(columns: Sequence[Any]) -> Select[Any]:
    return (
        select(*columns)
        .select_from(AccountRow)
        .outerjoin(ActivityRow, ActivityRow.keycloak_id == AccountRow.keycloak_id)
        .outerjoin(WeakPasswordRow, WeakPasswordRow.account_id == AccountRow.id)
        .where(IN_USE)
    )


def _count(act: Act, rule: WeakRule) -> Counts:
    verdict = verdict_of(rule).label("verdict")
    not_fine = or_(_is_flagged, _is_old(rule), ActivityRow.password_set_at.is_(None))
    looked_at = _accounts([verdict, func.count()]).group_by(verdict)
    rows = act.session.execute(looked_at if rule.policy_since is None else looked_at.where(not_fine))
    counts = {each.value: 0 for each in WeakVerdict} | {name: number for name, number in rows}
    fine = count_in_use(act) - sum(number for name, number in counts.items() if name != WeakVerdict.FINE)
    unknown = counts[WeakVerdict.UNKNOWN.value]
    return Counts(
        verdicts=counts | {WeakVerdict.FINE.value: fine},
        unknown={"password-age" if rule.policy_since else "policy-since": unknown} if unknown else {},
    )


def _select(rule: WeakRule) -> Select[Any]:
    columns: list[Any] = [AccountRow.id.label("account_id"), AccountRow.user_name, AccountRow.account_class]
    columns += [AccountRow.person_id, verdict_of(rule).label("verdict"), _concerns.label("concerns")]
    columns += [ActivityRow.password_set_at, WeakPasswordRow.flagged_at, WeakPasswordRow.source]
    columns += [WeakPasswordWarningRow.warned_at, WeakPasswordWarningRow.told]
    same = and_(WeakPasswordWarningRow.account_id == AccountRow.id, WeakPasswordWarningRow.concerns == _concerns)
    return (
        _accounts(columns)
        .outerjoin(WeakPasswordWarningRow, same)
        .where(or_(_is_flagged, _is_old(rule)))
        .order_by(ActivityRow.password_set_at, AccountRow.id)
    )


def _evidence(rule: WeakRule, row: Row[Any]) -> dict[str, Any]:
    flagged = row.verdict == WeakVerdict.FLAGGED.value
    why = (
        {"flagged_at": row.flagged_at.isoformat(), "source": row.source}
        if flagged
        else {"policy_since": iso(rule.policy_since)}
    )
    return {
        "password_set_at": iso(row.password_set_at), **why, "warned_at": iso(row.warned_at), "told": row.told,
    }  # fmt: skip


def warn_next(act: Act, *, count: int) -> int:
    """Warns at most `count` persons who were not warned about this password yet; returns how many.

    The mail goes to the person, else to the head of his unit. Where nobody has an address the days of grace run all
    the same, and the evidence says that nobody was told.
    """
    rule = rule_in_force(act)
    rows = act.session.execute(_select(rule).where(WeakPasswordWarningRow.warned_at.is_(None)).limit(count)).all()
    for row in rows:
        told = notices.tell_person_or_unit(
            act, row.account_id, row.person_id, f"weak-password:{row.concerns:%Y%m%dT%H%M%S.%f}",
            *_letter(row.user_name, rule),
        )  # fmt: skip
        act.session.add(
            WeakPasswordWarningRow(account_id=row.account_id, concerns=row.concerns, warned_at=act.now, told=told)
        )
        audit.record(
            act, Event.PASSWORD_WEAK_WARNED, f"account:{row.account_id}", account_id=row.account_id,
            verdict=row.verdict, told=told, grace_days=rule.grace.days,
        )  # fmt: skip
    act.session.flush()
    return len(rows)


def _letter(user_name: str, rule: WeakRule) -> tuple[str, str]:
    days = rule.grace.days
    return (
        "请修改口令 / Please change your password",
        f"账号 {user_name} 的口令设置时间早于现行口令要求，或经检查属于简单口令（依据 {CLAUSE}）。"
        f"请在 {days} 天内登录并修改口令；逾期未修改的，将提请主要负责人批准后禁用。\n"
        f"The password of {user_name} is older than the password rules in force, or was found to be simple ({CLAUSE}). "
        f"Sign in and change it within {days} days; otherwise the principal is asked to disable the account.\n",
    )


def flag_password(act: Act, user_name: str, *, source: str) -> WeakPasswordRow:
    """Notes that an inspection found this account's password weak; raises NotFoundError. Never takes the password.

    It holds until the password is changed; flagged again later, it counts from then.
    """
    account = accounts.get_by_user_name(act, user_name)
    row = WeakPasswordRow(account_id=account.id, flagged_at=act.now, source=source, flagged_by=act.actor.name)
    row = act.session.merge(row)
    act.session.flush()
    audit.record(
        act, Event.PASSWORD_FLAGGED_WEAK, f"account:{account.id}", account_id=account.id, source=source
    )  # fmt: skip
    return row


def list_warned(act: Act, *, count: int = 200) -> list[Found]:
    """Whom the scan finds, warned or not, the oldest password first: the list for the people who follow it up."""
    return WEAK_PASSWORD.list_found(act, rule_in_force(act), count=count)


WEAK_PASSWORD = Scan[WeakRule](
    name="weak_password",
    title=Text("长期简单口令", "long-standing simple passwords"),
    clause=CLAUSE,
    kind=RequestKind.DISABLE_FOUND,
    found=FOUND,
    rule=rule_in_force,
    count=_count,
    select=_select,
    may_propose=lambda rule: WeakPasswordWarningRow.warned_at <= rule.now - rule.grace,
    evidence=_evidence,
    reason=lambda rule, count: f"检查发现{count}个账号长期使用简单口令，提醒{rule.grace.days}天后仍未修改",
    quiet=lambda _rule: QUIET,
)
