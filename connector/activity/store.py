"""Bulk writes to the mirror, alike on SQLite and PostgreSQL. Knows no meaning of an event; decides nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, and_, case, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from connector.activity.bulk import insert_many
from connector.activity.evidence_tables import FactorChangeRow
from connector.activity.factors import FactorChange
from connector.activity.rules import Seen, actor_of, kept_details, subject_of
from connector.activity.tables import ActivityRow, CursorRow, IdpEventRow, SubsystemUseRow
from connector.ports import IdpEvent

# The columns that are written, in the order of the tables.
EVENT = tuple(column.name for column in IdpEventRow.__table__.columns)
FACTOR = tuple(field.name for field in fields(FactorChange))
ACTIVITY = (
    "keycloak_id", "last_used_at", "last_used_source", "last_login_at", "first_seen_at", "password_set_at",
    "password_evidence", "password_actor_id", "gone_at",
)  # fmt: skip
USE = ("keycloak_id", "subsystem_id", "last_used_at", "source")
Uses = Mapping[tuple[str, str], datetime]  # by Keycloak id and subsystem


def insert_events(session: Session, events: Sequence[IdpEvent]) -> list[IdpEvent]:
    """Stores those that are not there yet, and returns them."""
    rows = {event.event_id: event for event in events}
    if not rows:
        return []
    # By moments, not by a thousand ids: an event's moment never changes, and most pages are wholly new.
    moments = [event.at for event in events]
    within = IdpEventRow.at.between(min(moments), max(moments))
    known = set(session.scalars(select(IdpEventRow.id).where(IdpEventRow.kind == events[0].kind, within)))
    new = [event for event in rows.values() if event.event_id not in known]
    insert_many(session, IdpEventRow.__table__, EVENT, [_row(event) for event in new], _skip)
    return new


def _skip(insert: Any) -> Any:
    return insert.on_conflict_do_nothing()


def _row(event: IdpEvent) -> tuple[Any, ...]:
    return (
        event.event_id, event.kind, event.at, event.type, subject_of(event), actor_of(event), event.client_id, event.ip,
        event.error, event.resource_path, kept_details(event),
    )  # fmt: skip


def insert_factors(session: Session, changes: Sequence[FactorChange]) -> None:
    insert_many(session, FactorChangeRow.__table__, FACTOR, [attrgetter(*FACTOR)(change) for change in changes], _skip)


def merge_activity(session: Session, seen: Mapping[str, Seen], source: str = "event") -> None:
    """Moves each moment forward, never back: events may be given twice and in any order."""
    if not seen:
        return
    rows = [_activity(user_id, seen[user_id], source) for user_id in sorted(seen)]
    insert_many(session, ActivityRow.__table__, ACTIVITY, rows, _move_activity)
    uses = {(user_id, client): at for user_id, one in seen.items() for client, at in one.uses.items()}
    merge_uses(session, uses, source)


def _move_activity(insert: Any) -> Any:
    new, old = insert.excluded, ActivityRow
    newer_password = _is_newer(new.password_set_at, old.password_set_at)
    newer_use = _is_newer(new.last_used_at, old.last_used_at)
    older = or_(old.first_seen_at.is_(None), new.first_seen_at < old.first_seen_at)
    return insert.on_conflict_do_update(
        index_elements=["keycloak_id"],
        set_={
            "last_used_at": case((newer_use, new.last_used_at), else_=old.last_used_at),
            "last_used_source": case((newer_use, new.last_used_source), else_=old.last_used_source),
            "last_login_at": _newest(new.last_login_at, old.last_login_at),
            "first_seen_at": case((older, new.first_seen_at), else_=old.first_seen_at),
            "password_set_at": _newest(new.password_set_at, old.password_set_at),
            "password_evidence": case((newer_password, new.password_evidence), else_=old.password_evidence),
            "password_actor_id": case((newer_password, new.password_actor_id), else_=old.password_actor_id),
            "gone_at": _newest(new.gone_at, old.gone_at),
        },
    )


def _activity(user_id: str, seen: Seen, source: str) -> tuple[Any, ...]:
    return (
        user_id, seen.used_at, source if seen.used_at else None, seen.login_at, seen.first_seen_at, seen.password_at,
        seen.password_evidence.value, seen.password_actor_id, seen.gone_at,
    )  # fmt: skip


def merge_uses(session: Session, uses: Uses, source: str) -> None:
    """Moves the last use of each subsystem forward, with the source that tells of it."""
    rows = [(user_id, subsystem, at, source) for (user_id, subsystem), at in sorted(uses.items())]
    insert_many(session, SubsystemUseRow.__table__, USE, rows, _move_use)


def _move_use(insert: Any) -> Any:
    newer = _is_newer(insert.excluded.last_used_at, SubsystemUseRow.last_used_at)
    moved = {
        name: case((newer, insert.excluded[name]), else_=getattr(SubsystemUseRow, name))
        for name in ("last_used_at", "source")
    }
    return insert.on_conflict_do_update(index_elements=["keycloak_id", "subsystem_id"], set_=moved)


def _is_newer(new: Any, old: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    return and_(new.is_not(None), or_(old.is_(None), new > old))


def _newest(new: Any, old: InstrumentedAttribute[Any]) -> ColumnElement[datetime]:
    # Written out, because max() of SQLite answers NULL for a NULL and GREATEST of PostgreSQL does not.
    return case((_is_newer(new, old), new), else_=old)


def lock_cursor(session: Session, kind: str) -> CursorRow | None:
    """The cursor, locked: two readers of one kind write one after the other."""
    return session.scalar(select(CursorRow).where(CursorRow.kind == kind).with_for_update())
