"""A logout, and so a freeze, is told to every subsystem the person used (D1: OpenID Connect back-channel logout)."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from connector.realm_config import load_realm_config
from tests.servers.keycloak import Keycloak
from tests.servers.realm import RealmUnderTest, make_realm

SUBSYSTEMS = tuple(s.id for s in load_realm_config().subsystems if s.protocol == "openid-connect")
USED = SUBSYSTEMS[:3]


class Receiver:
    """Stands for the five subsystems: keeps the claims of each logout token, by subsystem."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        told = self.told

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                payload = parse_qs(body)["logout_token"][0].split(".")[1]
                claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
                told.append((self.path.strip("/"), claims))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def told_realm(keycloak: Keycloak, receiver: Receiver) -> Iterator[RealmUnderTest]:
    made = make_realm(keycloak, logout_urls={name: f"{receiver.url}/{name}" for name in SUBSYSTEMS})
    yield made
    made.delete()


@pytest.mark.req("D1")
def test_freeze_is_told_to_every_subsystem_the_person_used(told_realm: RealmUnderTest, receiver: Receiver) -> None:
    user_id, person = told_realm.ready_person()
    receiver.told.clear()
    with told_realm.browser() as browser:
        used = [browser.log_in("centre", person), *(browser.log_in(name) for name in USED if name != "centre")]
        told_realm.provider.set_enabled(user_id, False)
        assert receiver.told == []  # Disabling alone tells nobody.
        told_realm.provider.log_out(user_id)
    until = time.monotonic() + 10
    while len(receiver.told) < len(used) and time.monotonic() < until:
        time.sleep(0.05)
    assert sorted(name for name, _ in receiver.told) == sorted(USED)
    for name, claims in receiver.told:
        assert claims["aud"] == name
        assert claims["sub"] == user_id
        assert "http://schemas.openid.net/event/backchannel-logout" in claims["events"]
        assert "nonce" not in claims
    assert {claims["sid"] for _, claims in receiver.told} == {tokens.claims["sid"] for tokens in used}
