"""A browser on the whole application over a town: cookies, links and forms, no script, no network."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from connector.auth.actor import Actor
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


@pytest.fixture
def seat(town: Town) -> Iterator[Callable[[Actor], Browser]]:
    """A browser of his own for each person who takes part, signed in already."""
    with ExitStack() as stack:

        def sit(actor: Actor) -> Browser:
            browser = stack.enter_context(open_browser(town))
            browser.sign_in(actor)
            return browser

        yield sit
