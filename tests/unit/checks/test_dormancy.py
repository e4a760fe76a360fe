"""The zombie scan: verdicts at the boundary, and that missing evidence never means dormant."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.activity.tables import CursorRow
from connector.checks import dormancy
from connector.checks.dormancy import DormancyVerdict
from connector.regulations.vocabulary import AccountClass
from tests.fixtures_activity import DORMANCY, DORMANCY_OF, NEVER_USED, add_mirrored_account, open_mirror, set_coverage
from tests.fixtures_register import NOON, Desk

pytestmark = pytest.mark.req("F1")
SHORTER = DORMANCY_OF[AccountClass.SUPER_ADMINISTRATOR]
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
LONG_AGO = NOON - timedelta(days=1000)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_mirror(tmp_path)
    yield opened
    opened.close()


def verdict(desk: Desk, *, covers: datetime | None, **account: Any) -> str:
    """The verdict on one account; the counts and the list must agree with each other."""
    with desk.act() as act:
        if covers is not None:
            set_coverage(act, covers)
        add_mirrored_account(act, "a", **({"opened_at": LONG_AGO} | account))
        rule = dormancy.rule_in_force(act)
        counts = {each: number for each, number in dormancy.count_verdicts(act, rule).verdicts.items() if number}
        listed = [found.verdict for found in dormancy.list_dormant(act, rule)]
    if not counts:
        return "not looked at"
    [(said, number)] = counts.items()
    assert number == 1
    assert listed == ([said] if said in ("dormant", "never_used") else [])
    return said


@pytest.mark.parametrize(
    ("idle", "said"),
    [(DORMANCY - DAY, "active"), (DORMANCY - SECOND, "active"), (DORMANCY, "dormant"), (DORMANCY + DAY, "dormant")],
)
def test_verdict_at_the_dormancy_limit_counts_to_the_second(desk: Desk, idle: timedelta, said: str) -> None:
    assert verdict(desk, covers=LONG_AGO, last_used_at=NOON - idle) == said


@pytest.mark.parametrize(
    ("age", "said"), [(NEVER_USED - SECOND, "active"), (NEVER_USED, "never_used"), (NEVER_USED + DAY, "never_used")]
)
def test_verdict_never_used_counts_from_opening(desk: Desk, age: timedelta, said: str) -> None:
    assert verdict(desk, covers=LONG_AGO, opened_at=NOON - age) == said


@pytest.mark.parametrize(
    ("covers", "said"),
    [
        (NOON - DORMANCY + SECOND, "unknown"),
        (NOON - DORMANCY, "dormant"),
        (None, "unknown"),
    ],
)
@pytest.mark.parametrize("used", [None, NOON - DORMANCY - DAY])
def test_verdict_evidence_too_young_is_unknown_never_dormant(
    desk: Desk, covers: datetime | None, said: str, used: datetime | None
) -> None:
    assert verdict(desk, covers=covers, last_used_at=used) == said


def test_verdict_never_used_with_evidence_younger_than_the_account_is_unknown(desk: Desk) -> None:
    opened = NOON - NEVER_USED - DAY
    assert verdict(desk, covers=opened + SECOND, opened_at=opened) == "unknown"


def test_verdict_enabled_again_lately_is_active_though_long_unused(desk: Desk) -> None:
    said = verdict(
        desk, covers=LONG_AGO, last_used_at=NOON - timedelta(days=400), enabled_again_at=NOON - NEVER_USED + SECOND
    )
    assert said == "active"


@pytest.mark.parametrize("status", ["suspended", "disabled", "frozen", "cancelled"])
def test_verdict_account_out_of_use_is_not_looked_at(desk: Desk, status: str) -> None:
    assert verdict(desk, covers=LONG_AGO, status=status) == "not looked at"


def test_verdict_administrator_is_looked_at_like_everybody(desk: Desk) -> None:
    assert verdict(desk, covers=LONG_AGO, account_class=AccountClass.SYSTEM_ADMINISTRATOR) == "never_used"


def test_list_dormant_orders_by_idle_time_and_keeps_the_evidence(desk: Desk) -> None:
    with desk.act() as act:
        set_coverage(act, LONG_AGO)
        for name, idle in (("b", 200), ("a", 300), ("c", 10)):
            add_mirrored_account(act, name, opened_at=LONG_AGO, last_used_at=NOON - timedelta(days=idle))
        found = dormancy.list_dormant(act, dormancy.rule_in_force(act))
    assert [each.user_name for each in found] == ["a", "b"]
    assert found[0].evidence == {
        "verdict": DormancyVerdict.DORMANT.value,
        "last_used_at": (NOON - timedelta(days=300)).isoformat(),
        "source": None,
        "active_since": LONG_AGO.isoformat(),
        "account_class": "ordinary",
    }


@pytest.mark.parametrize(
    ("account_class", "idle", "said"),
    [
        (AccountClass.SUPER_ADMINISTRATOR, SHORTER - SECOND, "active"),
        (AccountClass.SUPER_ADMINISTRATOR, SHORTER, "dormant"),
        (AccountClass.ORDINARY, SHORTER, "active"),
        (AccountClass.ORDINARY, DORMANCY, "dormant"),
    ],
)
def test_verdict_counts_the_days_of_the_accounts_class(
    desk: Desk, account_class: AccountClass, idle: timedelta, said: str
) -> None:
    assert verdict(desk, covers=LONG_AGO, account_class=account_class, last_used_at=NOON - idle) == said


def test_verdict_of_a_class_with_fewer_days_needs_evidence_for_those_only(desk: Desk) -> None:
    used = NOON - SHORTER - DAY
    assert verdict(desk, covers=NOON - SHORTER, last_used_at=used, account_class=AccountClass.SUPER_ADMINISTRATOR) == (
        "dormant"
    )


@pytest.mark.parametrize(
    ("cursor", "why"),
    [
        (None, "never-ingested"),
        ({"covers_since": NOON - DAY}, "older-than-events"),
        ({"covers_since": NOON - DAY, "restarted_at": NOON - DAY}, "gap"),
        ({"covers_since": LONG_AGO, "read_at": NOON - DAY - SECOND}, "stale"),
        ({"covers_since": LONG_AGO, "off_since": NOON - DAY}, "events-off"),
    ],
)
def test_unknown_is_listed_apart_with_its_reason_and_never_found(
    desk: Desk, cursor: dict[str, Any] | None, why: str
) -> None:
    with desk.act() as act:
        if cursor is not None:
            act.session.add(CursorRow(**({"kind": "login", "read_at": NOON} | cursor)))
        add_mirrored_account(act, "a", opened_at=LONG_AGO, last_used_at=NOON - timedelta(days=400))
        act.session.flush()
        rule = dormancy.rule_in_force(act)
        counts = dormancy.count_verdicts(act, rule)
        [found] = dormancy.list_unknown(act, rule)
        assert dormancy.list_dormant(act, rule) == []
    assert counts.unknown == {why: 1}
    assert counts.verdicts["unknown"] == 1
    assert (found.user_name, found.evidence["why"]) == ("a", why)
    assert found.evidence["covers_since"] == (cursor["covers_since"].isoformat() if cursor else None)


def test_rule_as_if_read_looks_into_a_day_that_has_not_come(desk: Desk) -> None:
    with desk.act() as act:
        set_coverage(act, LONG_AGO)
        add_mirrored_account(act, "a", opened_at=LONG_AGO, last_used_at=NOON)
    with desk.act(now=NOON + DORMANCY) as act:
        rule = dormancy.rule_in_force(act)
        assert dormancy.count_verdicts(act, rule).unknown == {"stale": 1}
        assert dormancy.count_verdicts(act, rule.as_if_read()).verdicts["dormant"] == 1
