"""One account is made to agree whatever differs, a freeze wins, a try that died half way is taken up again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from connector.audit.events import Event
from connector.audit.tables import AuditEntryRow
from connector.outbox.tables import StepRow
from connector.provisioning import handlers, repairs
from connector.provisioning import service as provisioning
from connector.register import accounts
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountStatus
from tests.town import HOST, Town

UNLISTED = ("website", "back.door")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "SECOND", 0.0)


def settle(town: Town) -> None:
    for _ in range(4):
        town.connector.deliver()
        town.clock.advance(timedelta(minutes=5))


def opened(town: Town) -> AccountRow:
    account = town.account_of(town.approve(town.submit(town.form(permissions=town.permissions(2)))))
    settle(town)
    return now(town, account)


def now(town: Town, account: AccountRow) -> AccountRow:
    with town.connector.act(HOST) as act:
        return accounts.get_account(act, account.id)


def take_out(town: Town, account: AccountRow, status: AccountStatus = AccountStatus.FROZEN) -> None:
    with town.connector.act(HOST) as act:
        provisioning.freeze_account(act, accounts.lock_account(act, account.id), cause="request", status=status)
    settle(town)


def make_agree(town: Town, account: AccountRow) -> StepRow:
    with town.connector.act(HOST) as act:
        step = repairs.make_agree(act, accounts.lock_account(act, account.id), cause="reconciliation", request_id="r")
    town.connector.deliver()
    return step_now(town, step)


def step_now(town: Town, step: StepRow) -> StepRow:
    with town.connector.act(HOST) as act:
        return act.session.get_one(StepRow, step.id)


def entries(town: Town, event: Event) -> list[AuditEntryRow]:
    with town.connector.act(HOST) as act:
        return list(act.session.scalars(select(AuditEntryRow).where(AuditEntryRow.event == event.value)))


def before(town: Town) -> list[dict[str, Any]]:
    (entry,) = entries(town, Event.ACCOUNT_REPAIRED)
    return list(entry.data["before"])


def check_agrees(town: Town, account: AccountRow) -> Any:
    row = now(town, account)
    user = town.idp.users[row.keycloak_id]
    with town.connector.act(HOST) as act:
        granted = {permission.id for permission in accounts.list_grants(act, row)}
    assert {f"{s}:{r}" for s, roles in user.roles.items() for r in roles} == granted
    assert user.enabled == (row.status == AccountStatus.ACTIVE)
    assert user.attributes["accountId"] == account.id
    return user


def test_converge_an_account_that_agrees_changes_and_records_nothing(town: Town) -> None:
    account = opened(town)
    town.idp.calls.clear()
    assert make_agree(town, account).state == "done"
    assert set(town.idp.calls) == {"get_user", "roles_of"}
    assert entries(town, Event.ACCOUNT_REPAIRED) == []


def test_converge_takes_away_what_nobody_approved_and_ends_the_sessions(town: Town) -> None:
    account = opened(town)
    user = town.idp.users[account.keycloak_id]
    user.password = "x"
    session = town.idp.log_in(user.user_name)
    town.idp.give_by_hand(user.user_id, "centre", "experts.viewer")
    lost = town.permissions(1)[0].split(":")
    user.roles[lost[0]].discard(lost[1])
    user.display_name, user.attributes["secondFactor"] = "某某", "otp"
    assert make_agree(town, account).state == "done"
    assert check_agrees(town, account).attributes["secondFactor"] == "key"
    assert not town.idp.refresh(session)
    assert before(town) == [
        {"kind": "extra_role", "name": "centre:experts.viewer"},
        {"kind": "missing_role", "name": ":".join(lost)},
        {"kind": "display_name", "name": ""},
        {"kind": "attribute", "name": "secondFactor"},
    ]
    assert "某某" not in str(before(town))


def test_converge_makes_a_deleted_user_again_without_a_password_or_a_link(town: Town) -> None:
    account = opened(town)
    town.idp.delete_user(account.keycloak_id)
    mails = len(town.mailer.sent)
    assert make_agree(town, account).state == "done"
    user = check_agrees(town, account)
    assert user.user_id != account.keycloak_id
    assert (user.password, len(town.mailer.sent)) == (None, mails)
    assert before(town)[0] == {"kind": "missing", "name": ""}


def test_converge_a_deleted_user_of_a_frozen_account_forgets_him_until_it_is_enabled(town: Town) -> None:
    account = opened(town)
    take_out(town, account)
    town.idp.delete_user(account.keycloak_id)
    assert make_agree(town, account).state == "done"
    assert now(town, account).keycloak_id is None
    assert town.idp.users == {}
    with town.connector.act(HOST) as act:
        provisioning.enable_account(act, accounts.lock_account(act, account.id), cause="request", request_id=None)
    settle(town)
    assert check_agrees(town, account).enabled


def test_converge_a_user_remade_by_hand_with_a_password_is_a_conflict(town: Town) -> None:
    account = opened(town)
    request_id = town.idp.users[account.keycloak_id].attributes["requestId"]
    town.idp.delete_user(account.keycloak_id)
    made = town.idp.make_member(account.user_name)
    town.idp.users[made].attributes["requestId"] = request_id
    town.idp.set_temporary_password(made, "Zb7#ttkwz2")
    assert make_agree(town, account).state == "conflict"
    assert now(town, account).keycloak_id == account.keycloak_id


@pytest.mark.parametrize("status", [AccountStatus.FROZEN, AccountStatus.DISABLED, AccountStatus.CANCELLED])
def test_converge_disables_whom_somebody_enabled_by_hand(town: Town, status: AccountStatus) -> None:
    account = opened(town)
    take_out(town, account, status)
    user = town.idp.users[account.keycloak_id]
    user.enabled, user.password = True, "x"
    session = town.idp.log_in(user.user_name)
    assert make_agree(town, account).state == "done"
    assert not user.enabled
    assert not session.alive
    assert before(town) == [{"kind": "enabled", "name": ""}]


def test_converge_enables_again_and_lets_no_old_session_live(town: Town) -> None:
    account = opened(town)
    user = town.idp.users[account.keycloak_id]
    user.password = "x"
    session = town.idp.log_in(user.user_name)
    user.enabled = False
    assert make_agree(town, account).state == "done"
    assert user.enabled
    assert not town.idp.refresh(session)


def test_converge_outside_the_accounts_stops_and_says_who_can_help(town: Town) -> None:
    account = opened(town)
    town.idp.take_out_of_accounts(account.keycloak_id)
    step = make_agree(town, account)
    assert step.state == "dead"
    assert "taken out of the accounts group" in str(step.last_error)


def test_converge_leaves_an_unlisted_role_to_the_administrator_after_the_rest(town: Town) -> None:
    account = opened(town)
    town.idp.unlisted[UNLISTED[0]].add(UNLISTED[1])
    town.idp.give_by_hand(account.keycloak_id, *UNLISTED)
    town.idp.give_by_hand(account.keycloak_id, "centre", "experts.viewer")
    step = make_agree(town, account)
    assert step.state == "dead"
    assert "unlisted_role website:back.door" in str(step.last_error)
    assert "experts.viewer" not in town.idp.users[account.keycloak_id].roles["centre"]


CALLS = ("create_user", "withdraw_roles", "log_out", "update_user", "grant_roles", "get_user", "roles_of")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("after_effect", [False, True])
def test_converge_when_a_reply_is_lost_comes_to_the_same_end(town: Town, call: str, after_effect: bool) -> None:
    account = opened(town)
    town.idp.give_by_hand(account.keycloak_id, "centre", "experts.viewer")
    user = town.idp.users[account.keycloak_id]
    user.display_name = "某某"
    user.roles[town.permissions(1)[0].split(":")[0]].clear()
    if call == "create_user":
        town.idp.delete_user(account.keycloak_id)
    town.idp.fail(call, after_effect=after_effect)
    first = make_agree(town, account)
    assert first.state == "pending"
    settle(town)
    assert step_now(town, first).state == "done"
    check_agrees(town, account)
    assert len(town.idp.users) == 1


WRITES = ("create_user", "grant_roles", "withdraw_roles", "log_out", "update_user", "set_enabled", "roles_of")


@pytest.mark.parametrize("call", WRITES)
def test_freeze_during_a_converge_wins_wherever_it_falls(
    town: Town, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    account = opened(town)
    user_id = account.keycloak_id
    user = town.idp.users[user_id]
    town.idp.give_by_hand(user_id, "centre", "experts.viewer")
    user.display_name, user.enabled = "某某", False
    user.roles[town.permissions(1)[0].split(":")[0]].clear()
    if call == "create_user":
        town.idp.delete_user(user_id)
    during(town, monkeypatch, call, lambda: freeze_there(town, account))
    assert make_agree(town, account).state == "done"
    settle(town)
    assert now(town, account).status == AccountStatus.FROZEN
    assert not check_agrees(town, account).enabled


def freeze_there(town: Town, account: AccountRow) -> None:
    """The freeze is decided and Keycloak disabled, while a call of the converge is under way."""
    with town.connector.act(HOST) as act:
        accounts.set_status(act, accounts.lock_account(act, account.id), AccountStatus.FROZEN, cause="request")


def during(town: Town, monkeypatch: pytest.MonkeyPatch, call: str, happens: Callable[[], None]) -> None:
    """`happens` once inside `call`, which then writes the user's row as it read it: enabled."""
    plain, waiting = getattr(town.idp, call), [happens]

    def overlapped(*args: Any, **kwargs: Any) -> Any:
        result = plain(*args, **kwargs)
        if waiting:
            waiting.pop()()
            for user in town.idp.users.values():
                user.enabled = True
        return result

    monkeypatch.setattr(town.idp, call, overlapped)


def shut_out(town: Town, user_id: str) -> StepRow:
    with town.connector.act(HOST) as act:
        step = repairs.shut_out(act, user_id, cause="reconciliation", request_id="r")
    town.connector.deliver()
    return step_now(town, step)


def test_shut_out_disables_a_stranger_among_the_accounts_and_keeps_him(town: Town) -> None:
    user_id = town.idp.make_member("mole")
    town.idp.set_temporary_password(user_id, "Zb7#ttkwz2")
    sessions = [town.idp.log_in("mole"), town.idp.log_in("mole", offline=True)]
    assert shut_out(town, user_id).state == "done"
    assert not town.idp.users[user_id].enabled
    assert not any(session.alive for session in sessions)
    (entry,) = entries(town, Event.STRANGER_SHUT_OUT)
    assert entry.data["proof"] == {"online_sessions": 0, "offline_sessions": 0}


def test_shut_out_a_user_who_is_an_account_by_now_does_nothing(town: Town) -> None:
    account = opened(town)
    assert shut_out(town, account.keycloak_id).state == "done"
    assert town.idp.users[account.keycloak_id].enabled


def test_shut_out_a_user_who_is_gone_is_done(town: Town) -> None:
    assert shut_out(town, "00000000-0000-4000-8000-000000000000").state == "done"


def test_shut_out_outside_the_accounts_withdraws_his_permissions_and_names_who_can_disable_him(town: Town) -> None:
    user_id = town.idp.make_stranger("mole")
    town.idp.give_by_hand(user_id, "website", "notice.editor")
    step = shut_out(town, user_id)
    assert step.state == "dead"
    assert "cannot be disabled from here" in str(step.last_error)
    assert not town.idp.users[user_id].roles["website"]
