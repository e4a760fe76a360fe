"""Exceptions to conflicts of duty: approved by somebody of their own, with an end at which they end by themselves."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.conflicts.forms import ExceptionForm
from connector.conflicts.rules import Conflict
from connector.conflicts.tables import ExceptionRow, ProjectRow
from connector.errors import FieldProblem, RefusedInputError


def check_exception(act: Act, form: ExceptionForm) -> None:
    """The charges and the project are known and the end lies ahead; RefusedInputError with every wrong box."""
    problems = []
    if form.until <= act.now:
        problems.append(FieldProblem("exception.until", "截止时间应晚于现在", "the end must lie ahead", "HH 3"))
    known = {charge.name for charge in act.rulebook.charges()}
    if unknown := sorted(set(form.charges) - known):
        names = ", ".join(unknown)
        problems.append(FieldProblem("exception.charges", f"没有此职责：{names}", f"no such charge: {names}", "HH 3"))
    elif form.rule == "charges" and act.rulebook.exclusion(*form.charges) is None:
        problems.append(FieldProblem("exception.charges", "两项职责不冲突", "these charges do not conflict", "HH 3"))
    if form.project and act.session.scalar(select(ProjectRow.id).where(ProjectRow.number == form.project)) is None:
        problems.append(FieldProblem("exception.project", "没有此项目", "there is no such project", "HH 3"))
    if problems:
        raise RefusedInputError(problems, clause="HH 3")


def start_exception(
    act: Act, person_id: str, form: ExceptionForm, *, request: tuple[str, str], reason: str, approvers: Collection[str]
) -> ExceptionRow:
    """Lets the exception count from now until its end. `request` is id and number."""
    check_exception(act, form)
    request_id, number = request
    row = ExceptionRow(
        number=number, request_id=request_id, person_id=person_id, rule=form.rule, charges=sorted(form.charges),
        project=form.project, reason=reason, approvers=sorted(approvers), since=act.now, until=form.until,
    )  # fmt: skip
    act.session.add(row)
    act.session.flush()
    _record(act, Event.EXCEPTION_STARTED, row, until=row.until.isoformat())
    return row


def end_due(act: Act) -> list[ExceptionRow]:
    """Ends the exceptions whose end has come; what they covered is then found by the scan."""
    due = act.session.scalars(
        select(ExceptionRow).where(ExceptionRow.ended_at.is_(None), ExceptionRow.until <= act.now)
    ).all()
    for row in due:
        row.ended_at = act.now
        _record(act, Event.EXCEPTION_ENDED, row)
    act.session.flush()
    return list(due)


def find_covering(act: Act, person_id: str, conflict: Conflict, until: datetime | None) -> ExceptionRow | None:
    """The exception in force that covers the conflict, up to `until` where what is asked for has an end."""
    for row in _in_force(act, person_id, "charges"):
        fits = tuple(row.charges) == conflict.pair and row.project in (None, conflict.project)
        if fits and (until is None or row.until >= until):
            return row
    return None


def find_for_blackout(act: Act, person_id: str, project: str, at: datetime) -> ExceptionRow | None:
    """The exception in force from this project's blackout that still counts at `at`."""
    found = (row for row in _in_force(act, person_id, "blackout") if row.project == project and row.until > at)
    return next(found, None)


def find_former(act: Act, person_id: str, conflict: Conflict) -> ExceptionRow | None:
    """The newest exception that covered the conflict and has ended."""
    query = select(ExceptionRow).where(ExceptionRow.person_id == person_id, ExceptionRow.until <= act.now)
    for row in act.session.scalars(query.order_by(ExceptionRow.until.desc())):
        if tuple(row.charges) == conflict.pair and row.project in (None, conflict.project):
            return row
    return None


def list_exceptions(act: Act, *, open_only: bool = True, count: int = 200) -> list[ExceptionRow]:
    """Exceptions, the one that ends first at the top."""
    query = select(ExceptionRow).order_by(ExceptionRow.until, ExceptionRow.id).limit(count)
    if open_only:
        query = query.where(ExceptionRow.ended_at.is_(None), ExceptionRow.until > act.now)
    return list(act.session.scalars(query))


def _in_force(act: Act, person_id: str, rule: str) -> list[ExceptionRow]:
    query = select(ExceptionRow).where(
        ExceptionRow.person_id == person_id, ExceptionRow.rule == rule, ExceptionRow.ended_at.is_(None),
        ExceptionRow.until > act.now,
    )  # fmt: skip
    return list(act.session.scalars(query.order_by(ExceptionRow.until.desc())))


def _record(act: Act, event: Event, row: ExceptionRow, **data: Any) -> None:
    audit.record(
        act, event, f"conflict-exception:{row.id}", person_id=row.person_id, request_id=row.request_id,
        number=row.number, rule=row.rule, charges=row.charges, project=row.project, **data,
    )  # fmt: skip
