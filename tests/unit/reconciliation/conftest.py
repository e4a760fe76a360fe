"""A town that agrees with its Keycloak, a fake."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.provisioning import handlers
from tests.fixtures_reconciliation import provision_everybody
from tests.town import Town, open_town


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    monkeypatch.setattr(handlers, "SECOND", 0.0)
    town = open_town(tmp_path)
    provision_everybody(town)
    yield town
    town.close()
