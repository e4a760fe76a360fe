"""Accounts for a time: notices before their approved end, and the end itself, by the clock (JC 18, JC 21).

The clock takes access away and never gives it: an account whose end has come is frozen, and only an approved request
brings it back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import ColumnElement, Row, Select, and_, case, exists, false, func, not_, or_, select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.checks import notices
from connector.checks.report import Outcome
from connector.checks.scan import Counts, Scan, iso
from connector.checks.tables import ExpiryNoticeRow, FindingRow, ScanRow
from connector.errors import Text
from connector.provisioning import service as provisioning
from connector.register import accounts
from connector.register.offices import OFFICE_ZONE
from connector.register.tables import AccountRow, AccountStateRow
from connector.regulations.vocabulary import AccountPurpose, AccountStatus, RequestKind
from connector.storage.tables import new_id

CLAUSE = "JC 18, JC 21"
NOTICE_DAYS = (14, 7, 1)  # as for passwords
PURPOSES = {
    AccountPurpose.ORDINARY: Text("普通账号", "ordinary account"),
    AccountPurpose.TEMPORARY: Text("临时账号", "temporary account"),
    AccountPurpose.TEST: Text("测试账号", "test account"),
}


class ExpiryVerdict(StrEnum):
    """Where an account with an approved end stands."""

    RUNNING = "running"
    ENDING = "ending"  # a notice is due or has gone out
    EXPIRED = "expired"  # its end has come and it is still in use: frozen by the next run


@dataclass(frozen=True, kw_only=True)
class ExpiryRule:
    """The rule of one run."""

    now: datetime

    def as_json(self) -> dict[str, Any]:
        return {"notice_days": list(NOTICE_DAYS), "clause": CLAUSE}


# One suspended for a violation waits for an approval anyway, and the cause must not be lost (LC 7(3)).
_for_violation = exists().where(
    AccountStateRow.account_id == AccountRow.id, AccountStateRow.until.is_(None), AccountStateRow.cause == "violation"
)
_in_use: ColumnElement[bool] = or_(
    AccountRow.status == AccountStatus.ACTIVE.value,
    and_(AccountRow.status == AccountStatus.SUSPENDED.value, not_(_for_violation)),
)


def end_expired(act: Act, *, limit: int) -> int:
    """Freezes at most `limit` accounts whose approved end has come, and records the run; returns how many.

    Disable, end every session, verify: as every freeze, and tried at once after the commit (GS 13).
    """
    due = act.session.scalars(
        select(AccountRow.id)
        .where(AccountRow.valid_until <= act.now, _in_use)
        .order_by(AccountRow.valid_until, AccountRow.id)
        .limit(limit)
    ).all()
    ended = [account for account_id in due if (account := _end(act, account_id)) is not None]
    if ended:
        _record_run(act, ended)
    return len(ended)


def _end(act: Act, account_id: str) -> AccountRow | None:
    """Freezes one account under its lock, unless it was taken out or prolonged meanwhile."""
    account = accounts.lock_account(act, account_id)
    still_due = account.valid_until is not None and account.valid_until <= act.now
    if not still_due or account.status not in (AccountStatus.ACTIVE, AccountStatus.SUSPENDED):
        return None
    if account.status == AccountStatus.SUSPENDED and accounts.present_cause(act, account) == "violation":
        return None
    provisioning.freeze_account(act, account, cause="expired", reason="the approved end has come")
    audit.record(
        act, Event.ACCOUNT_EXPIRED, f"account:{account.id}", account_id=account.id, person_id=account.person_id,
        purpose=account.purpose, valid_until=iso(account.valid_until),
    )  # fmt: skip
    return account


def _record_run(act: Act, ended: Sequence[AccountRow]) -> None:
    rule = ExpiryRule(now=act.now)
    counts = _count(act, rule).verdicts
    run = ScanRow(
        id=new_id(), scan=EXPIRED.name, started_at=act.now, finished_at=act.now, rule=rule.as_json(),
        counted=sum(counts.values()) + len(ended), found=len(ended), unknown=0,
    )  # fmt: skip
    act.session.add(run)
    act.session.flush()
    act.session.add_all(
        FindingRow(
            run_id=run.id, account_id=account.id, request_id=None, state=Outcome.FROZEN.value, found_at=act.now,
            evidence={
                "verdict": ExpiryVerdict.EXPIRED.value, "purpose": account.purpose,
                "valid_until": iso(account.valid_until), "account_class": account.account_class,
            },
        )
        for account in ended
    )  # fmt: skip
    audit.record(
        act, Event.SCAN_FINISHED, f"scan:{run.id}", scan=run.scan, rule=run.rule, counted=run.counted,
        found=run.found, unknown=0, frozen=len(ended),
    )  # fmt: skip


def threshold_of(now: datetime) -> ColumnElement[int | None]:
    """The nearest notice already reached, as an SQL expression; NULL before the first."""
    branches = [(AccountRow.valid_until <= now + timedelta(days=days), days) for days in sorted(NOTICE_DAYS)]
    return case(*branches, else_=None)


def send_notices(act: Act, *, limit: int) -> int:
    """Tells person and head of unit of ends that come near, each of the 14, 7 and 1 days once; returns how many."""
    threshold = threshold_of(act.now)
    gone_out = exists().where(
        ExpiryNoticeRow.account_id == AccountRow.id,
        ExpiryNoticeRow.valid_until == AccountRow.valid_until,
        ExpiryNoticeRow.days_left == threshold,
    )
    rows = act.session.execute(
        select(AccountRow, threshold)
        .where(
            AccountRow.valid_until > act.now,
            AccountRow.valid_until <= act.now + timedelta(days=max(NOTICE_DAYS)),
            _in_use,
            not_(gone_out),
        )
        .order_by(AccountRow.valid_until, AccountRow.id)
        .limit(limit)
    ).all()
    for account, days in rows:
        _send_notice(act, account, int(days or 0))
    return len(rows)


def _send_notice(act: Act, account: AccountRow, days: int) -> None:
    until = cast(datetime, account.valid_until)  # The query asks for those that have an end.
    act.session.add(ExpiryNoticeRow(account_id=account.id, valid_until=until, days_left=days, sent_at=act.now))
    act.session.flush()
    last_day = (until - timedelta(seconds=1)).astimezone(OFFICE_ZONE).date()
    kind = PURPOSES[AccountPurpose(account.purpose)]
    mails = notices.tell_person_and_unit(
        act, account.id, account.person_id, f"expiry:{until:%Y%m%dT%H%M%S}:{days}",
        f"账号即将到期 / Account about to end: {account.user_name}",
        f"{kind.zh} {account.user_name} 的批准截止日期为 {last_day}，届时系统将自动冻结（依据 {CLAUSE}）。"
        "如仍需使用，请在到期前重新申请。\n"
        f"The {kind.en} {account.user_name} is approved until {last_day} and will be frozen then ({CLAUSE}). "
        "Apply again before that day if it is still needed.\n",
    )  # fmt: skip
    audit.record(
        act, Event.EXPIRY_NOTICE_SENT, f"account:{account.id}", account_id=account.id, days_left=days, mails=mails
    )


def _verdict(rule: ExpiryRule) -> ColumnElement[str]:
    return case(
        (AccountRow.valid_until <= rule.now, ExpiryVerdict.EXPIRED.value),
        (threshold_of(rule.now).is_not(None), ExpiryVerdict.ENDING.value),
        else_=ExpiryVerdict.RUNNING.value,
    )


def _count(act: Act, rule: ExpiryRule) -> Counts:
    verdict = _verdict(rule).label("verdict")
    rows = act.session.execute(
        select(verdict, func.count()).where(AccountRow.valid_until.is_not(None), _in_use).group_by(verdict)
    )
    return Counts(verdicts={each.value: 0 for each in ExpiryVerdict} | {n: number for n, number in rows}, unknown={})


def _select(rule: ExpiryRule) -> Select[Any]:
    columns: list[Any] = [AccountRow.id.label("account_id"), AccountRow.user_name, AccountRow.account_class]
    columns += [_verdict(rule).label("verdict"), AccountRow.purpose, AccountRow.valid_until]
    soon = rule.now + timedelta(days=max(NOTICE_DAYS))
    return (
        select(*columns).where(AccountRow.valid_until <= soon, _in_use).order_by(AccountRow.valid_until, AccountRow.id)
    )


def _evidence(_rule: ExpiryRule, row: Row[Any]) -> dict[str, Any]:
    return {"purpose": row.purpose, "valid_until": iso(row.valid_until)}


EXPIRED = Scan[ExpiryRule](
    name="expired",
    title=Text("到期账号", "accounts whose approved end has come"),
    clause=CLAUSE,
    kind=RequestKind.DISABLE_FOUND,
    found=frozenset({ExpiryVerdict.EXPIRED.value}),
    rule=lambda act: ExpiryRule(now=act.now),
    count=_count,
    select=_select,
    may_propose=lambda _rule: false(),  # It was approved until a day: nobody is asked again.
    evidence=_evidence,
    reason=lambda _rule, count: f"{count}个账号已到批准的截止日期",
    quiet=lambda _rule: timedelta(),
)
