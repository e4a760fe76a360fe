"""A desk of boxes over a town in memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.register.tables import AccountRow
from tests.fixtures_boxes import BoxDesk
from tests.town import open_town


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[BoxDesk]:
    opened = open_town(tmp_path)
    opened.idp._now = opened.clock.now
    yield BoxDesk(opened)
    opened.close()


@pytest.fixture
def user(desk: BoxDesk) -> AccountRow:
    return desk.hire(mail="user@example.cn")
