"""Bulk writes to the mirror, alike on SQLite and PostgreSQL. Knows no meaning of an event; decides nothing."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from connector.activity.rules import Seen, actor_of, kept_details, subject_of
from connector.activity.tables import ActivityRow, CursorRow, IdpEventRow, SubsystemUseRow
from connector.ports import IdpEvent
from connector.storage.upsert import dialect_insert


def insert_events(session: Session, events: Sequence[IdpEvent]) -> list[IdpEvent]:
    """Stores those that are not there yet, and returns them."""
    rows = {event.event_id: event for event in events}
    known = set(session.scalars(select(IdpEventRow.id).where(IdpEventRow.id.in_(rows))))
    new = [event for event in rows.values() if event.event_id not in known]
    if new:
        insert = dialect_insert(session, IdpEventRow).on_conflict_do_nothing()
        session.execute(insert, [_row(event) for event in new])
    return new


def _row(event: IdpEvent) -> dict[str, Any]:
    return {
        "id": event.event_id, "kind": event.kind, "at": event.at, "type": event.type, "user_id": subject_of(event),
        "actor_id": actor_of(event), "client_id": event.client_id, "ip": event.ip,
        "error": event.error, "resource_path": event.resource_path, "details": kept_details(event),
    }  # fmt: skip


def merge_activity(session: Session, seen: dict[str, Seen]) -> None:
    """Moves each moment forward, never back: events may be given twice and in any order."""
    if not seen:
        return
    insert = dialect_insert(session, ActivityRow)
    new = insert.excluded
    newer_password = _is_newer(new.password_set_at, ActivityRow.password_set_at)
    statement = insert.on_conflict_do_update(
        index_elements=[ActivityRow.keycloak_id],
        set_={
            "last_used_at": _newest(new.last_used_at, ActivityRow.last_used_at),
            "last_login_at": _newest(new.last_login_at, ActivityRow.last_login_at),
            "password_set_at": _newest(new.password_set_at, ActivityRow.password_set_at),
            "password_evidence": case((newer_password, new.password_evidence), else_=ActivityRow.password_evidence),
        },
    )
    session.execute(statement, [_activity(user_id, seen[user_id]) for user_id in sorted(seen)])
    _merge_uses(session, seen)


def _activity(user_id: str, seen: Seen) -> dict[str, Any]:
    return {
        "keycloak_id": user_id, "last_used_at": seen.used_at, "last_login_at": seen.login_at,
        "password_set_at": seen.password_at, "password_evidence": seen.password_evidence.value, "baseline_at": None,
    }  # fmt: skip


def _merge_uses(session: Session, seen: dict[str, Seen]) -> None:
    uses = [
        {"keycloak_id": user_id, "subsystem_id": client, "last_used_at": at}
        for user_id in sorted(seen)
        for client, at in sorted(seen[user_id].uses.items())
    ]
    if not uses:
        return
    insert = dialect_insert(session, SubsystemUseRow)
    newest = _newest(insert.excluded.last_used_at, SubsystemUseRow.last_used_at)
    keys = [SubsystemUseRow.keycloak_id, SubsystemUseRow.subsystem_id]
    session.execute(insert.on_conflict_do_update(index_elements=keys, set_={"last_used_at": newest}), uses)


def _is_newer(new: Any, old: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    return and_(new.is_not(None), or_(old.is_(None), new > old))


def _newest(new: Any, old: InstrumentedAttribute[Any]) -> ColumnElement[datetime]:
    # Written out, because max() of SQLite answers NULL for a NULL and GREATEST of PostgreSQL does not.
    return case((_is_newer(new, old), new), else_=old)


def lock_cursor(session: Session, kind: str) -> CursorRow | None:
    """The cursor, locked: two readers of one kind write one after the other."""
    return session.scalar(select(CursorRow).where(CursorRow.kind == kind).with_for_update())


def missing_rows(session: Session, keycloak_ids: Iterable[str]) -> None:
    """Makes an empty row for each user that has none."""
    rows = [_activity(user_id, Seen()) for user_id in keycloak_ids]
    if rows:
        session.execute(dialect_insert(session, ActivityRow).on_conflict_do_nothing(), rows)
