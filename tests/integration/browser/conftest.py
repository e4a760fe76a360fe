"""What the tests in Chromium share: the browser, its windows, where a login ends."""

from collections.abc import Iterator

import pytest

from tests.browser.chromium import chromium, windows
from tests.browser.landing import Landing, open_landing

__all__ = ["chromium", "windows"]


@pytest.fixture(scope="module")
def landing() -> Iterator[Landing]:
    """Addresses of the subsystems, for the tests of one module."""
    with open_landing() as opened:
        yield opened
