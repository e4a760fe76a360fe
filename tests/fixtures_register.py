"""A desk: a database with every table, a vault, the rules in force, and acts upon them. For tests of any room."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import connector.migrations.every_table  # noqa: F401  # brings the tables of every room into the metadata
from connector.auth.act import Act
from connector.auth.actor import Actor, host_actor
from connector.ports import Vault
from connector.regulations.loader import load_rulebook
from connector.regulations.rulebook import Rulebook
from connector.storage.engine import Database
from connector.storage.tables import Base
from tests.fakes.vault import FakeVault

NOON = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)  # Tuesday, a working day, 12:00 in China
PACKS = ("LC", "GS", "HH", "GX")
HOST = host_actor("tests")


@dataclass
class Desk:
    """`with desk.act(actor, now) as act:` is one transaction, committed at the end of the block."""

    database: Database
    rulebook: Rulebook
    vault: Vault = field(default_factory=FakeVault)

    @contextmanager
    def act(self, actor: Actor = HOST, now: datetime = NOON) -> Iterator[Act]:
        with self.database.session() as session:
            yield Act(session=session, actor=actor, now=now, rulebook=self.rulebook, vault=self.vault)

    def close(self) -> None:
        self.database.close()


@cache
def rules_in_force() -> Rulebook:
    """The rules of the packs in force, read once; they are immutable."""
    return load_rulebook(PACKS)


def open_desk(tmp_path: Path, url: str | None = None, *, vault: Vault | None = None) -> Desk:
    """A desk on a new SQLite database in `tmp_path`, or on the empty database at `url`; close it afterwards."""
    database = Database(url or f"sqlite:///{tmp_path / 'desk.db'}")
    Base.metadata.create_all(database.engine)
    return Desk(database, rules_in_force(), vault or FakeVault())
