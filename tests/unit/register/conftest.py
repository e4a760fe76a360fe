"""The desk on which the register is tested."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures_register import Desk, open_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An empty register on SQLite."""
    opened = open_desk(tmp_path)
    yield opened
    opened.close()
