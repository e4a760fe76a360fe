"""Receives back-channel logouts on this machine while facts are tried. Keeps their claims, verifies nothing."""

import json
import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connector.embedded.soft_key import from_base64url

LOOPBACK = "127.0.0.1"
_MOST_BYTES = 65536
_POLL_SECONDS = 0.05


class LogoutReceiver:
    """Stands for the subsystems' logout addresses, one path each; `told` holds (client id, claims) as they came."""

    def __init__(self, host: str = LOOPBACK) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        self._server = ThreadingHTTPServer((host, 0), _handler(self.told))
        self.url = f"http://{host}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, name="logout-receiver", daemon=True)

    def __enter__(self) -> "LogoutReceiver":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait_for(self, subject: str, count: int, seconds: float) -> dict[str, dict[str, Any]]:
        """Claims by client of the logouts of `subject`; returns when there are `count`, or when the time is over."""
        until = time.monotonic() + seconds
        while True:
            found = {client: claims for client, claims in list(self.told) if claims.get("sub") == subject}
            if len(found) >= count or time.monotonic() > until:
                return found
            time.sleep(_POLL_SECONDS)


def address_towards(server_url: str) -> str:
    """The address of this machine that the server at `server_url` would see, or loopback when it is here."""
    parts = urlsplit(server_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((parts.hostname or LOOPBACK, port))  # Of a datagram: finds the way, sends nothing.
        return str(probe.getsockname()[0])
    return LOOPBACK


def _handler(told: list[tuple[str, dict[str, Any]]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 15

        def do_POST(self) -> None:
            length = min(int(self.headers.get("content-length", "0")), _MOST_BYTES)
            token = parse_qs(self.rfile.read(length).decode()).get("logout_token", [""])[0]
            status = 400
            with suppress(IndexError, ValueError):
                told.append((self.path.strip("/"), json.loads(from_base64url(token.split(".")[1]))))
                status = 200
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: ARG002
            return  # What a command prints is its answer.

    return Handler
