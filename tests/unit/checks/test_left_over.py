"""Test accounts in the register, and accounts that nobody answers for: what is found, what is proposed."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from connector.checks import left_over, orphans
from connector.checks.left_over import TEST_ACCOUNT
from connector.checks.orphans import ORPHANED, headless_units
from connector.register import accounts, appointments
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import AccountPurpose, Office
from tests.factories import Centre, make_account, make_centre, make_person, make_unit
from tests.fixtures_register import NOON, Desk, open_desk

pytestmark = pytest.mark.req("F4")
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
EMPTY = timedelta(days=90)  # without a permission, by the house's pack
PERMISSION = "website:notice.editor"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def centre(desk: Desk) -> Centre:
    """Everybody of the centre is in Keycloak."""
    with desk.act() as act:
        made = make_centre(act)
        act.session.execute(update(AccountRow).values(keycloak_id="kc-" + AccountRow.id))
        return made


def open_account(desk: Desk, unit: str = "ywk", *permissions: str, **fields: object) -> str:
    """Returns the user name; `fields` are columns of the account, or `name` of the person."""
    with desk.act() as act:
        name = {"name": str(fields.pop("name"))} if "name" in fields else {}
        account = make_account(act, unit, *permissions, person=make_person(act, unit, **name))
        account.keycloak_id = f"kc-{account.id}"
        for column, value in fields.items():
            setattr(account, column, value)
        return account.user_name


def found(desk: Desk, scan: object, now: datetime = NOON) -> dict[str, str]:
    """Verdicts by user name; the counts must agree with the list."""
    with desk.act(now=now) as act:
        rule = scan.rule(act)  # type: ignore[attr-defined]
        listed = {each.user_name: each.verdict for each in scan.list_found(act, rule)}  # type: ignore[attr-defined]
        counts = scan.count(act, rule).verdicts  # type: ignore[attr-defined]
    assert sum(n for verdict, n in counts.items() if verdict in scan.found) == len(listed)  # type: ignore[attr-defined]
    return listed


def proposable(desk: Desk, scan: object, now: datetime = NOON) -> set[str]:
    with desk.act(now=now) as act:
        rule = scan.rule(act)  # type: ignore[attr-defined]
        return {each.user_name for each in scan.list_proposable(act, rule, 100)[0]}  # type: ignore[attr-defined]


def test_find_test_accounts_by_purpose_and_by_name(desk: Desk, centre: Centre) -> None:
    approved = open_account(desk, purpose=AccountPurpose.TEST.value, valid_until=NOON + DAY)
    endless = open_account(desk, purpose=AccountPurpose.TEST.value)
    named = open_account(desk, name="接口测试一号")
    english = open_account(desk, name="DEMO User")
    coded = open_account(desk, user_name="371500-test-0001")
    open_account(desk, name="王德")
    assert found(desk, TEST_ACCOUNT) == {
        approved: "test", endless: "test_no_end", named: "named_test", english: "named_test", coded: "named_test",
    }  # fmt: skip
    assert proposable(desk, TEST_ACCOUNT) == {endless, named, english, coded}, "what was approved for a time may run"


def test_find_test_accounts_word_with_a_wildcard_is_taken_literally(desk: Desk, centre: Centre) -> None:
    open_account(desk, name="王德")
    with desk.act() as act:
        act.session.flush()
        rows = act.session.query(AccountRow).filter(left_over.named_like_test(("%德", "_"))).all()
    assert rows == []


@pytest.mark.parametrize(
    ("paths", "headed", "headless"),
    [
        ({"r": "/r/", "c": "/r/c/", "d": "/r/c/d/"}, ["/r/c/"], ("r",)),
        ({"r": "/r/", "c": "/r/c/", "d": "/r/c/d/"}, ["/r/"], ()),
        ({"r": "/r/", "c": "/r/c/"}, ["/r/c/"], ("r",)),
        ({"a": "/ab/", "b": "/abc/"}, ["/ab/"], ("b",)),
        ({"a": "/a/"}, [], ("a",)),
    ],
)
def test_headless_units_looks_at_the_unit_and_all_above_it(
    paths: dict[str, str], headed: list[str], headless: tuple[str, ...]
) -> None:
    assert headless_units(paths, headed) == headless


def test_find_orphans_unit_without_any_head_above(desk: Desk, centre: Centre) -> None:
    with desk.act() as act:
        make_unit(act, "lsjg", kind="agency", parent="371500")
    orphan = open_account(desk, "lsjg", PERMISSION)
    below_a_head = open_account(desk, "ywk", PERMISSION)
    listed = found(desk, ORPHANED)
    assert listed == {orphan: "no_head"}
    assert below_a_head not in listed


def test_find_orphans_head_whose_office_ended_counts_no_more(desk: Desk, centre: Centre) -> None:
    member = open_account(desk, "dljg", PERMISSION)
    assert found(desk, ORPHANED) == {}
    with desk.act(centre.actor(Office.SECURITY_ADMINISTRATOR)) as act:
        [(row, _, _)] = [a for a in appointments.list_appointments(act, unit_code="dljg") if a[0].office == "unit_head"]
        appointments.end(act, row.id)
    assert found(desk, ORPHANED)[member] == "no_head"


@pytest.mark.parametrize(("age", "is_found"), [(EMPTY - SECOND, False), (EMPTY, True), (EMPTY + DAY, True)])
def test_find_orphans_without_permission_after_the_span(
    desk: Desk, centre: Centre, age: timedelta, is_found: bool
) -> None:
    empty = open_account(desk)
    open_account(desk, "ywk", PERMISSION)
    assert found(desk, ORPHANED, NOON + age) == ({empty: "no_permission"} if is_found else {})


def test_find_orphans_counts_from_the_last_permission(desk: Desk, centre: Centre) -> None:
    held = open_account(desk, "ywk", PERMISSION)
    with desk.act(now=NOON + 50 * DAY) as act:
        account = accounts.get_by_user_name(act, held)
        accounts.withdraw_grants(act, account, [PERMISSION], withdrawn_by="paper:2")
    assert found(desk, ORPHANED, NOON + 50 * DAY + EMPTY - SECOND) == {}
    assert found(desk, ORPHANED, NOON + 50 * DAY + EMPTY) == {held: "no_permission"}


def test_find_orphans_leaves_office_holders_alone(desk: Desk, centre: Centre) -> None:
    assert found(desk, ORPHANED, NOON + 1000 * DAY) == {}, "fourteen people without a permission, each with an office"


def test_find_orphans_unknown_to_the_directory_only_where_a_pack_asks(desk: Desk, centre: Centre) -> None:
    unknown = open_account(desk, "ywk", PERMISSION)
    agency = open_account(desk, "dljg", PERMISSION)
    with desk.act() as act:
        act.session.execute(
            update(PersonRow)
            .where(PersonRow.id.not_in([accounts.get_by_user_name(act, n).person_id for n in (unknown, agency)]))
            .values(directory_key=PersonRow.id)
        )
        rule = orphans.rule_in_force(act)
        assert rule.directory_key is None
        asked = orphans.OrphanRule(
            now=NOON + 30 * DAY, no_permission=EMPTY * 100, directory_key=30 * DAY, headless=(),
            in_office=rule.in_office,
        )  # fmt: skip
        listed = {each.user_name: each.verdict for each in ORPHANED.list_found(act, asked)}
    assert listed == {unknown: "no_directory_key"}
