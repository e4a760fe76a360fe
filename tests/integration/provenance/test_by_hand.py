"""What an administrator does to people in Keycloak beside the product is found, by kind, and met as policy says."""

import secrets
from datetime import UTC, datetime
from typing import Any

import pytest

from connector.embedded.browser import LoginRefusedError, Person
from connector.ports import SessionCount
from connector.provenance.service import FindingView
from connector.provisioning import service as provisioning
from connector.register import accounts
from tests.fixtures_key_holders import Holder
from tests.integration.provenance.conftest import GateTown

CODES = {
    "type": "otp",
    "userLabel": "x",
    "secretData": '{"value":"AAAAAAAAAAAAAAAAAAAA"}',
    "credentialData": '{"subType":"totp","digits":6,"counter":0,"period":30,"algorithm":"HmacSHA1"}',
}


@pytest.fixture
def who(town: GateTown) -> Holder:
    return town.newcomer()


def found(town: GateTown, *kinds: str) -> list[FindingView]:
    """The new findings, of exactly these kinds; what the gate ordered about them is done and explained."""
    new = town.judge()
    assert sorted(one.kind for one in new) == sorted(kinds)
    town.settle()
    assert town.judge() == []
    ids = {one.id for one in new}
    return sorted((one for one in town.findings() if one.id in ids), key=lambda one: one.kind)


def role_path(town: GateTown, user_id: str, client_id: str, role: str) -> tuple[str, list[Any]]:
    client = town.by_hand.get("/clients", clientId=client_id)[0]["id"]
    return f"/users/{user_id}/role-mappings/clients/{client}", [town.by_hand.get(f"/clients/{client}/roles/{role}")]


def roles(town: GateTown, who: Holder) -> set[str]:
    return {f"{client}:{role}" for client, held in town.realm.provider.roles_of(who.user_id).items() for role in held}


@pytest.mark.req("C7")
def test_create_user_in_the_console_is_found_and_shut_out(town: GateTown) -> None:
    body = {"username": "stranger", "enabled": True, "groups": ["/accounts"]}
    town.by_hand.post("/users", body)
    (one,) = found(town, "user_created")
    assert (one.severity, one.action, one.action_state, one.subject) == ("high", "shut_out", "done", one.keycloak_id)
    assert (one.by_service_account, one.address) == (False, "127.0.0.1")
    assert one.actor == one.actor_id != ""
    user = town.by_hand.get(f"/users/{one.keycloak_id}")
    assert user["enabled"] is False
    town.by_hand.put(f"/users/{one.keycloak_id}", {**user, "enabled": True})
    (again,) = found(town, "user_changed")
    assert again.action == "shut_out"
    assert town.by_hand.get(f"/users/{one.keycloak_id}")["enabled"] is False


@pytest.mark.req("C7")
def test_create_user_outside_the_group_says_what_the_product_cannot_do(town: GateTown) -> None:
    town.by_hand.post("/users", {"username": "outsider", "enabled": True})
    (one,) = found(town, "user_created")
    assert (one.action, one.who.en) == ("none", "the administrator of Keycloak's master realm")
    assert "cannot remove it" in one.to_do.en
    town.by_hand.delete(f"/users/{one.keycloak_id}")
    (gone,) = found(town, "user_deleted")
    assert gone.action == "none"


@pytest.mark.req("C7")
def test_delete_user_is_found(town: GateTown, who: Holder) -> None:
    town.by_hand.delete(f"/users/{who.user_id}")
    (one,) = found(town, "user_deleted")
    assert (one.user_name, one.severity, one.action) == (who.account.user_name, "high", "none")


@pytest.mark.req("C7")
def test_give_role_is_found_frozen_and_taken_away(town: GateTown, who: Holder) -> None:
    before = roles(town, who)
    town.by_hand.post(*role_path(town, who.user_id, "bid-opening", "hall.host"))
    (one,) = found(town, "role_given")
    assert (one.severity, one.action, one.facts["excess"]) == ("high", "freeze", ["hall.host"])
    assert (who.account.status, town.user(who.account)["enabled"]) == ("frozen", False)
    assert roles(town, who) == before


@pytest.mark.req("C7")
@pytest.mark.parametrize("role", ["realm-admin", "manage-users"])
def test_give_administrative_role_is_critical(town: GateTown, who: Holder, role: str) -> None:
    path, body = role_path(town, who.user_id, "realm-management", role)
    town.by_hand.post(path, body)
    new = town.judge()
    assert [(one.kind, one.severity, one.action) for one in new] == [("role_given", "critical", "freeze")]
    assert (who.account.status, town.user(who.account)["enabled"]) == ("frozen", False)
    town.by_hand.delete(path, body)


@pytest.mark.req("C7")
def test_give_back_a_role_that_was_approved_freezes_nobody(town: GateTown, who: Holder) -> None:
    client, _, role = sorted(roles(town, who))[0].partition(":")
    path, body = role_path(town, who.user_id, client, role)
    town.by_hand.delete(path, body)
    (one,) = found(town, "role_withdrawn")
    assert (one.severity, one.action) == ("medium", "none")
    town.by_hand.post(path, body)
    (one,) = found(town, "role_given")
    assert (one.severity, one.action) == ("low", "none")
    assert who.account.status == "active"


@pytest.mark.req("C7")
def test_reset_password_is_found_and_opens_nothing(town: GateTown, who: Holder) -> None:
    who.log_in("website")
    password = f"Fremd!{secrets.token_hex(6)}9"
    body = {"type": "password", "value": password, "temporary": False}
    town.judge()
    town.by_hand.put(f"/users/{who.user_id}/reset-password", body)
    (one,) = found(town, "password_reset")
    assert (one.severity, one.action, who.account.status) == ("high", "freeze", "frozen")
    assert who.sessions() == SessionCount(0, 0)
    town.by_hand.put(f"/users/{who.user_id}", {"enabled": True})
    with pytest.raises(LoginRefusedError):  # Not even if he is enabled: the password is nobody's now.
        town.realm.browser().log_in("website", Person(who.account.user_name, password))
    (again,) = found(town, "user_enabled")
    assert again.action == "freeze_again"


@pytest.mark.req("C7")
@pytest.mark.parametrize("policy", ["report", "quarantine", "revert"])
def test_enable_a_frozen_account_is_undone_under_every_policy(town: GateTown, who: Holder, policy: Any) -> None:
    town.town.connector.settings.unexplained_changes = policy
    with town.act() as act:
        provisioning.freeze_account(act, accounts.get_account(act, who.account_id), cause="violation")
    town.settle()
    assert town.judge() == []
    town.by_hand.put(f"/users/{who.user_id}", {**town.user(who.account), "enabled": True})
    (one,) = found(town, "user_enabled")
    assert (one.severity, one.action_state) == ("critical", "done")
    assert town.user(who.account)["enabled"] is False
    with town.act() as act:
        assert accounts.present_cause(act, accounts.get_account(act, who.account_id)) == "violation"


@pytest.mark.req("C7")
def test_disable_an_account_in_use_is_found(town: GateTown, who: Holder) -> None:
    town.by_hand.put(f"/users/{who.user_id}", {**town.user(who.account), "enabled": False})
    (one,) = found(town, "user_disabled")
    assert (one.severity, one.action, who.account.status) == ("medium", "none", "active")


@pytest.mark.req("C7")
@pytest.mark.parametrize(
    ("name", "value"), [("secondFactor", "otp"), ("accountId", "somebody"), ("keySerial", "0bad"), ("requestId", "x")]
)
def test_change_what_opens_an_account_is_found_and_frozen(town: GateTown, who: Holder, name: str, value: str) -> None:
    user = town.user(who.account)
    before = user["attributes"].get(name)
    town.by_hand.put(f"/users/{who.user_id}", {**user, "attributes": {**user["attributes"], name: [value]}})
    (one,) = found(town, "attributes_changed")
    assert (one.facts["wrong"], one.action, who.account.status) == ([name], "freeze", "frozen")
    assert town.user(who.account)["attributes"].get(name) == before


@pytest.mark.req("C7")
def test_write_a_user_as_he_was_is_found_and_freezes_nobody(town: GateTown, who: Holder) -> None:
    town.by_hand.put(f"/users/{who.user_id}", town.user(who.account))
    (one,) = found(town, "user_changed")
    assert (one.severity, one.action, who.account.status) == ("medium", "none", "active")


@pytest.mark.req("C7")
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("age_days", [None, 0, 400])
def test_implant_a_key_is_found_although_the_event_does_not_tell(
    town: GateTown, who: Holder, whole: bool, age_days: int | None
) -> None:
    """Keycloak leaves credentials out of the event; it takes any date of making that is sent, or none."""
    made = {} if age_days is None else {"createdDate": int((datetime.now(UTC).timestamp() - age_days * 86400) * 1000)}
    body = town.user(who.account) if whole else {}
    town.by_hand.put(f"/users/{who.user_id}", {**body, "credentials": [{**CODES, **made}]})
    (one,) = found(town, "credential_implanted")
    assert (one.severity, one.action, who.account.status) == ("critical", "freeze", "frozen")


@pytest.mark.req("C7")
def test_remove_a_credential_is_found(town: GateTown, who: Holder) -> None:
    (password,) = town.by_hand.get(f"/users/{who.user_id}/credentials")
    town.by_hand.delete(f"/users/{who.user_id}/credentials/{password['id']}")
    (one,) = found(town, "credential_removed")
    assert one.severity == "high"


@pytest.mark.req("C7")
def test_leave_the_accounts_group_is_found(town: GateTown, who: Holder) -> None:
    group = town.by_hand.get("/group-by-path/accounts")["id"]
    town.by_hand.delete(f"/users/{who.user_id}/groups/{group}")
    new = town.judge()
    assert [(one.kind, one.severity, one.action) for one in new] == [("group_left", "high", "agree")]
    assert "master" in new[0].who.en
    town.by_hand.put(f"/users/{who.user_id}/groups/{group}")
    assert [(one.kind, one.action) for one in town.judge()] == [("group_joined", "none")]


@pytest.mark.req("C7")
def test_join_a_group_with_roles_is_critical_and_frozen(town: GateTown, who: Holder) -> None:
    town.by_hand.post("/groups", {"name": "ops"})
    group = town.by_hand.get("/group-by-path/ops")["id"]
    path, body = role_path(town, who.user_id, "realm-management", "realm-admin")
    town.by_hand.post(path.replace(f"users/{who.user_id}", f"groups/{group}"), body)
    town.by_hand.put(f"/users/{who.user_id}/groups/{group}")
    made, changed, joined = sorted(town.judge(), key=lambda one: one.happened_at)
    assert (made.kind, changed.kind) == ("group_changed", "group_changed")
    assert (joined.kind, joined.severity, joined.action) == ("group_joined", "critical", "freeze")
    assert who.account.status == "frozen"
    town.by_hand.delete(f"/groups/{group}")


@pytest.mark.req("C7")
def test_act_as_a_person_is_found_and_ended(town: GateTown, who: Holder) -> None:
    """An impersonation leaves no administrative event at all."""
    town.by_hand.post(f"/users/{who.user_id}/impersonation")
    (one,) = found(town, "impersonated")
    assert (one.severity, one.actor, who.account.status) == ("critical", "admin", "frozen")
    assert who.sessions() == SessionCount(0, 0)


@pytest.mark.req("C7")
def test_link_an_outside_identity_is_found_and_frozen(town: GateTown, who: Holder) -> None:
    addresses = {"authorizationUrl": "https://x.test", "tokenUrl": "https://x.test"}
    provider = {"alias": "elsewhere", "providerId": "oidc", "config": {**addresses, "clientId": "a"}}
    town.by_hand.post("/identity-provider/instances", provider)
    body = {"identityProvider": "elsewhere", "userId": "1", "userName": "1"}
    town.by_hand.post(f"/users/{who.user_id}/federated-identity/elsewhere", body)
    linked, added = sorted(town.judge(), key=lambda one: one.kind, reverse=True)[-2:]
    assert {linked.kind, added.kind} == {"identity_linked", "identity_provider_changed"}
    assert who.account.status == "frozen"
    town.by_hand.delete("/identity-provider/instances/elsewhere")


@pytest.mark.req("C7")
def test_revert_makes_what_was_approved_and_freezes_nobody(town: GateTown, who: Holder) -> None:
    town.town.connector.settings.unexplained_changes = "revert"
    before, mails = roles(town, who), len(who.mails())
    town.by_hand.post(*role_path(town, who.user_id, "bid-opening", "hall.host"))
    (one,) = found(town, "role_given")
    assert (one.action, roles(town, who), who.account.status) == ("agree", before, "active")
    password = f"Fremd!{secrets.token_hex(6)}9"
    town.by_hand.put(f"/users/{who.user_id}/reset-password", {"type": "password", "value": password})
    (one,) = found(town, "password_reset")
    assert (one.action, len(who.mails())) == ("new_password", mails + 1)
    with pytest.raises(LoginRefusedError):
        town.realm.browser().log_in("website", Person(who.account.user_name, password))
    who.open_link()
    assert who.may_log_in("website")


@pytest.mark.req("C7")
def test_report_changes_nothing(town: GateTown, who: Holder) -> None:
    town.town.connector.settings.unexplained_changes = "report"
    town.by_hand.post(*role_path(town, who.user_id, "bid-opening", "hall.host"))
    (one,) = found(town, "role_given")
    assert (one.action, who.account.status) == ("none", "active")
    assert "bid-opening:hall.host" in roles(town, who)


@pytest.mark.req("C7")
def test_use_the_service_account_without_a_step_is_of_the_highest_rank(town: GateTown, who: Holder) -> None:
    """Whoever has its key may do all it may do: reset a password, give a role of the catalogue (GS 13)."""
    thief = town.realm.provider
    thief.grant_roles(who.user_id, "bid-opening", ["hall.host"])
    (one,) = found(town, "role_given")
    assert (one.severity, one.by_service_account, who.account.status) == ("critical", True, "frozen")
    assert "stolen" in one.to_do.en
