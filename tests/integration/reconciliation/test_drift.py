"""Whatever an administrator changes in Keycloak's console is found, put right once two offices approve, and proved."""

import pytest
from sqlalchemy import select

from connector.embedded.browser import LoginRefusedError, Person
from connector.outbox.tables import StepRow
from connector.provisioning import service as provisioning
from connector.register import accounts
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountStatus
from tests.fixtures_reconciliation import account_now, deliver, opened, reconcile, report, request_of, told
from tests.integration.reconciliation.conftest import Hand, key, read_events
from tests.servers.realm import RealmUnderTest
from tests.town import HOST, Town

FIRST = "Zb7#ttkwz2"


def repair(town: Town) -> None:
    """Two offices approve the plan of the newest run; it is carried out."""
    request = request_of(town, report(town))
    stages = 0
    while request.state == "pending":
        request, stages = town.decide(request), stages + 1
    assert stages == 2
    deliver(town)


def freeze(town: Town, account: AccountRow) -> None:
    with town.connector.act(HOST) as act:
        provisioning.freeze_account(
            act, accounts.lock_account(act, account.id), cause="request", status=AccountStatus.FROZEN
        )
    deliver(town)


def held(realm: RealmUnderTest, user_id: str) -> set[str]:
    return {f"{s}:{role}" for s, roles in realm.provider.roles_of(user_id).items() for role in roles}


@pytest.mark.req("C8")
def test_changes_in_the_console_are_found_approved_repaired_and_proved(
    town: Town, realm: RealmUnderTest, hand: Hand
) -> None:
    names = ("extra", "lacking", "enabled", "disabled", "deleted", "rewritten", "untouched")
    account = {name: opened(town) for name in names}
    first = town.permissions(1)[0]
    freeze(town, account["enabled"])
    assert reconcile(town).run.agrees
    hand.give(key(account["extra"]), "centre", "experts.viewer")
    hand.take(key(account["lacking"]), *first.split(":"))
    hand.set_enabled(key(account["enabled"]), True)
    hand.set_enabled(key(account["disabled"]), False)
    hand.delete(key(account["deleted"]))
    hand.rewrite(key(account["rewritten"]), display_name="某某", accountClass="leader", secondFactor="otp")
    mole = hand.make_user("mole", in_accounts=True)
    found = reconcile(town)
    assert sorted(told(found)) == sorted(
        [
            ("extra_role", account["extra"].user_name, "centre:experts.viewer"),
            ("missing_role", account["lacking"].user_name, first),
            ("enabled", account["enabled"].user_name, ""),
            ("disabled", account["disabled"].user_name, ""),
            ("missing", account["deleted"].user_name, ""),
            ("attribute", account["rewritten"].user_name, "accountClass"),
            ("attribute", account["rewritten"].user_name, "secondFactor"),
            ("display_name", account["rewritten"].user_name, ""),
            ("unknown", "mole", ""),
        ]
    )
    repair(town)
    clean = reconcile(town)
    assert (told(clean), clean.run.agrees, clean.run.shut_out) == ([], True, 1)
    assert report(town, found.run.id).repaired == 9
    for name in names:
        user = realm.provider.get_user(key(account_now(town, account[name])))
        assert user.enabled == (name != "enabled"), name
        assert held(realm, user.user_id) == set(town.permissions(2)), name
    assert not realm.admin.get(f"/users/{mole}")["enabled"]


@pytest.mark.req("C8")
def test_what_only_an_administrator_may_change_is_found_and_says_so(
    town: Town, realm: RealmUnderTest, hand: Hand
) -> None:
    outside, burdened = opened(town), opened(town)
    hand.take_out_of_accounts(key(outside))
    hand.make_role("website", "back.door")
    hand.give(key(burdened), "website", "back.door")
    try:
        found = reconcile(town)
        assert sorted(told(found)) == sorted(
            [
                ("outside", outside.user_name, ""),
                ("unlisted_role", burdened.user_name, "website:back.door"),
                ("client_role", "", "website:back.door"),
            ]
        )
        assert {view.who_en.split(" (")[0] for view in found.differences} == {"an administrator of Keycloak"}
        assert found.run.request is None
    finally:
        hand.put_into_accounts(key(outside))
        hand.drop_role("website", "back.door")
    assert reconcile(town).run.agrees


@pytest.mark.req("C8")
def test_a_stranger_with_a_permission_loses_it_and_the_step_names_who_disables_him(
    town: Town, realm: RealmUnderTest, hand: Hand
) -> None:
    mole = hand.make_user("stranger", in_accounts=False)
    hand.give(mole, "website", "notice.editor")
    read_events(town)
    found = reconcile(town)
    assert told(found) == [("stranger_role", mole, "notice.editor")]
    repair(town)
    with town.connector.act(HOST) as act:
        step = act.session.scalars(select(StepRow).where(StepRow.kind == "keycloak.shut_out")).one()
    assert step.state == "dead"
    assert "cannot be disabled from here" in str(step.last_error)
    assert "clientMappings" not in realm.admin.get(f"/users/{mole}/role-mappings")
    read_events(town)
    assert reconcile(town).run.agrees


@pytest.mark.req("C8")
def test_a_person_logged_in_with_a_permission_nobody_approved_is_out_after_the_repair(
    town: Town, realm: RealmUnderTest, hand: Hand
) -> None:
    account = opened(town)
    realm.provider.set_temporary_password(key(account), FIRST)
    browser = realm.browser()
    tokens = browser.log_in("website", Person(account.user_name, FIRST, f"{FIRST}!x9"))
    hand.give(key(account), "centre", "experts.viewer")
    browser.refresh(tokens)
    reconcile(town)
    repair(town)
    with pytest.raises(LoginRefusedError):
        browser.refresh(tokens)


def test_a_user_made_by_hand_under_the_name_of_a_deleted_one_is_shut_out_and_never_adopted(
    town: Town, realm: RealmUnderTest, hand: Hand
) -> None:
    account = opened(town)
    hand.delete(key(account))
    made = hand.make_user(account.user_name, in_accounts=True)
    assert sorted(told(reconcile(town))) == [
        ("duplicate", account.user_name, ""),
        ("missing", account.user_name, ""),
    ]
    repair(town)
    assert not realm.admin.get(f"/users/{made}")["enabled"]
    assert account_now(town, account).keycloak_id == account.keycloak_id
    with town.connector.act(HOST) as act:
        step = act.session.scalars(
            select(StepRow).where(StepRow.kind == "keycloak.converge", StepRow.state != "done")
        ).one()
    assert step.state == "conflict"
    found = reconcile(town)
    assert [(view.kind, view.stopped_step) for view in found.differences] == [("missing", step.id)]
