"""Turns raw LDAP rows into directory entries; a row that cannot be understood is set aside, with the reason. Pure."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from connector.adapters.ldap_status import StatusReader, status_attributes
from connector.adapters.ldap_values import Attributes, UnreadableRowError, moment, only_text, texts
from connector.departures import errors
from connector.ports import DirectoryEntry
from connector.settings import DirectorySettings

KEY_LENGTH = 64
Row = tuple[str, Attributes]  # DN, and the values by attribute in the spelling of the settings
Parsed = tuple[tuple[DirectoryEntry, ...], tuple[tuple[str, str], ...]]

_PURPOSES = ("key", "name", "unit", "post", "phone", "mail", "document")


def mapped_attributes(settings: DirectorySettings) -> list[tuple[str, str]]:
    """(purpose, attribute) of all that is read of a person, without the time stamp."""
    mapped = [(purpose, str(getattr(settings, f"{purpose}_attribute"))) for purpose in _PURPOSES]
    return [(p, name) for p, name in mapped if name] + [("status", name) for name in status_attributes(settings)]


def changed_attribute(settings: DirectorySettings) -> str:
    """The attribute that says when an entry was last changed."""
    return "whenChanged" if settings.kind == "active_directory" else "modifyTimestamp"


def parse_rows(
    rows: Iterable[Row], settings: DirectorySettings, *, now: datetime, left: frozenset[str] = frozenset()
) -> Parsed:
    """Entries, and (dn, reason) of the rows set aside. Raises DuplicateKeyError when a key stands on two rows.

    `now` is the moment at which accounts have expired or not; `left` are the members of the leavers' group, as
    `normal_dn` writes them.
    """
    read = _RowReader(settings, now, left)
    entries: list[DirectoryEntry] = []
    quarantined: list[tuple[str, str]] = []
    for dn, raw in rows:
        try:
            entries.append(read.entry(dn, raw))
        except UnreadableRowError as error:
            quarantined.append((dn, str(error)))
    # Key attributes compare without case in LDAP, so "A1" and "a1" are one key.
    keys = [e.key.casefold() for e in entries]
    if len(set(keys)) < len(keys):
        raise errors.DuplicateKeyError(count=sum(1 for n in Counter(keys).values() if n > 1))
    return tuple(entries), tuple(quarantined)


def check_whole(parsed: Parsed, settings: DirectorySettings) -> Parsed:
    """What a whole read must show besides: readable rows, and every canary. Returns it unchanged."""
    entries, quarantined = parsed
    if not entries:
        raise errors.NoReadableRowError(count=len(quarantined))
    if settings.canaries:
        keys = {e.key.casefold() for e in entries}
        if missing := sum(1 for c in settings.canaries if c.casefold() not in keys):
            raise errors.CanaryMissingError(count=missing)
    return parsed


class _RowReader:
    """The mapping of one read, looked up once."""

    def __init__(self, settings: DirectorySettings, now: datetime, left: frozenset[str]) -> None:
        self._key, self._name = settings.key_attribute, settings.name_attribute
        self._unit, self._post = settings.unit_attribute, settings.post_attribute
        self._phone, self._mail = settings.phone_attribute, settings.mail_attribute
        self._document = settings.document_attribute
        self._changed = changed_attribute(settings)
        self._status = StatusReader(settings, now, left)

    def entry(self, dn: str, raw: Attributes) -> DirectoryEntry:
        keys = texts(raw, self._key)
        if len(keys) != 1:
            raise UnreadableRowError(f"{self._key}: {len(keys)} values")
        key = keys[0]
        if len(key) > KEY_LENGTH or not key.isprintable():
            raise UnreadableRowError(f"{self._key}: not a key")
        names = texts(raw, self._name)
        if not names:
            raise UnreadableRowError(f"{self._name}: no value")
        status, departed = self._status.read(dn, raw)
        return DirectoryEntry(
            key=key,
            dn=dn,
            name=names[0],
            status=status,
            departed=departed,
            unit_code=only_text(raw, self._unit),
            changed_at=moment(raw, self._changed),
            post=only_text(raw, self._post),
            phone=only_text(raw, self._phone),
            mail=only_text(raw, self._mail),
            document_number=only_text(raw, self._document),
        )
