"""The list of password ages for the people who follow it up, and reminders of initial passwords (JC 23, JC 25)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, not_

from connector.activity.tables import ActivityRow
from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.checks import notices
from connector.checks.passwords import (
    INITIAL,
    PasswordVerdict,
    accounts_with_passwords,
    is_initial,
    rules_in_force,
    verdict_of,
)
from connector.checks.tables import PasswordNoticeRow
from connector.register.tables import AccountRow, PersonRow, UnitRow
from connector.regulations.vocabulary import AccountClass

NEVER_CHANGED = -1  # in `password_notices.days_left`
FOLLOWED_UP = (PasswordVerdict.EXPIRED, PasswordVerdict.INITIAL, PasswordVerdict.NOTICE)


@dataclass(frozen=True, kw_only=True)
class PasswordAge:
    """One account of the list. `days_left` until the limit of its class; negative past it."""

    user_name: str
    unit: str
    account_class: AccountClass
    verdict: PasswordVerdict
    password_set_at: datetime
    limit_days: int
    days_left: int
    has_mail: bool  # whom no notice can reach, somebody must tell


def list_ages(
    act: Act, *, verdicts: Sequence[PasswordVerdict] = FOLLOWED_UP, first: int = 0, count: int = 50
) -> list[PasswordAge]:
    """Accounts with these verdicts whose password's age is known, the oldest password first. Reads only."""
    rules = rules_in_force(act.rulebook)
    verdict = verdict_of(rules, act.now)
    columns: list[Any] = [AccountRow.user_name, UnitRow.name, AccountRow.account_class, verdict]
    columns += [ActivityRow.password_set_at, PersonRow.mail]
    query = (
        accounts_with_passwords(columns)
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .join(UnitRow, UnitRow.id == PersonRow.unit_id)
        .where(ActivityRow.password_set_at.is_not(None), verdict.in_([each.value for each in verdicts]))
        .order_by(ActivityRow.password_set_at, AccountRow.id)
        .offset(first)
        .limit(count)
    )
    found = []
    for user_name, unit, class_name, said, set_at, mail in act.session.execute(query):
        account_class = AccountClass(class_name)
        limit = rules[account_class].max_age_days
        left = set_at + timedelta(days=limit) - act.now
        found.append(
            PasswordAge(
                user_name=user_name, unit=unit, account_class=account_class, verdict=PasswordVerdict(said),
                password_set_at=set_at, limit_days=limit, days_left=left.days, has_mail=bool(mail),
            )
        )  # fmt: skip
    return found


def remind_of_initial(act: Act, *, limit: int) -> int:
    """Reminds each person once whose initial password was never changed for a week; returns how many (JC 23).

    Keycloak asks for a new one at his next login anyway: this tells him, or the head of his unit, to log in.
    """
    told = exists().where(
        PasswordNoticeRow.account_id == AccountRow.id,
        PasswordNoticeRow.password_set_at == ActivityRow.password_set_at,
        PasswordNoticeRow.days_left == NEVER_CHANGED,
    )
    rows = act.session.execute(
        accounts_with_passwords(
            [AccountRow.id, AccountRow.person_id, AccountRow.user_name, ActivityRow.password_set_at]
        )
        .where(and_(is_initial(act.now), not_(told)))
        .order_by(ActivityRow.password_set_at, AccountRow.id)
        .limit(limit)
    ).all()
    for account_id, person_id, user_name, set_at in rows:
        act.session.add(
            PasswordNoticeRow(
                account_id=account_id, password_set_at=set_at, days_left=NEVER_CHANGED, sent_at=act.now
            )
        )  # fmt: skip
        act.session.flush()
        reached = notices.tell_person_or_unit(
            act, account_id, person_id, f"initial-password:{set_at:%Y%m%dT%H%M%S.%f}", *_letter(user_name)
        )
        audit.record(
            act, Event.PASSWORD_NOTICE_SENT, f"account:{account_id}", account_id=account_id,
            days_left=NEVER_CHANGED, told=reached,
        )  # fmt: skip
    return len(rows)


def _letter(user_name: str) -> tuple[str, str]:
    days = INITIAL.days
    return (
        "请修改初始口令 / Please change the initial password",
        f"账号 {user_name} 的初始口令发放已超过 {days} 天，尚未修改（依据 JC 23、GS 10(3)）。请尽快登录并修改口令。\n"
        f"The initial password of {user_name} was handed over more than {days} days ago and was never changed "
        "(JC 23, GS 10(3)). Sign in and change it.\n",
    )
