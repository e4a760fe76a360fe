"""The service account can do its job and nothing else (C9), tried on targets that an attacker would choose."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from connector.adapters.keycloak_calls import AdminApi, status_of
from connector.adapters.keycloak_token import signed_tokens
from connector.ports import KeycloakRefusedError, KeycloakUnavailableError
from tests.servers.keycloak import Keycloak
from tests.servers.realm import RealmUnderTest, make_realm

pytestmark = pytest.mark.req("C9")


@dataclass
class Battlefield:
    """A realm with an administrator, an administrators' group, a stranger, one account; `us` = service account."""

    realm: RealmUnderTest
    us: AdminApi
    admin: AdminApi
    boss: str
    stranger: str
    account: str
    own: str
    connector: str
    management: str
    website: str
    admins_group: str
    accounts_group: str
    realm_admin: dict[str, object]
    server: str


@pytest.fixture(scope="module")
def field(keycloak: Keycloak) -> Iterator[Battlefield]:
    realm = make_realm(keycloak)
    admin = realm.admin
    ids = {c["clientId"]: c["id"] for c in admin.get("/clients", max=-1)}
    management = ids["realm-management"]
    realm_admin = admin.get(f"/clients/{management}/roles/realm-admin")
    for name in ("boss", "stranger"):
        admin.post("/users", {"username": name, "enabled": True})
    boss, stranger = (admin.get("/users", username=name)[0]["id"] for name in ("boss", "stranger"))
    admin.post(f"/users/{boss}/role-mappings/clients/{management}", [realm_admin])
    admin.post("/groups", {"name": "realm-admins"})
    admins_group = admin.get("/group-by-path/realm-admins")["id"]
    admin.post(f"/groups/{admins_group}/role-mappings/clients/{management}", [realm_admin])
    account, _ = realm.new_person()
    tokens = signed_tokens(
        server_url=keycloak.url, realm=realm.name, client_id="connector", key_pem=realm.key_pem, timeout=15
    )
    us = AdminApi(server_url=keycloak.url, realm=realm.name, tokens=tokens, timeout=15)
    yield Battlefield(
        realm=realm,
        us=us,
        admin=admin,
        boss=boss,
        stranger=stranger,
        account=account,
        own=str(tokens.claims()["sub"]),
        connector=ids["connector"],
        management=management,
        website=ids["website"],
        admins_group=admins_group,
        accounts_group=admin.get("/group-by-path/accounts")["id"],
        realm_admin=realm_admin,
        server=f"/clients/{ids['admin-permissions']}/authz/resource-server",
    )
    realm.delete()


PASSWORD = {"type": "password", "value": "Zb7#ttkwz2", "temporary": False}
FORBIDDEN: dict[str, Callable[[Battlefield], object]] = {
    "set the password of an administrator": lambda f: f.us.put(f"/users/{f.boss}/reset-password", PASSWORD),
    "disable an administrator": lambda f: f.us.put(f"/users/{f.boss}", {"enabled": False}),
    "delete an administrator": lambda f: f.us.delete(f"/users/{f.boss}"),
    "log an administrator out": lambda f: f.us.post(f"/users/{f.boss}/logout"),
    "read an administrator": lambda f: f.us.get(f"/users/{f.boss}"),
    "pull an administrator into the accounts": lambda f: f.us.put(f"/users/{f.boss}/groups/{f.accounts_group}"),
    "pull a stranger into the accounts": lambda f: f.us.put(f"/users/{f.stranger}/groups/{f.accounts_group}"),
    "disable a stranger": lambda f: f.us.put(f"/users/{f.stranger}", {"enabled": False}),
    "disable itself": lambda f: f.us.put(f"/users/{f.own}", {"enabled": False}),
    "pull itself into the accounts": lambda f: f.us.put(f"/users/{f.own}/groups/{f.accounts_group}"),
    "take an account out of the accounts": lambda f: f.us.delete(f"/users/{f.account}/groups/{f.accounts_group}"),
    "put an account into the administrators": lambda f: f.us.put(f"/users/{f.account}/groups/{f.admins_group}"),
    "create a user outside the accounts": lambda f: f.us.post("/users", {"username": "mole-1", "enabled": True}),
    "make an account an administrator": lambda f: f.us.post(
        f"/users/{f.account}/role-mappings/clients/{f.management}", [f.realm_admin]
    ),
    "make itself an administrator": lambda f: f.us.post(
        f"/users/{f.own}/role-mappings/clients/{f.management}", [f.realm_admin]
    ),
    "give an account a realm role": lambda f: f.us.post(
        f"/users/{f.account}/role-mappings/realm", [f.admin.get("/roles/offline_access")]
    ),
    "give the accounts group a role": lambda f: f.us.post(
        f"/groups/{f.accounts_group}/role-mappings/clients/{f.management}", [f.realm_admin]
    ),
    "move the administrators under the accounts": lambda f: f.us.post(
        f"/groups/{f.accounts_group}/children", {"id": f.admins_group, "name": "realm-admins"}
    ),
    "rename the accounts group": lambda f: f.us.put(f"/groups/{f.accounts_group}", {"name": "others"}),
    "make a role": lambda f: f.us.post(f"/clients/{f.website}/roles", {"name": "back.door"}),
    "make a role composite": lambda f: f.us.post(
        f"/clients/{f.website}/roles/notice.editor/composites", [f.realm_admin]
    ),
    "change a subsystem's client": lambda f: f.us.put(f"/clients/{f.website}", {"redirectUris": ["*"]}),
    "make a client": lambda f: f.us.post("/clients", {"clientId": "mole"}),
    "read its own client's secret": lambda f: f.us.get(f"/clients/{f.connector}/client-secret"),
    "change its own key": lambda f: f.us.put(f"/clients/{f.connector}", {"attributes": {"jwks.string": "{}"}}),
    "impersonate an account": lambda f: f.us.post(f"/users/{f.account}/impersonation"),
    "import users": lambda f: f.us.post("/partialImport", {"ifResourceExists": "FAIL", "users": []}),
    "export the realm": lambda f: f.us.post("/partial-export", exportClients="true"),
    "change the realm": lambda f: f.us.put("", {"bruteForceProtected": False}),
    "delete events": lambda f: f.us.delete("/events"),
    "delete administrative events": lambda f: f.us.delete("/admin-events"),
    "switch events off": lambda f: f.us.put("/events/config", {"eventsEnabled": False}),
    "give itself a permission": lambda f: f.us.post(
        f"{f.server}/policy/user", {"name": "mine", "users": [f.own], "logic": "POSITIVE"}
    ),
    "end another's offline session by its id": lambda f: f.us.delete("/sessions/any", isOffline="true"),
    "change the user profile": lambda f: f.us.put("/users/profile", {"attributes": []}),
}


@pytest.mark.parametrize("act", FORBIDDEN)
def test_forbidden_call_is_refused_with_403(field: Battlefield, act: str) -> None:
    with pytest.raises(KeycloakRefusedError) as refused:
        FORBIDDEN[act](field)
    assert status_of(refused.value) == 403, refused.value.facts


def test_create_user_among_the_administrators_makes_no_user(field: Battlefield) -> None:
    body = {"username": "mole-2", "enabled": True, "groups": ["/accounts", "/realm-admins"]}
    with pytest.raises((KeycloakRefusedError, KeycloakUnavailableError)):  # Keycloak 26.7.4 answers 500 here.
        field.us.post("/users", body)
    assert field.admin.get("/users", username="mole-2", exact="true") == []


def test_forbidden_calls_left_nothing_behind(field: Battlefield) -> None:
    names = {user["username"] for user in field.admin.get("/users", max=100)}
    assert not names & {"mole-1", "mole-2"}
    assert all(field.admin.get(f"/users/{user_id}")["enabled"] for user_id in (field.boss, field.stranger))
    roles = field.admin.get(f"/users/{field.account}/role-mappings")
    assert "clientMappings" not in roles


def test_list_accounts_shows_members_of_the_group_only(field: Battlefield) -> None:
    seen = {account.user_id for account in field.realm.provider.list_accounts()}
    assert seen == {field.account}
    assert {user["id"] for user in field.us.get("/users", max=100)} == {field.account}


def test_probe_of_an_account_with_too_many_rights_says_so(field: Battlefield) -> None:
    role = field.admin.get(f"/clients/{field.management}/roles/view-realm")
    path = f"/users/{field.own}/role-mappings/clients/{field.management}"
    scope = f"/clients/{field.connector}/scope-mappings/clients/{field.management}"
    field.admin.post(path, [role])
    field.admin.post(scope, [role])
    try:
        field.realm.provider._tokens.forget()
        bad = {result.name for result in field.realm.provider.probe() if not result.ok}
    finally:
        field.admin.delete(path, [role])
        field.admin.delete(scope, [role])
        field.realm.provider._tokens.forget()
    assert {"hold exactly the built-in roles", "refused: list realm roles"} <= bad
    assert [result for result in field.realm.provider.probe() if not result.ok] == []


def test_probe_of_an_account_without_its_permissions_says_so(keycloak: Keycloak) -> None:
    made = make_realm(keycloak)
    try:
        permissions = next(c for c in made.admin.get("/clients", max=-1) if c["clientId"] == "admin-permissions")["id"]
        server = f"/clients/{permissions}/authz/resource-server/permission/scope"
        permission = next(p for p in made.admin.get(server) if p["resourceType"] == "Clients")
        made.admin.delete(f"{server}/{permission['id']}")
        bad = {result.name for result in made.provider.probe() if not result.ok}
        assert bad == {f"read the roles of {subsystem}" for subsystem in made.config.subsystem_ids}
    finally:
        made.delete()
