"""A town on the module's own realm, with the real clock and the real check of tokens; and people who have logged in."""

import itertools
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from connector.adapters.clock import SystemClock
from connector.adapters.keycloak_token import ASSERTION_TYPE
from connector.adapters.tokens import KeycloakTokens
from connector.app import create_app
from connector.embedded.browser import FormBrowser, LoginRefusedError, Person, Tokens
from connector.outbox import service as outbox
from connector.provisioning import service as provisioning
from connector.register import accounts
from connector.register.tables import AccountRow
from tests.factories import make_account
from tests.fixtures_api import Api
from tests.servers.realm import RealmUnderTest, realm
from tests.town import HOST, Town, open_town

__all__ = ["realm"]
_serial = itertools.count(1)


@pytest.fixture
def town(tmp_path: Path, realm: RealmUnderTest) -> Iterator[Town]:
    tokens = KeycloakTokens(server_url=realm.server.url, realm=realm.name, audience="connector", timeout=30)
    opened = open_town(tmp_path, idp=realm.provider, clock=SystemClock(), tokens=tokens)
    yield opened
    opened.close()


@pytest.fixture
def api(town: Town) -> Api:
    return Api(town, create_app(town.connector))


@dataclass
class Member:
    """One person with an account here and in Keycloak."""

    account_id: str
    user_id: str
    person: Person


@dataclass
class Centre:
    """What the tests do with people: hire, freeze, enable, and see from outside what still works."""

    town: Town
    realm: RealmUnderTest

    def hire(self, unit: str = "ywk", *, first_login: bool = True) -> Member:
        """A person with a password and a key, registered here under his user name in Keycloak."""
        if first_login:
            user_id, person = self.realm.ready_person()
        else:
            user_id, person = self.realm.new_person()
        with self.town.connector.act(HOST) as act:
            account = make_account(act, unit)
            account.user_name, account.keycloak_id = f"{person.user_name}-{next(_serial)}", user_id
        return Member(account.id, user_id, person)

    def freeze(self, *members: Member) -> None:
        """Freezes; the steps are tried before this returns, as after every order."""
        with self.town.connector.act(HOST) as act:
            for member in members:
                provisioning.freeze_account(act, accounts.get_account(act, member.account_id), cause="test")

    def sweep(self, *members: Member) -> None:
        """The worker, until the sweeps of these accounts are done."""
        ids, until = {member.account_id for member in members}, time.monotonic() + 30
        while True:
            self.town.connector.deliver()
            with self.town.connector.act(HOST) as act:
                steps = outbox.list_steps(act, states=("pending", "leased"), count=1000)
            waiting = [step for step in steps if step.account_id in ids]
            if not waiting:
                return
            assert time.monotonic() < until, [step.last_error for step in waiting]
            time.sleep(0.2)

    def enable(self, *members: Member) -> None:
        with self.town.connector.act(HOST) as act:
            for member in members:
                provisioning.enable_account(
                    act, accounts.get_account(act, member.account_id), cause="test", request_id=None
                )
        self.town.connector.deliver()
        assert all(self.realm.provider.get_user(member.user_id).enabled for member in members)

    def account(self, member: Member) -> AccountRow:
        with self.town.connector.act(HOST) as act:
            return accounts.get_account(act, member.account_id)

    def refreshes(self, browser: FormBrowser, tokens: Tokens) -> bool:
        try:
            browser.refresh(tokens)
        except LoginRefusedError:
            return False
        return True

    def works(self, browser: FormBrowser, tokens: Tokens) -> bool:
        """Whether either token is good for anything at Keycloak."""
        return self.refreshes(browser, tokens) or self.knows(tokens) == httpx.codes.OK

    def is_of_the_second(self, member: Member, tokens: Tokens) -> bool:
        """Whether the log-out's "not before" leaves the token alone: Keycloak compares whole seconds, strictly."""
        return bool(tokens.claims["iat"] >= self.realm.admin.get(f"/users/{member.user_id}")["notBefore"])

    def knows(self, tokens: Tokens) -> int:
        """The status that Keycloak's userinfo endpoint answers."""
        headers = {"Authorization": f"Bearer {tokens.access_token}"}
        return httpx.get(f"{self._base}/userinfo", headers=headers, trust_env=False, timeout=30).status_code

    def introspects(self, tokens: Tokens) -> bool:
        """Whether Keycloak calls the token active when the connector asks, for which it was issued."""
        form = {"token": tokens.access_token, "client_assertion_type": ASSERTION_TYPE, **self._assertion()}
        answer = httpx.post(f"{self._base}/token/introspect", data=form, trust_env=False, timeout=30)
        return bool(answer.raise_for_status().json()["active"])

    def _assertion(self) -> dict[str, str]:
        key = ECKey.import_key(self.realm.key_pem.decode())
        client, now = self.realm.config.connector.id, int(time.time())
        claims = {"iss": client, "sub": client, "aud": f"{self.realm.server.url}/realms/{self.realm.name}"}
        claims |= {"jti": secrets.token_urlsafe(16), "iat": now, "exp": now + 30}  # type: ignore[dict-item]
        signed = jwt.encode({"alg": "ES256", "kid": key.thumbprint()}, claims, key)
        return {"client_id": client, "client_assertion": signed}

    @property
    def _base(self) -> str:
        return f"{self.realm.server.url}/realms/{self.realm.name}/protocol/openid-connect"


@pytest.fixture
def centre(town: Town, realm: RealmUnderTest) -> Centre:
    return Centre(town, realm)
