"""Makes a realm of its own for a test module on the run's Keycloak, by the product's own applier, and removes it."""

import itertools
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from joserfc.jwk import ECKey

from connector.adapters.keycloak import KeycloakProvider
from connector.adapters.keycloak_calls import AdminApi
from connector.adapters.keycloak_token import TokenSource, public_jwks
from connector.adapters.realm import RealmApplier, master_tokens
from connector.adapters.realm_passwords import password_policy, password_words, realm_password_rules
from connector.adapters.realm_state import RealmParameters
from connector.embedded.browser import FormBrowser, Person
from connector.ports import KeycloakUnavailableError, NewUser
from connector.realm_config import RealmConfig, load_realm_config
from connector.regulations.loader import load_rulebook
from tests.passwords import fresh
from tests.servers.keycloak import Keycloak

PACKS = ("LC", "GS", "HH", "GX", "JC")
PUBLIC_URL = "http://localhost:8460"


@dataclass
class RealmUnderTest:
    """A realm made by the applier. `admin` calls its Admin API as master's administrator: the hand that drifts."""

    server: Keycloak
    name: str
    key_pem: bytes
    config: RealmConfig
    applier: RealmApplier
    provider: KeycloakProvider
    admin: AdminApi
    _browsers: list[FormBrowser] = field(default_factory=list)
    _serial: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def redirect_uris(self) -> dict[str, str]:
        given = self.applier.parameters
        return {**given.subsystem_urls, "connector": f"{given.public_url}{self.config.connector.redirect_path}"}

    def browser(self) -> FormBrowser:
        """A new browser; all are closed with the realm."""
        self._browsers.append(FormBrowser(self.server.url, self.name, self.redirect_uris))
        return self._browsers[-1]

    def new_person(
        self,
        *,
        actions: tuple[str, ...] = (),
        password: str = "",
        second_factor: str = "key",
        one_session: bool = False,
    ) -> tuple[str, Person]:
        """An account with a first password: (user id, the person who knows it). At login he changes it."""
        number = next(self._serial)
        first = password or fresh("Anfang#", "7")
        new = NewUser(
            user_name=f"371500-{number:05d}",
            display_name="张三",
            account_id=f"account-{number}",
            request_id=f"request-{number}",
            unit_code="371500",
            account_class="ordinary",
            required_actions=actions,
            second_factor=second_factor,
            one_session=one_session,
        )
        user_id = self.provider.create_user(new)
        self.provider.set_temporary_password(user_id, first)
        return user_id, Person(new.user_name, first, fresh("Weiter!", "8"))

    def ready_person(self, *, second_factor: str = "key", one_session: bool = False) -> tuple[str, Person]:
        """An account after its first login: with a password of its own, and a key ("key") or one-time codes ("otp")."""
        enrol = "CONFIGURE_TOTP" if second_factor == "otp" else "webauthn-register"
        user_id, person = self.new_person(
            actions=("UPDATE_PASSWORD", enrol), second_factor=second_factor, one_session=one_session
        )
        browser = self.browser()
        browser.log_in("website", person)
        self.provider.log_out(user_id)
        return user_id, person

    def allow_offline(self, user_id: str, client_id: str) -> None:
        """Drifts by hand: this person may ask `client_id` for offline tokens, which the realm as code never allows."""
        scopes = {scope["name"]: scope["id"] for scope in self.admin.get("/client-scopes")}
        uuid_ = self.admin.get("/clients", clientId=client_id)[0]["id"]
        self.admin.put(f"/clients/{uuid_}/optional-client-scopes/{scopes['offline_access']}")
        self.admin.post(f"/users/{user_id}/role-mappings/realm", [self.admin.get("/roles/offline_access")])

    def delete(self) -> None:
        for browser in self._browsers:
            browser.close()
        self.applier.delete()


def make_realm(server: Keycloak, name: str = "", **overrides: Any) -> RealmUnderTest:
    """A new realm on `server`; `overrides` are fields of RealmParameters. Delete it afterwards."""
    name = name or f"t-{uuid.uuid4().hex[:10]}"
    config = load_realm_config()
    key_pem = ECKey.generate_key("P-256").as_pem(private=True)
    rules = realm_password_rules(load_rulebook(PACKS))
    values: dict[str, Any] = {
        "realm": name,
        "public_url": PUBLIC_URL,
        "jwks": public_jwks(key_pem),
        "password_policy": password_policy(rules, config.weak_passwords),
        "password_words": password_words(rules),
        "subsystem_urls": {subsystem: f"https://{subsystem}.test/callback" for subsystem in config.subsystem_ids},
    }
    parameters = RealmParameters(**{**values, **overrides})
    tokens: TokenSource = master_tokens(server_url=server.url, user=server.admin_user, password=server.admin_password)
    applier = RealmApplier(server_url=server.url, parameters=parameters, tokens=tokens, config=config)
    _apply(applier)
    provider = KeycloakProvider(
        server_url=server.url,
        realm=name,
        client_id=config.connector.id,
        key_pem=key_pem,
        subsystems=config.subsystem_ids,
    )
    return RealmUnderTest(server, name, key_pem, config, applier, provider, applier.api)


def _apply(applier: RealmApplier, tries: int = 4) -> None:
    """Applies; again when Keycloak's file database was locked by a realm that another worker makes (it answers 500)."""
    for left in reversed(range(tries)):
        try:
            applier.apply()
        except KeycloakUnavailableError:
            if not left:
                raise
            time.sleep(1.0)
        else:
            return


@pytest.fixture(scope="module")
def realm(keycloak: Keycloak) -> Iterator[RealmUnderTest]:
    """A realm for this test module alone."""
    made = make_realm(keycloak)
    yield made
    made.delete()
