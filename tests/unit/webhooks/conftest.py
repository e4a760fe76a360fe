"""A town on SQLite for each test of the webhooks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures_webhooks import Town, open_town


@pytest.fixture(params=["v1", "v1a"])
def any_town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    """The test runs twice: with shared secrets and with key pairs."""
    made = open_town(tmp_path, scheme=request.param)
    yield made
    made.desk.close()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    made = open_town(tmp_path)
    yield made
    made.desk.close()
