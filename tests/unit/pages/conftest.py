"""A browser on the whole application over a town: cookies, links and forms, no script, no network."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures_pages import Browser, open_browser
from tests.town import Town, open_town


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = open_town(tmp_path)
    yield town
    town.close()


@pytest.fixture
def browser(town: Town) -> Iterator[Browser]:
    with open_browser(town) as browser:
        yield browser
