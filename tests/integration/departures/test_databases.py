"""Runs, holds and releases are the same on SQLite and PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from connector.departures.tables import DeparturePlanRow, DirectoryPersonRow
from connector.regulations.vocabulary import Office, Verdict
from connector.requests import service as requests
from connector.settings import Settings
from tests.fakes.directory import FakeDirectory
from tests.fixtures_departures import HOUR, DepartureDesk
from tests.fixtures_register import NOON, open_desk


@pytest.fixture
def desk(tmp_path: Path, database_url: str) -> Iterator[DepartureDesk]:
    opened = open_desk(tmp_path, database_url)
    made = DepartureDesk(opened, Settings(data_dir=tmp_path, breaker_count=2, breaker_share=0.5), FakeDirectory())
    keys = [f"{number:03d}" for number in range(40)]
    made.hire(*keys[:6])
    made.dns = {key: made.fake.add(key) for key in keys}
    made.run(NOON)
    yield made
    opened.close()


@pytest.mark.req("E1")
def test_leavers_by_status_and_absence_on_each_database(desk: DepartureDesk) -> None:
    desk.leave("000")
    desk.vanish("001")
    assert desk.run(NOON + HOUR)["frozen"] == 1
    desk.fake.add(["002", "x"], dn=desk.dns["002"])
    assert desk.run(NOON + 2 * HOUR)["frozen"] == 1
    assert desk.frozen() == {"000", "001"}
    with desk.desk.act() as act:
        rows = {row.key: row for row in act.session.scalars(select(DirectoryPersonRow))}
    assert (rows["001"].missing_since, rows["001"].reads_missing) == (NOON + HOUR, 2)
    assert (rows["002"].missing_since, rows["002"].last_seen_at) == (None, NOON)
    assert rows["000"].departed


@pytest.mark.req("E4")
def test_hold_and_release_on_each_database(desk: DepartureDesk) -> None:
    desk.leave("000", "001", "002")
    held = desk.run(NOON + HOUR)
    assert (held["state"], desk.frozen()) == ("held", set())
    for office in (Office.SYSTEM_DEPARTMENT_HEAD, Office.PRINCIPAL):
        with desk.act(desk.centre.actor(office)) as act:
            request = requests.get_request(act, held["request_id"])
            stage = next(s for s in requests.stages_of(act, request) if s.state == "open")
            requests.decide(act, stage_id=stage.id, verdict=Verdict.APPROVE, reason="已核对", digest=request.digest)
    assert desk.run(NOON + 2 * HOUR)["state"] == "released"
    assert desk.frozen() == {"000", "001", "002"}
    assert [row.state for row in desk.stored(DeparturePlanRow)] == ["released"]
