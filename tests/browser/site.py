"""Logins at the subsystems of one realm, in windows; every subsystem is a page of the landing."""

from collections.abc import Iterator
from contextlib import contextmanager

from connector.embedded.browser import Person
from tests.browser import sign_in
from tests.browser.chromium import Window, Windows
from tests.browser.landing import Landing
from tests.servers.keycloak import Keycloak
from tests.servers.realm import RealmUnderTest, make_realm

SUBSYSTEMS = ("website", "bid-opening", "centre", "door-access")


@contextmanager
def landed_realm(keycloak: Keycloak, landing: Landing) -> Iterator[RealmUnderTest]:
    """A realm whose logins end at the landing; deleted at the end."""
    made = make_realm(keycloak, subsystem_urls={name: landing.callback(name) for name in SUBSYSTEMS})
    yield made
    made.delete()


class Site:
    """`url` is the address of the server as people reach it."""

    def __init__(self, realm: RealmUnderTest, landing: Landing, windows: Windows, url: str = "") -> None:
        self.url = f"{url or realm.server.url}/realms/{realm.name}"
        self.tokens_url = f"{realm.server.url}/realms/{realm.name}"
        self.landing, self.windows = landing, windows

    def open(self, client_id: str, person: Person | None = None, window: Window | None = None, **ask: str) -> Window:
        """Begins a login; with a person, types his password if it is asked for."""
        window = window or self.windows.open()
        window.page.goto(self.landing.start(self.url, client_id, **ask))
        if person is not None and sign_in.page_name(window.page) == "login":
            sign_in.type_password(window, person)
        return window

    def has_reached(self, window: Window, client_id: str) -> bool:
        return window.page.url.startswith(self.landing.callback(client_id))

    def proofs(self, window: Window) -> tuple[str, tuple[str, ...]]:
        """Level and methods in the token for the code that this window brought."""
        tokens = self.landing.tokens(self.tokens_url, window.page.url)
        return tokens.level, tokens.methods
