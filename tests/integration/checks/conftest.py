"""A realm of its own on the real Keycloak, applied as in production, with people in it who can log in."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import pytest

import connector.migrations.every_table  # noqa: F401  # brings every table into the metadata
from connector.adapters.realm_setup import realm_applier
from connector.auth.actor import host_actor
from connector.bootstrap import Connector, build
from connector.ports import NewUser
from connector.register.tables import AccountRow
from connector.settings import Settings
from connector.storage.tables import Base
from tests.factories import Centre, make_account, make_centre
from tests.servers.keycloak import Keycloak

PASSWORD = "Kaoshi-2026-hen-chang!"
LOGIN_CLIENT = "login-of-tests"


@dataclass
class City:
    """A connector with its realm, a centre, and ways to do what people do."""

    connector: Connector
    centre: Centre
    keycloak: Keycloak
    http: httpx.Client

    def open_account(self) -> AccountRow:
        """An account in the register and in Keycloak, with a password that an administrator set."""
        with self.connector.act(host_actor("tests")) as act:
            account = make_account(act, "ywk")
        user_id = self.connector.idp.create_user(
            NewUser(
                user_name=account.user_name, display_name="王试", account_id=account.id, request_id="test",
                unit_code="ywk", account_class=account.account_class, required_actions=(),
            )
        )  # fmt: skip
        with self.connector.act(host_actor("tests")) as act:
            act.session.get_one(AccountRow, account.id).keycloak_id = user_id
        account.keycloak_id = user_id
        self.admin("PUT", f"/users/{user_id}/reset-password", {"type": "password", "value": PASSWORD})
        return account

    def token(self, **form: str) -> httpx.Response:
        realm = self.connector.settings.keycloak_realm
        url = f"{self.keycloak.url}/realms/{realm}/protocol/openid-connect/token"
        return self.http.post(url, data={"client_id": LOGIN_CLIENT, **form})

    def log_in(self, account: AccountRow, password: str = PASSWORD) -> httpx.Response:
        return self.token(grant_type="password", username=account.user_name, password=password)

    def admin(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """One call of the administrator of the master realm."""
        got = self.http.post(
            f"{self.keycloak.url}/realms/master/protocol/openid-connect/token",
            data={
                "client_id": "admin-cli", "grant_type": "password",
                "username": self.keycloak.admin_user, "password": self.keycloak.admin_password,
            },
        )  # fmt: skip
        realm = self.connector.settings.keycloak_realm
        answer = self.http.request(
            method,
            f"{self.keycloak.url}/admin/realms/{realm}{path}",
            json=body,
            headers={"Authorization": f"Bearer {got.json()['access_token']}"},
        )
        answer.raise_for_status()
        return answer

    def run(self, job: Any, now: datetime | None = None) -> dict[str, Any]:
        result: dict[str, Any] = job.run(self.connector, now or self.connector.clock.now())
        return result


@pytest.fixture(scope="module")
def city(keycloak: Keycloak, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("city"),
        keycloak_url=keycloak.url,
        keycloak_realm=f"checks-{uuid.uuid4().hex[:8]}",
        keycloak_admin_user=keycloak.admin_user,
        keycloak_admin_password=keycloak.admin_password,
    )
    connector = build(settings)
    Base.metadata.create_all(connector.database.engine)
    realm_applier(settings, connector.rulebook).apply()
    with httpx.Client(timeout=30) as http:
        with connector.act(host_actor("tests")) as act:
            centre = make_centre(act)
        made = City(connector, centre, keycloak, http)
        client = {"clientId": LOGIN_CLIENT, "publicClient": True, "directAccessGrantsEnabled": True}
        made.admin("POST", "/clients", client)
        made.admin("PUT", "", {"directGrantFlow": "direct grant"})  # A short way in, which the realm as code shuts.
        yield made
        made.admin("DELETE", "")
    connector.close()
