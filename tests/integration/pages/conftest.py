"""The pages on a real Keycloak, one realm and one server for each module."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.keycloak import Keycloak
from tests.servers.web import Web, open_web


@pytest.fixture(scope="module")
def web(keycloak: Keycloak, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    folder: Path = tmp_path_factory.mktemp("web")
    with open_web(keycloak, folder) as opened:
        yield opened
