"""Sample subsystems on loopback: five pages one logs in to with one account, showing what it may do there.

They stand for the centre's real systems and know Keycloak's address and nothing else: public clients with PKCE, the
member page by SAML. Keycloak tells them of every logout, so a frozen person is out of them at once.
"""

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Protocol
from urllib.parse import parse_qs, urlsplit

from connector.embedded.sample_member import SOAP_TYPE, SampleMember, ended_sessions, logout_answer
from connector.embedded.sample_oidc import SampleOidc

LOOPBACK = "127.0.0.1"
MEMBER: Final = "member"
MOST_LOGINS = 100  # Begun and not ended; the oldest is forgotten.
MOST_BYTES = 100_000
HTML: Final = {"content-type": "text/html; charset=utf-8"}
PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{title}</title>
<body style="font: 16px/1.6 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto"><h1>{title}</h1>{body}</body>"""


class Surroundings(Protocol):
    """What a subsystem is set up with."""

    @property
    def ports(self) -> dict[str, int]: ...
    @property
    def keycloak_url(self) -> str: ...
    @property
    def redirect_uris(self) -> dict[str, str]: ...


@dataclass(frozen=True)
class Visit:
    """One request. `form` holds query and form fields, `cookie` the value of the cookie of this name."""

    method: str
    path: str
    form: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def place(self) -> tuple[str, str]:
        """(subsystem, what is asked of it)."""
        subsystem, _, rest = self.path.strip("/").partition("/")
        return subsystem, rest


@dataclass(frozen=True)
class Answer:
    status: int
    content: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: HTML)


@dataclass(frozen=True)
class SampleSession:
    """Somebody who is logged in at one subsystem. `session` is Keycloak's name for the login."""

    subsystem: str
    session: str
    user_name: str
    level: str
    roles: tuple[str, ...]


class SampleSubsystems:
    """Listens while the block runs. `sessions` by the value of the browser's cookie."""

    def __init__(self, around: Surroundings, realm: str = "trading") -> None:
        self.redirect_uris = around.redirect_uris
        self.sessions: dict[str, SampleSession] = {}
        issuer = f"{around.keycloak_url}/realms/{realm}"
        self.oidc = SampleOidc(issuer)
        callback = self.redirect_uris.get(MEMBER, "")
        self.member = SampleMember(entity_id=MEMBER, callback=callback, endpoint=f"{issuer}/protocol/saml")
        self._begun: dict[str, str] = {}  # id of a login to the verifier, which stays here
        self._server = ThreadingHTTPServer((LOOPBACK, around.ports["subsystems"]), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, name="sample-subsystems", daemon=True)

    def __enter__(self) -> "SampleSubsystems":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, visit: Visit) -> Answer:
        subsystem, rest = visit.place
        if not subsystem:
            items = "".join(f'<li><a href="/{name}/">{name}</a></li>' for name in self.redirect_uris)
            return Answer(200, PAGE.format(title="示例子系统 / Sample subsystems", body=f"<ul>{items}</ul>"))
        if subsystem not in self.redirect_uris:
            return Answer(404, PAGE.format(title="404", body=""))
        if rest == "callback":
            return self._finish(subsystem, visit)
        if rest == "logout":
            return self._be_told(subsystem, visit) if visit.method == "POST" else self._log_out(subsystem, visit)
        session = self.sessions.get(visit.cookies.get(subsystem, ""))
        if session is None or session.subsystem != subsystem:
            return self._begin(subsystem)
        return Answer(200, PAGE.format(title=escape(subsystem), body=_who(session)))

    def _begin(self, subsystem: str) -> Answer:
        """Sends the browser to Keycloak; a cookie ties the login to this browser."""
        if subsystem == MEMBER:
            (login_id, address), verifier = self.member.login_request(), ""
        else:
            login_id, address, verifier = self.oidc.login_request(subsystem, self.redirect_uris[subsystem])
        while len(self._begun) >= MOST_LOGINS:
            self._begun.pop(next(iter(self._begun)))
        self._begun[login_id] = verifier
        return Answer(302, "", {"location": address, "set-cookie": _cookie(f"{subsystem}-login", login_id)})

    def _finish(self, subsystem: str, visit: Visit) -> Answer:
        """Takes the answer of a login that began here, in this browser, once."""
        begun = visit.cookies.get(f"{subsystem}-login", "")
        verifier = self._begun.pop(begun, None)
        session = self._fetch(subsystem, visit.form, begun, verifier) if verifier is not None else None
        if session is None:
            return Answer(403, PAGE.format(title=escape(subsystem), body="<p>登录未完成 / not signed in</p>"))
        key = secrets.token_urlsafe(32)
        self.sessions[key] = session
        return Answer(302, "", {"location": f"/{subsystem}/", "set-cookie": _cookie(subsystem, key)})

    def _fetch(self, subsystem: str, form: Mapping[str, str], begun: str, verifier: str) -> SampleSession | None:
        if subsystem == MEMBER:
            found = self.member.fetch(form.get("SAMLart", ""))
            if found is None or found.request_id != begun:
                return None
            return SampleSession(subsystem, found.index, found.user_name, found.level, found.roles)
        if form.get("state") != begun:
            return None
        claims = self.oidc.fetch(subsystem, self.redirect_uris[subsystem], form.get("code", ""), verifier)
        if claims is None:
            return None
        roles = claims.get("resource_access", {}).get(subsystem, {}).get("roles", [])
        name, level = str(claims.get("preferred_username")), str(claims.get("acr"))
        return SampleSession(subsystem, str(claims["sid"]), name, level, tuple(sorted(roles)))

    def _log_out(self, subsystem: str, visit: Visit) -> Answer:
        """Ends the session here; at Keycloak's own page the person ends the rest."""
        self.sessions.pop(visit.cookies.get(subsystem, ""), None)
        return Answer(302, "", {"location": self.oidc.logout_address})

    def _be_told(self, subsystem: str, visit: Visit) -> Answer:
        """Keycloak says whose login is over."""
        if subsystem == MEMBER:
            ended = ended_sessions(visit.body)
            answer = Answer(200, logout_answer(MEMBER, visit.body) if ended else "", SOAP_TYPE)
        else:
            ended = [self.oidc.ended_session(subsystem, visit.form.get("logout_token", ""))]
            answer = Answer(200, "", {"cache-control": "no-store"})
        if not any(ended):
            return Answer(400, "", {"cache-control": "no-store"})
        for key, session in list(self.sessions.items()):
            if session.subsystem == subsystem and session.session in ended:
                self.sessions.pop(key, None)
        return answer


def _who(session: SampleSession) -> str:
    name, level = escape(session.user_name), escape(session.level)
    held = escape(", ".join(session.roles) or "--")
    return (
        f"<p>账号 / account: {name}</p><p>权限 / roles: {held}</p><p>登录级别 / level: {level}</p>"
        f'<p><a href="/">返回 / back</a> · <a href="/{session.subsystem}/logout">退出登录 / sign out</a></p>'
    )


def _cookie(name: str, value: str) -> str:
    return f"{name}={value}; Path=/; HttpOnly; SameSite=Lax"


def _handler(subsystems: SampleSubsystems) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 15

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            if length > MOST_BYTES:
                self.send_error(413)
                return
            self._answer(self.rfile.read(length))

        def _answer(self, body: bytes) -> None:
            parts = urlsplit(self.path)
            sent = body.decode(errors="replace") if "form" in self.headers.get("content-type", "") else ""
            form = {name: values[0] for name, values in parse_qs(f"{parts.query}&{sent}").items()}
            cookies = {name: morsel.value for name, morsel in SimpleCookie(self.headers.get("cookie", "")).items()}
            answer = subsystems.answer(Visit(str(self.command), parts.path, form, cookies, body))
            content = answer.content.encode()
            self.send_response(answer.status)
            for name, value in {**answer.headers, "content-length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: ARG002
            return  # The addresses hold codes.

    return Handler
