"""People of a town on a real Keycloak whose changes are judged, and a line to Keycloak that a test may cut."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.adapters.keycloak import KeycloakProvider
from tests.fixtures_boxes import BoxDesk
from tests.fixtures_key_holders import RunningClock
from tests.integration.provenance.conftest import GateTown
from tests.servers.realm import PACKS, RealmUnderTest, realm
from tests.town import open_town

__all__ = ["realm"]


class Line:
    """Forwards to Keycloak. While it is cut, nothing answers there, as when Keycloak is stopped."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        self._target = (host, int(port))
        self._server: socket.socket | None = None
        self._open: list[socket.socket] = []
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.mend()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def mend(self) -> None:
        self._server = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._serve, args=(self._server,), daemon=True).start()

    def cut(self) -> None:
        """Ends every connection and takes no new one."""
        server, self._server = self._server, None
        for one in [*([server] if server else []), *self._open]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open.clear()

    def _serve(self, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = server.accept()
                there = socket.create_connection(self._target)
                self._open += [here, there]
                for a, b in ((here, there), (there, here)):
                    threading.Thread(target=_pump, args=(a, b), daemon=True).start()


def _pump(a: socket.socket, b: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := a.recv(65536):
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)


@pytest.fixture
def line(realm: RealmUnderTest) -> Iterator[Line]:
    opened = Line(realm.server.url.replace("localhost", "127.0.0.1"))
    yield opened
    opened.cut()


@pytest.fixture
def town(tmp_path: Path, realm: RealmUnderTest, line: Line) -> Iterator[GateTown]:
    idp = KeycloakProvider(
        server_url=line.url, realm=realm.name, client_id=realm.config.connector.id, key_pem=realm.key_pem,
        subsystems=realm.config.subsystem_ids,
    )  # fmt: skip
    opened = open_town(tmp_path, packs=PACKS, idp=idp, clock=RunningClock())
    opened.connector.settings.keycloak_realm = realm.name
    made = GateTown(opened, realm)
    assert made.judge() == []
    yield made
    opened.close()
    for user in list(realm.provider.list_accounts()):
        realm.provider.delete_user(user.user_id)


@pytest.fixture
def desk(town: GateTown) -> BoxDesk:
    return BoxDesk(town.town)
