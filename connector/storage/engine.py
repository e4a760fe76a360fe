"""Opens the database (SQLite or PostgreSQL) and hands out sessions. Knows no feature.

SQLite: WAL with synchronous=FULL, because NORMAL may lose committed transactions on power loss; BEGIN IMMEDIATE, so
that two writers meet at the start of a transaction and not at its commit. Writers of one process take turns at a
lock: SQLite's own waiting is a poll with sleeps, which cost nine tenths of the provisioning rate (measured). Whoever
only reads takes neither: in WAL mode readers and the writer do not stop each other.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Lock
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session, sessionmaker

from connector.errors import UnavailableError

SQLITE_BUSY_MILLISECONDS = 30_000
# PostgreSQL ends a transaction of which nothing was heard for so long: whoever was stopped in it holds locks.
IDLE_MILLISECONDS = 300_000
# More than the worker has threads: a connection beyond the pool is opened and closed for each use.
POOL = 16
READING = "trading_idp_reading"


def make_engine(url: str) -> Engine:
    """Makes the engine for `url`: `sqlite:///PATH` or `postgresql+psycopg://…`."""
    if url.startswith("sqlite"):
        engine = create_engine(
            url, connect_args={"timeout": SQLITE_BUSY_MILLISECONDS / 1000, "check_same_thread": False}
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin)
        return engine
    engine = create_engine(url, pool_pre_ping=True, pool_size=POOL)
    event.listen(engine, "connect", _prepare_postgres)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy's own BEGIN below decides, not the driver's.
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={SQLITE_BUSY_MILLISECONDS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _prepare_postgres(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET idle_in_transaction_session_timeout = {IDLE_MILLISECONDS}")
    connection.commit()


def _begin(connection: Any) -> None:
    reading = connection.get_execution_options().get(READING, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


class WriteTurn:
    """One writer at a time; UnavailableError after as long as SQLite itself would wait.

    It may be taken in one thread and given back in another, as a web server's dependencies do.
    """

    def __init__(self) -> None:
        self._lock = Lock()

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=SQLITE_BUSY_MILLISECONDS / 1000):
            raise UnavailableError(part="数据库 / the database")

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class Database:
    """One engine and its sessions."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = make_engine(url)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._readers = sessionmaker(self.engine.execution_options(**{READING: True}), expire_on_commit=False)
        self._turn: AbstractContextManager[Any] = WriteTurn() if self.is_sqlite else nullcontext()

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session in one transaction: committed at the end of the block, rolled back on any exception."""
        with self._turn, self._sessions.begin() as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads: one consistent view, waits for no writer. A write in it may fail."""
        with self._readers.begin() as session:
            yield session

    def close(self) -> None:
        self.engine.dispose()
