"""The real Keycloak keeps the contract of the port, through the service account of the realm as code."""

import time
import uuid
from collections.abc import Iterator

import pytest

from connector.embedded.browser import FormBrowser, LoginRefusedError, Person, Tokens
from tests.contract_identity_provider import IdentityProviderContract
from tests.servers.realm import RealmUnderTest, realm

__all__ = ["realm"]


class KeycloakWorld:
    def __init__(self, realm: RealmUnderTest) -> None:
        self.realm, self.idp = realm, realm.provider
        self.browsers: list[FormBrowser] = []

    def log_in(self, user_id: str, *, offline: bool = False) -> tuple[FormBrowser, Tokens]:
        first, second = (f"Zb7#{uuid.uuid4().hex[:8]}x" for _ in range(2))
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

    def wait_after_logout(self) -> None:
        time.sleep(1.2)  # Keycloak refuses tokens older than the logout by whole seconds.


class TestKeycloak(IdentityProviderContract):
    @pytest.fixture
    def world(self, realm: RealmUnderTest) -> Iterator[KeycloakWorld]:
        made = KeycloakWorld(realm)
        yield made
        for browser in made.browsers:
            browser.close()
