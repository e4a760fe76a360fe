"""A throw-away realm on a real Keycloak for benchmarks: users, events, and calls by a plain HTTP client."""

import json
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.servers.keycloak import Keycloak, from_environment, start_keycloak

TOKEN_SECONDS = 30.0  # Tokens of admin-cli live for 60 s.
IMPORT_BATCH = 200


@dataclass
class BenchRealm:
    """A realm with events on. `get` is one call of the Admin API on a kept connection."""

    keycloak: Keycloak
    name: str
    http: httpx.Client
    _token: str = ""
    _token_at: float = field(default=-TOKEN_SECONDS)

    @property
    def url(self) -> str:
        return f"{self.keycloak.url}/admin/realms/{self.name}"

    def token(self) -> str:
        if time.monotonic() - self._token_at >= TOKEN_SECONDS:
            answer = self.http.post(
                f"{self.keycloak.url}/realms/master/protocol/openid-connect/token",
                data={
                    "client_id": "admin-cli",
                    "grant_type": "password",
                    "username": self.keycloak.admin_user,
                    "password": self.keycloak.admin_password,
                },
            )
            self._token, self._token_at = answer.raise_for_status().json()["access_token"], time.monotonic()
        return self._token

    def call(self, method: str, url: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token()}"}
        return self.http.request(method, url, headers=headers, **options).raise_for_status()

    def get(self, path: str, **query: Any) -> Any:
        return json.loads(self.call("GET", self.url + path, params=query).content)

    def add_users(self, count: int) -> None:
        """Imports users without passwords, in batches."""
        for first in range(0, count, IMPORT_BATCH):
            names = [f"user{n}" for n in range(first, min(first + IMPORT_BATCH, count))]
            users = [{"username": name, "enabled": True} for name in names]
            self.call("POST", f"{self.url}/partialImport", json={"ifResourceExists": "FAIL", "users": users})


@contextmanager
def running_keycloak() -> Iterator[Keycloak]:
    """The Keycloak of the environment, else one started for the block."""
    if named := from_environment():
        yield named
        return
    with tempfile.TemporaryDirectory() as folder:
        note, process = start_keycloak(Path(folder) / "keycloak")
        try:
            yield Keycloak(note["url"], note["admin_user"], note["admin_password"])
        finally:
            if process is not None:
                process.stop()


@contextmanager
def bench_realm(**settings: Any) -> Iterator[BenchRealm]:
    """A new realm on a running Keycloak; deleted at the end of the block."""
    with running_keycloak() as keycloak, httpx.Client(timeout=60) as http:
        realm = BenchRealm(keycloak, f"bench-{uuid.uuid4().hex[:8]}", http)
        body = {"realm": realm.name, "enabled": True, "eventsEnabled": True, **settings}
        realm.call("POST", f"{keycloak.url}/admin/realms", json=body)
        try:
            yield realm
        finally:
            realm.call("DELETE", realm.url)
