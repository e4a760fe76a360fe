"""A town with a stream for the website."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures_signals import SignalTown, open_signal_town


@pytest.fixture
def hearing(tmp_path: Path) -> Iterator[SignalTown]:
    made = open_signal_town(tmp_path)
    made.register("website", authorization="Bearer receiver-secret")
    yield made
    made.town.close()
