"""A town on a real realm that agrees with it, and an administrator of Keycloak whose hand drifts."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.register.tables import AccountRow
from jobs import ingest_events
from tests.fixtures_reconciliation import provision_everybody
from tests.servers.realm import RealmUnderTest, realm
from tests.town import Town, open_town

__all__ = ["realm"]


@dataclass
class Hand:
    """What an administrator does in the console, past every approval."""

    realm: RealmUnderTest

    def give(self, user_id: str, subsystem: str, role: str) -> None:
        client = self._client(subsystem)
        rep = self.realm.admin.get(f"/clients/{client}/roles/{role}")
        self.realm.admin.post(f"/users/{user_id}/role-mappings/clients/{client}", [rep])

    def take(self, user_id: str, subsystem: str, role: str) -> None:
        client = self._client(subsystem)
        rep = self.realm.admin.get(f"/clients/{client}/roles/{role}")
        self.realm.admin.delete(f"/users/{user_id}/role-mappings/clients/{client}", [rep])

    def make_role(self, subsystem: str, role: str) -> None:
        self.realm.admin.post(f"/clients/{self._client(subsystem)}/roles", {"name": role})

    def drop_role(self, subsystem: str, role: str) -> None:
        self.realm.admin.delete(f"/clients/{self._client(subsystem)}/roles/{role}")

    def make_user(self, user_name: str, *, in_accounts: bool) -> str:
        body = {"username": user_name, "enabled": True, "groups": ["/accounts"] if in_accounts else []}
        self.realm.admin.post("/users", body)
        return str(self.realm.admin.get("/users", username=user_name, exact="true")[0]["id"])

    def delete(self, user_id: str) -> None:
        self.realm.admin.delete(f"/users/{user_id}")

    def set_enabled(self, user_id: str, enabled: bool) -> None:
        self.realm.admin.put(f"/users/{user_id}", {"enabled": enabled})

    def take_out_of_accounts(self, user_id: str) -> None:
        self.realm.admin.delete(f"/users/{user_id}/groups/{self._group()}")

    def put_into_accounts(self, user_id: str) -> None:
        self.realm.admin.put(f"/users/{user_id}/groups/{self._group()}")

    def rewrite(self, user_id: str, *, display_name: str = "", **attributes: str) -> None:
        rep = self.realm.admin.get(f"/users/{user_id}")
        rep["attributes"] = {**rep.get("attributes", {}), **{name: [value] for name, value in attributes.items()}}
        rep["firstName"] = display_name or rep.get("firstName")
        self.realm.admin.put(f"/users/{user_id}", rep)

    def _client(self, subsystem: str) -> str:
        return str(self.realm.admin.get("/clients", clientId=subsystem)[0]["id"])

    def _group(self) -> str:
        return str(self.realm.admin.get("/group-by-path/accounts")["id"])


@pytest.fixture
def hand(realm: RealmUnderTest) -> Hand:
    return Hand(realm)


@pytest.fixture
def town(tmp_path: Path, realm: RealmUnderTest) -> Iterator[Town]:
    town = open_town(tmp_path, idp=realm.provider)
    provision_everybody(town)
    yield town
    town.close()
    with ThreadPoolExecutor(4) as pool:  # The next test gives the same user names again.
        list(pool.map(lambda user: realm.admin.delete(f"/users/{user['id']}"), realm.admin.get("/users", max=-1)))


def read_events(town: Town) -> None:
    """The mirror is brought up to date; Keycloak's clock is the real one."""
    time.sleep(0.2)
    ingest_events.run(town.connector, datetime.now(UTC) + timedelta(seconds=1))


def key(account: AccountRow) -> str:
    """The account's id at Keycloak."""
    assert account.keycloak_id
    return account.keycloak_id
