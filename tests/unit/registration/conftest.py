"""A whole connector over a small centre, with fakes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.town import Town, open_town


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    opened = open_town(tmp_path)
    yield opened
    opened.close()
