"""Brings the mirror up to Keycloak's events: pages are read outside any transaction, each stored in one of its own."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from connector.activity import cursor, service
from connector.activity.alarms import LoginWatch
from connector.activity.tables import CursorRow
from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.ports import IdentityProvider, IdpEvent

OpenAct = Callable[[], AbstractContextManager[Act]]


@dataclass
class Caught:
    """What one run did: events read, events new, and whether some before them are lost."""

    read: int = 0
    new: int = 0
    lost: bool = False


def catch_up(
    idp: IdentityProvider,
    open_act: OpenAct,
    kind: str,
    *,
    now: datetime,
    page: int = cursor.PAGE,
    watch: LoginWatch | None = None,
) -> Caught:
    """Reads on from the cursor to the newest event of `kind`; after an outage it simply has more to read.

    `watch` sees every new event once. Raises KeycloakUnavailableError; what was read until then is stored, and the
    next run goes on from there.
    """
    with open_act() as act:
        start = cursor.start_position(act.session.scalar(select(CursorRow).where(CursorRow.kind == kind)), now)
    caught, met, oldest = Caught(), start.last_event_id is None, None
    for events in _ahead(cursor.read_pages(idp, kind, start.since, page)):
        oldest = oldest or events[0].at
        met = met or any(event.event_id == start.last_event_id for event in events)
        with open_act() as act:
            caught.new += service.ingest(act, kind, events, watch)
            cursor.advance(act, kind, events)
        caught.read += len(events)
    with open_act() as act:
        cursor.advance(act, kind, [])
        if start.was_away and not met:
            caught.lost = True
            cursor.restart_coverage(act, kind, oldest or now)
            audit.record(act, Event.EVENTS_INGESTED, f"events:{kind}", alarm=True, lost=True, read=caught.read)
    return caught


def _ahead(pages: Iterator[list[IdpEvent]]) -> Iterator[list[IdpEvent]]:
    """Reads the next page while the one before is being stored."""
    with ThreadPoolExecutor(1, thread_name_prefix="read-events") as reader:
        following = reader.submit(next, pages, None)
        while (events := following.result()) is not None:
            following = reader.submit(next, pages, None)
            yield events
