"""A run finds each kind of difference and nothing else, asks nobody one by one, and keeps all of it or nothing."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from connector.outbox.tables import StepRow
from connector.ports import KeycloakUnavailableError
from connector.provisioning import service as provisioning
from connector.reconciliation import rules
from connector.reconciliation.tables import ReconciliationRow
from connector.register import accounts, matrix
from connector.register.tables import AccountRow, PersonRow, UnitRow
from connector.regulations.vocabulary import AccountStatus
from jobs import ingest_events, reconcile_accounts
from tests.fixtures_reconciliation import account_now, deliver, opened, reconcile, told
from tests.town import HOST, Town

ROLE = ("centre", "experts.viewer")
PERMISSION = ":".join(ROLE)


def freeze(town: Town, account: AccountRow, status: AccountStatus = AccountStatus.FROZEN) -> None:
    with town.connector.act(HOST) as act:
        provisioning.freeze_account(act, accounts.lock_account(act, account.id), cause="request", status=status)
    deliver(town)


def count_runs(town: Town) -> int:
    with town.connector.act(HOST) as act:
        return act.session.scalar(select(func.count()).select_from(ReconciliationRow)) or 0


def test_reconcile_a_town_that_agrees_finds_nothing_and_asks_for_nothing(town: Town) -> None:
    account = opened(town)
    found = reconcile(town)
    assert (found.run.agrees, found.run.plan, told(found)) == (True, "none", [])
    assert found.run.users == found.run.accounts == len(town.idp.users)
    assert found.run.holdings == 2
    assert account.keycloak_id in town.idp.users


def delete(town: Town, account: AccountRow) -> None:
    town.idp.delete_user(account.keycloak_id)


def take_out(town: Town, account: AccountRow) -> None:
    town.idp.take_out_of_accounts(account.keycloak_id)


def enable_by_hand(town: Town, account: AccountRow) -> None:
    freeze(town, account)
    town.idp.users[account.keycloak_id].enabled = True


def disable_by_hand(town: Town, account: AccountRow) -> None:
    town.idp.users[account.keycloak_id].enabled = False


def give(town: Town, account: AccountRow) -> None:
    town.idp.give_by_hand(account.keycloak_id, *ROLE)


def take(town: Town, account: AccountRow) -> None:
    subsystem, role = town.permissions(1)[0].split(":")
    town.idp.users[account.keycloak_id].roles[subsystem].discard(role)


def rename(town: Town, account: AccountRow) -> None:
    town.idp.users[account.keycloak_id].user_name = "renamed"


def rewrite(town: Town, account: AccountRow) -> None:
    town.idp.users[account.keycloak_id].attributes["accountClass"] = "leader"


def call_otherwise(town: Town, account: AccountRow) -> None:
    town.idp.users[account.keycloak_id].display_name = "某某"


@pytest.mark.parametrize(
    ("by_hand", "kind", "name"),
    [
        (delete, "missing", ""),
        (take_out, "outside", ""),
        (enable_by_hand, "enabled", ""),
        (disable_by_hand, "disabled", ""),
        (give, "extra_role", PERMISSION),
        (take, "missing_role", "bid-evaluation:evaluation.host"),
        (rename, "user_name", ""),
        (rewrite, "attribute", "accountClass"),
        (call_otherwise, "display_name", ""),
    ],
)
def test_reconcile_after_a_change_by_hand_finds_that_alone(
    town: Town,
    monkeypatch: pytest.MonkeyPatch,
    by_hand: Callable[[Town, AccountRow], None],
    kind: str,
    name: str,
) -> None:
    account = opened(town)
    if kind not in ("attribute", "display_name"):  # A listing shows neither.
        monkeypatch.setattr(rules, "sample_size", lambda _accounts: 0)
    by_hand(town, account)
    name = town.permissions(1)[0] if kind == "missing_role" else name
    found = reconcile(town)
    assert told(found) == [(kind, account.user_name, name)]
    assert found.run.counts == {kind: 1}
    assert "某某" not in str(found)


def test_reconcile_a_user_nobody_applied_for_finds_him_until_he_is_disabled(town: Town) -> None:
    user_id = town.idp.make_member("mole")
    assert told(reconcile(town)) == [("unknown", "mole", "")]
    town.idp.users[user_id].enabled = False
    found = reconcile(town)
    assert (told(found), found.run.shut_out, found.run.agrees) == ([], 1, True)


def test_reconcile_a_user_with_the_name_of_an_account_finds_a_duplicate(town: Town) -> None:
    account = opened(town)
    town.idp.delete_user(account.keycloak_id)
    town.idp.make_member(account.user_name)
    assert sorted(told(reconcile(town))) == [
        ("duplicate", account.user_name, ""),
        ("missing", account.user_name, ""),
    ]


def test_reconcile_a_role_that_the_catalogue_does_not_know_finds_the_client_and_the_holder(town: Town) -> None:
    account = opened(town)
    town.idp.unlisted["centre"].add("back.door")
    town.idp.give_by_hand(account.keycloak_id, "centre", "back.door")
    assert sorted(told(reconcile(town))) == [
        ("client_role", "", "centre:back.door"),
        ("unlisted_role", account.user_name, "centre:back.door"),
    ]


def test_reconcile_a_role_of_the_catalogue_that_a_client_lacks_finds_it_and_its_holders(town: Town) -> None:
    account = opened(town)
    subsystem, role = town.permissions(1)[0].split(":")
    town.idp.roles[subsystem].discard(role)
    town.idp.users[account.keycloak_id].roles[subsystem].discard(role)
    assert sorted(told(reconcile(town))) == [
        ("absent_role", "", f"{subsystem}:{role}"),
        ("missing_role", account.user_name, f"{subsystem}:{role}"),
    ]


def test_reconcile_a_stranger_who_was_given_a_permission_is_known_by_the_events(town: Town) -> None:
    user_id = town.idp.make_stranger("mole")
    town.idp.give_by_hand(user_id, *ROLE)
    assert told(reconcile(town)) == []  # Keycloak does not show him to the service account.
    ingest_events.run(town.connector, town.clock.now())
    assert told(reconcile(town)) == [("stranger_role", user_id, ROLE[1])]
    town.clock.advance(timedelta(days=400))  # He is still known when the event is older than the last run.
    for _ in range(2):
        assert told(reconcile(town)) == [("stranger_role", user_id, ROLE[1])]
    town.idp.withdraw_roles(user_id, ROLE[0], [ROLE[1]])
    ingest_events.run(town.connector, town.clock.now())
    assert told(reconcile(town)) == []


def test_reconcile_a_stranger_who_is_gone_finds_nobody(town: Town) -> None:
    user_id = town.idp.make_stranger("mole")
    town.idp.give_by_hand(user_id, *ROLE)
    ingest_events.run(town.connector, town.clock.now())
    del town.idp.users[user_id]
    assert told(reconcile(town)) == []


@pytest.mark.parametrize("status", [AccountStatus.FROZEN, AccountStatus.SUSPENDED, AccountStatus.DISABLED])
def test_reconcile_an_account_out_of_use_agrees_when_it_is_disabled(town: Town, status: AccountStatus) -> None:
    freeze(town, opened(town), status)
    assert told(reconcile(town)) == []


def test_reconcile_a_cancelled_account_whose_key_is_out_agrees(town: Town) -> None:
    account = opened(town)
    with town.connector.act(HOST) as act:
        row = accounts.lock_account(act, account.id)
        provisioning.cancel_account(act, row, request_id="r", delete=False)
    deliver(town)
    assert town.idp.users[account.keycloak_id].roles
    found = reconcile(town)
    assert (told(found), found.run.accounts) == ([], found.run.users - 1)


def test_reconcile_while_steps_wait_calls_the_account_in_progress(town: Town) -> None:
    account = town.account_of(town.approve(town.submit()))
    found = reconcile(town)
    assert (told(found), found.run.in_progress) == ([], 1)
    deliver(town)
    assert (reconcile(town).run.in_progress, account_now(town, account).keycloak_id) != (0, None)


def test_reconcile_behind_a_step_that_stopped_names_it_as_the_reason(town: Town) -> None:
    account = town.account_of(town.approve(town.submit()))
    town.idp.make_stranger(account.user_name)
    deliver(town)
    with town.connector.act(HOST) as act:
        stopped = act.session.scalar(select(StepRow.id).where(StepRow.state == "conflict"))
    found = reconcile(town)
    assert [(view.kind, view.user_name, view.stopped_step) for view in found.differences] == [
        ("missing", account.user_name, stopped)
    ]
    assert "retried" in found.differences[0].who_en
    assert found.run.plan == "none"  # A repair would only wait behind the step.


def test_reconcile_a_difference_that_is_gone_when_it_is_looked_at_is_none(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = opened(town)
    give(town, account)
    plain = town.idp.list_role_holders

    def listed(subsystem: str, role: str) -> Any:
        yield from plain(subsystem, role)
        town.idp.users[account.keycloak_id].roles[ROLE[0]].discard(ROLE[1])

    monkeypatch.setattr(town.idp, "list_role_holders", listed)
    assert told(reconcile(town)) == []


def test_reconcile_a_listing_that_skips_a_row_calls_nobody_missing(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    account = opened(town)
    plain = town.idp.list_accounts
    skipping = lambda: (user for user in plain() if user.user_id != account.keycloak_id)  # noqa: E731
    monkeypatch.setattr(town.idp, "list_accounts", skipping)
    found = reconcile(town)
    assert (told(found), found.run.agrees) == ([], True)


@pytest.mark.parametrize("call", ["list_accounts", "list_role_holders", "list_roles"])
def test_reconcile_when_a_listing_fails_keeps_nothing(town: Town, call: str) -> None:
    delete(town, opened(town))
    town.idp.fail(call)
    with pytest.raises(KeycloakUnavailableError):
        reconcile(town)
    assert count_runs(town) == 0


def test_reconcile_that_fails_between_two_pages_keeps_nothing(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(town)
    plain = town.idp.list_accounts

    def torn() -> Any:
        for number, user in enumerate(plain()):
            if number == 2:
                raise KeycloakUnavailableError(reason="no answer")
            yield user

    monkeypatch.setattr(town.idp, "list_accounts", torn)
    with pytest.raises(KeycloakUnavailableError):
        reconcile(town)
    assert count_runs(town) == 0


def test_reconcile_asks_keycloak_by_listing_and_not_by_user(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "sample_size", lambda _accounts: 0)
    agrees, differs = opened(town), opened(town)
    give(town, differs)
    assert town.idp.users[agrees.keycloak_id].roles
    town.idp.calls.clear()
    reconcile(town)
    asked = Counter(town.idp.calls)
    roles = sum(len(names) for names in town.idp.roles.values())
    assert asked == {
        "list_accounts": 1,
        "list_roles": 5 + roles,
        "list_role_holders": roles,
        "get_user": 1,
        "roles_of": 1,
    }


def test_reconcile_reads_every_account_in_full_in_turn(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "sample_size", lambda _accounts: 3)
    with town.connector.act(HOST) as act:
        ids = sorted(act.session.scalars(select(AccountRow.keycloak_id)))
    seen: list[str] = []
    plain = town.idp.get_user
    monkeypatch.setattr(town.idp, "get_user", lambda user_id: seen.append(user_id) or plain(user_id))
    for _ in range(-(-len(ids) // 3)):
        assert reconcile(town).run.sampled == 3
    assert set(seen) == set(ids)


def test_reconcile_more_than_can_be_looked_at_says_how_many_more(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    frozen, *others = [opened(town) for _ in range(3)]
    for account in others:
        disable_by_hand(town, account)
    enable_by_hand(town, frozen)
    monkeypatch.setattr(rules.Suspects.first, "__defaults__", (1,))
    found = reconcile(town)
    assert told(found)[:1] == [("enabled", frozen.user_name, "")]  # Who can log in, and must not, comes first.
    assert found.run.beyond == 2
    assert not found.run.agrees


def test_reconcile_tells_for_information_what_the_tables_of_posts_do_not_allow(town: Town) -> None:
    account = opened(town)
    first, second = town.permissions(2)
    with town.connector.act(HOST) as act:
        person = act.session.get_one(PersonRow, account.person_id)
        unit = act.session.get_one(UnitRow, person.unit_id)
        matrix.adopt_matrix(act, unit.code, {person.post: [first]}, adopted_by="paper:1")
    found = reconcile(town)
    assert (found.run.excess_accounts, found.run.excess_permissions) == (1, 1)
    assert told(found) == []
    assert second


def test_reconcile_job_keeps_a_run(town: Town) -> None:
    summary = reconcile_accounts.run(town.connector, town.clock.now())
    assert (summary["plan"], summary["counts"], count_runs(town)) == ("none", {}, 1)


def test_reconcile_a_register_that_changed_under_the_look_waits_for_the_next_run(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = opened(town)
    plain = town.idp.roles_of

    def changed_meanwhile(user_id: str) -> Any:
        if user_id == account.keycloak_id:  # Others are looked at side by side.
            with town.connector.act(HOST) as act:
                act.session.execute(update(AccountRow).where(AccountRow.id == account.id).values(status="frozen"))
        return plain(user_id)

    disable_by_hand(town, account)
    monkeypatch.setattr(town.idp, "roles_of", changed_meanwhile)
    found = reconcile(town)
    assert (told(found), found.run.in_progress) == ([], 1)
