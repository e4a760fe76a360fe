"""A browser for the pages: it keeps cookies, follows nothing by itself, and fills in forms as they are shown."""

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from html import unescape
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response

from connector.app import create_app
from connector.auth.actor import Actor
from connector.auth.login import SignedIn
from connector.register.tables import AccountRow
from tests.fakes.login_client import FakeLoginClient, make_signed_in
from tests.practice_page import add_practice
from tests.town import HOST, Town

ORIGIN = "http://localhost:8460"


@dataclass
class Browser:
    """`client` follows no redirects. `sign_in` goes the way through the fake Keycloak."""

    town: Town
    client: TestClient

    @property
    def login(self) -> FakeLoginClient:
        login = self.town.connector.login
        assert isinstance(login, FakeLoginClient)
        return login

    def get(self, path: str, **sent: Any) -> Response:
        return self.client.get(path, **sent)

    def post(self, path: str, fields: Mapping[str, Any] | None = None, *, csrf: str | None = None) -> Response:
        """Sends a form with the token of this session; `csrf` puts another in its place, "" none."""
        token = self.csrf() if csrf is None else csrf
        return self.client.post(path, data={**(fields or {}), **({"csrf": token} if token else {})})

    def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.get("/pages").text)
        return unescape(found[1]) if found else ""

    def subject_of(self, actor: Actor) -> str:
        """The person's id at Keycloak."""
        with self.town.connector.act(HOST) as act:
            account = act.session.get_one(AccountRow, actor.account_id)
            account.keycloak_id = account.keycloak_id or str(uuid.uuid4())
            return account.keycloak_id

    def signed(self, actor: Actor, **fields: object) -> SignedIn:
        now = self.town.clock.now().replace(microsecond=0)
        return replace(make_signed_in(self.subject_of(actor), now), **fields)  # type: ignore[arg-type]

    def sign_in(self, actor: Actor, *, next_path: str = "/pages", **fields: object) -> Response:
        """Signs in with a second factor; returns the answer of the callback."""
        sent = self.get("/sign-in", params={"next": next_path})
        return self.come_back(sent, self.signed(actor, **fields))

    def come_back(self, sent: Response, signed: SignedIn, **changed: str) -> Response:
        """The way back from Keycloak, to which `sent` redirected; `changed` parameters are put in."""
        answer = self.login.answer(sent.headers["location"], signed)
        return self.get("/oidc/callback", params={**answer, **changed})

    def prove(self, sent: Response, actor: Actor, **fields: object) -> Response:
        """The second factor that a step-up asked for."""
        return self.come_back(sent, self.signed(actor, **fields))


@contextmanager
def open_browser(town: Town, origin: str = ORIGIN) -> Iterator[Browser]:
    app = create_app(town.connector)
    add_practice(app)
    with TestClient(app, base_url=origin, follow_redirects=False, raise_server_exceptions=False) as client:
        yield Browser(town, client)
