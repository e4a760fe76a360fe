"""Provisioning converges on the register: lost replies, late steps and freezes that win."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from connector.keys import service as keys
from connector.outbox import service as outbox
from connector.outbox.tables import StepRow
from connector.ports import KeycloakUnavailableError
from connector.provisioning import handlers
from connector.provisioning import service as provisioning
from connector.register import accounts
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountClass, AccountStatus, RequestKind
from tests.factories import make_account
from tests.town import HOST, Town, open_town


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "SECOND", 0.0)


def settle(town: Town) -> None:
    """Runs the worker until nothing is due, over as much time as any step may wait."""
    for _ in range(4):
        town.connector.deliver()
        town.clock.advance(timedelta(minutes=5))


def account_now(town: Town, account: AccountRow) -> AccountRow:
    with town.connector.act(HOST) as act:
        return accounts.get_account(act, account.id)


def opened(town: Town) -> AccountRow:
    account = town.account_of(town.approve(town.submit()))
    settle(town)
    return account_now(town, account)


@pytest.mark.req("C1", "C3")
def test_deliver_an_approved_grant_makes_the_user_with_exactly_its_roles(town: Town) -> None:
    permissions = town.permissions(2)
    account = town.account_of(town.approve(town.submit(town.form(permissions=permissions))))
    settle(town)
    (user,) = town.idp.users.values()
    assert (user.user_name, user.enabled, user.password) == (account.user_name, True, None)
    assert user.actions == ["UPDATE_PASSWORD"]
    assert (user.attributes["secondFactor"], user.attributes["oneSession"]) == ("key", "false")
    assert {f"{s}:{r}" for s, roles in town.idp.roles_of(user.user_id).items() for r in roles} == set(permissions)
    assert account_now(town, account).keycloak_id == user.user_id


@pytest.mark.parametrize(
    ("packs", "account_class", "enrols", "factor", "one_session"),
    [
        (("LC", "JC"), AccountClass.ORDINARY, ["CONFIGURE_TOTP"], "otp", "false"),
        (("LC", "JC"), AccountClass.SYSTEM_ADMINISTRATOR, ["CONFIGURE_TOTP"], "otp", "true"),
        (("GS",), AccountClass.SYSTEM_ADMINISTRATOR, [], "key", "true"),
    ],
)
def test_deliver_a_new_account_tells_keycloak_what_its_class_must_prove(
    tmp_path: Path,
    packs: tuple[str, ...],
    account_class: AccountClass,
    enrols: list[str],
    factor: str,
    one_session: str,
) -> None:
    town = open_town(tmp_path, packs=packs)
    with town.connector.act(HOST) as act:
        account = make_account(act, "ywk", account_class=account_class)
        provisioning.open_in_keycloak(act, account, [], request_id="r")
    town.connector.deliver()
    (user,) = town.idp.users.values()
    town.close()
    assert user.actions == ["UPDATE_PASSWORD", *enrols]
    assert (user.attributes["secondFactor"], user.attributes["oneSession"]) == (factor, one_session)


@pytest.mark.req("C4")
@pytest.mark.parametrize("call", ["create_user", "grant_roles"])
@pytest.mark.parametrize("after_effect", [False, True])
def test_deliver_when_the_reply_is_lost_makes_one_user_and_loses_nothing(
    town: Town, call: str, after_effect: bool
) -> None:
    permissions = town.permissions(2)
    request = town.approve(town.submit(town.form(permissions=permissions)))
    town.idp.fail(call, after_effect=after_effect, times=2)
    settle(town)
    (user,) = town.idp.users.values()
    assert {f"{s}:{r}" for s, roles in town.idp.roles_of(user.user_id).items() for r in roles} == set(permissions)
    with town.connector.act(HOST) as act:
        states = set(act.session.scalars(select(StepRow.state).where(StepRow.request_id == request.id)))
    assert states == {"done"}


@pytest.mark.req("C4")
def test_deliver_when_the_name_is_taken_by_a_foreign_account_stops_for_a_person(town: Town) -> None:
    account = town.account_of(town.approve(town.submit()))
    town.idp.make_stranger(account.user_name)
    settle(town)
    assert [user.in_accounts for user in town.idp.users.values()] == [False]
    with town.connector.act(HOST) as act:
        steps = act.session.scalars(select(StepRow).where(StepRow.account_id == account.id).order_by(StepRow.id)).all()
    assert [s.state for s in steps] == ["conflict"] + ["pending"] * (len(steps) - 1)


def test_disable_is_done_at_once_by_whoever_ordered_it(town: Town) -> None:
    account = opened(town)
    user = town.idp.users[account.keycloak_id]
    user.password = "Known#2345"
    session, offline = town.idp.log_in(user.user_name), town.idp.log_in(user.user_name, offline=True)
    town.approve(town.submit(town.form(kind=RequestKind.DISABLE, account=account.user_name, cause="transfer")))
    assert not user.enabled
    assert not town.idp.refresh(session)
    assert not town.idp.refresh(offline)
    user.enabled = True  # Whoever enables him by hand finds no earlier session alive.
    assert not town.idp.refresh(session)
    assert not town.idp.refresh(offline)


def test_disable_while_keycloak_is_down_is_caught_up_by_the_worker(town: Town) -> None:
    account = opened(town)
    town.idp.fail("set_enabled", KeycloakUnavailableError("down"), times=2)
    town.approve(town.submit(town.form(kind=RequestKind.DISABLE, account=account.user_name)))
    assert town.idp.users[account.keycloak_id].enabled
    settle(town)
    assert not town.idp.users[account.keycloak_id].enabled
    assert account_now(town, account).status == AccountStatus.DISABLED


def test_freeze_before_the_user_exists_wins_over_its_creation(town: Town) -> None:
    account = town.account_of(town.approve(town.submit()))
    with town.connector.act(HOST) as act:
        provisioning.freeze_account(act, accounts.lock_account(act, account.id), cause="departure")
    settle(town)
    assert [u for u in town.idp.users.values() if u.enabled] == []


def test_freeze_after_a_lost_reply_of_the_creation_wins(town: Town) -> None:
    """The user exists and nobody here knows: the freeze has no id to work with, the repeated creation finds it."""
    account = town.account_of(town.approve(town.submit()))
    town.idp.fail("create_user", after_effect=True)
    town.connector.deliver()
    assert [user.enabled for user in town.idp.users.values()] == [True]
    with town.connector.act(HOST) as act:
        provisioning.freeze_account(act, accounts.lock_account(act, account.id), cause="departure")
    settle(town)
    assert [user.enabled for user in town.idp.users.values()] == [False]
    assert account_now(town, account).keycloak_id in town.idp.users


def test_freeze_between_creation_and_its_reply_wins(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    account = town.account_of(town.approve(town.submit()))
    create = town.idp.create_user

    def create_while_frozen(new: object) -> str:
        user_id: str = create(new)
        with town.connector.act(HOST) as act:
            provisioning.freeze_account(act, accounts.lock_account(act, account.id), cause="departure")
        return user_id

    monkeypatch.setattr(town.idp, "create_user", create_while_frozen)
    town.connector.deliver()  # The sweep, two seconds later, must not be what it waits for.
    (user,) = town.idp.users.values()
    assert not user.enabled


def test_an_enabling_that_a_freeze_has_overtaken_does_nothing(town: Town) -> None:
    account = opened(town)
    with town.connector.act(HOST) as act:
        provisioning.freeze_account(act, accounts.lock_account(act, account.id), cause="departure")
    with town.connector.act(HOST) as act:
        provisioning.enable_account(act, accounts.lock_account(act, account.id), cause="request", request_id=None)
    with town.connector.act(HOST) as act:
        provisioning.freeze_account(act, accounts.lock_account(act, account.id), cause="departure")
    settle(town)
    assert not town.idp.users[account.keycloak_id].enabled


@pytest.mark.req("B1")
def test_enable_makes_keycloak_agree_again(town: Town) -> None:
    account = opened(town)
    town.approve(town.submit(town.form(kind=RequestKind.DISABLE, account=account.user_name)))
    settle(town)
    town.approve(town.submit(town.form(kind=RequestKind.ENABLE, account=account.user_name)))
    settle(town)
    assert town.idp.users[account.keycloak_id].enabled


@pytest.mark.req("C6")
def test_cancel_deletes_in_keycloak_and_keeps_person_and_history(town: Town) -> None:
    account = opened(town)
    town.approve(town.submit(town.form(kind=RequestKind.CANCEL, account=account.user_name)))
    settle(town)
    assert town.idp.users == {}
    kept = account_now(town, account)
    assert (kept.status, kept.keycloak_id, kept.user_name) == ("cancelled", None, account.user_name)
    calls = town.idp.calls
    assert calls.index("set_enabled") < calls.index("delete_user")


def test_a_step_to_delete_does_nothing_to_an_account_that_is_not_cancelled(town: Town) -> None:
    account = opened(town)
    with town.connector.act(HOST) as act:
        outbox.enqueue(
            act, "keycloak.delete_user", key="stray", lane=f"account:{account.id}", payload={}, account_id=account.id
        )
    settle(town)
    assert account.keycloak_id in town.idp.users


def test_suspension_without_violation_ends_by_itself_on_its_day(town: Town) -> None:
    account = opened(town)
    form = town.form(kind=RequestKind.SUSPEND, account=account.user_name, cause="leave", until="2026-03-20")
    town.approve(town.submit(form))
    town.clock.advance(timedelta(days=5))
    with town.connector.act(HOST) as act:
        assert provisioning.end_suspensions(act, keys.keeps_out) == 0
    town.clock.advance(timedelta(days=6))
    with town.connector.act(HOST) as act:
        assert provisioning.end_suspensions(act, keys.keeps_out) == 1
    settle(town)
    assert town.idp.users[account.keycloak_id].enabled


@pytest.mark.req("C5")
def test_suspension_for_a_violation_does_not_end_by_itself(town: Town) -> None:
    account = opened(town)
    form = town.form(kind=RequestKind.SUSPEND, account=account.user_name, cause="violation", until="2026-03-20")
    town.approve(town.submit(form))
    with town.connector.act(HOST, now=town.clock.now() + timedelta(days=30)) as act:
        assert provisioning.end_suspensions(act, keys.keeps_out) == 0
    assert account_now(town, account).status == AccountStatus.SUSPENDED
