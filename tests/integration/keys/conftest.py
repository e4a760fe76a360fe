"""A town on a realm of its own, and people with keys in software."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures_key_holders import Holder, KeyTown, RunningClock
from tests.servers.realm import RealmUnderTest, realm
from tests.town import open_town

__all__ = ["realm"]


@pytest.fixture
def keys_town(tmp_path: Path, realm: RealmUnderTest) -> Iterator[KeyTown]:
    opened = open_town(tmp_path, idp=realm.provider, clock=RunningClock())
    yield KeyTown(opened, realm)
    opened.close()
    for user in list(realm.provider.list_accounts()):
        realm.provider.delete_user(user.user_id)


@pytest.fixture
def holder(keys_town: KeyTown) -> Holder:
    """Somebody whose issued key K-1 is enrolled and bound; K-2 and K-3 are in stock."""
    keys_town.stock("K-1", "K-2", "K-3")
    made = keys_town.hire_holder()
    keys_town.issue("K-1", made.account)
    keys_town.settle()
    made.open_link()
    made.log_in("website")
    assert keys_town.reconcile().bound == 1
    return made
