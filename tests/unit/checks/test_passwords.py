"""Password ages: who is noticed, who must change, each once; initial passwords; what is not known."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from connector.checks import passwords
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


def add(desk: Desk, name: str, age: timedelta | None, **fields: object) -> None:
    with desk.act() as act:
        given = {"mail": f"{name}@example.cn", "password_evidence": "event"} | fields
        if age is not None:
            given["password_set_at"] = NOON - age
        add_mirrored_account(act, name, opened_at=LONG_AGO, **given)  # type: ignore[arg-type]


def due_days(desk: Desk) -> list[int]:
    with desk.act() as act:
        return [each.days_left for each in passwords.list_due(act)]


def run_scan(desk: Desk) -> list[str]:
    """Acts on everything due; returns the kinds of all steps written until now."""
    with desk.act() as act:
        passwords.act_on_due(act, passwords.list_due(act))
        return list(act.session.scalars(select(StepRow.kind).order_by(StepRow.id)))


@pytest.mark.req("D3")
@pytest.mark.parametrize(
    ("age", "days"),
    [
        (76 * DAY - SECOND, []),
        (76 * DAY, [14]),
        (83 * DAY - SECOND, [14]),
        (83 * DAY, [7]),
        (89 * DAY, [1]),
        (90 * DAY - SECOND, [1]),
        (90 * DAY, [0]),
        (900 * DAY, [0]),
    ],
)
def test_list_due_at_each_threshold_counts_to_the_second(desk: Desk, age: timedelta, days: list[int]) -> None:
    add(desk, "a", age)
    assert due_days(desk) == days


def test_list_due_uses_the_limit_of_the_class(desk: Desk) -> None:
    add(desk, "a", 31 * DAY, account_class=AccountClass.SUPER_ADMINISTRATOR)
    add(desk, "b", 31 * DAY)
    with desk.act() as act:
        assert [(each.user_name, each.limit_days) for each in passwords.list_due(act)] == [("a", 30)]


def test_act_on_due_twice_sends_each_notice_and_forces_each_change_once(desk: Desk) -> None:
    add(desk, "a", 84 * DAY)
    add(desk, "b", 91 * DAY)
    first = run_scan(desk)
    assert sorted(first) == ["keycloak.require_actions", "mail"]
    assert run_scan(desk) == first


def test_act_on_due_next_threshold_sends_the_next_notice(desk: Desk) -> None:
    add(desk, "a", 84 * DAY)
    run_scan(desk)
    with desk.act(now=NOON + 5 * DAY) as act:
        assert [each.days_left for each in passwords.list_due(act)] == [1]


def test_list_due_without_mail_is_not_noticed_but_forced(desk: Desk) -> None:
    add(desk, "a", 84 * DAY, mail=None)
    add(desk, "b", 90 * DAY, mail="")
    assert due_days(desk) == [0]


def test_list_due_unknown_age_is_left_alone_and_counted_unknown(desk: Desk) -> None:
    add(desk, "a", None)
    assert due_days(desk) == []
    with desk.act() as act:
        assert passwords.count_verdicts(act)[passwords.PasswordVerdict.UNKNOWN] == 1


@pytest.mark.parametrize("status", ["suspended", "frozen", "disabled", "cancelled"])
def test_list_due_account_out_of_use_is_left_alone(desk: Desk, status: str) -> None:
    add(desk, "a", 91 * DAY, status=status)
    assert due_days(desk) == []


@pytest.mark.parametrize(
    ("age", "evidence", "listed"),
    [(7 * DAY, "initial", ["a"]), (7 * DAY - SECOND, "initial", []), (7 * DAY, "event", []), (7 * DAY, "baseline", [])],
)
def test_list_initial_never_changed_for_a_week_is_listed(
    desk: Desk, age: timedelta, evidence: str, listed: list[str]
) -> None:
    add(desk, "a", age, password_evidence=evidence)
    with desk.act() as act:
        assert passwords.list_initial(act) == listed


def test_count_verdicts_counts_each_account_once_by_what_is_due(desk: Desk) -> None:
    add(desk, "fine", 10 * DAY)
    add(desk, "notice", 80 * DAY)
    add(desk, "expired", 95 * DAY)
    add(desk, "initial", 8 * DAY, password_evidence="initial")
    add(desk, "fresh", 1 * DAY, password_evidence="initial")
    add(desk, "super", 31 * DAY, account_class=AccountClass.SUPER_ADMINISTRATOR)
    with desk.act() as act:
        counts = {verdict.value: number for verdict, number in passwords.count_verdicts(act).items()}
    assert counts == {"fine": 2, "notice": 1, "expired": 2, "initial": 1, "unknown": 0}


def test_dry_run_writes_nothing(desk: Desk) -> None:
    add(desk, "a", 91 * DAY)
    with desk.act() as act:
        passwords.list_due(act)
        passwords.count_verdicts(act)
        passwords.list_initial(act)
        assert not act.session.new
        assert not act.session.dirty
        assert list(act.session.scalars(select(StepRow))) == []
