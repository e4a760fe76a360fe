"""Logs to test with: a database of one's own, a signer, and entries written through the service."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from connector.adapters.signing import Ed25519NoteSigner
from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.actor import job_actor
from connector.storage.engine import Database
from connector.storage.tables import Base

START = datetime(2026, 11, 23, 8, 0, 0, 123456, tzinfo=UTC)
ORIGIN = "log.example/record"


def make_act(session: Any, now: datetime = START) -> Act:
    """An act of a job, enough for the record."""
    return Act(session=session, actor=job_actor("test"), now=now, rulebook=cast(Any, None), vault=cast(Any, None))


def write_entries(database: Database, count: int, *, first: int = 0) -> None:
    with database.session() as session:
        for number in range(first, first + count):
            act = make_act(session, START + timedelta(seconds=number))
            audit.record(
                act, Event.GRANT_ADDED, f"account:{number}", account_id=f"a{number}", permission="开标", number=number
            )


@pytest.fixture
def database(tmp_path: Path) -> Database:
    opened = Database(f"sqlite:///{tmp_path / 'audit.db'}")
    Base.metadata.create_all(opened.engine)
    return opened


@pytest.fixture
def signer(tmp_path: Path) -> Ed25519NoteSigner:
    return Ed25519NoteSigner(ORIGIN, tmp_path / "keys" / "log.pem")


@pytest.fixture
def without_triggers(database: Database) -> Callable[[], None]:
    """Drops the triggers, as somebody with the database's rights could."""

    def drop() -> None:
        with database.session() as session:
            connection = session.connection()
            names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
            for name in names:
                connection.exec_driver_sql(f"DROP TRIGGER {name}")

    return drop
