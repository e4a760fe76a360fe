"""A browser for the forms of Keycloak's login: for demonstrations and tests. It keeps cookies and runs no scripts.

It does what a person does at a first login (password, new password, second factor) and at the next ones; where a page
would call a security key by its script, it calls a SoftKey with the values in that script.
"""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx

from connector.embedded.errors import LoginRefusedError
from connector.embedded.login_answers import Answers, Person
from connector.embedded.login_pages import LoginPage

__all__ = ["FormBrowser", "LoginRefusedError", "Person", "Tokens"]
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
MOST_PAGES = 10  # A first login has up to six; more means that Keycloak shows the same page again and again.


@dataclass(frozen=True)
class Tokens:
    """What a client holds after a login."""

    client_id: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    id_token: str = field(repr=False)

    @property
    def claims(self) -> dict[str, Any]:
        """Claims of the access token, unverified."""
        return _claims(self.access_token)

    @property
    def level(self) -> str:
        """Level of the login (acr): "pwd" or "mfa"."""
        return str(self.claims.get("acr", ""))

    @property
    def methods(self) -> tuple[str, ...]:
        """What was shown at the login (amr), sorted: pwd, hwk, otp, x509."""
        return tuple(sorted(self.claims.get("amr", ())))

    @property
    def roles(self) -> list[str]:
        """Roles at the client itself, sorted."""
        roles: list[str] = self.claims.get("resource_access", {}).get(self.client_id, {}).get("roles", [])
        return sorted(roles)


class FormBrowser:
    """One person's browser at one realm. `pages` names the pages seen, in order, for evidence."""

    def __init__(
        self,
        server_url: str,
        realm: str,
        redirect_uris: Mapping[str, str],
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        timeout: float = 30.0,
    ) -> None:
        server = server_url.rstrip("/")
        self._realm = f"{server}/realms/{realm}"
        self._base = f"{self._realm}/protocol/openid-connect"
        self._redirect_uris = redirect_uris
        self._answers = Answers(_origin(server), clock, sleep)
        self._http = httpx.Client(timeout=timeout, headers={"Accept-Language": "zh-CN"}, trust_env=False)
        self._cookies: dict[str, str] = {}
        self.pages: list[str] = []

    def log_in(
        self, client_id: str, person: Person | None = None, *, scope: str = "openid", level: str = "", **ask: str
    ) -> Tokens:
        """Logs in at `client_id` and returns its tokens; without a person only an existing login (SSO) is used.

        `level` ("pwd", "mfa") is asked for as acr_values; `ask` are further parameters, as max_age="0" or prompt.
        Raises LoginRefusedError with Keycloak's reason, also when a page asks for what the person does not have.
        """
        verifier, challenge = proof_key()
        query = {
            "client_id": client_id,
            "redirect_uri": self._redirect_uris[client_id],
            "response_type": "code",
            "scope": scope,
            "state": secrets.token_urlsafe(12),
            **challenge,
            **_asked(level),
            **ask,
        }
        code = _code_of(self.go(f"{self._base}/auth?{urlencode(query)}", self._redirect_uris[client_id], person))
        return self._tokens(
            client_id,
            grant_type="authorization_code",
            code=code,
            redirect_uri=self._redirect_uris[client_id],
            code_verifier=verifier,
        )

    def log_in_device(self, client_id: str, person: Person, *, level: str = "") -> Tokens:
        """Logs in a program beside this browser (RFC 8628): opens the page it names, agrees, fetches its tokens."""
        verifier, challenge = proof_key()
        form = {"client_id": client_id, "scope": "openid", **challenge, **_asked(level)}
        begun = self._http.post(f"{self._base}/auth/device", data=form).json()
        if "device_code" not in begun:
            raise LoginRefusedError(str(begun.get("error_description") or begun.get("error")))
        self.allow_device(begun["verification_uri_complete"], person)
        code = begun["device_code"]
        return self._tokens(client_id, grant_type=DEVICE_GRANT, device_code=code, code_verifier=verifier)

    def go(self, url: str, target: str, person: Person | None = None) -> str:
        """Opens `url`, goes through Keycloak's pages until they lead to `target`, and returns that address in full."""
        return self._through_the_pages(self._send("GET", url), target, person)

    def allow_device(self, url: str, person: Person) -> None:
        """Opens the address that a program shows its user, logs in where asked, and agrees to what is asked."""
        place = self.go(url, f"{self._realm}/device/status", person)
        if refused := parse_qs(urlsplit(place).query).get("error"):
            raise LoginRefusedError(refused[0])

    def refresh(self, tokens: Tokens) -> Tokens:
        """New tokens for the refresh token; LoginRefusedError when the session is over."""
        return self._tokens(tokens.client_id, grant_type="refresh_token", refresh_token=tokens.refresh_token)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> "FormBrowser":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self, method: str, url: str, form: Mapping[str, str] | None = None) -> httpx.Response:
        """Sends with the cookies of this realm. Keycloak marks them Secure; browsers, unlike httpx, hold
        http://localhost for secure, so they are kept by hand."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        answer = self._http.request(method, url, data=form, headers=headers)
        self._http.cookies.clear()
        for header in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(header).items():
                if morsel["max-age"] == "0" or not morsel.value:
                    self._cookies.pop(name, None)
                else:
                    self._cookies[name] = morsel.coded_value
        return answer

    def _through_the_pages(self, answer: httpx.Response, target: str, person: Person | None) -> str:
        """Follows redirects and fills in forms until Keycloak sends the browser to `target`; returns that address."""
        for _ in range(MOST_PAGES):
            while answer.is_redirect:
                place = urljoin(str(answer.url), answer.headers["location"])
                if place.startswith(target):
                    return place
                answer = self._send("GET", place)
            page = LoginPage(answer.text)
            if page.error or page.form is None or answer.status_code >= 400:
                raise LoginRefusedError(page.error or page.text or f"HTTP {answer.status_code}")
            if person is None:
                raise LoginRefusedError(f"the page {page.name} asks for a person")
            self.pages.append(page.name)
            form, typed = self._answers.to(page, page.form, person)
            answer = self._send("POST", urljoin(str(answer.url), form.action), {**form.hidden, **typed})
        raise LoginRefusedError(f"still at the page {page.name}")

    def _tokens(self, client_id: str, **form: str) -> Tokens:
        answer = self._http.post(f"{self._base}/token", data={"client_id": client_id, **form})
        body = answer.json()
        if answer.status_code != 200:
            raise LoginRefusedError(str(body.get("error_description") or body.get("error")))
        return Tokens(client_id, body["access_token"], body.get("refresh_token", ""), body.get("id_token", ""))


def proof_key() -> tuple[str, dict[str, str]]:
    """A verifier and the parameters that announce it (RFC 7636)."""
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return verifier, {"code_challenge": challenge, "code_challenge_method": "S256"}


def _asked(level: str) -> dict[str, str]:
    return {"acr_values": level} if level else {}


def _origin(url: str) -> str:
    """Scheme, host and port, as keys sign them."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _code_of(place: str) -> str:
    answer = parse_qs(urlsplit(place).query)
    if "code" not in answer:
        raise LoginRefusedError((answer.get("error_description") or answer.get("error") or ["no code"])[0])
    return answer["code"][0]


def _claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims
