"""The whole application on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import tests.operations_incidents  # noqa: F401 - joins its operations to the others
from connector.app import create_app
from tests.fixtures_api import Api
from tests.town import open_town


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Iterator[Api]:
    town = open_town(tmp_path, url=database_url)
    yield Api(town, create_app(town.connector))
    town.close()


@pytest.fixture
def sqlite_api(tmp_path: Path) -> Iterator[Api]:
    town = open_town(tmp_path)
    yield Api(town, create_app(town.connector))
    town.close()
