"""A Keycloak that signs people in as a test says: every code stands for what the ID token will say."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qs, urlencode, urlsplit

from connector.auth.login import EndedLogin, SignedIn, SignInFailedError
from connector.ports import KeycloakUnavailableError

ISSUER = "http://keycloak.test/realms/trading"


@dataclass(frozen=True)
class Asked:
    """What the browser was sent to Keycloak with."""

    state: str
    nonce: str
    level: str
    max_age: int | None
    action: str
    verifier: str


@dataclass
class FakeLoginClient:
    """LoginClient in memory. A code is good once, for the verifier and the nonce it was given for."""

    asked: list[Asked] = field(default_factory=list)
    unreachable: bool = False
    _codes: dict[str, tuple[SignedIn, Asked]] = field(default_factory=dict)
    _serial: Iterator[int] = field(default_factory=itertools.count)
    _logouts: dict[str, EndedLogin] = field(default_factory=dict)

    def authorization_url(
        self, *, state: str, nonce: str, verifier: str, level: str, max_age: int | None = None, action: str = ""
    ) -> str:
        self.asked.append(Asked(state, nonce, level, max_age, action, verifier))
        return f"{ISSUER}/auth?{urlencode({'state': state, 'nonce': nonce, 'acr_values': level})}"

    def answer(self, location: str, signed: SignedIn) -> dict[str, str]:
        """The parameters with which Keycloak sends the browser back from `location`, as the person of `signed`."""
        state = parse_qs(urlsplit(location).query)["state"][0]
        asked = next(item for item in self.asked if item.state == state)
        code = f"code-{next(self._serial)}"
        self._codes[code] = (signed, asked)
        return {"state": state, "code": code, "iss": ISSUER}

    def fetch(self, *, code: str, issuer: str, verifier: str, nonce: str) -> SignedIn:
        if self.unreachable:
            raise KeycloakUnavailableError("fake")
        if issuer != ISSUER:
            raise SignInFailedError("iss")
        signed, asked = self._codes.pop(code, (None, None))
        if signed is None or asked is None or (verifier, nonce) != (asked.verifier, asked.nonce):
            raise SignInFailedError("code")
        return signed

    def logout_url(self, id_token: str) -> str:
        return f"{ISSUER}/logout?{urlencode({'id_token_hint': id_token})}"

    def logout_token(self, ended: EndedLogin) -> str:
        """A logout token as Keycloak would send it."""
        token = f"logout-{len(self._logouts)}"
        self._logouts[token] = ended
        return token

    def read_logout_token(self, token: str) -> EndedLogin:
        if token not in self._logouts:
            raise SignInFailedError("signature")
        return self._logouts[token]


def make_signed_in(subject: str, at: datetime) -> SignedIn:
    """A sign-in with a hardware key at `at`."""
    return SignedIn(
        subject=subject, sid=f"sid-{subject}", acr="mfa", amr=("pwd", "hwk"), auth_time=at, id_token=f"id.{subject}"
    )
