"""Applying realm-config/: once is enough, and what was changed by hand is found and put back."""

from collections.abc import Callable, Iterator

import pytest

from connector.adapters.realm_changes import Change
from tests.servers.keycloak import Keycloak
from tests.servers.realm import RealmUnderTest, make_realm, realm

__all__ = ["realm"]


def test_apply_twice_changes_nothing_the_second_time(realm: RealmUnderTest) -> None:
    assert realm.applier.apply() == []
    assert realm.applier.diff() == []


def test_diff_of_a_missing_realm_tells_it_and_makes_nothing(keycloak: Keycloak) -> None:
    made = make_realm(keycloak)
    made.delete()
    assert made.applier.diff() == [Change("create", f"realm {made.name}")]
    assert made.applier.diff() == [Change("create", f"realm {made.name}")]


def client(realm: RealmUnderTest, client_id: str) -> str:
    return str(realm.admin.get("/clients", clientId=client_id)[0]["id"])


def weaken_password_policy(realm: RealmUnderTest) -> None:
    realm.admin.put("", {**realm.admin.get(""), "passwordPolicy": "length(4)"})


def switch_brute_force_protection_off(realm: RealmUnderTest) -> None:
    realm.admin.put("", {**realm.admin.get(""), "bruteForceProtected": False})


def stop_events(realm: RealmUnderTest) -> None:
    realm.admin.put("", {**realm.admin.get(""), "eventsEnabled": False, "adminEventsEnabled": False})


def open_direct_grants(realm: RealmUnderTest) -> None:
    path = f"/clients/{client(realm, 'website')}"
    realm.admin.put(path, {**realm.admin.get(path), "directAccessGrantsEnabled": True, "redirectUris": ["*"]})


def widen_scope(realm: RealmUnderTest) -> None:
    path = f"/clients/{client(realm, 'centre')}"
    realm.admin.put(path, {**realm.admin.get(path), "fullScopeAllowed": True})


def switch_pkce_off(realm: RealmUnderTest) -> None:
    path = f"/clients/{client(realm, 'centre')}"
    current = realm.admin.get(path)
    realm.admin.put(path, {**current, "attributes": {**current["attributes"], "pkce.code.challenge.method": ""}})


def change_the_key_of_the_connector(realm: RealmUnderTest) -> None:
    path = f"/clients/{client(realm, 'connector')}"
    current = realm.admin.get(path)
    realm.admin.put(path, {**current, "attributes": {**current["attributes"], "jwks.string": '{"keys": []}'}})


def let_people_ask_for_offline_tokens(realm: RealmUnderTest) -> None:
    scopes = {scope["name"]: scope["id"] for scope in realm.admin.get("/client-scopes")}
    realm.admin.put(f"/clients/{client(realm, 'centre')}/optional-client-scopes/{scopes['offline_access']}")


def add_a_mapper(realm: RealmUnderTest) -> None:
    mapper = {
        "name": "forged",
        "protocol": "openid-connect",
        "protocolMapper": "oidc-hardcoded-role-mapper",
        "config": {"role": "centre.experts.viewer"},
    }
    realm.admin.post(f"/clients/{client(realm, 'centre')}/protocol-mappers/models", mapper)


def change_the_audience(realm: RealmUnderTest) -> None:
    path = f"/clients/{client(realm, 'website')}/protocol-mappers/models"
    mapper = next(m for m in realm.admin.get(path) if m["name"] == "audience")
    realm.admin.put(
        f"{path}/{mapper['id']}", {**mapper, "config": {**mapper["config"], "included.client.audience": "centre"}}
    )


def give_a_role_a_right_of_another_subsystem(realm: RealmUnderTest) -> None:
    other = realm.admin.get(f"/clients/{client(realm, 'centre')}/roles/experts.viewer")
    realm.admin.post(f"/clients/{client(realm, 'website')}/roles/notice.editor/composites", [other])


def remove_a_role(realm: RealmUnderTest) -> None:
    realm.admin.delete(f"/clients/{client(realm, 'door-access')}/roles/hall.entrant")


def remove_a_client(realm: RealmUnderTest) -> None:
    realm.admin.delete(f"/clients/{client(realm, 'bid-opening')}")


def give_everybody_a_role(realm: RealmUnderTest) -> None:
    role = realm.admin.get(f"/clients/{client(realm, 'centre')}/roles/project.registrar")
    realm.admin.post(f"/roles-by-id/{realm.admin.get('')['defaultRole']['id']}/composites", [role])


def let_people_edit_their_account_id(realm: RealmUnderTest) -> None:
    profile = realm.admin.get("/users/profile")
    for attribute in profile["attributes"]:
        attribute["permissions"] = {"view": ["admin", "user"], "edit": ["admin", "user"]}
    realm.admin.put("/users/profile", {**profile, "unmanagedAttributePolicy": "ENABLED"})


def make_the_service_account_a_user_manager(realm: RealmUnderTest) -> None:
    user = realm.admin.get(f"/clients/{client(realm, 'connector')}/service-account-user")["id"]
    management = client(realm, "realm-management")
    role = realm.admin.get(f"/clients/{management}/roles/manage-users")
    realm.admin.post(f"/users/{user}/role-mappings/clients/{management}", [role])


def server_of(realm: RealmUnderTest) -> str:
    return f"/clients/{client(realm, 'admin-permissions')}/authz/resource-server"


def let_the_service_account_change_groups_of_all(realm: RealmUnderTest) -> None:
    policy = realm.admin.get(f"{server_of(realm)}/policy/user")[0]["id"]
    body = {
        "name": "more",
        "resourceType": "Users",
        "scopes": ["manage-group-membership"],
        "policies": [policy],
    }
    realm.admin.post(f"{server_of(realm)}/permission/scope", body)


def widen_a_permission(realm: RealmUnderTest) -> None:
    permission = next(
        p for p in realm.admin.get(f"{server_of(realm)}/permission/scope") if p["resourceType"] == "Users"
    )
    policy = realm.admin.get(f"{server_of(realm)}/policy/user")[0]["id"]
    body = {**permission, "scopes": ["map-roles", "manage"], "policies": [policy], "resources": []}
    realm.admin.put(f"{server_of(realm)}/permission/scope/{permission['id']}", body)


def give_the_group_a_role(realm: RealmUnderTest) -> None:
    group = realm.admin.get("/group-by-path/accounts")["id"]
    management = client(realm, "realm-management")
    role = realm.admin.get(f"/clients/{management}/roles/realm-admin")
    realm.admin.post(f"/groups/{group}/role-mappings/clients/{management}", [role])


def make_a_default_group(realm: RealmUnderTest) -> None:
    realm.admin.put(f"/default-groups/{realm.admin.get('/group-by-path/accounts')['id']}")


def let_people_update_their_profile(realm: RealmUnderTest) -> None:
    path = "/authentication/required-actions/UPDATE_PROFILE"
    realm.admin.put(path, {**realm.admin.get(path), "enabled": True})


def open_the_command_line_client_of_keycloak(realm: RealmUnderTest) -> None:
    path = f"/clients/{client(realm, 'admin-cli')}"
    realm.admin.put(path, {**realm.admin.get(path), "enabled": True, "directAccessGrantsEnabled": True})


def check_drift(realm: RealmUnderTest, drift: Callable[[RealmUnderTest], None], told: str) -> None:
    """The change is told as `told`, and put back; then nothing is left of it."""
    drift(realm)
    found = [str(change) for change in realm.applier.diff()]
    assert any(line.startswith(told) for line in found), found
    assert any(str(change).startswith(told) for change in realm.applier.apply())
    assert realm.applier.diff() == []


DRIFTS: list[tuple[Callable[[RealmUnderTest], None], str]] = [
    (weaken_password_policy, "change realm passwordPolicy"),
    (switch_brute_force_protection_off, "change realm bruteForceProtected: False -> True"),
    (stop_events, "change realm eventsEnabled: False -> True"),
    (open_direct_grants, "change client website directAccessGrantsEnabled: True -> False"),
    (widen_scope, "change client centre fullScopeAllowed: True -> False"),
    (switch_pkce_off, "change client centre attributes.pkce.code.challenge.method"),
    (change_the_key_of_the_connector, "change client connector attributes.jwks.string"),
    (let_people_ask_for_offline_tokens, "remove client centre scope offline_access"),
    (add_a_mapper, "remove client centre mapper forged"),
    (change_the_audience, "change client website mapper config.included.client.audience: 'centre' -> 'website'"),
    (give_a_role_a_right_of_another_subsystem, "remove subsystem website composites of role notice.editor"),
    (remove_a_role, "create subsystem door-access role hall.entrant"),
    (remove_a_client, "create client bid-opening"),
    (give_everybody_a_role, "remove default role project.registrar"),
    (let_people_edit_their_account_id, "remove user profile unmanagedAttributePolicy"),
    (make_the_service_account_a_user_manager, "remove service account role manage-users"),
    (let_the_service_account_change_groups_of_all, "remove permissions more"),
    (widen_a_permission, "change permissions connector: map roles scopes"),
    (give_the_group_a_role, "remove group /accounts role realm-admin"),
    (make_a_default_group, "remove default group /accounts"),
    (let_people_update_their_profile, "change required action UPDATE_PROFILE enabled: True -> False"),
    (open_the_command_line_client_of_keycloak, "change client admin-cli enabled: True -> False"),
]


@pytest.mark.parametrize(("drift", "told"), DRIFTS, ids=[drift.__name__ for drift, _ in DRIFTS])
def test_change_by_hand_is_told_and_put_back(
    realm: RealmUnderTest, drift: Callable[[RealmUnderTest], None], told: str
) -> None:
    check_drift(realm, drift, told)


@pytest.fixture
def own_realm(keycloak: Keycloak) -> Iterator[RealmUnderTest]:
    made = make_realm(keycloak)
    yield made
    made.delete()


@pytest.mark.req("C9")
def test_find_other_administrators_tells_them_and_leaves_them_to_a_person(own_realm: RealmUnderTest) -> None:
    admin = own_realm.admin
    management = client(own_realm, "realm-management")
    role = admin.get(f"/clients/{management}/roles/realm-admin")
    admin.post("/users", {"username": "boss", "enabled": True})
    boss = admin.get("/users", username="boss")[0]["id"]
    admin.post(f"/users/{boss}/role-mappings/clients/{management}", [role])
    admin.post("/clients", {"clientId": "stranger", "publicClient": True})
    admin.post(f"/clients/{client(own_realm, 'website')}/roles", {"name": "back.door"})
    expected = {
        Change("unexpected", "user boss", "holds realm-admin"),
        Change("unexpected", "client stranger"),
        Change("unexpected", "subsystem website", "role back.door"),
    }
    assert set(own_realm.applier.diff()) == expected
    assert set(own_realm.applier.apply()) == expected
    assert set(own_realm.applier.diff()) == expected
