"""Where a log is read from, to verify it: the database or an exported directory. Judges nothing, writes nothing."""

import json
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Select, Table, func, select

from connector.audit.errors import ExportRefusedError
from connector.audit.leaf import content_of
from connector.audit.tables import AuditEntryRow, CheckpointRow
from connector.storage.engine import Database

ENTRIES_FILE = "entries.jsonl"
CHECKPOINTS_FILE = "checkpoints.jsonl"
LATEST_FILE = "checkpoint"
KEY_FILE = "log.vkey"
PAGE = 5_000  # rows of one short transaction: on SQLite a reader holds writers up
_ENTRIES: Table = AuditEntryRow.metadata.tables[AuditEntryRow.__tablename__]


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as it stands in the log; `content` is None when it cannot be read."""

    position: int
    leaf: bytes
    content: dict[str, Any] | None


class Source(Protocol):
    def entries(self, start: int = 0) -> Iterator[StoredEntry]:
        """The sealed entries from position `start` on, in the order they are kept."""

    def notes(self) -> Iterator[str]:
        """The signed checkpoints, oldest first."""

    def unsealed(self) -> int:
        """How many entries wait for the sealer."""

    def size(self) -> int | None:
        """About how many entries there are, for a progress bar; None when that is not known."""


class DatabaseSource:
    """The log in the database as it is when this is made, read in pages by position, each in a short transaction.

    What is sealed later is left out, entries and checkpoints alike: a log grows while it is verified.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.session() as session:
            # One statement, so that both ends are of one moment at any isolation level.
            self._end, self._last_checkpoint, self._unsealed = session.execute(
                select(
                    select(func.coalesce(func.max(_ENTRIES.c.position), -1)).scalar_subquery(),
                    select(func.coalesce(func.max(CheckpointRow.id), 0)).scalar_subquery(),
                    select(func.count()).where(_ENTRIES.c.position.is_(None)).scalar_subquery(),
                )
            ).one()

    def entries(self, start: int = 0) -> Iterator[StoredEntry]:
        while start <= self._end:
            page = self._page(start)
            yield from page
            if not page:
                return
            start = page[-1].position + 1

    def _page(self, start: int) -> list[StoredEntry]:
        placed = _ENTRIES.c.position.between(start, self._end)
        query = select(_ENTRIES).where(placed).order_by(_ENTRIES.c.position).limit(PAGE)
        try:
            with self._database.session() as session:
                return [_entry_of(row) for row in session.execute(query)]
        except (ValueError, TypeError):
            return self._page_one_by_one(query.with_only_columns(_ENTRIES.c.position))

    def _page_one_by_one(self, places: Select[Any]) -> list[StoredEntry]:
        """The page again where a row cannot be read, so that this row alone is unreadable."""
        page = []
        with self._database.session() as session:
            for position in session.scalars(places).all():
                try:
                    row = session.execute(select(_ENTRIES).where(_ENTRIES.c.position == position)).one()
                    page.append(_entry_of(row))
                except (ValueError, TypeError):
                    page.append(StoredEntry(position, b"", None))
        return page

    def notes(self) -> Iterator[str]:
        after = 0
        while after < self._last_checkpoint:
            numbered = CheckpointRow.id.between(after + 1, self._last_checkpoint)
            query = select(CheckpointRow.id, CheckpointRow.note).where(numbered).order_by(CheckpointRow.id).limit(PAGE)
            with self._database.session() as session:
                page = session.execute(query).all()
            yield from (note for _, note in page)
            after = page[-1][0] if page else self._last_checkpoint

    def unsealed(self) -> int:
        return int(self._unsealed)

    def size(self) -> int:
        return int(self._end) + 1


class ExportSource:
    """The log in a directory written by `export`. Needs no database and no settings."""

    def __init__(self, directory: Path) -> None:
        for name in (ENTRIES_FILE, CHECKPOINTS_FILE):
            if not (directory / name).is_file():
                raise ExportRefusedError(reason=name)
        self._directory = directory

    def entries(self, start: int = 0) -> Iterator[StoredEntry]:
        """Entries in the order of the file. A line's own position counts; an unreadable line has its line number."""
        with (self._directory / ENTRIES_FILE).open(encoding="utf-8", errors="surrogateescape") as file:
            for number, line in enumerate(file):
                if number >= start:
                    yield _read_line(line, number)

    def notes(self) -> Iterator[str]:
        with (self._directory / CHECKPOINTS_FILE).open(encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    yield str(json.loads(line)["note"])
                except (ValueError, KeyError, TypeError):
                    yield ""

    def unsealed(self) -> int:
        return 0

    def size(self) -> None:
        return None


def _entry_of(row: Any) -> StoredEntry:
    return StoredEntry(row.position, row.leaf_hash or b"", content_of(row))


def _read_line(line: str, number: int) -> StoredEntry:
    try:
        read = json.loads(line)
        content = read["entry"]
        return StoredEntry(int(content.pop("position")), b64decode(read["leaf"], validate=True), content)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return StoredEntry(number, b"", None)
