"""Since when the mirror has every login event, and why it does not reach back further. Knows no account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from connector.activity import store
from connector.activity.rules import USE_TYPES
from connector.activity.tables import CursorRow
from connector.auth.act import Act
from connector.ports import IdpEvent

LOGIN, ADMIN = "login", "admin"
FRESH = timedelta(days=1)  # Evidence read longer ago says nothing of the time since.


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """What the login events can say. `since` is None before the first read.

    `restarted_at` is set when `since` is the end of a gap, `off_since` while Keycloak records no logins.
    """

    since: datetime | None = None
    read_at: datetime | None = None
    restarted_at: datetime | None = None
    off_since: datetime | None = None

    def is_stale(self, now: datetime) -> bool:
        return self.read_at is not None and now - self.read_at > FRESH


def login_coverage(act: Act) -> Coverage:
    """How far the evidence of use reaches, for all accounts alike."""
    row = act.session.scalar(select(CursorRow).where(CursorRow.kind == LOGIN))
    if row is None:
        return Coverage()
    return Coverage(since=row.covers_since, read_at=row.read_at, restarted_at=row.restarted_at, off_since=row.off_since)


class RecordingWatch:
    """Sees in the admin events when Keycloak is told to record no more logins: silence is then no sign of disuse.

    It counts as recording again when a change names every type of event that shows use, as the realm as code does.
    """

    def see(self, act: Act, events: Sequence[IdpEvent]) -> int:
        changes = [(event.at, on) for event in events if (on := records_logins(event)) is not None]
        for at, on in changes:
            _switch(act, at, on)
        return len(changes)


def records_logins(event: IdpEvent) -> bool | None:
    """Whether logins are recorded after this change of the realm; None when it does not say."""
    sent: Any = event.details.get("representation")
    if event.error or event.type != "UPDATE:REALM" or not isinstance(sent, dict):
        return None
    types = sent.get("enabledEventTypes") or ()
    incomplete = bool(types) and not set(types) >= USE_TYPES
    if sent.get("eventsEnabled") is False or incomplete:
        return False
    return True if sent.get("eventsEnabled") and types else None


def _switch(act: Act, at: datetime, on: bool) -> None:
    cursor = store.lock_cursor(act.session, LOGIN)
    if cursor is None:
        return
    if not on:
        cursor.off_since = cursor.off_since or at
    elif cursor.off_since is not None:
        cursor.off_since, cursor.restarted_at = None, at
        cursor.covers_since = max(cursor.covers_since, at)
    act.session.flush()
