"""The whole product over HTTP on a real Keycloak: a town served on a free port, with people who can log in."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

import httpx
import uvicorn
from fastapi import FastAPI

from connector.adapters.clock import SystemClock
from connector.adapters.oidc import KeycloakLogin
from connector.adapters.tokens import KeycloakTokens
from connector.app import create_app
from connector.auth.actor import Actor
from connector.embedded.browser import FormBrowser, Person
from connector.embedded.process import free_port
from connector.register.tables import AccountRow
from tests.practice_page import add_practice
from tests.servers.keycloak import Keycloak
from tests.servers.realm import RealmUnderTest, make_realm
from tests.town import HOST, Town, open_town


@dataclass
class Web:
    """`url` is the public address of the pages; it says localhost, as cookies and security keys want it."""

    url: str
    town: Town
    realm: RealmUnderTest
    visits: "list[Visit]" = field(default_factory=list)

    def enrol(self, actor: Actor, *, second_factor: str = "key") -> Person:
        """Gives the actor's account a user at Keycloak who has been through his first login; the person who knows."""
        user_id, person = self.realm.ready_person(second_factor=second_factor)
        with self.town.connector.act(HOST) as act:
            act.session.get_one(AccountRow, actor.account_id).keycloak_id = user_id
        return person

    def visit(self, person: Person) -> "Visit":
        """A new browser in this person's hands."""
        client = httpx.Client(base_url=self.url, trust_env=False)
        self.visits.append(Visit(self.url, person, self.realm.browser(), client))
        return self.visits[-1]


@dataclass
class Visit:
    """A browser without scripts: `client` keeps the cookies of the pages, `keycloak` those of the login."""

    url: str
    person: Person
    keycloak: FormBrowser
    client: httpx.Client

    def open(self, path: str) -> httpx.Response:
        """Opens a page; where it asks for a login, logs in and comes back to it."""
        return self.follow(self.client.get(path))

    def follow(self, answer: httpx.Response) -> httpx.Response:
        """Follows redirects, through Keycloak where they lead there."""
        while answer.is_redirect:
            place = urljoin(str(answer.url), answer.headers["location"])
            if not place.startswith(self.url):
                place = self.keycloak.go(place, self.url, self.person)
            answer = self.client.get(place)
        return answer

    def send(self, path: str, **fields: str) -> httpx.Response:
        """Sends a form of that page and follows where it leads."""
        token = re.search(r'name="csrf" value="([^"]+)"', self.open(path).text)
        assert token is not None
        return self.follow(self.client.post(path, data={**fields, "csrf": token[1]}))

    def callback(self, path: str = "/pages") -> str:
        """Goes as far as Keycloak's answer; returns the address of the callback, unused."""
        sent = self.client.get("/sign-in", params={"next": path})
        return self.keycloak.go(sent.headers["location"], self.url, self.person)


@contextmanager
def open_web(keycloak: Keycloak, folder: Path) -> Iterator[Web]:
    """A town on a realm of its own, served until the end of the block."""
    port = free_port()
    url = f"http://localhost:{port}"
    realm = make_realm(keycloak, public_url=url)
    key_file = folder / "service-account.pem"
    key_file.write_bytes(realm.key_pem)
    key_file.chmod(0o600)
    where = {"server_url": keycloak.url, "realm": realm.name, "timeout": 15.0}
    login = KeycloakLogin(**where, client_id="connector", key_file=key_file, public_url=url)  # type: ignore[arg-type]
    tokens = KeycloakTokens(**where, audience="connector")  # type: ignore[arg-type]
    town = open_town(folder / "town", idp=realm.provider, clock=SystemClock(), login=login, tokens=tokens)
    placed = {"public_url": url, "keycloak_url": keycloak.url, "keycloak_realm": realm.name}
    town.connector.settings = town.connector.settings.model_copy(update=placed)
    web, app = Web(url, town, realm), create_app(town.connector)
    add_practice(app)
    try:
        with _served(app, port):
            yield web
    finally:
        for visit in web.visits:
            visit.client.close()
        town.close()
        realm.delete()


@contextmanager
def _served(app: FastAPI, port: int) -> Iterator[None]:
    config = uvicorn.Config(app, host="localhost", port=port, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=10)
