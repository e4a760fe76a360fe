"""Stores what the reads of the HR directory tell: that they were made, whom they showed, who is missing since when."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.departures.errors import StaleReadingError
from connector.departures.plan import KnownPerson, absent_keys, dn_digest, filled, lost
from connector.departures.tables import DirectoryPersonRow, DirectoryReadRow
from connector.ports import DirectoryEntry, DirectoryReadError, DirectoryReading
from connector.storage.batches import in_batches

_STATUS_LENGTH = 64
_KNOWN = select(  # Ordered as `KnownPerson` is: a row of the result is used as one, a copy would double the time.
    DirectoryPersonRow.key,
    DirectoryPersonRow.dn_digest,
    DirectoryPersonRow.status,
    DirectoryPersonRow.missing_since,
    DirectoryPersonRow.departed,
    func.coalesce(DirectoryPersonRow.filled, 0).label("filled"),
)
_THERE = {"missing_since": None, "reads_missing": 0}


def record_reading(
    act: Act, reading: DirectoryReading, *, known: Mapping[str, KnownPerson] | None = None, good: bool = False
) -> DirectoryReadRow:
    """Stores a complete reading and moves everybody's presence forward. Raises StaleReadingError (409).

    `known` is what `load_known` gave, where the caller has it already. A read that is not `good` (its plan is held) is
    no measure for the next: an attribute that vanished stays known until it is back or the plan is released, and new
    people are looked at again.
    """
    last = check_newest(act, reading)
    before = load_known(act) if known is None else known
    row = DirectoryReadRow(
        read_at=reading.read_at,
        complete=True,
        good=good,
        count=len(reading.entries) + len(reading.quarantined),
        quarantined=len(reading.quarantined),
    )
    act.session.add(row)
    absent = absent_keys(reading, before)
    _update_absent(act, absent, before, last or act.now)
    _update_present(act, reading, before, absent, keep_lost=not good)
    act.session.flush()
    audit.record(
        act, Event.DIRECTORY_READ, f"directory-read:{row.id}", count=row.count, quarantined=row.quarantined,
        seconds=round(reading.seconds, 3),
    )  # fmt: skip
    return row


def record_changes(act: Act, entries: Collection[DirectoryEntry], known: Mapping[str, KnownPerson]) -> None:
    """Stores changes reported between two complete reads. What lost an attribute is left for the next whole one."""
    _write(act, [entry for entry in entries if entry.key not in known or not lost(entry, known[entry.key])], known)


def record_refused_read(act: Act, error: DirectoryReadError) -> None:
    """Stores that a read was not believed, with an alarm; nobody is frozen on it (JC 14)."""
    row = DirectoryReadRow(read_at=act.now, complete=False, error_code=error.code)
    act.session.add(row)
    act.session.flush()
    audit.record(act, Event.DIRECTORY_READ_REFUSED, f"directory-read:{row.id}", alarm=True, code=error.code)


def load_known(act: Act, keys: Collection[str] | None = None) -> dict[str, KnownPerson]:
    """Everybody the reads so far have shown, or of these keys only, by key."""
    if keys is None:
        return _by_key(act.session.execute(_KNOWN))
    found: dict[str, KnownPerson] = {}
    for some in in_batches(keys):
        found |= _by_key(act.session.execute(_KNOWN.where(DirectoryPersonRow.key.in_(some))))
    return found


def baseline(act: Act) -> int | None:
    """Rows of the last good read; None before the first."""
    newest = select(DirectoryReadRow.count).where(DirectoryReadRow.good).order_by(DirectoryReadRow.id.desc()).limit(1)
    return act.session.scalar(newest)


def check_newest(act: Act, reading: DirectoryReading) -> datetime | None:
    """When the last complete read was, None before the first; raises StaleReadingError when it is a newer one."""
    newest = select(DirectoryReadRow.read_at).where(DirectoryReadRow.complete).order_by(DirectoryReadRow.id.desc())
    last = act.session.scalar(newest.limit(1))
    if last is not None and reading.read_at < last:
        raise StaleReadingError
    return last


def _by_key(rows: Iterable[Any]) -> dict[str, KnownPerson]:
    return {row[0]: row for row in rows}


def _update_absent(act: Act, absent: Collection[str], known: Mapping[str, KnownPerson], last: datetime) -> None:
    """Who was missing before keeps the moment of the first read without him, and of the last one with him."""
    if not absent:
        return
    here = (key for key in absent if known[key].missing_since is None)
    newly = [{"key": key, "missing_since": act.now, "last_seen_at": last} for key in here]
    if newly:
        act.session.execute(update(DirectoryPersonRow), newly)
    still = update(DirectoryPersonRow).where(DirectoryPersonRow.missing_since.is_not(None))
    act.session.execute(still.values(reads_missing=DirectoryPersonRow.reads_missing + 1))


def _update_present(
    act: Act, reading: DirectoryReading, known: Mapping[str, KnownPerson], absent: Collection[str], *, keep_lost: bool
) -> None:
    """Writes only the rows that are new or changed: an hour that changes nothing costs no write."""
    entries: Iterable[DirectoryEntry] = reading.entries
    kept: set[str] = set()
    if keep_lost:
        kept = {e.key for e in entries if e.key in known and lost(e, known[e.key])}
        entries = [entry for entry in entries if entry.key in known and entry.key not in kept]
    _write(act, entries, known)
    readable = {entry.key for entry in reading.entries} - kept
    back = [  # A row that was set aside is there all the same, and so is one that lost an attribute.
        {"key": key} | _THERE | {"last_seen_at": act.now}
        for key, person in known.items()
        if person.missing_since is not None and key not in readable and key not in absent
    ]
    if back:
        act.session.execute(update(DirectoryPersonRow), back)


def _write(act: Act, entries: Iterable[DirectoryEntry], known: Mapping[str, KnownPerson]) -> None:
    new: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for entry in entries:
        digest, person = dn_digest(entry.dn), known.get(entry.key)
        if person is None:
            new.append(_columns(entry, digest) | _THERE | {"first_seen_at": act.now, "last_seen_at": act.now})
        elif _is_changed(entry, digest, person):
            changed.append(_columns(entry, digest) | _THERE | {"last_seen_at": act.now})
    if new:
        act.session.execute(insert(DirectoryPersonRow), new)
    if changed:
        act.session.execute(update(DirectoryPersonRow), changed)


def _is_changed(entry: DirectoryEntry, digest: str, person: KnownPerson) -> bool:
    now = (digest, entry.status[:_STATUS_LENGTH], None, entry.departed, filled(entry))
    return now != tuple(person[1:])


def _columns(entry: DirectoryEntry, digest: str) -> dict[str, Any]:
    return {
        "key": entry.key,
        "dn_digest": digest,
        "status": entry.status[:_STATUS_LENGTH],
        "departed": entry.departed,
        "filled": filled(entry),
    }
