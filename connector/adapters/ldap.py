"""The HR directory over LDAP: whole reads that are provably complete, and the changes since one.

Nothing in this product imports ldap3 besides the modules ldap_* beside this one.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from ldap3.utils.conv import escape_filter_chars

from connector.adapters.ldap_connection import Link, connect
from connector.adapters.ldap_cursor import make_cursor, open_cursor
from connector.adapters.ldap_follow import Follower
from connector.adapters.ldap_group import read_left
from connector.adapters.ldap_pages import read_pages, refuse_empty
from connector.adapters.ldap_probe import look_at
from connector.adapters.ldap_rows import check_whole, parse_rows
from connector.adapters.ldap_schema import check_schema, known_names
from connector.adapters.ldap_syncrepl import SyncReplication
from connector.adapters.ldap_timestamps import Timestamps
from connector.adapters.ldap_usn import UpdateNumbers
from connector.departures import errors
from connector.ports import CursorLostError, DirectoryChanges, DirectoryEntry, DirectoryProbe, DirectoryReading
from connector.settings import DirectorySettings

# How changes are followed, the best way first; the first that the server offers to the account is taken.
_FOLLOWERS: dict[str, tuple[Callable[[], Follower], ...]] = {
    "openldap": (SyncReplication, Timestamps),
    "unboundid": (Timestamps,),
    "active_directory": (UpdateNumbers,),
}
_KEYS_PER_SEARCH = 50


class LdapDirectory:
    """`Directory` of ports.py on a real server. Opens one connection per call; keeps none."""

    def __init__(self, settings: DirectorySettings, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._monotonic = monotonic
        self._followers = tuple(make() for make in _FOLLOWERS[settings.kind])

    def read(self) -> DirectoryReading:
        """Reads everybody below the base, by pages. Raises the error of departures.errors that names the case."""
        started, read_at = time.monotonic(), datetime.now(UTC)
        settings = self._settings
        with connect(settings) as link:
            link.check_base(settings.base)
            check_schema(known_names(link, settings), settings)
            left = read_left(link, settings)
            # Where changes go on is asked for before the first page, so that none is missed during the read.
            way, position = self._start(link, read_at)
            pages = read_pages(link, settings, settings.filter, monotonic=self._monotonic)
            parsed = parse_rows(pages, settings, now=read_at, left=left)
            if not any(parsed):
                refuse_empty(link, settings)
        entries, quarantined = check_whole(parsed, settings)
        return DirectoryReading(
            entries=entries,
            quarantined=quarantined,
            read_at=read_at,
            seconds=time.monotonic() - started,
            cursor=make_cursor(settings, left, way, position) if position else "",
        )

    def changes(self, cursor: str) -> DirectoryChanges:
        """What changed since `cursor`. Raises DirectoryReadError; CursorLostError when only a whole read will do."""
        started, read_at = time.monotonic(), datetime.now(UTC)
        settings = self._settings
        with connect(settings) as link:
            link.check_base(settings.base)
            left = read_left(link, settings)
            way, position = open_cursor(settings, left, cursor)
            delta = self._follower(way).changes(link, settings, position, read_at)
            entries, quarantined = parse_rows(delta.rows, settings, now=read_at, left=left)
            self._check_leavers(link, entries)
        return DirectoryChanges(
            entries=entries,
            quarantined=quarantined,
            gone=delta.gone,
            cursor=make_cursor(settings, left, way, delta.position),
            read_at=read_at,
            seconds=time.monotonic() - started,
        )

    def check(self) -> str:
        """Connects, binds and reads the base entry; one line for `doctor`."""
        with connect(self._settings) as link:
            link.check_base(self._settings.base)
        return f"{self._settings.url}, base {self._settings.base}, as {self._settings.bind_dn or 'anonymous'}"

    def probe(self) -> DirectoryProbe:
        """What would be read: the mapping against the live schema and some entries. Changes nothing."""
        now = datetime.now(UTC)
        with connect(self._settings) as link:
            link.check_base(self._settings.base)
            way, _ = self._start(link, now)
            return look_at(link, self._settings, incremental=way, now=now)

    def _start(self, link: Link, now: datetime) -> tuple[str, str]:
        """(way, position) of the first way in which this server can be followed; ("", "") when there is none."""
        for follower in self._followers:
            if position := follower.start(link, self._settings, now):
                return follower.way, position
        return "", ""

    def _follower(self, way: str) -> Follower:
        for follower in self._followers:
            if follower.way == way:
                return follower
        raise CursorLostError

    def _check_leavers(self, link: Link, entries: tuple[DirectoryEntry, ...]) -> None:
        """A leaver among the changes is looked up by his key: the row of somebody else may bear it as well.

        A whole read sees both rows; changes show only the one that changed.
        """
        settings = self._settings
        keys = [entry.key for entry in entries if entry.departed]
        for at in range(0, len(keys), _KEYS_PER_SEARCH):
            some = keys[at : at + _KEYS_PER_SEARCH]
            wanted = "".join(f"({settings.key_attribute}={escape_filter_chars(key)})" for key in some)
            rows = sum(1 for _ in read_pages(link, settings, f"(&{settings.filter}(|{wanted}))"))
            if rows > len(some):
                raise errors.DuplicateKeyError(count=rows - len(some))
