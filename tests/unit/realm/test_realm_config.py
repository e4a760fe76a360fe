"""The files of realm-config/ say what they must, and a mistake in them is refused."""

import shutil
from pathlib import Path

import pytest
from pydantic import ValidationError

from connector.adapters.keycloak_token import public_jwks
from connector.adapters.realm_state import RealmParameters, desired_clients, user_profile
from connector.realm_config import (
    ACCOUNTS_GROUP,
    SERVICE_ACCOUNT_ROLES,
    config_dir,
    load_catalogue,
    load_realm_config,
)
from connector.regulations.loader import load_rulebook

SUBSYSTEMS = ("website", "bid-opening", "member", "centre", "door-access")
PARAMETERS = RealmParameters(
    realm="trading", public_url="https://idp.example.cn/", jwks={"keys": []}, password_policy="length(8)"
)


@pytest.mark.req("C3")
def test_load_catalogue_has_every_permission_once_with_words_and_a_legal_role_name() -> None:
    catalogue = load_catalogue()
    assert {entry.subsystem for entry in catalogue} == set(SUBSYSTEMS)
    names = [f"{entry.subsystem}:{entry.role}" for entry in catalogue]
    assert len(names) == len(set(names))
    assert all(entry.module and entry.workflow_role and entry.subsystem_name for entry in catalogue)


@pytest.mark.req("B4")
def test_load_catalogue_marks_what_the_rules_call_sensitive() -> None:
    rulebook = load_rulebook(("LC", "GS", "HH", "GX", "JC"))
    missing = [
        f"{entry.subsystem}:{entry.role}"
        for entry in load_catalogue()
        if rulebook.is_sensitive(entry.module, entry.workflow_role) and not entry.sensitive
    ]
    assert missing == []
    assert {e.subsystem for e in load_catalogue() if e.sensitive} == {"bid-opening", "centre"}


def edited(folder: Path, name: str, old: str, new: str) -> Path:
    copy = folder / "realm-config"
    shutil.copytree(config_dir(), copy)
    text = (copy / name).read_text(encoding="utf-8")
    assert old in text
    (copy / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    return copy


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("04-roles.toml", "notice.editor", "notice editor", "pattern"),
        ("04-roles.toml", "notice.reviewer", "notice.editor", "twice"),
        ("04-roles.toml", 'sensitive = true, clause = "LC 8"', "sensitive = true", "clause"),
        ("06-permissions.toml", 'type = "Groups"', 'type = "Realms"', "permissions"),
        ("03-clients.toml", 'redirect_path = "/', 'redirect_path = "', "redirect_path"),
    ],
)
def test_load_realm_config_with_a_mistake_is_refused_by_name(
    tmp_path: Path, name: str, old: str, new: str, told: str
) -> None:
    with pytest.raises(ValidationError, match=told):
        load_realm_config(edited(tmp_path, name, old, new))


@pytest.mark.req("C9")
def test_load_realm_config_gives_the_service_account_nothing_that_bypasses_its_permissions() -> None:
    config = load_realm_config()
    assert config.service_account_roles == SERVICE_ACCOUNT_ROLES
    assert f"/{config.accounts_group}" == ACCOUNTS_GROUP
    by_type = {permission.type: permission for permission in config.permissions}
    assert len(by_type) == len(config.permissions)
    assert by_type["Users"].scopes == ("map-roles",)
    assert by_type["Groups"].resources == "accounts"
    assert by_type["Roles"].resources == "catalogue"
    assert (by_type["Clients"].scopes, by_type["Clients"].resources) == (("view",), "subsystems")


def test_user_profile_lets_people_edit_nothing_and_hides_the_keys_into_the_register() -> None:
    attributes = {attribute["name"]: attribute for attribute in user_profile(load_realm_config())["attributes"]}
    assert all(attribute["permissions"]["edit"] == ["admin"] for attribute in attributes.values())
    for name in ("accountId", "requestId", "unitCode", "accountClass"):
        assert attributes[name]["permissions"]["view"] == ["admin"]


def test_desired_clients_hold_no_secret_and_demand_pkce() -> None:
    clients = {client.client_id: client for client in desired_clients(load_realm_config(), PARAMETERS)}
    assert clients.keys() == {*SUBSYSTEMS, "connector", "connector-cli"}
    for client_id, client in clients.items():
        body = client.body
        assert "secret" not in body
        assert not body["directAccessGrantsEnabled"]
        assert not body["implicitFlowEnabled"]
        assert not body["fullScopeAllowed"]
        assert body["publicClient"] == (client_id != "connector")
        if body["protocol"] == "openid-connect":
            assert not body["standardFlowEnabled"] or body["attributes"]["pkce.code.challenge.method"] == "S256"
            assert body["serviceAccountsEnabled"] == (client_id == "connector")
    assert clients["website"].body["redirectUris"] == []
    assert clients["connector"].body["redirectUris"] == ["https://idp.example.cn/oidc/callback"]
    assert clients["connector"].body["clientAuthenticatorType"] == "client-jwt"


def test_public_jwks_holds_no_private_part() -> None:
    from joserfc.jwk import ECKey

    keys = public_jwks(*(ECKey.generate_key("P-256").as_pem(private=True) for _ in range(2)))["keys"]
    assert len({key["kid"] for key in keys}) == 2
    assert all(key.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"} for key in keys)
