"""A small centre with a directory in memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.settings import Settings
from tests.fakes.directory import FakeDirectory
from tests.fixtures_departures import DepartureDesk
from tests.fixtures_register import NOON, open_desk

KEYS = tuple(f"{number:03d}" for number in range(20))


@pytest.fixture
def empty_desk(tmp_path: Path) -> Iterator[DepartureDesk]:
    """Nobody is in the directory; at most two may leave in one run."""
    opened = open_desk(tmp_path)
    yield DepartureDesk(opened, Settings(data_dir=tmp_path, breaker_count=2, breaker_share=0.5), FakeDirectory())
    opened.close()


@pytest.fixture
def desk(empty_desk: DepartureDesk) -> DepartureDesk:
    """Twenty people with accounts, 000 to 019, all in the directory; one run at noon has seen them."""
    empty_desk.hire(*KEYS)
    empty_desk.dns = {key: empty_desk.fake.add(key) for key in KEYS}
    empty_desk.run(NOON)
    return empty_desk
