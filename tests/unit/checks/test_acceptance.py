"""The acceptance check: what keeps a subsystem from being accepted, and that every check is recorded."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from connector.activity import service as activity
from connector.audit.tables import AuditEntryRow
from connector.checks import acceptance
from connector.checks.acceptance import Acceptance, Reason, ServiceHolders, holds_word
from connector.errors import NotFoundError
from connector.ports import IdpEvent, KeycloakUnavailableError
from connector.register import accounts
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountPurpose
from tests.factories import make_account, make_person
from tests.fakes.idp_parts import FakeUser
from tests.town import HOST, NOON, Town, open_town

pytestmark = pytest.mark.req("F4")
PERMISSION = "website:notice.editor"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    opened = open_town(tmp_path)
    yield opened
    opened.close()


class Everybody(ServiceHolders):
    """A source that says it shows everybody."""

    complete = True


def check(town: Town, subsystem: str = "website", *, complete: bool = True) -> Acceptance:
    source = (Everybody if complete else ServiceHolders)(town.idp)
    return acceptance.check_acceptance(source, lambda: town.connector.act(HOST), subsystem)


def open_account(town: Town, *permissions: str, name: str = "王小", **fields: object) -> AccountRow:
    with town.connector.act(HOST) as act:
        account = make_account(act, "ywk", *permissions, person=make_person(act, "ywk", name=name))
        account.keycloak_id = f"kc-{account.id}"
        for column, value in fields.items():
            setattr(account, column, value)
        return account


def make_stranger(town: Town, name: str, *, role: str = "") -> str:
    """A user made in Keycloak's console, in the accounts group."""
    user = FakeUser(f"kc-{name}", name, NOON)
    town.idp.users[user.user_id] = user
    if role:
        user.roles["website"].add(role)
    return user.user_id


def reasons(found: Acceptance) -> dict[str, Reason]:
    return {each.user_name: each.reason for each in found.left}


def test_check_clean_subsystem_passes_and_is_recorded(town: Town) -> None:
    open_account(town, PERMISSION)
    found = check(town)
    assert found.passed
    assert found.left == []
    with town.connector.act(HOST) as act:
        entry = act.session.scalars(select(AuditEntryRow).where(AuditEntryRow.event == "acceptance.checked")).one()
    assert (entry.actor, entry.subject, entry.data["passed"]) == (HOST.name, "subsystem:website", True)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"purpose": AccountPurpose.TEST.value}, Reason.TEST),
        ({"purpose": AccountPurpose.TEMPORARY.value}, Reason.TEMPORARY),
        ({"purpose": AccountPurpose.TEST.value, "status": "disabled"}, Reason.TEST),
        ({"name": "测试一"}, Reason.NAMED_TEST),
        ({"user_name": "371500-demo-0001"}, Reason.NAMED_TEST),
    ],
)
def test_check_with_an_account_of_the_register_left_fails(town: Town, fields: dict[str, str], reason: Reason) -> None:
    account = open_account(town, PERMISSION, **fields)
    found = check(town)
    assert not found.passed
    assert reasons(found) == {account.user_name: reason}
    assert found.counts[reason] == 1
    assert check(town, "bid-opening").passed, "another subsystem is free"


def test_check_after_the_cancellation_passes(town: Town) -> None:
    account = open_account(town, PERMISSION, purpose=AccountPurpose.TEST.value)
    with town.connector.act(HOST) as act:
        row = accounts.lock_account(act, account.id)
        accounts.withdraw_grants(act, row, [PERMISSION], withdrawn_by="paper:1")
        row.status = "cancelled"
    assert check(town).passed


def test_check_with_a_stranger_in_a_role_fails_whatever_his_name(town: Town) -> None:
    make_stranger(town, "wang", role="notice.editor")
    found = check(town)
    assert reasons(found) == {"wang": Reason.STRANGER}
    assert found.left[0].detail["roles"] == ["notice.editor"]
    assert found.holders == 1


def test_check_with_a_stranger_named_like_a_test_fails_without_any_role(town: Town) -> None:
    make_stranger(town, "test01")
    make_stranger(town, "wang")
    assert reasons(check(town)) == {"test01": Reason.STRANGER_NAMED_TEST}


@pytest.mark.parametrize(("deleted", "passes"), [(False, False), (True, True)])
def test_check_as_service_account_takes_users_made_outside_from_the_events(
    town: Town, deleted: bool, passes: bool
) -> None:
    account = open_account(town, PERMISSION)
    events = [admin_event("CREATE:USER", "outside", 0), admin_event("CREATE:USER", str(account.keycloak_id), 1)]
    if deleted:
        events.append(admin_event("DELETE:USER", "outside", 2))
    with town.connector.act(HOST) as act:
        activity.ingest(act, "admin", events)
    found = check(town, complete=False)
    assert found.passed is passes
    assert reasons(found) == ({} if passes else {"outside": Reason.MADE_OUTSIDE})
    assert check(town, complete=True).passed, "an administrator sees for himself"


def admin_event(type_name: str, user_id: str, seconds: int) -> IdpEvent:
    return IdpEvent(
        event_id=f"{type_name}{user_id}", kind="admin", at=NOON + timedelta(seconds=seconds), type=type_name,
        user_id=None, client_id=None, ip=None, error=None, resource_path=f"users/{user_id}",
        details={"by_user_id": "admin"},
    )  # fmt: skip


def test_check_unknown_subsystem_is_refused(town: Town) -> None:
    with pytest.raises(NotFoundError):
        check(town, "nothing")


def test_check_while_keycloak_is_away_accepts_and_records_nothing(town: Town) -> None:
    town.idp.fail("list_roles", KeycloakUnavailableError("down"))
    with pytest.raises(KeycloakUnavailableError):
        check(town)
    with town.connector.act(HOST) as act:
        assert not act.session.scalars(select(AuditEntryRow).where(AuditEntryRow.event == "acceptance.checked")).all()


@pytest.mark.parametrize(
    ("name", "is_one"), [("Test01", True), ("ｔｅｓｔ", True), ("李测试", True), ("wang", False), ("", False)]
)
def test_holds_word_folds_width_and_case(name: str, is_one: bool) -> None:
    assert holds_word(name, ("test", "测试")) is is_one
