"""How far Keycloak's events were read, and whether any can be missing. Pure, but for the row it moves.

Keycloak stamps an event when it begins and shows it when its transaction ends, so the last seconds are read again
each time. Pages go by time and never by offset: events of one millisecond have no order of their own in Keycloak.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from operator import attrgetter

from connector.activity import store
from connector.activity.tables import CursorRow
from connector.auth.act import Act
from connector.ports import IdentityProvider, IdpEvent
from connector.storage.upsert import dialect_insert

OVERLAP = timedelta(seconds=30)
PAGE = 1000
# A reader that was away for less has read every event before it could expire.
SURE = timedelta(hours=1)
KEPT = timedelta(days=90)  # Keycloak keeps events so long: eventsExpiration and adminEventsExpiration of realm-config.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Gap(StrEnum):
    """Why events may be missing before those that were read."""

    LOST = "lost"  # Keycloak forgot events while nobody read them.
    CLEARED = "cleared"  # The last event read is gone, and it was too young to be forgotten.


@dataclass
class Anchor:
    """The last event read, which must be met again: as long as Keycloak has it, nothing before it was taken away."""

    event_id: str | None
    at: datetime
    gap: Gap | None  # what its absence means
    restarted_at: datetime | None = None  # of the cursor it was read from
    _met: bool = field(default=False)
    _next_at: datetime | None = field(default=None)

    def look(self, events: Sequence[IdpEvent]) -> bool:
        """Looks for it among a page; whether the reading has passed its moment, so that its absence is known."""
        self._met = self._met or any(event.event_id == self.event_id for event in events)
        self._next_at = self._next_at or next((event.at for event in events if event.at > self.at), None)
        return self._next_at is not None

    def found_gap(self) -> Gap | None:
        """To be asked when the reading has passed its moment, or has ended."""
        return None if self._met or self.event_id is None else self.gap

    def covered_from(self, now: datetime) -> datetime:
        """From where on nothing is missing, if there is a gap."""
        return self._next_at or now


def start_position(row: CursorRow | None, now: datetime) -> tuple[datetime, Anchor]:
    """Where to read on from (the overlap before the newest event read, or the beginning), and what must be met."""
    if row is None or row.read_to is None:
        return EPOCH, Anchor(None, EPOCH, None)
    gap = _gap_if_absent(row.read_to, row.read_at, now)
    return row.read_to - OVERLAP, Anchor(row.last_event_id, row.read_to, gap, row.restarted_at)


def _gap_if_absent(last_event_at: datetime, read_at: datetime, now: datetime) -> Gap | None:
    """A quiet realm's last event expires in its time, which hides nothing from a reader who was there."""
    if now - last_event_at < KEPT:
        return Gap.CLEARED
    return Gap.LOST if now - read_at > SURE else None


def read_pages(idp: IdentityProvider, kind: str, since: datetime, page: int = PAGE) -> Iterator[list[IdpEvent]]:
    """Every event at or after `since`, oldest first; those of a page's last millisecond come twice.

    Where one millisecond fills a whole page, it is asked for again with a larger one until the answer reaches past
    it: one answer is one view of the store, while pages by offset would miss some of it and repeat others.
    """
    size = page
    while True:
        events = idp.list_events(kind, since, 0, size)
        reaches_on = bool(events) and events[-1].at > since
        if len(events) >= size and not reaches_on:
            size *= 2
            continue
        if events:
            yield events
        if len(events) < size:
            return
        since, size = events[-1].at, page


def hold(act: Act, kind: str, events: Sequence[IdpEvent]) -> CursorRow:
    """The cursor, locked before the page is stored: of two readers, the second must find what the first has stored.

    Otherwise both would take an event for new, and each watch would see it twice.
    """
    moments = [event.at for event in events]
    return _cursor(act, kind, min(moments), max(moments))


def advance(act: Act, row: CursorRow, events: Sequence[IdpEvent]) -> None:
    """Moves the held cursor over one page, in the transaction that stores it: the mirror knows all until its end.

    Not until now: there may be days to read yet, and nobody may be called dormant meanwhile.
    """
    newest = max(events, key=attrgetter("at"))
    row.read_at = max(row.read_at, min(newest.at, act.now))
    if row.read_to is None or newest.at >= row.read_to:
        row.read_to, row.last_event_id = newest.at, newest.event_id
    act.session.flush()


def arrive(act: Act, kind: str) -> None:
    """States that everything was read until now."""
    _cursor(act, kind, act.now, act.now).read_at = act.now
    act.session.flush()


def _cursor(act: Act, kind: str, oldest: datetime, newest: datetime) -> CursorRow:
    """The cursor, locked; made by the first read, which covers from the oldest event there is."""
    row = store.lock_cursor(act.session, kind)
    if row is not None:
        return row
    first = {"kind": kind, "covers_since": min(oldest, act.now), "read_at": min(newest, act.now)}
    # Another first reader may be making it: then this waits for him and takes his.
    act.session.execute(dialect_insert(act.session, CursorRow).values(first).on_conflict_do_nothing())
    return act.session.get_one(CursorRow, kind, with_for_update=True)


def restart_coverage(act: Act, kind: str, anchor: Anchor, since: datetime) -> bool:
    """States that events before `since` may be missing: nobody is called dormant on them (F1).

    False when another reader has stated it since `anchor` was read: one gap is one alarm.
    """
    row = store.lock_cursor(act.session, kind)
    if row is None or row.restarted_at != anchor.restarted_at:
        return False
    row.covers_since, row.restarted_at = since, act.now
    row.last_event_id = None  # What is gone is not looked for again.
    act.session.flush()
    return True
