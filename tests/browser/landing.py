"""Where a login ends in these tests: a page per subsystem that says it was reached; its code is changed for tokens."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from connector.embedded.browser import LoginRefusedError, Tokens, proof_key

REACHED = "<!doctype html><html lang=zh-CN><title>到达</title><main><h1>{path}</h1></main>"


class Landing:
    """Addresses of the subsystems at one port; `start` gives the address that a person's link leads to."""

    def __init__(self, port: int) -> None:
        self.url = f"http://localhost:{port}"
        self._verifiers: dict[str, tuple[str, str]] = {}

    def callback(self, client_id: str) -> str:
        return f"{self.url}/{client_id}/callback"

    def start(self, realm_url: str, client_id: str, **ask: str) -> str:
        """Address that begins a login at `client_id`; `ask` are further parameters, as acr_values."""
        verifier, challenge = proof_key()
        state = secrets.token_urlsafe(12)
        self._verifiers[state] = (client_id, verifier)
        query = {
            "client_id": client_id,
            "redirect_uri": self.callback(client_id),
            "response_type": "code",
            "scope": "openid",
            "state": state,
            **challenge,
            **ask,
        }
        return f"{realm_url}/protocol/openid-connect/auth?{urlencode(query)}"

    def tokens(self, realm_url: str, reached: str) -> Tokens:
        """The tokens for the code in the address that was reached. Raises LoginRefusedError."""
        answer = {name: values[0] for name, values in parse_qs(urlsplit(reached).query).items()}
        client_id, verifier = self._verifiers.pop(answer["state"])
        if "code" not in answer:
            raise LoginRefusedError(answer.get("error_description") or answer["error"])
        form = {
            "grant_type": "authorization_code",
            "client_id": client_id,
            "code": answer["code"],
            "redirect_uri": self.callback(client_id),
            "code_verifier": verifier,
        }
        with httpx.Client(trust_env=False) as http:
            body = http.post(f"{realm_url}/protocol/openid-connect/token", data=form).raise_for_status().json()
        return Tokens(client_id, body["access_token"], body["refresh_token"], body["id_token"])


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = REACHED.format(path=urlsplit(self.path).path).encode()
        self.send_response(200 if "callback" in self.path else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@contextmanager
def open_landing() -> Iterator[Landing]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Landing(server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
