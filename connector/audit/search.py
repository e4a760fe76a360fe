"""Searches the record. Checks no permission: the route does, by the offices of the register."""

from datetime import datetime

from sqlalchemy import or_, select

from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act

MOST_AT_ONCE = 500


def list_entries(
    act: Act,
    *,
    person_id: str | None = None,
    account_id: str | None = None,
    request_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    event: str | None = None,
    alarms_only: bool = False,
    before_id: int | None = None,
    count: int = 50,
) -> list[AuditEntryRow]:
    """Entries that fit every condition given, newest first, at most `count` (1 to 500) (GX 10).

    `since` and `until` (not included) are aware. For the next page give the last entry's id as `before_id`.
    `person_id` finds the entries about a person as well as those of his own acts.
    """
    query = select(AuditEntryRow).order_by(AuditEntryRow.id.desc()).limit(max(1, min(count, MOST_AT_ONCE)))
    equal = {"account_id": account_id, "request_id": request_id, "event": event}
    query = query.filter_by(**{name: value for name, value in equal.items() if value is not None})
    if person_id is not None:
        query = query.where(or_(AuditEntryRow.person_id == person_id, AuditEntryRow.actor_person_id == person_id))
    if since is not None:
        query = query.where(AuditEntryRow.at >= since)
    if until is not None:
        query = query.where(AuditEntryRow.at < until)
    if before_id is not None:
        query = query.where(AuditEntryRow.id < before_id)
    if alarms_only:
        query = query.where(AuditEntryRow.alarm.is_(True))
    return list(act.session.scalars(query))
