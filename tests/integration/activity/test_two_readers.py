"""Two readers of one PostgreSQL at the same time: each event is new to one of them only."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, func, select, text

from connector.activity import reader
from connector.activity.tables import IdpEventRow
from connector.audit.events import Event
from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.ports import IdpEvent
from tests.fixtures_activity import open_mirror
from tests.fixtures_register import NOON, Desk

START = datetime(2026, 3, 1, tzinfo=UTC)
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


class Log:
    """An identity provider that has the same events for every reader."""

    def __init__(self) -> None:
        self.events: list[IdpEvent] = []

    def add(self, *seconds: int) -> None:
        for second in seconds:
            self.events.append(
                IdpEvent(
                    event_id=f"e{second}", kind="login", at=START + timedelta(seconds=second), type="LOGIN",
                    user_id="u1", client_id="website", ip=None, error=None,
                )
            )  # fmt: skip

    def list_events(self, _kind: str, since: datetime, first: int, page: int) -> list[IdpEvent]:
        return [event for event in self.events if event.at >= since][first : first + page]


class Notebook:
    """A watch that notes what it sees, after `before` was called for the first page."""

    def __init__(self, before: Callable[[], None] = lambda: None) -> None:
        self.seen: list[str] = []
        self._before = before

    def see(self, act: Act, events: Sequence[IdpEvent]) -> int:
        if not self.seen:
            self._before()
        self.seen += [event.event_id for event in events]
        return 0


@pytest.fixture
def desk(tmp_path: Path, postgres_url: str) -> Iterator[Desk]:
    opened = open_mirror(tmp_path, postgres_url)
    yield opened
    opened.close()


@pytest.fixture
def engine(postgres_url: str) -> Iterator[Engine]:
    engine = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


def wait_until_one_waits(engine: Engine, other: Future[Any]) -> None:
    """Until the other reader waits for a lock of ours, or has gone through without."""
    until = monotonic() + 20
    with engine.connect() as connection:
        while not other.done() and not connection.scalar(text(WAITING)):
            assert monotonic() < until, "the other reader neither waits nor ends"
            sleep(0.02)


@pytest.mark.parametrize("read_before", [False, True], ids=["the first read ever", "a cursor is there"])
def test_catch_up_by_two_readers_at_once_shows_each_event_to_a_watch_once(
    desk: Desk, engine: Engine, read_before: bool
) -> None:
    log: Any = Log()
    if read_before:
        log.add(1)
        reader.catch_up(log, desk.act, "login", now=NOON)
    log.add(2, 3, 4)
    with ThreadPoolExecutor(1) as pool:
        second = Notebook()

        def start_the_other() -> None:
            other = pool.submit(reader.catch_up, log, desk.act, "login", now=NOON, watch=second)
            others.append(other)
            wait_until_one_waits(engine, other)

        others: list[Future[reader.Caught]] = []
        first = Notebook(start_the_other)
        caught = reader.catch_up(log, desk.act, "login", now=NOON, watch=first)
        assert (caught.new, others[0].result(30).new) == (3, 0)
    assert (first.seen, second.seen) == (["e2", "e3", "e4"], [])
    with desk.act() as act:
        assert act.session.scalar(select(func.count()).select_from(IdpEventRow)) == len(log.events)


@pytest.mark.parametrize("later", [(), (5,)], ids=["nothing since", "an event since"])
def test_catch_up_by_two_readers_of_a_cleared_log_raises_one_alarm(desk: Desk, later: tuple[int, ...]) -> None:
    log: Any = Log()
    log.add(1)
    reader.catch_up(log, desk.act, "login", now=NOON)
    log.events.clear()
    log.add(*later)
    overtaking: list[reader.Caught] = []

    class Overtaken(Log):
        """While its first page is on the way, another reader reads all."""

        def list_events(self, *asked: Any) -> list[IdpEvent]:
            if not overtaking:
                overtaking.append(reader.catch_up(log, desk.act, "login", now=NOON))
            found: list[IdpEvent] = log.list_events(*asked)
            return found

    slow: Any = Overtaken()
    caught = reader.catch_up(slow, desk.act, "login", now=NOON)
    assert (overtaking[0].cleared, caught.cleared) == (True, False)
    with desk.act() as act:
        alarms = select(func.count()).where(AuditEntryRow.event == Event.EVENTS_CLEARED_FOUND.value)
        assert act.session.scalar(alarms) == 1
