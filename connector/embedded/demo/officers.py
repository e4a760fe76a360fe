"""The people of the demonstration: how each gets a first password by a one-time link, and signs in."""

import email
import email.policy
import html
import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.embedded.browser import FormBrowser, Person, Tokens
from connector.embedded.demo.api import Api
from connector.embedded.demo.expect import EarlierStepError, expect, wait_for
from connector.embedded.place import Place

COMMAND_LINE = "connector-cli"
FIRST_DOOR = "website"
MAIL_SECONDS = 180.0
FRESH_SECONDS = 90.0
_LINK = re.compile(r"https?://\S+/welcome/\S+")
_SHOWN = re.compile(r"<dd[^>]*>([^<]+)</dd>")  # User name and initial password.


@dataclass
class Officer:
    """Somebody who has signed in for the connector's API."""

    name: str
    person: Person
    browser: FormBrowser
    tokens: Tokens

    @property
    def user_name(self) -> str:
        return self.person.user_name

    def token(self) -> str:
        """An access token that is good for a while yet."""
        if self.tokens.claims["exp"] - time.time() < FRESH_SECONDS:
            self.tokens = self.browser.refresh(self.tokens)
        return self.tokens.access_token


class Officers:
    """Signs people in; their log-ins are kept in the data directory, for the next start and for who tries it out."""

    def __init__(self, place: Place, api: Api, new_browser: Callable[[], FormBrowser]) -> None:
        self._place, self._api, self._new_browser = place, api, new_browser
        self._signed_in: dict[str, Officer] = {}
        self._keeping = threading.Lock()

    def __getitem__(self, key: str) -> Officer:
        if key not in self._signed_in:
            raise EarlierStepError(missing=key)
        return self._signed_in[key]

    def sign_in(self, key: str, form: Mapping[str, Any]) -> Officer:
        """Signs in whom the directory knows as `key`; the first time through the one-time link of his mail.

        `form` has name, mail and document_number.
        """
        person = self._remembered(key)
        if person is None:
            person = self.first_password(form)
            self.keep(key, str(form["name"]), person)  # The link is used up: what it showed must not be lost.
        browser = self._new_browser()
        if person.new_password:
            browser.log_in(FIRST_DOOR, person)  # A second factor is enrolled where a password opens; then it is asked.
        tokens = browser.log_in_device(COMMAND_LINE, person)
        self.keep(key, str(form["name"]), person)
        self._signed_in[key] = Officer(str(form["name"]), person, browser, tokens)
        return self._signed_in[key]

    def first_password(self, form: Mapping[str, Any]) -> Person:
        """Opens the one-time link of the person's newest mail; he is to choose a password of his own."""
        link = wait_for(lambda: newest_link(self._place.mail, str(form["mail"])), MAIL_SECONDS, "mail")
        page = self._api.open_welcome(link, str(form["document_number"])[-6:])
        shown = _SHOWN.findall(page.text)
        expect(page.is_success and len(shown) == 2, f"{page.status_code} at the one-time link")
        user_name, password = map(html.unescape, shown)
        return Person(user_name, password, make_password())

    def keep(self, key: str, name: str, person: Person) -> None:
        """Remembers a log-in as it is now."""
        login = {
            "name": name,
            "user_name": person.user_name,
            "password": person.password,
            "new_password": person.new_password,
            "totp_key": person.totp_key.decode(),
            "last_totp_step": person.last_totp_step,
        }
        with self._keeping:
            self._place.remember("logins", {**self._place.recall("logins", {}), key: login})

    def close(self) -> None:
        for officer in self._signed_in.values():
            officer.browser.close()

    def _remembered(self, key: str) -> Person | None:
        login = self._place.recall("logins", {}).get(key)
        if login is None:
            return None
        return Person(
            login["user_name"],
            login["password"],
            login["new_password"],
            totp_key=login["totp_key"].encode(),
            last_totp_step=login["last_totp_step"],
        )


def make_password() -> str:
    """A password of the strictest class: 16 characters with capitals, small letters, digits and symbols."""
    return f"{secrets.token_urlsafe(9)}-aZ7#"


def newest_link(folder: Path, address: str) -> str:
    """The one-time link in the newest mail to this address; empty while there is none."""
    for file in sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns, reverse=True):
        message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        body = message.get_body(("plain",))
        found = _LINK.search(body.get_content()) if message["To"] == address and body else None
        if found:
            return found[0]
    return ""
