"""A desk with keys over a town in memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures_keys import KeyDesk
from tests.town import open_town


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[KeyDesk]:
    opened = open_town(tmp_path)
    yield KeyDesk(opened)
    opened.close()
