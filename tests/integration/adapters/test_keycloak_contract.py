"""The real Keycloak keeps the contract of the port, through the service account of the realm as code."""

import time
import uuid
from collections.abc import Iterator

import pytest

from connector.adapters import keycloak_places
from connector.embedded.browser import FormBrowser, LoginRefusedError, Person, Tokens
from tests.contract_identity_provider import IdentityProviderContract, new_user
from tests.passwords import fresh
from tests.servers.realm import RealmUnderTest, realm

__all__ = ["realm"]


class KeycloakWorld:
    def __init__(self, realm: RealmUnderTest) -> None:
        self.realm, self.idp = realm, realm.provider
        self.browsers: list[FormBrowser] = []

    def log_in(self, user_id: str, *, offline: bool = False) -> tuple[FormBrowser, Tokens]:
        first, second = (fresh("Zb7#", "x") for _ in range(2))
        self.idp.set_temporary_password(user_id, first)
        person = Person(self.idp.get_user(user_id).user_name, first, second)
        browser = self.realm.browser()
        self.browsers.append(browser)
        if not offline:
            return browser, browser.log_in("website", person)
        self.realm.allow_offline(user_id, "door-access")
        return browser, browser.log_in("door-access", person, scope="openid offline_access")

    def refresh(self, login: tuple[FormBrowser, Tokens]) -> bool:
        browser, tokens = login
        try:
            browser.refresh(tokens)
        except LoginRefusedError:
            return False
        return True

    def take_name(self, user_name: str) -> None:
        self.realm.admin.post("/users", {"username": user_name, "enabled": True})

    def take_out_of_accounts(self, user_id: str) -> None:
        group = self.realm.admin.get("/group-by-path/accounts")["id"]
        self.realm.admin.delete(f"/users/{user_id}/groups/{group}")

    def make_role(self, subsystem: str, role: str, holder: str) -> None:
        client = self.realm.admin.get("/clients", clientId=subsystem)[0]["id"]
        self.realm.admin.post(f"/clients/{client}/roles", {"name": role})
        self._give(holder, client, role)

    def give_role_to_stranger(self, subsystem: str, role: str) -> str:
        name = f"stranger-{uuid.uuid4().hex[:8]}"
        self.take_name(name)
        user_id = str(self.realm.admin.get("/users", username=name, exact="true")[0]["id"])
        self._give(user_id, self.realm.admin.get("/clients", clientId=subsystem)[0]["id"], role)
        return user_id

    def _give(self, user_id: str, client: str, role: str) -> None:
        rep = self.realm.admin.get(f"/clients/{client}/roles/{role}")
        self.realm.admin.post(f"/users/{user_id}/role-mappings/clients/{client}", [rep])

    def wait_after_logout(self) -> None:
        time.sleep(1.2)  # Keycloak refuses tokens older than the logout by whole seconds.


class TestKeycloak(IdentityProviderContract):
    @pytest.fixture
    def world(self, realm: RealmUnderTest) -> Iterator[KeycloakWorld]:
        made = KeycloakWorld(realm)
        yield made
        for browser in made.browsers:
            browser.close()


def test_list_in_pages_between_strangers_names_each_account_once(
    realm: RealmUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keycloak_places, "PAGE", 3)
    world, users = KeycloakWorld(realm), []
    for _ in range(7):
        world.give_role_to_stranger("website", "column.maintainer")
        users.append(realm.provider.create_user(new_user()))
        realm.provider.grant_roles(users[-1], "website", ["column.maintainer"])
    assert sorted(realm.provider.list_role_holders("website", "column.maintainer")) == sorted(users)
    listed = [user.user_id for user in realm.provider.list_accounts()]
    assert set(users) <= set(listed)
    assert len(listed) == len(set(listed))
