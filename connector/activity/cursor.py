"""How far Keycloak's events were read, and whether any can be missing. Pure, but for the row it moves.

Keycloak stamps an event when it begins and shows it when its transaction ends, so the last seconds are read again
each time. Pages go by time and not by offset: events of one millisecond have no order of their own in Keycloak.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from connector.activity import store
from connector.activity.tables import CursorRow
from connector.auth.act import Act
from connector.ports import IdentityProvider, IdpEvent

OVERLAP = timedelta(seconds=30)
PAGE = 1000
# Keycloak keeps events far longer than this: a reader that was away for less cannot have lost any.
SURE = timedelta(hours=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Position:
    """Where a run starts: `since`, the event that must be met again, and whether losing it means a gap."""

    since: datetime
    last_event_id: str | None
    was_away: bool


def start_position(row: CursorRow | None, now: datetime) -> Position:
    """Where to read on from: the overlap before the newest event read, or the beginning."""
    if row is None or row.read_to is None:
        return Position(EPOCH, None, was_away=False)
    return Position(row.read_to - OVERLAP, row.last_event_id, was_away=now - row.read_at > SURE)


def read_pages(idp: IdentityProvider, kind: str, since: datetime, page: int = PAGE) -> Iterator[list[IdpEvent]]:
    """Every event at or after `since`, oldest first; those of a page's last millisecond come twice."""
    first = 0
    while True:
        events = idp.list_events(kind, since, first, page)
        if events:
            yield events
        if len(events) < page:
            return
        if events[-1].at > since:
            since, first = events[-1].at, 0
        else:
            first += len(events)


def advance(act: Act, kind: str, events: Sequence[IdpEvent]) -> None:
    """Moves the cursor over `events`, in the transaction that stores them."""
    row = store.lock_cursor(act.session, kind)
    if row is None:
        oldest = min((event.at for event in events), default=act.now)
        row = CursorRow(kind=kind, covers_since=min(oldest, act.now))
        act.session.add(row)
    row.read_at = act.now
    newest = max(events, key=lambda event: event.at, default=None)
    if newest is not None and (row.read_to is None or newest.at >= row.read_to):
        row.read_to, row.last_event_id = newest.at, newest.event_id
    act.session.flush()


def restart_coverage(act: Act, kind: str, since: datetime) -> None:
    """States that events before `since` may be missing: nobody is called dormant on them (F1)."""
    row = store.lock_cursor(act.session, kind)
    if row is not None:
        row.covers_since = since
