"""A whole connector over a small centre, with fakes; enabling waits for nobody's clock."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.provisioning import handlers
from tests.town import Town, open_town


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    monkeypatch.setattr(handlers, "SECOND", 0.0)
    opened = open_town(tmp_path)
    yield opened
    opened.close()
