"""A sample OA system on loopback, for the demonstration and the tests: hears of tasks, decides them by signed calls.

It stands for a unit's own approval system, so it knows of the connector what such a system would: an address, two
secrets, and the Standard Webhooks signatures.
"""

import json
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import httpx

from connector.auth import signatures
from connector.errors import ConnectorError

LOOPBACK: Final = "127.0.0.1"
MOST_BYTES: Final = 20_000
TIMEOUT_SECONDS: Final = 15.0


@dataclass(frozen=True)
class Trust:
    """What the two sides agreed on: where decisions go, what verifies the connector, what signs for the OA."""

    decisions_url: str
    verifying: str  # whsec_… or whpk_…
    signing: str  # whsec_… or whsk_…

    def __repr__(self) -> str:
        return f"Trust({self.decisions_url})"


class SampleOa:
    """Keeps tasks in memory, each message once. Used as a context manager, it listens while the block runs."""

    def __init__(self, port: int = 0) -> None:
        self.tasks: dict[str, dict[str, Any]] = {}
        self.refused = 0
        self.repeated = 0
        self._seen: set[str] = set()
        self._lock = threading.Lock()
        self._trust: Trust | None = None
        self._server = ThreadingHTTPServer((LOOPBACK, port), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, name="sample-oa", daemon=True)

    @property
    def origin(self) -> str:
        """scheme://host:port, as the allow list of the connector holds it."""
        return f"http://{LOOPBACK}:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"{self.origin}/tasks"

    def trust(self, decisions_url: str, *, verifying: str, signing: str) -> None:
        """Tells the OA what the registration of its endpoint returned."""
        self._trust = Trust(decisions_url, verifying, signing)

    def start(self) -> "SampleOa":
        self._thread.start()
        return self

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> "SampleOa":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def receive(self, headers: Mapping[str, str], body: bytes) -> int:
        """Takes one message and returns the HTTP status of the answer; a message seen before changes nothing."""
        try:
            if self._trust is None:
                raise signatures.SignatureRefusedError
            message_id = signatures.verify([self._trust.verifying], headers, body, datetime.now(UTC))
        except ConnectorError as refusal:
            with self._lock:
                self.refused += 1
            return refusal.status
        message = json.loads(body)
        with self._lock:
            if message_id in self._seen:
                self.repeated += 1
                return 200
            self._seen.add(message_id)
            self.tasks[message["data"]["task"]] = message["data"]
        return 200

    def decide(
        self, task: str, *, decided_by: str, verdict: str = "approve", reason: str = "", digest: str | None = None
    ) -> httpx.Response:
        """Decides a task it was told of, as the person with user name `decided_by`; returns the connector's answer."""
        data = {
            "task": task,
            "decided_by": decided_by,
            "verdict": verdict,
            "reason": reason,
            "digest": digest or self.tasks[task]["digest"],
        }
        return self.send({"type": "task.decided", "data": data})

    def send(
        self, content: dict[str, Any], *, message_id: str | None = None, at: datetime | None = None
    ) -> httpx.Response:
        """Sends one signed message. `message_id` and `at` are for showing what a repeated or late one is answered."""
        if self._trust is None:
            raise signatures.SecretFormatError
        body = json.dumps(content, ensure_ascii=False).encode()
        headers = signatures.signed_headers(
            [self._trust.signing], message_id or f"oa_{secrets.token_hex(16)}", at or datetime.now(UTC), body
        )
        with httpx.Client(trust_env=False, timeout=TIMEOUT_SECONDS) as client:
            return client.post(
                self._trust.decisions_url, content=body, headers={**headers, "content-type": "application/json"}
            )


def _handler(oa: SampleOa) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = TIMEOUT_SECONDS

        def do_POST(self) -> None:
            length = self.headers.get("content-length", "")
            if not length.isdigit() or int(length) > MOST_BYTES:
                self._answer(413, {})
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._answer(oa.receive(headers, self.rfile.read(int(length))), {})

        def do_GET(self) -> None:
            self._answer(200, {"tasks": list(oa.tasks.values())})

        def _answer(self, status: int, content: dict[str, Any]) -> None:
            body = json.dumps(content, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: ARG002
            return  # What the OA received is read from its tasks; nothing is printed.

    return Handler
