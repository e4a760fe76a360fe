"""Sample subsystems on loopback: five pages one logs in to with one account, showing the roles of the token.

They stand for the centre's real systems: public clients with PKCE that know Keycloak's address and nothing else.
"""

import base64
import hashlib
import html
import json
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

LOOPBACK = "127.0.0.1"
MOST_LOGINS = 100  # Begun and not ended; the oldest is forgotten.
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


class SampleSubsystems:
    """Listens while the block runs."""

    def __init__(self, around: Surroundings, realm: str = "trading") -> None:
        self.redirect_uris = around.redirect_uris
        self.endpoint = f"{around.keycloak_url}/realms/{realm}/protocol/openid-connect"
        self._begun: dict[str, str] = {}
        self._server = ThreadingHTTPServer((LOOPBACK, around.ports["subsystems"]), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, name="sample-subsystems", daemon=True)

    def __enter__(self) -> "SampleSubsystems":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def login_url(self, client_id: str) -> str:
        """Where the browser is sent; the verifier stays here."""
        state, verifier = secrets.token_urlsafe(16), secrets.token_urlsafe(48)
        while len(self._begun) >= MOST_LOGINS:
            self._begun.pop(next(iter(self._begun)))
        self._begun[state] = verifier
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "client_id": client_id, "redirect_uri": self.redirect_uris[client_id], "response_type": "code",
            "scope": "openid", "state": state, "code_challenge": challenge, "code_challenge_method": "S256",
        }  # fmt: skip
        return f"{self.endpoint}/auth?{urlencode(query)}"

    def finish(self, client_id: str, query: dict[str, list[str]]) -> dict[str, Any]:
        """Claims of the access token for the code in `query`; empty when the login was not begun here or is refused."""
        verifier = self._begun.pop(query.get("state", [""])[0], "")
        if not verifier or "code" not in query:
            return {}
        form = {
            "client_id": client_id, "grant_type": "authorization_code", "code": query["code"][0],
            "redirect_uri": self.redirect_uris[client_id], "code_verifier": verifier,
        }  # fmt: skip
        try:
            answer = httpx.post(f"{self.endpoint}/token", data=form, timeout=15, trust_env=False)
        except httpx.HTTPError:
            return {}
        return _claims(answer.json()["access_token"]) if answer.is_success else {}

    def page(self, path: str, query: dict[str, list[str]]) -> tuple[int, str]:
        """(status, HTML or address) of a request: 302 sends the browser on."""
        client_id, _, rest = path.strip("/").partition("/")
        if not client_id:
            items = "".join(f'<li><a href="/{name}/">{name}</a></li>' for name in self.redirect_uris)
            return 200, PAGE.format(title="示例子系统 / Sample subsystems", body=f"<ul>{items}</ul>")
        if client_id not in self.redirect_uris:
            return 404, PAGE.format(title="404", body="")
        if rest != "callback":
            return 302, self.login_url(client_id)
        return 200, PAGE.format(title=html.escape(client_id), body=_who(client_id, self.finish(client_id, query)))


def _who(client_id: str, claims: dict[str, Any]) -> str:
    if not claims:
        return "<p>登录未完成 / not signed in</p>"
    roles = claims.get("resource_access", {}).get(client_id, {}).get("roles", [])
    name, held = html.escape(str(claims.get("preferred_username"))), html.escape(", ".join(sorted(roles)) or "--")
    return f'<p>账号 / account: {name}</p><p>权限 / roles: {held}</p><p><a href="/">返回 / back</a></p>'


def _claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def _handler(subsystems: SampleSubsystems) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 15

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            status, content = subsystems.page(parts.path, parse_qs(parts.query))
            body = b"" if status == 302 else content.encode()
            self.send_response(status)
            if status == 302:
                self.send_header("location", content)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: ARG002
            return  # The addresses hold codes.

    return Handler
