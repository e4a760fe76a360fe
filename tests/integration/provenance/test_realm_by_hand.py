"""What an administrator does to the realm itself is found and named; what `realm apply` does is not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from connector.cli import make_app
from connector.provenance.service import FindingView
from tests.integration.provenance.conftest import GateTown
from tests.servers.keycloak import Keycloak
from tests.servers.realm import PACKS, RealmUnderTest, make_realm


@pytest.fixture
def realm(keycloak: Keycloak) -> Iterator[RealmUnderTest]:
    """One realm for each test: they break it."""
    made = make_realm(keycloak)
    yield made
    made.delete()


def one(town: GateTown) -> FindingView:
    (found,) = town.judge()
    return found


def put_realm(town: GateTown, **changes: Any) -> None:
    """As the console saves a page of settings: the whole realm is written back."""
    town.by_hand.put("", {**town.by_hand.get(""), **changes})


@pytest.mark.req("C7")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("passwordPolicy", "length(4)"),
        ("bruteForceProtected", False),
        ("sslRequired", "none"),
        ("browserFlow", "browser"),
        ("accessTokenLifespan", 86400),
        ("registrationAllowed", True),
        ("resetPasswordAllowed", True),
        ("otpPolicyCodeReusable", True),
    ],
)
def test_weaken_the_policy_names_the_settings(town: GateTown, name: str, value: Any) -> None:
    put_realm(town, **{name: value})
    found = one(town)
    assert (found.kind, found.severity, found.facts["fields"]) == ("policy_weakened", "high", [name])
    assert (found.action, found.who.en) == ("none", "the administrator of Keycloak's master realm")
    assert "cannot undo it" in found.to_do.en


@pytest.mark.req("C7")
def test_save_the_realm_as_it_is_names_no_setting(town: GateTown) -> None:
    put_realm(town)
    assert (found := one(town)).kind == "realm_changed"
    assert found.facts["fields"] == []


@pytest.mark.req("C7")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("eventsEnabled", False),
        ("adminEventsEnabled", False),
        ("adminEventsDetailsEnabled", False),
        ("eventsExpiration", 60),
        ("enabledEventTypes", ["LOGIN"]),
    ],
)
@pytest.mark.parametrize("by", ["events", "realm"])
def test_switch_events_off_is_critical(town: GateTown, name: str, value: Any, by: str) -> None:
    if by == "realm":
        put_realm(town, **{name: value})
    else:
        town.by_hand.put("/events/config", {**town.by_hand.get("/events/config"), name: value})
    found = one(town)
    assert (found.kind, found.severity) == ("events_off", "critical")
    assert name in found.facts["fields"]


@pytest.mark.req("C7")
def test_work_of_the_product_without_details_of_events_is_explained(town: GateTown) -> None:
    town.by_hand.put("/events/config", {**town.by_hand.get("/events/config"), "adminEventsDetailsEnabled": False})
    assert one(town).kind == "events_off"
    town.newcomer()


@pytest.mark.req("C7")
@pytest.mark.parametrize(("path", "kind"), [("/events", "login"), ("/admin-events", "admin")])
def test_clear_the_event_log_is_critical_although_it_leaves_no_event(town: GateTown, path: str, kind: str) -> None:
    who = town.newcomer()
    who.log_in("website")
    assert town.judge() == []
    town.by_hand.delete(path)
    found = one(town)
    assert (found.kind, found.severity, found.facts["events"]) == ("events_cleared", "critical", kind)
    assert "reconcile run" in found.to_do.en
    assert town.judge() == []


@pytest.mark.req("C7")
def test_add_and_change_a_client_is_found_with_its_risks(town: GateTown) -> None:
    body = {"clientId": "evil", "directAccessGrantsEnabled": True, "publicClient": True, "redirectUris": ["*"]}
    town.by_hand.post("/clients", body)
    made = one(town)
    assert (made.kind, made.severity, made.facts["name"]) == ("client_changed", "high", "evil")
    assert made.facts["risks"] == ["directAccessGrantsEnabled", "publicClient", "redirectUris"]
    website = town.by_hand.get("/clients", clientId="website")[0]
    town.by_hand.put(f"/clients/{website['id']}", {**website, "directAccessGrantsEnabled": True})
    assert "directAccessGrantsEnabled" in one(town).facts["risks"]


@pytest.mark.req("C7")
def test_add_a_provider_a_flow_a_store_and_a_permission_is_critical(town: GateTown) -> None:
    hand, config = town.by_hand, {"authorizationUrl": "https://x.test", "tokenUrl": "https://x.test", "clientId": "a"}
    hand.post("/identity-provider/instances", {"alias": "evil", "providerId": "oidc", "config": config})
    hand.post("/authentication/flows/browser/copy", {"newName": "evil flow"})
    key = {"name": "k", "providerId": "rsa-generated", "config": {"priority": ["999"]}}
    hand.post("/components", {**key, "providerType": "org.keycloak.keys.KeyProvider"})
    permissions = hand.get("/clients", clientId="admin-permissions")[0]["id"]
    hand.post(f"/clients/{permissions}/authz/resource-server/policy/role", {"name": "evil", "roles": []})
    hand.put(
        "/authentication/required-actions/CONFIGURE_TOTP",
        {**next(a for a in hand.get("/authentication/required-actions") if a["alias"] == "CONFIGURE_TOTP"),
         "enabled": False},
    )  # fmt: skip
    kinds = {(found.kind, found.severity) for found in town.judge()}
    assert kinds == {
        ("identity_provider_changed", "critical"),
        ("flow_changed", "critical"),
        ("component_changed", "critical"),
        ("permissions_changed", "critical"),
    }


@pytest.mark.req("C7")
def test_add_a_role_that_contains_others_is_found(town: GateTown) -> None:
    town.by_hand.post("/roles", {"name": "harmless"})
    made = one(town)
    assert (made.kind, made.severity) == ("role_changed", "high")
    management = town.by_hand.get("/clients", clientId="realm-management")[0]["id"]
    town.by_hand.post(
        "/roles/default-roles-" + town.realm.name + "/composites",
        [town.by_hand.get(f"/clients/{management}/roles/realm-admin")],
    )
    assert one(town).kind == "role_changed"


@pytest.mark.req("C7")
def test_apply_the_realm_by_the_command_is_explained_and_only_while_it_runs(
    town: GateTown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "service.pem"
    key.write_bytes(town.realm.key_pem)
    server = town.realm.server
    for name, value in {
        "DATA_DIR": str(tmp_path), "RULE_PACKS": ",".join(PACKS), "KEYCLOAK_URL": server.url,
        "KEYCLOAK_REALM": town.realm.name, "KEYCLOAK_KEY_FILE": str(key), "KEYCLOAK_ADMIN_USER": server.admin_user,
        "KEYCLOAK_ADMIN_PASSWORD": server.admin_password, "SUBSYSTEM_URLS": '{"website": "https://new.test/cb"}',
    }.items():  # fmt: skip
        monkeypatch.setenv(f"TRADING_IDP_{name}", value)
    done = CliRunner().invoke(make_app(), ["realm", "apply", "--json"])
    assert done.exit_code == 0, done.output
    assert "https://new.test/cb" in done.output
    assert town.judge() == []
    assert town.judged["explained"] + town.judged["waiting"] == 0  # All was judged in the first run.
    username = town.by_hand.post("/users", {"username": "meanwhile"})
    assert username is not None
    assert one(town).kind == "user_created"
