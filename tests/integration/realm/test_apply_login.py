"""What was changed by hand in the login is found and put back: flows, levels, policy for keys, words of the pages."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.realm.test_apply import check_drift, client
from tests.servers.realm import RealmUnderTest, realm

__all__ = ["realm"]


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


@pytest.mark.req("D5")
@pytest.mark.parametrize(("drift", "told"), DRIFTS, ids=[drift.__name__ for drift, _ in DRIFTS])
def test_change_of_the_login_by_hand_is_told_and_put_back(
    realm: RealmUnderTest, drift: Callable[[RealmUnderTest], None], told: str
) -> None:
    check_drift(realm, drift, told)
