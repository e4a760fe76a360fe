"""A browser for the forms of Keycloak's login: for demonstrations and tests. It keeps cookies and runs no scripts.

It does what a person does at a first login (password, new password, second factor) and at the next ones.
"""

import base64
import hashlib
import hmac
import json
import secrets
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx

from connector.errors import ConnectorError, Text

TOTP_SECONDS = 30
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
MOST_PAGES = 8  # A first login has four; more means that Keycloak shows the same page again and again.


class LoginRefusedError(ConnectorError):
    """Keycloak did not let the person in, or did not take the token. `reason` is its own text."""

    code = "login-refused"
    status = 401
    says = Text("登录被拒绝：{reason}", "The login was refused: {reason}")
    remedy = Text("请核对账号状态和口令", "Check the account's state and the password")

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)


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
    def roles(self) -> list[str]:
        """Roles at the client itself, sorted."""
        roles: list[str] = self.claims.get("resource_access", {}).get(self.client_id, {}).get("roles", [])
        return sorted(roles)


@dataclass
class Person:
    """Who sits at the browser. `new_password` is used when one is demanded; `totp_key` is kept at enrolment."""

    user_name: str
    password: str = field(repr=False)
    new_password: str = field(default="", repr=False)
    totp_key: bytes = field(default=b"", repr=False)
    last_totp_step: int = 0


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
        self._realm = f"{server_url.rstrip('/')}/realms/{realm}"
        self._base = f"{self._realm}/protocol/openid-connect"
        self._redirect_uris = redirect_uris
        self._clock, self._sleep = clock, sleep
        self._http = httpx.Client(timeout=timeout, headers={"Accept-Language": "zh-CN"}, trust_env=False)
        self._cookies: dict[str, str] = {}
        self.pages: list[str] = []

    def log_in(self, client_id: str, person: Person | None = None, *, scope: str = "openid") -> Tokens:
        """Logs in at `client_id` and returns its tokens; without a person only an existing login (SSO) is used.

        Raises LoginRefusedError with Keycloak's reason, also when a page asks for what the person does not have.
        """
        verifier, challenge = _proof_key()
        query = {
            "client_id": client_id,
            "redirect_uri": self._redirect_uris[client_id],
            "response_type": "code",
            "scope": scope,
            "state": secrets.token_urlsafe(12),
            **challenge,
        }
        answer = self._send("GET", f"{self._base}/auth?{urlencode(query)}")
        code = _code_of(self._through_the_pages(answer, self._redirect_uris[client_id], person))
        return self._tokens(
            client_id,
            grant_type="authorization_code",
            code=code,
            redirect_uri=self._redirect_uris[client_id],
            code_verifier=verifier,
        )

    def log_in_device(self, client_id: str, person: Person) -> Tokens:
        """Logs in a program beside this browser (RFC 8628): opens the page it names, agrees, fetches its tokens."""
        verifier, challenge = _proof_key()
        form = {"client_id": client_id, "scope": "openid", **challenge}
        begun = self._http.post(f"{self._base}/auth/device", data=form).json()
        if "device_code" not in begun:
            raise LoginRefusedError(str(begun.get("error_description") or begun.get("error")))
        self.allow_device(begun["verification_uri_complete"], person)
        code = begun["device_code"]
        return self._tokens(client_id, grant_type=DEVICE_GRANT, device_code=code, code_verifier=verifier)

    def allow_device(self, url: str, person: Person) -> None:
        """Opens the address that a program shows its user, logs in where asked, and agrees to what is asked."""
        place = self._through_the_pages(self._send("GET", url), f"{self._realm}/device/status", person)
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
            page = _Page(answer.text)
            if page.error or page.form is None or answer.status_code >= 400:
                raise LoginRefusedError(page.error or page.text or f"HTTP {answer.status_code}")
            if person is None:
                raise LoginRefusedError(f"the page {page.name} asks for a person")
            self.pages.append(page.name)
            filled = {**page.hidden, **self._fill(page, person)}
            answer = self._send("POST", urljoin(str(answer.url), page.form), filled)
        raise LoginRefusedError(f"still at the page {page.name}")

    def _fill(self, page: "_Page", person: Person) -> dict[str, str]:
        """What the person types on this page."""
        if page.name == "update-password":
            if not person.new_password:
                raise LoginRefusedError("a new password is demanded")
            person.password, person.new_password = person.new_password, ""
            return {"password-new": person.password, "password-confirm": person.password}
        if page.name == "configure-totp":
            person.totp_key = page.hidden["totpSecret"].encode()
            return {"totp": self._totp(person), "userLabel": "demo"}
        if page.name == "consent":
            return {"accept": "yes"}
        if page.name == "otp":
            if not person.totp_key:
                raise LoginRefusedError("a second factor is demanded")
            return {"otp": self._totp(person)}
        return {"username": person.user_name, "password": person.password}

    def _totp(self, person: Person) -> str:
        """The person's next unused code: Keycloak takes each once, and one step ahead of its clock."""
        step = max(int(self._clock() // TOTP_SECONDS), person.last_totp_step + 1)
        while step > self._clock() // TOTP_SECONDS + 1:
            self._sleep(1.0)
        person.last_totp_step = step
        return totp_code(person.totp_key, step)

    def _tokens(self, client_id: str, **form: str) -> Tokens:
        answer = self._http.post(f"{self._base}/token", data={"client_id": client_id, **form})
        body = answer.json()
        if answer.status_code != 200:
            raise LoginRefusedError(str(body.get("error_description") or body.get("error")))
        return Tokens(client_id, body["access_token"], body.get("refresh_token", ""), body.get("id_token", ""))


def totp_code(key: bytes, step: int) -> str:
    """The six digits of RFC 6238 for the `step`-th half minute, with SHA-1 as authenticator apps have it."""
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


class _Page(HTMLParser):
    """One page of Keycloak: its form's address, the hidden fields, the error shown, and which page it is."""

    _NAMES = (
        ("accept", "consent"),
        ("totpSecret", "configure-totp"),
        ("password-new", "update-password"),
        ("otp", "otp"),
        ("password", "login"),
    )

    def __init__(self, html: str) -> None:
        super().__init__()
        self.form: str | None = None
        self.hidden: dict[str, str] = {}
        self.error = self.text = ""
        self._fields: set[str] = set()
        self._into = ""
        self.feed(html)

    @property
    def name(self) -> str:
        return next((name for field_name, name in self._NAMES if field_name in self._fields), "unknown")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and self.form is None and given.get("action"):
            self.form = given["action"]
        if tag in ("input", "button") and given.get("name"):
            self._fields.add(given["name"])
            if given.get("type") == "hidden":
                self.hidden[given["name"]] = given.get("value", "")
        if _is_error(given):
            self._into = "error"
        elif given.get("id") == "kc-error-message" or tag == "title":
            self._into = "text"

    def handle_data(self, data: str) -> None:
        if self._into and data.strip():
            setattr(self, self._into, data.strip())
            self._into = ""


def _is_error(given: Mapping[str, str]) -> bool:
    named = given.get("id", "")
    return (named.startswith("input-error") and "container" not in named) or "m-danger" in given.get("class", "")


def _proof_key() -> tuple[str, dict[str, str]]:
    """A verifier and the parameters that announce it (RFC 7636)."""
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return verifier, {"code_challenge": challenge, "code_challenge_method": "S256"}


def _code_of(place: str) -> str:
    answer = parse_qs(urlsplit(place).query)
    if "code" not in answer:
        raise LoginRefusedError((answer.get("error_description") or answer.get("error") or ["no code"])[0])
    return answer["code"][0]


def _claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims
