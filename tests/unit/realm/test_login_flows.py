"""The flows of the login say what they must: no branch without a proof, no factor that a password alone enrols."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from connector.adapters.realm_flows import settings_of
from connector.adapters.realm_state import RealmParameters, desired_clients
from connector.realm_config import Flow, Login, Step, load_realm_config
from tests.unit.realm.test_realm_config import edited

LOGIN = load_realm_config().login
PARAMETERS = RealmParameters(realm="t", public_url="https://idp.example.cn", jwks={"keys": []}, password_policy="x")
FACTORS = {"webauthn-authenticator", "auth-otp-form", "auth-x509-client-username-form"}
LEVEL, ATTRIBUTE = "conditional-level-of-authentication", "conditional-user-attribute"


def step(flow: Flow, name: str) -> Step:
    return next(step for step in flow.steps if step.name == name)


def every_step() -> Iterator[Step]:
    return (step for flow in LOGIN.flows for step in flow.steps)


@pytest.mark.req("D5")
def test_second_factor_is_never_required_by_itself() -> None:
    """Keycloak would offer to enrol it right after the password."""
    found = [step for step in every_step() if step.authenticator in FACTORS]
    assert {step.authenticator for step in found} == FACTORS
    assert {step.requirement for step in found} == {"ALTERNATIVE"}


@pytest.mark.req("D5")
def test_branches_of_the_second_factor_ask_the_same_with_opposite_answers() -> None:
    branches = [settings_of(LOGIN, step(LOGIN.flow(name), ATTRIBUTE)) for name in ("key only", "key or code")]
    assert [branch.pop("not") for branch in branches] == ["true", "false"]
    assert branches[0] == branches[1] == {"attribute_name": "secondFactor", "attribute_expected_value": "otp"}
    for flow in ("second factor", "both factors"):
        assert {s.flow for s in LOGIN.flow(flow).steps if s.flow} >= {"key only", "key or code"}


@pytest.mark.req("D5")
def test_one_time_code_opens_only_the_branch_of_those_who_may() -> None:
    with_code = [flow.name for flow in LOGIN.flows if any(s.authenticator == "auth-otp-form" for s in flow.steps)]
    assert with_code == ["proof by key or code"]
    holders = [flow.name for flow in LOGIN.flows if any(s.flow == with_code[0] for s in flow.steps)]
    assert holders == ["key or code"]


@pytest.mark.req("D5")
def test_levels_of_the_flows_are_those_that_clients_demand() -> None:
    def level(flow: str) -> int:
        return int(step(LOGIN.flow(flow), LEVEL).settings["loa-condition-level"])

    assert LOGIN.levels == {"pwd": level("password"), "mfa": level("second factor")}
    assert level("both factors") == LOGIN.levels["mfa"]
    # The gate's level lies between, has no credential of its own, and is no name that a client could ask for.
    assert LOGIN.levels["pwd"] < level("no enrolment by password") < LOGIN.levels["mfa"]
    assert step(LOGIN.flow("no enrolment by password"), "deny-access-authenticator").requirement == "REQUIRED"
    order = [s.name for s in LOGIN.flow("forms").steps]
    assert order == ["password", "second factor", "no enrolment by password"]


@pytest.mark.req("D5")
def test_direct_grant_is_denied_and_programs_take_no_earlier_login() -> None:
    direct = LOGIN.flow(LOGIN.bindings["directGrantFlow"])
    assert [(s.name, s.requirement) for s in direct.steps] == [("deny-access-authenticator", "REQUIRED")]
    program = LOGIN.flow(LOGIN.client_bindings["connector-cli"])
    assert [s.name for s in program.steps] == ["both factors"]
    assert "auth-cookie" not in {s.name for s in LOGIN.flow("both factors").steps}


@pytest.mark.req("D5")
def test_every_client_demands_its_level() -> None:
    levels = {}
    for client in desired_clients(load_realm_config(), PARAMETERS, {"program": "id-of-program"}):
        assert client.body["authenticationFlowBindingOverrides"] == {
            "browser": "id-of-program" if client.client_id == "connector-cli" else "",
            "direct_grant": "",
        }
        levels[client.client_id] = client.body["attributes"]["minimum.acr.value"]
    weak = {name for name, level in levels.items() if level == "pwd"}
    assert weak == {"website", "door-access"}
    assert levels.pop("member") == "https://refeds.org/profile/mfa"
    assert set(levels.values()) == {"pwd", "mfa"}


def test_settings_of_a_proof_name_it_in_the_tokens() -> None:
    certificate = step(LOGIN.flow("proof by key"), "auth-x509-client-username-form")
    found = settings_of(LOGIN, certificate)
    assert found["default.reference.value"] == "x509"
    assert found["x509-cert-auth.mapper-selection.user-attribute-name"] == "keySerial"
    assert settings_of(LOGIN, step(LOGIN.flow("step-up"), "auth-cookie")) == {}


def login(**changes: object) -> Login:
    return Login.model_validate({**LOGIN.model_dump(), **changes})


def flow(name: str, *steps: dict[str, str]) -> dict[str, object]:
    return {"name": name, "about": name, "steps": [{"requirement": "REQUIRED", **step} for step in steps]}


@pytest.mark.parametrize(
    ("flows", "told"),
    [
        ([flow("step-up", {"flow": "gone"})], "gone"),
        ([flow("step-up", {"authenticator": "auth-cookie"}, {"authenticator": "auth-cookie"})], "there twice"),
        ([flow("step-up", {"authenticator": "auth-cookie", "flow": "program"})], "an authenticator or a flow"),
        ([flow("step-up", {})], "an authenticator or a flow"),
        ([flow("step-up")], "at least 1"),
        ([flow("idle", {"authenticator": "auth-cookie"})], "idle"),
    ],
    ids=["unknown flow", "step twice", "both", "neither", "empty", "unused"],
)
def test_login_with_a_mistake_in_its_flows_is_refused(flows: list[dict[str, object]], told: str) -> None:
    others = [flow("no direct grant", {"authenticator": "x"}), flow("program", {"authenticator": "x"})]
    with pytest.raises(ValidationError, match=told):
        login(flows=[*others, *flows])


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("04-roles.toml", 'level = "pwd"', 'level = "low"', "level"),
        ("04-roles.toml", 'level = "pwd"\n', "", "level"),
        ("04-roles.toml", 'protocol = "saml"', 'protocol = "ldap"', "protocol"),
        ("08-login.toml", 'requirement = "CONDITIONAL"', 'requirement = "DISABLED"', "requirement"),
        ("08-login.toml", 'connector-cli = "program"', 'connector-cli = "programme"', "programme"),
    ],
)
def test_load_realm_config_with_a_mistake_in_the_login_is_refused(
    tmp_path: Path, name: str, old: str, new: str, told: str
) -> None:
    with pytest.raises(ValidationError, match=told):
        load_realm_config(edited(tmp_path, name, old, new))
