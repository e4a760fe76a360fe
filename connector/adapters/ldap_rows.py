"""Turns raw LDAP rows into directory entries; a row that cannot be understood is set aside, with the reason. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from connector.departures import errors
from connector.ports import DirectoryEntry
from connector.settings import DirectorySettings

KEY_LENGTH = 64


class _UnreadableRowError(ValueError):
    """Says in `reason` why the row is set aside."""


def parse_rows(
    rows: Sequence[Mapping[str, Any]], settings: DirectorySettings
) -> tuple[tuple[DirectoryEntry, ...], tuple[tuple[str, str], ...]]:
    """Entries, and (dn, reason) of the rows set aside. Raises where the whole answer must not be believed.

    `rows` are ldap3's: "dn" and "raw_attributes" (name to list of bytes).
    """
    entries: list[DirectoryEntry] = []
    quarantined: list[tuple[str, str]] = []
    for row in rows:
        try:
            entries.append(_entry(row, settings))
        except _UnreadableRowError as error:
            quarantined.append((str(row["dn"]), str(error)))
    if not entries:
        raise errors.NoReadableRowError(count=len(rows))
    # Key attributes compare without case in LDAP, so "A1" and "a1" are one key.
    keys = Counter(e.key.casefold() for e in entries)
    if twice := sum(1 for n in keys.values() if n > 1):
        raise errors.DuplicateKeyError(count=twice)
    if missing := sum(1 for c in settings.canaries if c.casefold() not in keys):
        raise errors.CanaryMissingError(count=missing)
    return tuple(entries), tuple(quarantined)


def _entry(row: Mapping[str, Any], settings: DirectorySettings) -> DirectoryEntry:
    raw = row["raw_attributes"]
    keys = _values(raw, settings.key_attribute)
    if len(keys) != 1:
        raise _UnreadableRowError(f"{settings.key_attribute}: {len(keys)} values")
    if len(keys[0]) > KEY_LENGTH or not keys[0].isprintable():
        raise _UnreadableRowError(f"{settings.key_attribute}: not a key")
    names = _values(raw, settings.name_attribute)
    if not names:
        raise _UnreadableRowError(f"{settings.name_attribute}: no value")
    statuses = _values(raw, settings.status_attribute)
    departed_words = {v.casefold() for v in settings.departed_values}
    departed = [s.casefold() in departed_words for s in statuses]
    if any(departed) and not all(departed):
        raise _UnreadableRowError(f"{settings.status_attribute}: values contradict")
    units = _values(raw, settings.unit_attribute)
    return DirectoryEntry(
        key=keys[0],
        dn=str(row["dn"]),
        name=names[0],
        status=", ".join(statuses),
        departed=any(departed),
        unit_code=units[0] if len(units) == 1 else None,
        changed_at=_moment(raw),
    )


def _values(raw: Mapping[str, Any], name: str) -> list[str]:
    """The attribute's values that are not blank, as text."""
    try:
        texts = [bytes(value).decode("utf-8").strip() for value in raw.get(name) or []]
    except UnicodeDecodeError:
        raise _UnreadableRowError(f"{name}: not UTF-8") from None
    return [text for text in texts if text]


def _moment(raw: Mapping[str, Any]) -> datetime | None:
    """modifyTimestamp (generalized time, UTC), or none when it is not there or not understood."""
    for value in raw.get("modifyTimestamp") or []:
        with suppress(ValueError):
            return datetime.strptime(bytes(value)[:14].decode("ascii"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return None
