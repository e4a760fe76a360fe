"""Long-standing simple passwords: found, warned, proposed after the days of grace; who changes his is spared."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connector.checks import weak
from connector.checks.tables import PasswordPolicyRow, WeakPasswordWarningRow
from connector.checks.weak import WEAK_PASSWORD
from connector.errors import NotFoundError
from connector.outbox.tables import StepRow
from tests.fixtures_activity import GRACE, add_mirrored_account, open_mirror
from tests.fixtures_register import NOON, Desk

pytestmark = pytest.mark.req("F3")
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
SINCE = NOON - 100 * DAY  # of the policy in force
LONG_AGO = NOON - 1000 * DAY


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_mirror(tmp_path)
    with opened.act() as act:
        act.session.add(PasswordPolicyRow(since=SINCE, min_length=8, letters=True, digits=True, symbols=True))
    yield opened
    opened.close()


def add(desk: Desk, name: str, set_at: datetime | None, **fields: Any) -> None:
    with desk.act() as act:
        given = {"mail": f"{name}@example.cn", "password_evidence": "event"} | fields
        add_mirrored_account(act, name, opened_at=LONG_AGO, **given, password_set_at=set_at)


def verdicts(desk: Desk, now: datetime = NOON) -> dict[str, int]:
    with desk.act(now=now) as act:
        return {name: n for name, n in WEAK_PASSWORD.count(act, weak.rule_in_force(act)).verdicts.items() if n}


def warn(desk: Desk, now: datetime = NOON) -> list[str]:
    """Warns everybody; returns the addresses of all mails written until now."""
    with desk.act(now=now) as act:
        weak.warn_next(act, count=100)
        return [step.payload["to"] for step in act.session.scalars(select(StepRow).order_by(StepRow.id))]


def proposable(desk: Desk, now: datetime) -> list[str]:
    with desk.act(now=now) as act:
        found, _ = WEAK_PASSWORD.list_proposable(act, weak.rule_in_force(act), 100)
        return [each.user_name for each in found]


def flag(desk: Desk, name: str, now: datetime = NOON) -> None:
    with desk.act(now=now) as act:
        weak.flag_password(act, name, source="口令安全检查")


@pytest.mark.parametrize(
    ("set_at", "said"),
    [(SINCE - SECOND, "old_policy"), (SINCE, "fine"), (NOON, "fine"), (None, "unknown"), (LONG_AGO, "old_policy")],
)
def test_verdict_by_the_first_day_of_the_policy_counts_to_the_second(
    desk: Desk, set_at: datetime | None, said: str
) -> None:
    add(desk, "a", set_at)
    assert verdicts(desk) == {said: 1}


def test_verdict_without_a_known_policy_is_unknown_for_all(tmp_path: Path) -> None:
    bare = open_mirror(tmp_path)
    add(bare, "a", LONG_AGO)
    assert verdicts(bare) == {"unknown": 1}
    with bare.act() as act:
        assert WEAK_PASSWORD.count(act, weak.rule_in_force(act)).unknown == {"policy-since": 1}
        assert WEAK_PASSWORD.list_found(act, weak.rule_in_force(act)) == []
    bare.close()


@pytest.mark.parametrize(
    ("set_at", "said"), [(NOON - SECOND, "flagged"), (NOON + SECOND, "fine"), (None, "flagged"), (LONG_AGO, "flagged")]
)
def test_flagged_password_counts_until_it_is_changed(desk: Desk, set_at: datetime | None, said: str) -> None:
    add(desk, "a", set_at)
    flag(desk, "a")
    assert verdicts(desk, NOON + DAY) == {said: 1}


def test_flag_unknown_account_is_refused(desk: Desk) -> None:
    with pytest.raises(NotFoundError):
        flag(desk, "nobody")


def test_warn_goes_out_once_for_each_password(desk: Desk) -> None:
    add(desk, "a", LONG_AGO)
    add(desk, "fine", NOON)
    assert warn(desk) == ["a@example.cn"]
    assert warn(desk, NOON + DAY) == ["a@example.cn"]
    flag(desk, "a", NOON + 2 * DAY)
    assert warn(desk, NOON + 3 * DAY) == ["a@example.cn"] * 2, "a finding of its own is told of its own"


def test_warn_without_any_address_is_noted_and_the_grace_runs(desk: Desk) -> None:
    add(desk, "a", LONG_AGO, mail=None)
    assert warn(desk) == []
    with desk.act() as act:
        assert act.session.scalars(select(WeakPasswordWarningRow.told)).one() == "nobody"
    assert proposable(desk, NOON + GRACE) == ["a"]


@pytest.mark.parametrize(
    ("after", "names"), [(timedelta(), []), (GRACE - SECOND, []), (GRACE, ["a"]), (GRACE + 30 * DAY, ["a"])]
)
def test_propose_only_who_was_warned_and_had_the_days_of_grace(desk: Desk, after: timedelta, names: list[str]) -> None:
    add(desk, "a", LONG_AGO)
    assert proposable(desk, NOON + after) == [], "nobody is proposed without a warning"
    warn(desk)
    assert proposable(desk, NOON + after) == names


def test_evidence_says_which_policy_and_who_was_told(desk: Desk) -> None:
    add(desk, "a", LONG_AGO)
    warn(desk)
    with desk.act(now=NOON + DAY) as act:
        [found] = WEAK_PASSWORD.list_found(act, weak.rule_in_force(act))
    assert found.evidence == {
        "verdict": "old_policy", "password_set_at": LONG_AGO.isoformat(), "policy_since": SINCE.isoformat(),
        "warned_at": NOON.isoformat(), "told": "person", "account_class": "ordinary",
    }  # fmt: skip
