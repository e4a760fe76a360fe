"""Brings the mirror up to Keycloak's events: pages are read outside any transaction, each stored in one of its own."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic, sleep

from sqlalchemy import select

from connector.activity import cursor, service
from connector.activity.cursor import Anchor, Gap
from connector.activity.tables import CursorRow
from connector.activity.watch import Watch
from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.ports import IdentityProvider, IdpEvent

OpenAct = Callable[[], AbstractContextManager[Act]]
NEAR = timedelta(minutes=1)  # Whoever is so near to now is up to date and does not rest.
LONGEST_REST = 5.0  # seconds


@dataclass
class Caught:
    """What one run did: events read, events new, and whether some before them are missing.

    `lost`: Keycloak forgot events that nobody had read. `cleared`: somebody emptied Keycloak's event log. `behind`:
    the time was up; the next run goes on.
    """

    read: int = 0
    new: int = 0
    lost: bool = False
    cleared: bool = False
    behind: bool = False


class Pace:
    """Waits between the pages of a backlog: people log in at the same Keycloak, often on the same machine.

    Reading runs in a thread of its own, and its rest counts what the last page cost to store as well.
    """

    def __init__(self, rest: float, full: int, near: datetime) -> None:
        self._rest, self._full, self._near = rest, full, near
        self._storing = 0.0

    def read(self, pages: Iterator[list[IdpEvent]]) -> Iterator[list[IdpEvent]]:
        begun = monotonic()
        for events in pages:
            took = monotonic() - begun
            yield events
            if len(events) >= self._full and events[-1].at < self._near:
                sleep(min(self._rest * (took + self._storing), LONGEST_REST))
            begun = monotonic()

    @contextmanager
    def storing(self) -> Iterator[None]:
        begun = monotonic()
        yield
        self._storing = monotonic() - begun


def catch_up(
    idp: IdentityProvider,
    open_act: OpenAct,
    kind: str,
    *,
    now: datetime,
    page: int = cursor.PAGE,
    rest: float = 0.0,
    budget: timedelta | None = None,
    watch: Watch | None = None,
) -> Caught:
    """Reads on from the cursor to the newest event of `kind`; after an outage it simply has more to read.

    `rest` is how long the machine is left alone after each full page of older events, as a multiple of the time it
    took to read a page and to store one; after `budget` the run stops behind. `watch` sees every new event once.
    Raises KeycloakUnavailableError; what was read
    until then is stored, and the next run goes on from there.
    """
    with open_act() as act:
        since, anchor = cursor.start_position(act.session.scalar(select(CursorRow).where(CursorRow.kind == kind)), now)
    caught, passed, pace = Caught(), False, Pace(rest, page, now - NEAR)
    until = None if budget is None else monotonic() + budget.total_seconds()
    for events in _ahead(pace.read(cursor.read_pages(idp, kind, since, page))):
        with pace.storing(), open_act() as act:
            row = cursor.hold(act, kind, events)
            if not passed and anchor.look(events):
                passed = True
                _record_gap(act, kind, anchor, caught)
            caught.new += service.ingest(act, kind, events, watch)
            cursor.advance(act, row, events)
        caught.read += len(events)
        if passed and len(events) >= page and until is not None and monotonic() > until:
            caught.behind = True
            return caught
    with open_act() as act:
        if not passed:
            _record_gap(act, kind, anchor, caught)
        cursor.arrive(act, kind)
    return caught


def _record_gap(act: Act, kind: str, anchor: Anchor, caught: Caught) -> None:
    """Admits what is missing, in the transaction that moves the cursor past it: a crash does not hide it."""
    gap = anchor.found_gap()
    if gap is None:
        return
    since = anchor.covered_from(act.now)
    if not cursor.restart_coverage(act, kind, anchor, since):
        return
    facts = {"last_read": anchor.at.isoformat(), "covers_since": since.isoformat()}
    if gap is Gap.CLEARED:
        caught.cleared = True
        audit.record(act, Event.EVENTS_CLEARED_FOUND, f"events:{kind}", alarm=True, **facts)
    else:
        caught.lost = True
        audit.record(act, Event.EVENTS_INGESTED, f"events:{kind}", alarm=True, lost=True, **facts)


def _ahead(pages: Iterator[list[IdpEvent]]) -> Iterator[list[IdpEvent]]:
    """Reads the next page while the one before is being stored."""
    with ThreadPoolExecutor(1, thread_name_prefix="read-events") as reader:
        following = reader.submit(next, pages, None)
        while (events := following.result()) is not None:
            following = reader.submit(next, pages, None)
            yield events
