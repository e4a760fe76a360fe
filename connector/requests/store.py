"""Queries of the requests. The only place that selects from their tables."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Exists, and_, exists, or_, select

from connector.auth.act import Act
from connector.errors import NotFoundError
from connector.register.offices import in_office
from connector.register.tables import AppointmentRow
from connector.requests.deadline_tables import StageAlternateRow
from connector.requests.tables import DecisionRow, NumberRow, ParticipantRow, RequestRow, StageRow, VersionRow
from connector.storage import numbers

OPEN_STATES = ("pending", "returned")


def next_number(act: Act) -> str:
    """The next number of the year, "QX-2026-000123"; gaps only where a transaction was rolled back."""
    return numbers.next_number(act.session, NumberRow, "QX", act.now)


def get_request(act: Act, request_id: str, *, lock: bool = False) -> RequestRow:
    """The request with this id or number; raises NotFoundError. `lock` holds its row until the end of the act."""
    query = select(RequestRow).where(or_(RequestRow.id == request_id, RequestRow.number == request_id))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    request = act.session.scalar(query)
    if request is None:
        raise NotFoundError(kind="申请 (request)", name=request_id)
    return request


def get_stage(act: Act, stage_id: str) -> StageRow:
    """The stage with this id; raises NotFoundError."""
    stage = act.session.get(StageRow, stage_id, populate_existing=True)
    if stage is None:
        raise NotFoundError(kind="审批环节 (stage)", name=stage_id)
    return stage


def stages_of(act: Act, request: RequestRow) -> list[StageRow]:
    """The stages of the present version, in order."""
    return list(
        act.session.scalars(
            select(StageRow)
            .where(StageRow.request_id == request.id, StageRow.version == request.version)
            .order_by(StageRow.position)
        )
    )


def all_stages_of(act: Act, request_id: str) -> list[StageRow]:
    """The stages of every version."""
    return list(act.session.scalars(select(StageRow).where(StageRow.request_id == request_id)))


def versions_of(act: Act, request_id: str) -> list[VersionRow]:
    return list(
        act.session.scalars(select(VersionRow).where(VersionRow.request_id == request_id).order_by(VersionRow.version))
    )


def decisions_of(act: Act, request_id: str) -> list[DecisionRow]:
    return list(
        act.session.scalars(
            select(DecisionRow).where(DecisionRow.request_id == request_id).order_by(DecisionRow.decided_at)
        )
    )


def excluded_of(act: Act, request: RequestRow) -> frozenset[str]:
    """What the decisions on the present version leave out, together."""
    query = select(DecisionRow.excluded).where(
        DecisionRow.request_id == request.id, DecisionRow.version == request.version
    )
    return frozenset(name for names in act.session.scalars(query) for name in names)


def parts_of(act: Act, request: RequestRow) -> dict[str, str]:
    """Who takes part in the present version, and as what."""
    rows = act.session.execute(
        select(ParticipantRow.person_id, ParticipantRow.part).where(
            ParticipantRow.request_id == request.id, ParticipantRow.version == request.version
        )
    )
    return {person_id: part for person_id, part in rows}


def list_requests(
    act: Act,
    *,
    states: Collection[str] = (),
    kind: str | None = None,
    applicant_id: str | None = None,
    account_id: str | None = None,
    first: int = 0,
    count: int = 50,
) -> list[RequestRow]:
    """Requests, newest first."""
    query = select(RequestRow).order_by(RequestRow.submitted_at.desc(), RequestRow.id).offset(first).limit(count)
    if states:
        query = query.where(RequestRow.state.in_(states))
    if kind:
        query = query.where(RequestRow.kind == kind)
    if applicant_id:
        query = query.where(or_(RequestRow.applicant_id == applicant_id, RequestRow.person_id == applicant_id))
    if account_id:
        query = query.where(RequestRow.account_id == account_id)
    return list(act.session.scalars(query))


def list_inbox(act: Act, person_id: str, *, count: int = 200) -> list[tuple[StageRow, RequestRow]]:
    """Open stages this person may decide: his office in that unit, and no other part in the request. Due first."""
    holds = exists().where(
        AppointmentRow.person_id == person_id,
        AppointmentRow.unit_id == StageRow.unit_id,
        AppointmentRow.office == StageRow.office,
        in_office(act),
    )
    takes_part = exists().where(
        and_(
            ParticipantRow.request_id == StageRow.request_id,
            ParticipantRow.version == StageRow.version,
            ParticipantRow.person_id == person_id,
        )
    )
    rows = act.session.execute(
        select(StageRow, RequestRow)
        .join(RequestRow, and_(RequestRow.id == StageRow.request_id, RequestRow.version == StageRow.version))
        .where(StageRow.state == "open", holds, ~takes_part)
        .order_by(StageRow.due_at, RequestRow.number)
        .limit(count)
    )
    return [(stage, request) for stage, request in rows]


def list_decided(act: Act, person_id: str, *, first: int = 0, count: int = 50) -> list[tuple[DecisionRow, RequestRow]]:
    """What this person has decided, each with its request, newest first."""
    rows = act.session.execute(
        select(DecisionRow, RequestRow)
        .join(RequestRow, RequestRow.id == DecisionRow.request_id)
        .where(DecisionRow.person_id == person_id)
        .order_by(DecisionRow.decided_at.desc(), DecisionRow.id)
        .offset(first)
        .limit(count)
    )
    return [(decision, request) for decision, request in rows]


def list_due_stages(act: Act, before: datetime) -> list[tuple[StageRow, RequestRow]]:
    """Open stages whose time limit lies before this moment, oldest first."""
    rows = act.session.execute(
        select(StageRow, RequestRow)
        .join(RequestRow, RequestRow.id == StageRow.request_id)
        .where(StageRow.state == "open", StageRow.due_at.is_not(None), StageRow.due_at <= before)
        .order_by(StageRow.due_at)
    )
    return [(stage, request) for stage, request in rows]


def list_closed_stages(act: Act, start: datetime, end: datetime) -> list[tuple[StageRow, RequestRow]]:
    """Stages decided from `start` on and before `end`, of every version."""
    rows = act.session.execute(
        select(StageRow, RequestRow)
        .join(RequestRow, RequestRow.id == StageRow.request_id)
        .where(StageRow.opened_at.is_not(None), StageRow.closed_at >= start, StageRow.closed_at < end)
    )
    return [(stage, request) for stage, request in rows]


def list_open_at(act: Act, office: str, unit_id: str, *, count: int = 200) -> list[tuple[StageRow, RequestRow]]:
    """Open stages of one office in one unit, due first."""
    return _open_stages(act, StageRow.office == office, StageRow.unit_id == unit_id, count=count)


def list_open_to_alternate(act: Act, person_id: str, still_held: Exists) -> list[tuple[StageRow, RequestRow]]:
    """Open stages that were opened to this person as an alternate, due first."""
    added = exists().where(
        StageAlternateRow.stage_id == StageRow.id, StageAlternateRow.person_id == person_id, still_held
    )
    return _open_stages(act, added, count=200)


def _open_stages(act: Act, *conditions: ColumnElement[bool], count: int) -> list[tuple[StageRow, RequestRow]]:
    rows = act.session.execute(
        select(StageRow, RequestRow)
        .join(RequestRow, and_(RequestRow.id == StageRow.request_id, RequestRow.version == StageRow.version))
        .where(StageRow.state == "open", *conditions)
        .order_by(StageRow.due_at, RequestRow.number)
        .limit(count)
    )
    return [(stage, request) for stage, request in rows]
