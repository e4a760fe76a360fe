"""The gate is the same on SQLite and PostgreSQL: judged by pages, once, the guard counted, findings settled once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest

from connector.errors import ConnectorError
from connector.provenance import gate
from connector.provenance.errors import FindingClosedError
from connector.provenance.tables import QueuedChangeRow
from connector.regulations.vocabulary import Office
from tests.fixtures_provenance import Gate
from tests.town import open_town


@pytest.fixture
def desk(tmp_path: Path, database_url: str) -> Iterator[Gate]:
    opened = open_town(tmp_path, url=database_url)
    yield Gate(opened)
    opened.close()


def test_judge_pages_of_changes_in_any_order_finds_each_once(desk: Gate) -> None:
    desk.most = 3
    people = [desk.hire() for _ in range(5)]
    done = [desk.reset(person) for person in people for _ in range(60)]
    own = desk.reset(people[0], by_us=True)
    desk.read(*reversed(done[100:]), own)
    desk.town.clock.advance(timedelta(seconds=1))
    desk.read(*done[:150])
    assert desk.judge() == gate.Judged(found=300, waiting=1)
    assert desk.judge(30).found == 1
    assert desk.count(QueuedChangeRow) == 0
    findings = desk.findings()
    assert len({found.user_name for found in findings if found.held}) == 2


def test_close_a_finding_by_two_at_once_is_one_close(desk: Gate) -> None:
    desk.policy = "report"
    desk.read(desk.reset(desk.hire()))
    desk.judge()
    (found,) = desk.findings()
    guard, together = desk.town.actor(Office.SECURITY_ADMINISTRATOR), Barrier(2)

    def close(reason: str) -> str:
        together.wait()
        try:
            return desk.close(found.id, guard, reason=reason).reason
        except ConnectorError as error:
            return error.code

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(close, ["一", "二"]))
    assert answers[0] == FindingClosedError.code
    assert answers[1] in ("一", "二")
