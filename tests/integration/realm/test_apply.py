"""Applying realm-config/: once is enough, and what was changed by hand is found and put back."""

from collections.abc import Callable, Iterator
from typing import Any

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


def step(realm: RealmUnderTest, flow: str, name: str) -> dict[str, Any]:
    """The execution of this provider, or sub-flow of this name, in `flow`."""
    rows = realm.admin.get(f"/authentication/flows/{flow}/executions")
    found: dict[str, Any] = next(row for row in rows if name in (row.get("providerId"), row["displayName"]))
    return found


def set_step(realm: RealmUnderTest, flow: str, name: str, **changes: object) -> None:
    realm.admin.put(f"/authentication/flows/{flow}/executions", {**step(realm, flow, name), **changes})


def make_the_second_factor_optional(realm: RealmUnderTest) -> None:
    set_step(realm, "step-up forms", "step-up second factor", requirement="DISABLED")


def demand_the_key_by_itself(realm: RealmUnderTest) -> None:
    set_step(realm, "step-up proof by key", "webauthn-authenticator", requirement="REQUIRED")


def add_a_way_in(realm: RealmUnderTest) -> None:
    place = "/authentication/flows/step-up proof by key/executions/execution"
    realm.admin.post(place, {"provider": "allow-access-authenticator"})
    set_step(realm, "step-up proof by key", "allow-access-authenticator", requirement="ALTERNATIVE")


def ask_for_the_password_twice(realm: RealmUnderTest) -> None:
    place = "/authentication/flows/step-up password/executions/execution"
    realm.admin.post(place, {"provider": "auth-username-password-form"})


def remove_a_branch(realm: RealmUnderTest) -> None:
    branch = step(realm, "step-up second factor", "step-up key only")
    realm.admin.delete(f"/authentication/executions/{branch['id']}")


def remove_a_step_of_the_program(realm: RealmUnderTest) -> None:
    realm.admin.delete(f"/authentication/executions/{step(realm, 'program', 'auth-username-password-form')['id']}")


def put_the_second_factor_before_the_password(realm: RealmUnderTest) -> None:
    realm.admin.post(
        f"/authentication/executions/{step(realm, 'step-up', 'step-up second factor')['id']}/raise-priority"
    )


def settings_path(realm: RealmUnderTest, flow: str, name: str) -> str:
    return f"/authentication/config/{step(realm, flow, name)['authenticationConfig']}"


def let_everybody_use_codes(realm: RealmUnderTest) -> None:
    path = settings_path(realm, "step-up key or code", "conditional-user-attribute")
    held = realm.admin.get(path)
    realm.admin.put(path, {**held, "config": {**held["config"], "attribute_expected_value": "key"}})


def let_the_second_factor_last(realm: RealmUnderTest) -> None:
    path = settings_path(realm, "step-up second factor", "conditional-level-of-authentication")
    held = realm.admin.get(path)
    realm.admin.put(path, {**held, "config": {**held["config"], "loa-max-age": "86400"}})


def add_a_setting(realm: RealmUnderTest) -> None:
    path = settings_path(realm, "step-up proof by key", "auth-x509-client-username-form")
    held = realm.admin.get(path)
    realm.admin.put(path, {**held, "config": {**held["config"], "x509-cert-auth.ocsp-fail-open": "true"}})


def drop_settings(realm: RealmUnderTest) -> None:
    realm.admin.delete(settings_path(realm, "step-up one session", "user-session-limits"))


def give_settings_where_none_are_wanted(realm: RealmUnderTest) -> None:
    cookie = step(realm, "step-up", "auth-cookie")
    body = {"alias": "mine", "config": {"default.reference.value": "hwk"}}
    realm.admin.post(f"/authentication/executions/{cookie['id']}/config", body)


def bind_the_flow_of_keycloak(realm: RealmUnderTest) -> None:
    realm.admin.put("", {**realm.admin.get(""), "browserFlow": "browser"})


def open_the_direct_grant_flow(realm: RealmUnderTest) -> None:
    realm.admin.put("", {**realm.admin.get(""), "directGrantFlow": "direct grant"})


def give_a_client_a_flow_of_its_own(realm: RealmUnderTest) -> None:
    flow = next(f["id"] for f in realm.admin.get("/authentication/flows") if f["alias"] == "browser")
    path = f"/clients/{client(realm, 'centre')}"
    realm.admin.put(path, {**realm.admin.get(path), "authenticationFlowBindingOverrides": {"browser": flow}})


def take_the_flow_of_programs_away(realm: RealmUnderTest) -> None:
    path = f"/clients/{client(realm, 'connector-cli')}"
    realm.admin.put(path, {**realm.admin.get(path), "authenticationFlowBindingOverrides": {"browser": ""}})


def lower_the_level_of_a_client(realm: RealmUnderTest) -> None:
    path = f"/clients/{client(realm, 'bid-opening')}"
    current = realm.admin.get(path)
    realm.admin.put(path, {**current, "attributes": {**current["attributes"], "minimum.acr.value": "pwd"}})


def call_the_password_a_second_factor(realm: RealmUnderTest) -> None:
    current = realm.admin.get("")
    levels = {**current["attributes"], "acr.loa.map": '{"mfa": 1, "pwd": 1}'}
    realm.admin.put("", {**current, "attributes": levels})


def let_keys_of_another_site_in(realm: RealmUnderTest) -> None:
    realm.admin.put("", {**realm.admin.get(""), "webAuthnPolicyExtraOrigins": ["https://elsewhere.test"]})


def change_a_text(realm: RealmUnderTest) -> None:
    realm.admin.post("/localization/zh-CN", {"loginAccountTitle": "请拨打 13800000000"})


def add_a_text(realm: RealmUnderTest) -> None:
    realm.admin.post("/localization/en", {"loginTotpStep1": "Send your code to me"})


def remove_a_text(realm: RealmUnderTest) -> None:
    realm.admin.delete("/localization/zh-CN/passwordNew")


def add_a_language(realm: RealmUnderTest) -> None:
    realm.admin.post("/localization/de", {"loginAccountTitle": "Anmelden"})


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
    (
        make_the_second_factor_optional,
        "change flow step-up forms step-up second factor requirement: 'DISABLED' -> 'CONDITIONAL'",
    ),
    (
        demand_the_key_by_itself,
        "change flow step-up proof by key webauthn-authenticator requirement: 'REQUIRED' -> 'ALTERNATIVE'",
    ),
    (add_a_way_in, "remove flow step-up proof by key allow-access-authenticator"),
    (ask_for_the_password_twice, "remove flow step-up password auth-username-password-form"),
    (remove_a_branch, "create flow step-up second factor step-up key only"),
    (remove_a_step_of_the_program, "create flow program both factors auth-username-password-form"),
    (put_the_second_factor_before_the_password, "change flow step-up forms order"),
    (
        let_everybody_use_codes,
        "change flow step-up key or code conditional-user-attribute config.attribute_expected_value: 'key' -> 'otp'",
    ),
    (
        let_the_second_factor_last,
        "change flow step-up second factor conditional-level-of-authentication config.loa-max-age: '86400' -> '1800'",
    ),
    (add_a_setting, "change flow step-up proof by key auth-x509-client-username-form config.x509-cert-auth.ocsp-fail"),
    (drop_settings, "create flow step-up one session user-session-limits settings"),
    (give_settings_where_none_are_wanted, "remove flow step-up auth-cookie settings"),
    (bind_the_flow_of_keycloak, "change realm browserFlow: 'browser' -> 'step-up'"),
    (open_the_direct_grant_flow, "change realm directGrantFlow: 'direct grant' -> 'no direct grant'"),
    (give_a_client_a_flow_of_its_own, "change client centre authenticationFlowBindingOverrides.browser"),
    (take_the_flow_of_programs_away, "change client connector-cli authenticationFlowBindingOverrides.browser: None"),
    (lower_the_level_of_a_client, "change client bid-opening attributes.minimum.acr.value: 'pwd' -> 'mfa'"),
    (call_the_password_a_second_factor, "change realm attributes.acr.loa.map"),
    (let_keys_of_another_site_in, "change realm webAuthnPolicyExtraOrigins: ['https://elsewhere.test'] -> []"),
    (change_a_text, "change texts zh-CN loginAccountTitle: '请拨打 13800000000' -> '登录统一账号'"),
    (add_a_text, "remove texts en loginTotpStep1"),
    (remove_a_text, "change texts zh-CN passwordNew: None"),
    (add_a_language, "remove texts de"),
]


@pytest.mark.parametrize(("drift", "told"), DRIFTS, ids=[drift.__name__ for drift, _ in DRIFTS])
def test_change_by_hand_is_told_and_put_back(
    realm: RealmUnderTest, drift: Callable[[RealmUnderTest], None], told: str
) -> None:
    drift(realm)
    found = [str(change) for change in realm.applier.diff()]
    assert any(line.startswith(told) for line in found), found
    assert any(str(change).startswith(told) for change in realm.applier.apply())
    assert realm.applier.diff() == []


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
