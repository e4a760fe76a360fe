"""The event table by months on a real PostgreSQL: made ahead, filled late, dropped whole, upgraded with its events."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, inspect, select, text

from connector.activity import partitions, service
from connector.activity.tables import REST, IdpEventRow
from connector.audit.tables import AuditEntryRow
from connector.ports import IdpEvent
from connector.storage.engine import Database
from jobs import make_partitions
from tests.fixtures_activity import open_mirror
from tests.fixtures_register import Desk
from tests.town import HOST, open_town

NOW = datetime(2026, 3, 10, 4, tzinfo=UTC)
FORMER = """
    CREATE TABLE idp_events (
        id VARCHAR(64) NOT NULL, kind VARCHAR(8) NOT NULL, at {moment} NOT NULL, type VARCHAR(64) NOT NULL,
        user_id VARCHAR(64), actor_id VARCHAR(64), client_id VARCHAR(255), ip VARCHAR(64), error VARCHAR(255),
        resource_path VARCHAR, details JSON NOT NULL, CONSTRAINT pk_idp_events PRIMARY KEY (id))
"""


def event(number: int, at: datetime) -> IdpEvent:
    return IdpEvent(
        event_id=f"e{number}", kind="login", at=at, type="LOGIN", user_id="u1", client_id="website", ip=None, error=None
    )


@pytest.fixture
def desk(tmp_path: Path, postgres_url: str) -> Iterator[Desk]:
    opened = open_mirror(tmp_path, postgres_url)
    yield opened
    opened.close()


def rows_in(desk: Desk, table: str) -> int:
    with desk.act() as act:
        return act.session.scalar(text(f"SELECT count(*) FROM {table}")) or 0  # noqa: S608


def ingest(desk: Desk, *moments: datetime, first: int = 0) -> int:
    with desk.act() as act:
        return service.ingest(act, "login", [event(first + n, at) for n, at in enumerate(moments)])


def make(desk: Desk, now: datetime = NOW) -> list[str]:
    with desk.act() as act:
        return partitions.make_needed(act.session.connection(), now)


@pytest.mark.req("J1")
def test_ingest_into_months_made_and_not_made_stores_each_event_once(desk: Desk) -> None:
    make(desk)
    borders = [datetime(2026, 3, 1, tzinfo=UTC) + timedelta(milliseconds=n) for n in (-1, 0, 1)]
    assert ingest(desk, *borders, NOW) == 4
    assert ingest(desk, *borders, NOW) == 0
    assert (rows_in(desk, "idp_events_2026_03"), rows_in(desk, REST)) == (3, 1)
    assert make(desk) == ["idp_events_2026_02"]
    assert (rows_in(desk, "idp_events_2026_02"), rows_in(desk, REST)) == (1, 0)
    assert ingest(desk, *borders, NOW) == 0, "an event that was moved is still known"
    with desk.act() as act:
        assert [row.id for row in service.list_events(act, since=borders[0], until=borders[2])] == ["e1", "e0"]


def test_make_partitions_ahead_covers_three_months_and_again_makes_none(desk: Desk) -> None:
    assert make(desk) == [f"idp_events_2026_0{month}" for month in (3, 4, 5, 6)]
    assert make(desk) == []
    assert make(desk, datetime(2026, 12, 31, 23, 59, tzinfo=UTC))[0:2] == ["idp_events_2026_12", "idp_events_2027_01"]


@pytest.mark.req("J1")
def test_make_partitions_job_drops_whole_months_past_retention_and_records_it(
    tmp_path: Path, postgres_url: str
) -> None:
    town = open_town(tmp_path, url=postgres_url)
    now = town.connector.clock.now()
    kept_since = now - timedelta(days=town.connector.settings.retention_days)
    past = kept_since - timedelta(days=40)
    with town.connector.act(HOST) as act:
        service.ingest(act, "login", [event(1, past), event(2, past), event(3, kept_since), event(4, now)])
    try:
        done = make_partitions.run(town.connector, now)
        assert done["dropped"] == [partitions.name_of(past)]
        assert make_partitions.run(town.connector, now) == {"made": [], "dropped": []}
        with town.connector.act(HOST) as act:
            assert set(act.session.scalars(select(IdpEventRow.id))) == {"e3", "e4"}
            told = act.session.scalars(select(AuditEntryRow).where(AuditEntryRow.event == "events.dropped")).one()
            assert told.data["events"] == 2
    finally:
        town.close()


def test_drop_events_on_sqlite_deletes_only_what_is_past(tmp_path: Path) -> None:
    desk = open_mirror(tmp_path)
    ingest(desk, NOW - timedelta(days=1), NOW)
    with desk.act() as act:
        assert partitions.drop_events(act.session.connection(), NOW) == [("idp_events", 1)]
    assert rows_in(desk, "idp_events") == 1
    desk.close()


def test_upgrade_to_partitions_keeps_every_event_and_the_new_key(database_url: str) -> None:
    database = Database(database_url)
    postgres = not database.is_sqlite
    with database.engine.begin() as connection:
        connection.execute(text(FORMER.format(moment="TIMESTAMP WITH TIME ZONE" if postgres else "DATETIME")))
        connection.execute(text("CREATE INDEX ix_idp_events_at ON idp_events (at)"))
        for number in range(50):
            at = f"2026-{number % 3 + 1:02}-15 00:00:{number:02}.000000" + ("+00" if postgres else "")
            values = f"('e{number}', 'login', '{at}', 'LOGIN', '{{}}')"
            connection.execute(text(f"INSERT INTO idp_events (id, kind, at, type, details) VALUES {values}"))  # noqa: S608
        partitions.upgrade_to_partitions(connection, partitions.EVENTS)
        found = connection.execute(select(func.count(), func.max(IdpEventRow.at))).one()
        assert found == (50, datetime(2026, 3, 15, 0, 0, 47, tzinfo=UTC))
        names = [f"idp_events_2026_0{month}" for month in (1, 2, 3)]
        assert partitions.list_partitions(connection) == (names if postgres else [])
    inspector = inspect(database.engine)
    assert sorted(inspector.get_pk_constraint("idp_events")["constrained_columns"]) == ["at", "id"]
    indexes = {index["name"] for index in inspector.get_indexes("idp_events")}
    assert indexes == {"ix_idp_events_actor", "ix_idp_events_at", "ix_idp_events_user"}
    assert "idp_events_old" not in inspector.get_table_names()
    database.close()
