"""Stores what the reads of the HR directory tell: that they were made, whom they showed, who is missing since when."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import insert, select, update

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.departures.errors import StaleReadingError
from connector.departures.plan import KnownPerson, absent_keys, dn_digest
from connector.departures.tables import DirectoryPersonRow, DirectoryReadRow
from connector.ports import DirectoryEntry, DirectoryReadError, DirectoryReading

_STATUS_LENGTH = 64


def record_reading(act: Act, reading: DirectoryReading) -> DirectoryReadRow:
    """Stores a complete reading and moves everybody's presence forward. Raises StaleReadingError (409).

    The read is not `good` yet: that is said when its plan is carried out.
    """
    _check_newest(act, reading)
    known = load_known(act)
    row = DirectoryReadRow(
        read_at=reading.read_at,
        complete=True,
        count=len(reading.entries) + len(reading.quarantined),
        quarantined=len(reading.quarantined),
    )
    act.session.add(row)
    absent = absent_keys(reading, known)
    _update_absent(act, absent, known)
    _update_present(act, reading, known, absent)
    act.session.flush()
    audit.record(
        act, Event.DIRECTORY_READ, f"directory-read:{row.id}", count=row.count, quarantined=row.quarantined,
        seconds=round(reading.seconds, 3),
    )  # fmt: skip
    return row


def record_refused_read(act: Act, error: DirectoryReadError) -> None:
    """Stores that a read was not believed, with an alarm; nobody is frozen on it (JC 14)."""
    row = DirectoryReadRow(read_at=act.now, complete=False, error_code=error.code)
    act.session.add(row)
    act.session.flush()
    audit.record(act, Event.DIRECTORY_READ_REFUSED, f"directory-read:{row.id}", alarm=True, code=error.code)


def load_known(act: Act) -> dict[str, KnownPerson]:
    """Everybody the complete reads so far have shown, by key."""
    columns = select(
        DirectoryPersonRow.key,
        DirectoryPersonRow.dn_digest,
        DirectoryPersonRow.status,
        DirectoryPersonRow.missing_since,
    )
    return {
        key: KnownPerson(key=key, dn_digest=digest, status=status, missing_since=missing_since)
        for key, digest, status, missing_since in act.session.execute(columns)
    }


def baseline(act: Act) -> int | None:
    """Rows of the last good read; None before the first."""
    newest = select(DirectoryReadRow.count).where(DirectoryReadRow.good).order_by(DirectoryReadRow.id.desc()).limit(1)
    return act.session.scalar(newest)


def _check_newest(act: Act, reading: DirectoryReading) -> None:
    newest = select(DirectoryReadRow.read_at).where(DirectoryReadRow.complete).order_by(DirectoryReadRow.id.desc())
    last = act.session.scalar(newest.limit(1))
    if last is not None and reading.read_at < last:
        raise StaleReadingError


def _update_absent(act: Act, absent: Collection[str], known: Mapping[str, KnownPerson]) -> None:
    """Who was missing before keeps the moment of the first read without him."""
    if not absent:
        return
    missing = [{"key": key, "missing_since": known[key].missing_since or act.now} for key in absent]
    act.session.execute(update(DirectoryPersonRow), missing)
    still = update(DirectoryPersonRow).where(DirectoryPersonRow.missing_since.is_not(None))
    act.session.execute(still.values(reads_missing=DirectoryPersonRow.reads_missing + 1))


def _update_present(
    act: Act, reading: DirectoryReading, known: Mapping[str, KnownPerson], absent: Collection[str]
) -> None:
    """Writes only the rows that are new or changed; `last_seen_at` of all who are there moves by one statement."""
    there = {"missing_since": None, "reads_missing": 0}
    seen = {"first_seen_at": act.now, "last_seen_at": act.now}
    new = [_columns(entry) | there | seen for entry in reading.entries if entry.key not in known]
    changed = [_columns(entry) | there for entry in reading.entries if _is_changed(entry, known)]
    readable = {entry.key for entry in reading.entries}
    unreadable = [  # A row that was set aside is there all the same.
        {"key": key} | there
        for key, person in known.items()
        if person.missing_since is not None and key not in readable and key not in absent
    ]
    if new:
        act.session.execute(insert(DirectoryPersonRow), new)
    for rows in (changed, unreadable):
        if rows:
            act.session.execute(update(DirectoryPersonRow), rows)
    present = update(DirectoryPersonRow).where(DirectoryPersonRow.missing_since.is_(None)).values(last_seen_at=act.now)
    act.session.execute(present)


def _is_changed(entry: DirectoryEntry, known: Mapping[str, KnownPerson]) -> bool:
    person = known.get(entry.key)
    if person is None:
        return False
    now_known = (entry.status[:_STATUS_LENGTH], dn_digest(entry.dn), None)
    return now_known != (person.status, person.dn_digest, person.missing_since)


def _columns(entry: DirectoryEntry) -> dict[str, Any]:
    return {
        "key": entry.key,
        "dn_digest": dn_digest(entry.dn),
        "status": entry.status[:_STATUS_LENGTH],
        "departed": entry.departed,
    }
