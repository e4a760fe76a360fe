"""The town of the gate on PostgreSQL and a realm of its own, for cases about people who were in Keycloak's console."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures_key_holders import RunningClock
from tests.integration.provenance.conftest import GateTown, realm
from tests.servers.realm import PACKS, RealmUnderTest
from tests.town import open_town

__all__ = ["realm"]


@pytest.fixture
def town(tmp_path: Path, realm: RealmUnderTest, postgres_url: str) -> Iterator[GateTown]:
    opened = open_town(tmp_path, url=postgres_url, packs=PACKS, idp=realm.provider, clock=RunningClock())
    opened.connector.settings.keycloak_realm = realm.name
    made = GateTown(opened, realm)
    assert made.judge() == []  # The gate stands from here on.
    yield made
    opened.close()
    for user in list(realm.provider.list_accounts()):
        realm.provider.delete_user(user.user_id)
