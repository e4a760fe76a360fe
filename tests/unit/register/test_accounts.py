"""Accounts: one per person for ever, names by the coding rule, status and permissions with their history."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from connector.audit.tables import AuditEntryRow
from connector.errors import NotFoundError
from connector.register import accounts, catalogue
from connector.register.errors import SecondAccountError, UnknownPermissionError, UserNamesExhaustedError
from connector.register.tables import AccountRow, AccountStateRow, GrantRow, UnitRow
from connector.regulations.vocabulary import AccountClass, AccountStatus
from tests.factories import Centre, make_account, make_centre, make_person
from tests.fixtures_register import NOON, Desk

ORDINARY = AccountClass.ORDINARY
TWO = ("bid-opening:hall.host", "website:notice.editor")
DAY = timedelta(days=1)


@pytest.fixture
def centre(desk: Desk) -> Centre:
    with desk.act() as act:
        return make_centre(act)


@pytest.mark.req("A4")
def test_open_account_takes_the_next_name_of_the_coding_rule(desk: Desk, centre: Centre) -> None:
    with desk.act() as act:
        rule = act.rulebook.user_name()
        first, second = make_account(act, "dljg"), make_account(act, "dljg")
    expected = [
        rule.pattern.format(region="371500", unit="dljg", serial=str(serial).zfill(rule.serial_digits)).lower()
        for serial in (2, 3)  # The unit's head has the first.
    ]
    assert [first.user_name, second.user_name] == expected
    assert all(name.isascii() and len(name) >= 3 for name in expected)


@pytest.mark.req("A4")
def test_open_account_after_a_cancelled_one_does_not_reuse_its_name(desk: Desk, centre: Centre) -> None:
    with desk.act() as act:
        former = make_account(act, "dljg")
        accounts.set_status(act, former, AccountStatus.CANCELLED, cause="request")
    with desk.act() as act:
        assert make_account(act, "dljg").user_name > former.user_name


@pytest.mark.req("A4")
def test_open_account_with_a_name_that_exists_takes_the_one_after(desk: Desk, centre: Centre) -> None:
    with desk.act() as act:
        person = make_person(act, "dljg")
        last = make_account(act, "dljg", person=person)
        act.session.get_one(UnitRow, person.unit_id).user_serial -= 1
    with desk.act() as act:
        assert make_account(act, "dljg").user_name > last.user_name


@pytest.mark.req("A4")
def test_open_account_with_every_serial_used_is_refused(desk: Desk, centre: Centre) -> None:
    with desk.act() as act:
        digits = act.rulebook.user_name().serial_digits
        person = make_person(act, "ywk")
        act.session.get_one(UnitRow, person.unit_id).user_serial = 10**digits - 1
    with desk.act() as act, pytest.raises(UserNamesExhaustedError):
        accounts.open_account(act, person, account_class=ORDINARY, opened_by="r1")


@pytest.mark.req("A2")
@pytest.mark.parametrize("status", list(AccountStatus))
def test_open_second_account_is_refused_and_names_unit_and_status_only(
    desk: Desk, centre: Centre, status: AccountStatus
) -> None:
    with desk.act() as act:
        person = make_person(act, "ywk", name="欧阳使用人")
        first = make_account(act, "ywk", person=person)
        accounts.set_status(act, first, status, cause="request")
    with desk.act() as act, pytest.raises(SecondAccountError) as refused:
        accounts.open_account(act, person, account_class=ORDINARY, opened_by="r2")
    problem = refused.value.problem()
    assert problem["status"] == 409
    assert "LC 5(3)" in problem["clause"]
    assert "业务科" in problem["title"]
    assert accounts.STATUS_NAMES[status].zh in problem["title"]
    assert "启用" in problem["remedy"]
    assert "欧阳" not in str(problem)
    assert first.user_name not in str(problem)


@pytest.mark.req("A2")
def test_second_account_is_refused_by_the_database_itself(desk: Desk, centre: Centre) -> None:
    with desk.act() as act:
        first = make_account(act, "ywk")
        second = AccountRow(
            person_id=first.person_id, user_name="other", account_class=ORDINARY, status="active", opened_at=act.now,
            opened_by="r",
        )  # fmt: skip
        with pytest.raises(IntegrityError), act.session.begin_nested():
            act.session.add(second)


@pytest.mark.req("A5")
def test_set_status_writes_history_and_record_in_the_same_transaction(desk: Desk, centre: Centre) -> None:
    with desk.act() as act:
        account = make_account(act, "ywk")
    end = NOON + 30 * DAY
    with desk.act(now=NOON + DAY) as act:
        savepoint = act.session.begin_nested()
        accounts.set_status(act, accounts.lock_account(act, account.id), AccountStatus.FROZEN, cause="departure")
        savepoint.rollback()
    with desk.act(now=NOON + DAY) as act:
        locked = accounts.lock_account(act, account.id)
        accounts.set_status(
            act, locked, AccountStatus.SUSPENDED, cause="violation", request_id="r7", until=end
        )  # fmt: skip
        accounts.set_status(act, locked, AccountStatus.SUSPENDED, cause="violation", request_id="r7", until=end)
    with desk.act() as act:
        states = act.session.scalars(
            select(AccountStateRow).where(AccountStateRow.account_id == account.id).order_by(AccountStateRow.id)
        ).all()
        recorded = act.session.scalars(
            select(AuditEntryRow).where(
                AuditEntryRow.account_id == account.id, AuditEntryRow.event == "account.status_changed"
            )
        ).all()
    assert [(s.status, s.cause, s.request_id, s.since, s.until) for s in states] == [
        ("active", "opened", None, NOON, NOON + DAY),
        ("suspended", "violation", "r7", NOON + DAY, None),
    ]
    assert [(e.data["former"], e.data["status"], e.request_id) for e in recorded] == [("active", "suspended", "r7")]


@pytest.mark.req("C3")
def test_add_grants_gives_only_what_is_new_and_withdraw_only_what_is_held(desk: Desk, centre: Centre) -> None:
    with desk.act() as act:
        account = make_account(act, "ywk", TWO[0])
    with desk.act(now=NOON + DAY) as act:
        assert [p.id for p in accounts.add_grants(act, account, TWO, granted_by="r1")] == [TWO[1]]
        assert accounts.add_grants(act, account, TWO, granted_by="r1") == []
    with desk.act(now=NOON + 2 * DAY) as act:
        taken = accounts.withdraw_grants(act, account, [TWO[0], "member:deposit.clerk"], withdrawn_by="r2")
        assert [p.id for p in taken] == [TWO[0]]
        assert accounts.withdraw_grants(act, account, [TWO[0]], withdrawn_by="r2") == []
        assert [p.id for p in accounts.list_grants(act, account)] == [TWO[1]]
    with desk.act(now=NOON + 3 * DAY) as act:
        accounts.add_grants(act, account, [TWO[0]], granted_by="r3")
        rows = act.session.scalars(
            select(GrantRow).where(GrantRow.account_id == account.id).order_by(GrantRow.id)
        ).all()
        recorded = act.session.scalars(
            select(AuditEntryRow).where(AuditEntryRow.account_id == account.id, AuditEntryRow.event.like("grant.%"))
        ).all()
    assert [(g.permission_id, g.granted_by, g.withdrawn_by, g.since, g.until) for g in rows] == [
        (TWO[0], "paper:TEST-1", "r2", NOON, NOON + 2 * DAY),
        (TWO[1], "r1", None, NOON + DAY, None),
        (TWO[0], "r3", None, NOON + 3 * DAY, None),
    ]
    assert [(e.event, e.request_id, e.data["permissions"]) for e in recorded] == [
        ("grant.added", None, [TWO[0]]),
        ("grant.added", "r1", [TWO[1]]),
        ("grant.withdrawn", "r2", [TWO[0]]),
        ("grant.added", "r3", [TWO[0]]),
    ]


@pytest.mark.req("C3")
def test_add_grants_with_unknown_permissions_names_all_and_gives_none(desk: Desk, centre: Centre) -> None:
    with desk.act() as act:
        account = make_account(act, "ywk")
        with pytest.raises(UnknownPermissionError) as refused:
            accounts.add_grants(act, account, [TWO[0], "website:x", "nowhere:y"], granted_by="r1")
        assert refused.value.facts["permissions"] == "nowhere:y, website:x"
        assert accounts.list_grants(act, account) == []


def test_open_grant_twice_is_refused_by_the_database_itself(desk: Desk, centre: Centre) -> None:
    with desk.act() as act:
        account = make_account(act, "ywk", TWO[0])
        second = GrantRow(account_id=account.id, permission_id=TWO[0], granted_by="r", since=act.now)
        with pytest.raises(IntegrityError), act.session.begin_nested():
            act.session.add(second)


def test_two_open_states_are_refused_by_the_database_itself(desk: Desk, centre: Centre) -> None:
    with desk.act() as act:
        account = make_account(act, "ywk")
        second = AccountStateRow(account_id=account.id, status="frozen", cause="x", since=act.now)
        with pytest.raises(IntegrityError), act.session.begin_nested():
            act.session.add(second)


def test_get_account_unknown_is_not_found(desk: Desk, centre: Centre) -> None:
    with desk.act() as act:
        account = make_account(act, "ywk")
        assert accounts.find_by_user_name(act, f" {account.user_name.upper()} ") is account
        assert accounts.find_by_user_name(act, "nobody") is None
        for find in (accounts.get_account, accounts.lock_account, catalogue.get_permission):
            with pytest.raises(NotFoundError):
                find(act, "nothing")


@pytest.mark.req("C3")
def test_register_permission_that_the_rule_packs_call_sensitive_is_sensitive(desk: Desk, centre: Centre) -> None:
    with desk.act() as act:
        before = catalogue.get_permission(act, TWO[1])
        assert before.sensitive is False
        same = catalogue.register_permission(
            act, subsystem_id="website", module=before.module, workflow_role=before.workflow_role, role=before.role,
            sensitive=True, clause="LC 8",
        )  # fmt: skip
        assert same is before
        assert same.sensitive is True
        assert act.rulebook.is_sensitive("专家名单", "查看")
        named = catalogue.register_permission(
            act, subsystem_id="member", module="专家名单", workflow_role="查看", role="experts.viewer", sensitive=False
        )  # fmt: skip
        assert (named.id, named.sensitive) == ("member:experts.viewer", True)
        with pytest.raises(NotFoundError):
            catalogue.register_permission(act, subsystem_id="x", module="m", workflow_role="w", sensitive=False)
