"""Where reading of changes goes on, and what was done on them since the last good read of everybody."""

from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.departures.tables import DirectoryCursorRow, DirectoryReadRow
from connector.ports import DirectoryReading

_ONLY = 1


def find_cursor(act: Act, *, lock: bool = False) -> DirectoryCursorRow | None:
    """The one row; None before the first complete read. `lock` holds it until the end of the act."""
    statement = select(DirectoryCursorRow).where(DirectoryCursorRow.id == _ONLY)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return act.session.scalars(statement).one_or_none()


def renew_cursor(act: Act, reading: DirectoryReading, read: DirectoryReadRow, *, stopped: str | None) -> None:
    """Changes go on after this complete read, in whose transaction this stands. A good read begins the count anew."""
    row = find_cursor(act, lock=True)
    if row is None:
        row = DirectoryCursorRow(id=_ONLY, frozen=0, moved=0)
        act.session.add(row)
    row.cursor, row.read_id, row.read_at, row.stopped = reading.cursor, read.id, reading.read_at, stopped
    if stopped is None:
        row.frozen, row.moved = 0, 0
    act.session.flush()


def stop_changes(act: Act, reason: str, *, alarm: bool = False) -> None:
    """Changes are not acted on any more until the next good read of everybody."""
    row = find_cursor(act, lock=True)
    if row is None or row.stopped is not None:
        return
    row.stopped = reason
    audit.record(act, Event.DIRECTORY_CHANGES_STOPPED, f"directory-read:{row.read_id}", alarm=alarm, reason=reason)
