"""Reading very many events of a real Keycloak: days of outage, a kill in the middle, one millisecond, late commits.

The events are laid into Keycloak's own database, as days of logins would have; they are read through its API.
"""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, func, select, text

from connector.activity import cursor, reader
from connector.activity.tables import ActivityRow, CursorRow, IdpEventRow
from connector.adapters.keycloak_events import epoch_millis
from tests.fixtures_activity import open_mirror
from tests.fixtures_register import Desk
from tests.servers.keycloak_database import StoredKeycloak, stored_keycloak
from tests.servers.realm import RealmUnderTest, make_realm

__all__ = ["stored_keycloak"]
MILLISECOND = timedelta(milliseconds=1)
DAY = timedelta(days=1)
INSERT = """
    INSERT INTO event_entity (id, realm_id, user_id, client_id, type, event_time, ip_address)
    VALUES (:id, (SELECT id FROM realm WHERE name = :realm), :user, 'website', :type, :at, '127.0.0.1')
"""


class Log:
    """The event log of one realm in Keycloak's database."""

    def __init__(self, engine: Engine, realm: str) -> None:
        self.engine, self.realm = engine, realm

    def add(self, *moments: datetime, user: str = "u1", type_name: str = "LOGIN") -> list[str]:
        rows = [
            {"id": str(uuid.uuid4()), "realm": self.realm, "user": user, "type": type_name, "at": epoch_millis(at)}
            for at in moments
        ]
        with self.engine.begin() as connection:
            connection.execute(text(INSERT), rows)
        return [row["id"] for row in rows]


@pytest.fixture(scope="module")
def realm(stored_keycloak: StoredKeycloak) -> Iterator[RealmUnderTest]:
    made = make_realm(stored_keycloak.server)
    yield made
    made.delete()


@pytest.fixture
def log(stored_keycloak: StoredKeycloak, realm: RealmUnderTest) -> Iterator[Log]:
    engine = create_engine(stored_keycloak.database_url)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM event_entity"))
    yield Log(engine, realm.name)
    engine.dispose()


@pytest.fixture
def desk(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    opened = open_mirror(tmp_path, database_url)
    yield opened
    opened.close()


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def catch_up(desk: Desk, realm: RealmUnderTest, page: int = 100) -> reader.Caught:
    moment = now()
    return reader.catch_up(realm.provider, lambda: desk.act(now=moment), "login", now=moment, page=page)


def stored(desk: Desk) -> set[str]:
    with desk.act() as act:
        return set(act.session.scalars(select(IdpEventRow.id)))


@pytest.mark.req("J1")
@pytest.mark.parametrize("page", [50, 1000])
def test_catch_up_more_events_in_one_millisecond_than_a_page_misses_none(
    desk: Desk, realm: RealmUnderTest, log: Log, page: int
) -> None:
    at = now() - DAY
    laid = log.add(*[at - MILLISECOND] * 70, *[at] * 430, *[at + MILLISECOND] * 70)
    assert catch_up(desk, realm, page).new == len(laid)
    assert stored(desk) == set(laid)


@pytest.mark.req("J1")
def test_catch_up_event_that_commits_late_is_found_in_the_overlap(desk: Desk, realm: RealmUnderTest, log: Log) -> None:
    newest = now() - timedelta(minutes=1)
    laid = log.add(newest - timedelta(hours=1), newest)
    catch_up(desk, realm)
    laid += log.add(newest - cursor.OVERLAP, newest - MILLISECOND, newest)
    assert catch_up(desk, realm).new == 3
    assert stored(desk) == set(laid)


@pytest.mark.req("J1")
@pytest.mark.req("F1")
def test_catch_up_after_days_of_outage_has_every_event_and_no_gap(desk: Desk, realm: RealmUnderTest, log: Log) -> None:
    begin = now() - 6 * DAY
    laid = log.add(begin)
    catch_up(desk, realm)
    with desk.act() as act:  # Nobody read since then.
        act.session.get_one(CursorRow, "login").read_at = begin
    laid += log.add(*[begin + timedelta(seconds=90 * n) for n in range(1, 5001)])
    laid += log.add(now() - DAY, user="u2", type_name="REFRESH_TOKEN")
    caught = catch_up(desk, realm, page=500)
    assert (caught.new, caught.lost, caught.cleared) == (5001, False, False)
    assert stored(desk) == set(laid)
    with desk.act() as act:
        assert act.session.scalars(select(CursorRow.covers_since)).one() == begin
        last = {row.keycloak_id: row.last_used_at for row in act.session.scalars(select(ActivityRow))}
    assert last == {"u1": begin + timedelta(seconds=90 * 5000), "u2": last["u2"]}


KILLED = """
import os, signal, sys
from datetime import datetime
from connector.activity import reader
from tests.integration.activity.test_many_events import opened_provider
from tests.fixtures_register import Desk
from tests.fixtures_activity import RoundRules
from tests.fakes.vault import FakeVault
from connector.storage.engine import Database

class Killer:
    pages = 0
    def see(self, act, events):
        self.pages += 1
        if self.pages == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)  # Within the transaction that stores the page.
        return 0

desk = Desk(Database(sys.argv[1]), RoundRules(), FakeVault())
now = datetime.fromisoformat(sys.argv[2])
reader.catch_up(opened_provider(), lambda: desk.act(now=now), "login", now=now, page=100, watch=Killer())
"""


def opened_provider() -> Any:
    """The provider of the realm that the environment names: for the process that is killed."""
    from connector.adapters.keycloak import KeycloakProvider

    return KeycloakProvider(
        server_url=os.environ["KILLED_URL"], realm=os.environ["KILLED_REALM"], client_id="connector",
        key_pem=os.environ["KILLED_KEY"].encode(), subsystems=("website",),
    )  # fmt: skip


@pytest.mark.req("J1")
def test_catch_up_killed_in_the_middle_goes_on_where_the_last_page_was_stored(
    desk: Desk, realm: RealmUnderTest, log: Log
) -> None:
    begin = now() - 2 * DAY
    laid = log.add(*[begin + timedelta(seconds=n) for n in range(1500)])
    named = {"KILLED_URL": realm.server.url, "KILLED_REALM": realm.name, "KILLED_KEY": realm.key_pem.decode()}
    root = Path(__file__).parents[3]
    kept = []
    for page in (4, 5):
        url = desk.database.engine.url.render_as_string(hide_password=False)
        command = [sys.executable, "-c", KILLED, url, now().isoformat(), str(page)]
        ended = subprocess.run(command, env={**os.environ, **named}, cwd=root, capture_output=True, check=False)
        assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
        kept.append(len(stored(desk)))
    assert 250 < kept[0] < kept[1] < 1500, "the second process does not begin anew"
    caught = catch_up(desk, realm)
    assert (caught.new, caught.cleared) == (1500 - kept[1], False)
    assert caught.read < 1500
    assert stored(desk) == set(laid)
    with desk.act() as act:
        assert act.session.scalar(select(func.max(ActivityRow.last_used_at))) == begin + timedelta(seconds=1499)
