"""What it takes to follow a directory's changes: a position before a whole read, and the rows changed since it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from connector.adapters.ldap_connection import Link
from connector.adapters.ldap_rows import Row
from connector.settings import DirectorySettings


@dataclass(frozen=True)
class Delta:
    """Rows that are new or changed, the number of those that went as far as it is shown, and where to go on."""

    rows: list[Row]
    gone: int
    position: str


class Follower(Protocol):
    """One way to follow changes. `way` is its name in cursors and for people."""

    way: str

    def start(self, link: Link, settings: DirectorySettings, now: datetime) -> str:
        """The position before a whole read that begins now; "" when this server cannot be followed so."""

    def changes(self, link: Link, settings: DirectorySettings, position: str, now: datetime) -> Delta:
        """What changed since; raises CursorLostError when only a whole read will do."""
