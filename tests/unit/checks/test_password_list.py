"""The list of password ages for people, and the reminder of initial passwords that were never changed."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connector.activity.tables import ActivityRow
from connector.checks import password_list, passwords
from connector.checks.password_list import NEVER_CHANGED
from connector.checks.passwords import PasswordVerdict
from connector.checks.tables import PasswordNoticeRow
from connector.outbox.tables import StepRow
from connector.regulations.vocabulary import AccountClass
from tests.fixtures_activity import add_mirrored_account, open_mirror
from tests.fixtures_register import NOON, Desk

pytestmark = pytest.mark.req("F2")
LONG_AGO = NOON - timedelta(days=1000)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_mirror(tmp_path)
    yield opened
    opened.close()


def add(desk: Desk, name: str, age: timedelta | None, **fields: Any) -> None:
    with desk.act() as act:
        given = {"mail": f"{name}@example.cn", "password_evidence": "event"} | fields
        if age is not None:
            given["password_set_at"] = NOON - age
        add_mirrored_account(act, name, opened_at=LONG_AGO, **given)


def test_list_ages_is_oldest_first_with_days_left_by_class(desk: Desk) -> None:
    add(desk, "past", 100 * DAY)
    add(desk, "near", 80 * DAY, mail=None)
    add(desk, "fine", 10 * DAY)
    add(desk, "unknown", None)
    add(desk, "initial", 8 * DAY, password_evidence="initial")
    add(desk, "admin", 29 * DAY, account_class=AccountClass.SUPER_ADMINISTRATOR)
    with desk.act() as act:
        listed = password_list.list_ages(act)
        assert [each.user_name for each in password_list.list_ages(act, first=1, count=2)] == ["near", "admin"]
        fine = password_list.list_ages(act, verdicts=[PasswordVerdict.FINE])
    assert [(each.user_name, each.verdict.value, each.days_left, each.has_mail) for each in listed] == [
        ("past", "expired", -10, True), ("near", "notice", 10, False), ("admin", "notice", 1, True),
        ("initial", "initial", 82, True),
    ]  # fmt: skip
    assert [each.user_name for each in fine] == ["fine"]


@pytest.mark.parametrize(("age", "reminded"), [(7 * DAY - SECOND, 0), (7 * DAY, 1), (60 * DAY, 1)])
def test_remind_of_initial_after_a_week_and_only_once(desk: Desk, age: timedelta, reminded: int) -> None:
    add(desk, "a", age, password_evidence="initial")
    add(desk, "own", age)
    with desk.act() as act:
        assert password_list.remind_of_initial(act, limit=100) == reminded
        assert password_list.remind_of_initial(act, limit=100) == 0
        assert [step.payload["to"] for step in act.session.scalars(select(StepRow))] == ["a@example.cn"] * reminded
        assert list(act.session.scalars(select(PasswordNoticeRow.days_left))) == [NEVER_CHANGED] * reminded
        assert passwords.count_initial(act) == reminded


def test_remind_of_initial_handed_over_anew_reminds_anew(desk: Desk) -> None:
    add(desk, "a", 8 * DAY, password_evidence="initial")
    with desk.act() as act:
        password_list.remind_of_initial(act, limit=100)
    with desk.act() as act:
        act.session.query(ActivityRow).update({"password_set_at": NOON})
    with desk.act(now=NOON + 7 * DAY) as act:
        assert password_list.remind_of_initial(act, limit=100) == 1
