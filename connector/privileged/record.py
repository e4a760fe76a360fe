"""What was done in a box: Keycloak's events and the record between its start and its end. Reads only."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select

from connector.activity.coverage import login_coverage
from connector.activity.tables import IdpEventRow
from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.privileged.rules import MARGIN, Span, is_office_time, is_within_office_hours
from connector.privileged.tables import BoxRow

MOST = 2000  # of each kind; one who does more in a box is reported with the number that is left out


class UseShown(BaseModel):
    """One event of Keycloak: a login, a new token, a log-out; or a change made there by the user's hand."""

    at: datetime
    type: str
    client: str | None
    ip: str | None
    error: str | None
    resource: str | None = None
    out_of_hours: bool


class DeedShown(BaseModel):
    """One entry of the record that the user wrote by acting here, or that a machine wrote about his account."""

    at: datetime
    event: str
    actor: str
    subject: str
    own: bool
    out_of_hours: bool


class BoxRecord(BaseModel):
    """Everything between start and end. `complete`: Keycloak's events were read past the end."""

    since: datetime
    until: datetime
    complete: bool
    out_of_hours: bool
    uses: list[UseShown]
    changes: list[UseShown]
    deeds: list[DeedShown]
    places: list[str]
    left_out: int


def build_record(act: Act, box: BoxRow) -> BoxRecord | None:
    """The record of a box as far as it is known now; None of one that was never opened (JC 18)."""
    if box.opened_at is None:
        return None
    until = max(box.ended_at, box.proved_at or box.ended_at) if box.ended_at else act.now
    span = Span(box.opened_at, until)
    logins = _events(act, box, span, "login")
    changes = _events(act, box, span, "admin")
    deeds = _deeds(act, box, span)
    read_at = login_coverage(act).read_at
    return BoxRecord(
        since=span.start,
        until=span.end,
        complete=box.proved_at is not None and read_at is not None and read_at >= until + MARGIN,
        out_of_hours=not is_within_office_hours(act.rulebook.calendar, act.rulebook.office_hours(), span),
        uses=logins[:MOST],
        changes=changes[:MOST],
        deeds=deeds[:MOST],
        places=sorted({use.ip for use in (*logins, *changes) if use.ip}),
        left_out=sum(max(0, len(rows) - MOST) for rows in (logins, changes, deeds)),
    )


def _events(act: Act, box: BoxRow, span: Span, kind: str) -> list[UseShown]:
    """Of login events those of the user, of administrative ones those that he did himself."""
    if box.keycloak_id is None:
        return []
    whose = IdpEventRow.user_id if kind == "login" else IdpEventRow.actor_id
    query = (
        select(IdpEventRow)
        .where(whose == box.keycloak_id, IdpEventRow.kind == kind)
        .where(IdpEventRow.at >= span.start - MARGIN, IdpEventRow.at <= span.end + MARGIN)
        .order_by(IdpEventRow.at, IdpEventRow.id)
    )
    return [
        UseShown(
            at=row.at, type=row.type, client=row.client_id, ip=row.ip, error=row.error, resource=row.resource_path,
            out_of_hours=_is_out(act, row.at),
        )
        for row in act.session.scalars(query)
    ]  # fmt: skip


def _deeds(act: Act, box: BoxRow, span: Span) -> list[DeedShown]:
    query = (
        select(AuditEntryRow)
        .where(AuditEntryRow.at >= span.start, AuditEntryRow.at <= span.end)
        .where((AuditEntryRow.actor_person_id == box.person_id) | (AuditEntryRow.account_id == box.account_id))
        .order_by(AuditEntryRow.at, AuditEntryRow.id)
    )
    return [
        DeedShown(
            at=row.at, event=row.event, actor=row.actor, subject=row.subject,
            own=row.actor_person_id == box.person_id, out_of_hours=_is_out(act, row.at),
        )
        for row in act.session.scalars(query)
    ]  # fmt: skip


def _is_out(act: Act, moment: datetime) -> bool:
    return not is_office_time(act.rulebook.calendar, act.rulebook.office_hours(), moment)


def as_json(record: BoxRecord) -> dict[str, Any]:
    """The record as it is kept with the signature."""
    return record.model_dump(mode="json")
