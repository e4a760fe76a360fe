"""The history of password policies: from when on the one in force, or a stronger one, has been in force."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.checks import policies
from connector.checks.policies import Demands
from connector.checks.tables import PasswordPolicyRow
from tests.fixtures_register import NOON, Desk, open_desk

pytestmark = pytest.mark.req("F3")
WEAK, MIDDLE, STRONG = (
    Demands(6, False, True, False), Demands(8, True, True, False), Demands(10, True, True, True),
)  # fmt: skip
FIRST, SECOND, THIRD = (NOON - timedelta(days=days) for days in (900, 500, 100))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("history", "since"),
    [
        ([], None),
        ([(FIRST, MIDDLE)], FIRST),
        ([(FIRST, WEAK), (SECOND, STRONG)], SECOND),
        ([(FIRST, STRONG), (SECOND, MIDDLE)], FIRST),
        ([(FIRST, STRONG), (SECOND, WEAK), (THIRD, MIDDLE)], THIRD),
        ([(FIRST, MIDDLE), (SECOND, STRONG), (THIRD, MIDDLE)], FIRST),
        ([(FIRST, Demands(12, False, False, False)), (SECOND, MIDDLE)], SECOND),
    ],
)
def test_strong_since_goes_back_as_far_as_no_policy_was_weaker(
    history: list[tuple[datetime, Demands]], since: datetime | None
) -> None:
    assert policies.strong_since(history) == since


def rows(desk: Desk) -> list[PasswordPolicyRow]:
    with desk.act() as act:
        return list(act.session.scalars(select(PasswordPolicyRow).order_by(PasswordPolicyRow.id)))


def apply_realm(desk: Desk, *changes: str, at: datetime = NOON) -> None:
    """What `realm apply` does after it changed something."""
    with desk.act(now=at) as act:
        audit.record(act, Event.REALM_APPLIED, "realm:test", changes=list(changes))
        policies.note_applied(act)


def test_note_applied_first_realm_begins_the_history_with_the_strictest_of_all_classes(desk: Desk) -> None:
    apply_realm(desk, "create realm test")
    [row] = rows(desk)
    assert (row.since, row.min_length, row.letters, row.digits, row.symbols) == (NOON, 8, True, True, True)
    apply_realm(desk, "change realm sslRequired: 'none' -> 'external'", at=NOON + timedelta(days=1))
    assert len(rows(desk)) == 1, "the same policy is no new one"


def test_note_applied_stronger_rules_begin_a_new_policy_from_then(desk: Desk) -> None:
    with desk.act() as act:
        act.session.add(PasswordPolicyRow(since=FIRST, **WEAK._asdict()))
    apply_realm(desk, "change realm passwordPolicy: 'length(6)' -> 'length(8)'")
    with desk.act() as act:
        assert policies.present_since(act) == NOON


def test_note_first_on_an_older_installation_takes_the_day_from_the_record(desk: Desk) -> None:
    with desk.act(now=SECOND) as act:
        audit.record(act, Event.REALM_APPLIED, "realm:test", changes=["change realm passwordPolicy: 'a' -> 'b'"])
    with desk.act(now=THIRD) as act:
        audit.record(act, Event.REALM_APPLIED, "realm:test", changes=["create role website notice.editor"])
    with desk.act() as act:
        policies.note_first(act)
        assert policies.present_since(act) == SECOND


def test_note_first_without_any_record_says_nothing(desk: Desk) -> None:
    with desk.act() as act:
        assert policies.note_first(act) is None
        assert policies.present_since(act) is None
