"""Password ages, from the mirror alone: who gets a notice, who must change, which initial passwords were never changed.

Never asks Keycloak and sends nothing itself: notices and forced changes are steps of the outbox (JC 25, GS 10(4)).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, not_, select

from connector.activity.rules import PasswordEvidence
from connector.activity.tables import ActivityRow
from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.checks.tables import PasswordNoticeRow, ScanRow
from connector.outbox import service as outbox
from connector.provisioning import service as provisioning
from connector.register import accounts
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.rulebook import PasswordRules, Rulebook
from connector.regulations.vocabulary import AccountClass, AccountStatus
from connector.storage.tables import new_id

INITIAL = timedelta(days=7)  # An initial password is to be changed at once (JC 23); after a week somebody must ask.


class PasswordVerdict(StrEnum):
    """What is due for an account's password."""

    FINE = "fine"
    NOTICE = "notice"
    EXPIRED = "expired"
    INITIAL = "initial"  # handed over, and never changed by the person
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class DuePassword:
    """One account whose password something is due for. `days_left` is the notice's threshold; 0 = at the limit."""

    account_id: str
    user_name: str
    account_class: AccountClass
    mail: str | None
    set_at: datetime
    limit_days: int
    days_left: int

    def as_json(self) -> dict[str, Any]:
        return {
            "user_name": self.user_name,
            "account_class": self.account_class.value,
            "password_set_at": self.set_at.isoformat(),
            "limit_days": self.limit_days,
            "days_left": self.days_left,
        }


def rules_in_force(rulebook: Rulebook) -> dict[AccountClass, PasswordRules]:
    return {each: rulebook.password(each) for each in AccountClass}


def threshold_of(rules: dict[AccountClass, PasswordRules], now: datetime) -> ColumnElement[int | None]:
    """What is due, as an SQL expression: 0 at the limit, else the nearest notice already reached, else NULL.

    A password is at the limit of N days when it was set N days ago or earlier, to the second.
    """
    branches: list[tuple[ColumnElement[bool], int]] = []
    for name, rule in rules.items():
        for days in (0, *sorted(rule.notice_days)):
            reached = ActivityRow.password_set_at <= now - timedelta(days=rule.max_age_days - days)
            branches.append((and_(AccountRow.account_class == name.value, reached), days))
    return case(*branches, else_=None)


def accounts_with_passwords(columns: Iterable[Any]) -> Select[Any]:
    """Active accounts that Keycloak has, with what the mirror knows of their passwords."""
    return (
        select(*columns)
        .select_from(AccountRow)
        .outerjoin(ActivityRow, ActivityRow.keycloak_id == AccountRow.keycloak_id)
        .where(AccountRow.status == AccountStatus.ACTIVE.value, AccountRow.keycloak_id.is_not(None))
    )


def _youngest_due(rules: dict[AccountClass, PasswordRules]) -> timedelta:
    """The least age at which anything is due for anybody."""
    return timedelta(days=min(rule.max_age_days - max((0, *rule.notice_days)) for rule in rules.values()))


def is_initial(now: datetime) -> ColumnElement[bool]:
    """Handed over a week ago or earlier, and never changed by the person (JC 23)."""
    return and_(
        ActivityRow.password_evidence == PasswordEvidence.INITIAL.value, ActivityRow.password_set_at <= now - INITIAL
    )


def count_verdicts(act: Act) -> dict[PasswordVerdict, int]:
    """How many accounts have each verdict. One query."""
    verdict = verdict_of(rules_in_force(act.rulebook), act.now).label("verdict")
    rows = act.session.execute(accounts_with_passwords([verdict, func.count()]).group_by(verdict))
    counts = {PasswordVerdict(name): number for name, number in rows}
    return {each: counts.get(each, 0) for each in PasswordVerdict}


def verdict_of(rules: dict[AccountClass, PasswordRules], now: datetime) -> ColumnElement[str]:
    """The verdict as an SQL expression over `accounts_with_passwords`."""
    threshold = threshold_of(rules, now)
    young = and_(
        ActivityRow.password_set_at > now - _youngest_due(rules),
        ActivityRow.password_evidence != PasswordEvidence.INITIAL.value,
    )
    return case(
        (ActivityRow.password_set_at.is_(None), PasswordVerdict.UNKNOWN.value),
        (young, PasswordVerdict.FINE.value),  # Most are: they need no look at the limits of each class.
        (threshold == 0, PasswordVerdict.EXPIRED.value),
        (is_initial(now), PasswordVerdict.INITIAL.value),
        (threshold.is_not(None), PasswordVerdict.NOTICE.value),
        else_=PasswordVerdict.FINE.value,
    )


def list_due(act: Act, *, limit: int | None = None) -> list[DuePassword]:
    """Accounts that a notice or a forced change is due for and has not gone out to, the oldest password first.

    Reads only. Whoever has no mail address gets no notice, but is still made to change at the limit.
    """
    rules = rules_in_force(act.rulebook)
    threshold = threshold_of(rules, act.now)
    gone_out = exists().where(
        PasswordNoticeRow.account_id == AccountRow.id,
        PasswordNoticeRow.password_set_at == ActivityRow.password_set_at,
        PasswordNoticeRow.days_left == threshold,
    )
    query = (
        accounts_with_passwords([AccountRow, PersonRow.mail, ActivityRow.password_set_at, threshold])
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .where(
            # Says nothing the threshold does not say; it lets the index leave out young passwords.
            ActivityRow.password_set_at <= act.now - _youngest_due(rules),
            threshold.is_not(None),
            (threshold == literal(0)) | (PersonRow.mail.is_not(None) & (PersonRow.mail != "")),
            not_(gone_out),
        )
        .order_by(ActivityRow.password_set_at, AccountRow.id)
        .limit(limit)
    )
    return [_due(rules, *row) for row in act.session.execute(query)]


def _due(
    rules: dict[AccountClass, PasswordRules], account: AccountRow, mail: str | None, set_at: datetime, days: int
) -> DuePassword:
    name = AccountClass(account.account_class)
    return DuePassword(
        account_id=account.id,
        user_name=account.user_name,
        account_class=name,
        mail=mail or None,
        set_at=set_at,
        limit_days=rules[name].max_age_days,
        days_left=days,
    )


def list_initial(act: Act, *, limit: int | None = None) -> list[str]:
    """User names whose initial password was never changed for a week and more (JC 23, GS 10(3))."""
    query = accounts_with_passwords([AccountRow.user_name]).where(is_initial(act.now))
    return list(act.session.scalars(query.order_by(ActivityRow.password_set_at, AccountRow.id).limit(limit)))


def count_initial(act: Act) -> int:
    """How many initial passwords were never changed for a week and more."""
    return act.session.scalar(accounts_with_passwords([func.count()]).where(is_initial(act.now))) or 0


def act_on_due(act: Act, due: Iterable[DuePassword]) -> list[int]:
    """Writes the notices and forced changes, each once; returns the ids of the steps that force a change.

    The key of `password_notices` is the rule: a second scan at the same time fails instead of sending twice.
    """
    forced: list[int] = []
    for each in due:
        act.session.add(
            PasswordNoticeRow(
                account_id=each.account_id, password_set_at=each.set_at, days_left=each.days_left, sent_at=act.now
            )
        )
        act.session.flush()
        if each.days_left == 0:
            forced += _force_change(act, each)
        else:
            _send_notice(act, each)
    return forced


def _force_change(act: Act, due: DuePassword) -> list[int]:
    account = accounts.get_account(act, due.account_id)
    steps = provisioning.require_password_change(act, account, reason=f"password age {due.limit_days} days")
    audit.record(
        act,
        Event.PASSWORD_CHANGE_FORCED,
        f"account:{due.account_id}",
        account_id=due.account_id,
        password_set_at=due.set_at.isoformat(),
        limit_days=due.limit_days,
    )
    return steps


def _send_notice(act: Act, due: DuePassword) -> None:
    clause = act.rulebook.password(due.account_class).clauses.get("max_age_days", "JC 25, GS 10(4)")
    text = (
        f"账号 {due.user_name} 的口令将在 {due.days_left} 天内到期（{due.limit_days} 天，依据 {clause}）。"
        "请登录后修改口令；到期后登录时须先修改。\n"
        f"The password of {due.user_name} reaches its limit of {due.limit_days} days within {due.days_left} day(s) "
        f"({clause}). Sign in and change it; at the limit the change is asked for at login.\n"
    )
    outbox.enqueue(
        act,
        "mail",
        key=f"password-notice:{due.account_id}:{due.set_at:%Y%m%dT%H%M%S.%f}:{due.days_left}",
        lane="mail",
        payload={"to": due.mail, "subject": "口令即将到期 / Password about to expire", "text": text},
        account_id=due.account_id,
    )
    audit.record(
        act,
        Event.PASSWORD_NOTICE_SENT,
        f"account:{due.account_id}",
        account_id=due.account_id,
        days_left=due.days_left,
    )


def record_scan(act: Act, *, notices: int, forced: int) -> ScanRow:
    """Records the end of a password scan: what it counted and what it did (GS 17)."""
    counts = count_verdicts(act)
    limits = {name.value: rule.max_age_days for name, rule in rules_in_force(act.rulebook).items()}
    scan = ScanRow(
        id=new_id(),
        scan="passwords",
        started_at=act.now,
        finished_at=act.now,
        rule={"max_age_days": limits, "initial_days": INITIAL.days, "clause": "JC 25, GS 10(4)"},
        counted=sum(counts.values()),
        found=counts[PasswordVerdict.EXPIRED] + counts[PasswordVerdict.INITIAL],
        unknown=counts[PasswordVerdict.UNKNOWN],
    )
    act.session.add(scan)
    act.session.flush()
    audit.record(
        act,
        Event.SCAN_FINISHED,
        f"scan:{scan.id}",
        scan=scan.scan,
        counted=scan.counted,
        found=scan.found,
        unknown=scan.unknown,
        notices=notices,
        forced=forced,
    )
    return scan
