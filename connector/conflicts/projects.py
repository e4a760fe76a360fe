"""The register of tender projects: phases with their times, and who acts in which charge (HH 3). Grants nothing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.actor import ActorKind
from connector.conflicts import check, holdings
from connector.conflicts.errors import AlreadyAssignedError, ProjectClosedError
from connector.conflicts.forms import AssignmentForm, PhaseForm, ProjectForm
from connector.conflicts.rules import Held
from connector.conflicts.tables import AssignmentRow, PhaseRow, ProjectRow
from connector.errors import FieldProblem, NotFoundError, RefusedInputError
from connector.register import accounts, offices, units
from connector.regulations.vocabulary import Office

KEEPERS = (Office.UNIT_HEAD, Office.LEADER_IN_CHARGE, Office.SYSTEM_DEPARTMENT_HEAD)


def register_project(act: Act, form: ProjectForm) -> ProjectRow:
    """Registers a project, or gives a known one its new name, times and phases; both recorded (HH 3).

    By a keeper of the project's unit or one above it. Nobody is moved out by a new time: what then conflicts is found
    by the scan. ProjectClosedError for one that is closed.
    """
    unit = units.get_unit(act, form.unit_code)
    check_keeps(act, unit.id)
    row = find_project(act, form.number)
    event = Event.PROJECT_CHANGED if row else Event.PROJECT_REGISTERED
    if row is None:
        row = ProjectRow(number=form.number, registered_by=act.actor.name, registered_at=act.now)
        act.session.add(row)
    elif row.closed_at is not None:
        raise ProjectClosedError(number=row.number)
    else:
        check_keeps(act, row.unit_id)
    former = row.bid_opening_at
    row.name, row.unit_id, row.bid_opening_at = form.name, unit.id, form.bid_opening_at
    act.session.flush()
    for phase in form.phases:
        _put_phase(act, row, phase)
    audit.record(
        act, event, f"tender-project:{row.id}", number=row.number, unit=form.unit_code,
        bid_opening_at=_iso(row.bid_opening_at), former_bid_opening_at=_iso(former),
        phases=[[p.name, p.starts_at.isoformat(), p.ends_at.isoformat()] for p in form.phases],
    )  # fmt: skip
    return row


def assign(act: Act, number: str, form: AssignmentForm) -> AssignmentRow:
    """Notes that a person acts in a charge in a phase.

    ConflictOfDutyError when he has a charge that excludes it, by permission, class or in this project, at that time
    and no exception covers it (HH 3, JC 7); AlreadyAssignedError.
    """
    project = get_project(act, number)
    check_keeps(act, project.unit_id)
    if project.closed_at is not None:
        raise ProjectClosedError(number=number)
    phase = _phase(act, project, form.phase)
    _check_charge(act, form.charge)
    account = accounts.get_by_user_name(act, form.account)
    check.lock_person(act, account.person_id)
    asked = Held(form.charge, holdings.source_of(number, phase.name), phase.starts_at, phase.ends_at, number)
    used = check.check_charges(act, account.person_id, [asked], holdings.charges_of(act, account.person_id))
    check.check_decider(used, [act.actor.person_id] if act.actor.person_id else [])
    row = AssignmentRow(
        phase_id=phase.id, person_id=account.person_id, charge=form.charge, made_by=act.actor.name, made_at=act.now
    )
    try:
        with act.session.begin_nested():
            act.session.add(row)
    except IntegrityError as error:
        raise AlreadyAssignedError(number=number) from error
    _record(act, Event.ASSIGNMENT_MADE, project, phase, row, exceptions=[one.number for one in used])
    return row


def end_assignment(act: Act, assignment_id: str) -> AssignmentRow:
    """Ends an assignment; one that has ended stays so."""
    row = act.session.get(AssignmentRow, assignment_id)
    if row is None:
        raise NotFoundError(kind="项目职责 (assignment)", name=assignment_id)
    phase = act.session.get_one(PhaseRow, row.phase_id)
    project = act.session.get_one(ProjectRow, phase.project_id)
    check_keeps(act, project.unit_id)
    if row.ended_at is None:
        row.ended_at, row.ended_by = act.now, act.actor.name
        act.session.flush()
        _record(act, Event.ASSIGNMENT_ENDED, project, phase, row)
    return row


def close_project(act: Act, number: str) -> ProjectRow:
    """Closes a project: its charges and its blackout count no more."""
    row = get_project(act, number)
    check_keeps(act, row.unit_id)
    if row.closed_at is None:
        row.closed_at = act.now
        act.session.flush()
        audit.record(act, Event.PROJECT_CHANGED, f"tender-project:{row.id}", number=number, closed=True)
    return row


def find_project(act: Act, number: str) -> ProjectRow | None:
    return act.session.scalar(select(ProjectRow).where(ProjectRow.number == number))


def get_project(act: Act, number: str) -> ProjectRow:
    """The project with this number; raises NotFoundError."""
    row = find_project(act, number)
    if row is None:
        raise NotFoundError(kind="项目 (project)", name=number)
    return row


def list_projects(act: Act, *, open_only: bool = True, first: int = 0, count: int = 50) -> list[ProjectRow]:
    """Projects, the next opening of bids first."""
    query = select(ProjectRow).order_by(ProjectRow.bid_opening_at, ProjectRow.number).offset(first).limit(count)
    if open_only:
        query = query.where(ProjectRow.closed_at.is_(None))
    return list(act.session.scalars(query))


def phases_of(act: Act, project_id: str) -> Sequence[PhaseRow]:
    query = select(PhaseRow).where(PhaseRow.project_id == project_id).order_by(PhaseRow.starts_at, PhaseRow.name)
    return act.session.scalars(query).all()


def assignments_of(act: Act, phase_id: str) -> Sequence[AssignmentRow]:
    """Who acts in a phase, those who did before too."""
    query = select(AssignmentRow).where(AssignmentRow.phase_id == phase_id)
    return act.session.scalars(query.order_by(AssignmentRow.made_at, AssignmentRow.id)).all()


def check_keeps(act: Act, unit_id: str) -> None:
    """ForbiddenError unless the actor keeps the projects of this unit; the machine's operator loads lists."""
    if act.actor.kind is not ActorKind.HOST:
        offices.check_holds(act, *KEEPERS, unit_id=unit_id, doing="登记项目 / keep the register of projects")


def _put_phase(act: Act, project: ProjectRow, form: PhaseForm) -> None:
    row = act.session.scalar(select(PhaseRow).where(PhaseRow.project_id == project.id, PhaseRow.name == form.name))
    if row is None:
        row = PhaseRow(project_id=project.id, name=form.name)
        act.session.add(row)
    row.starts_at, row.ends_at = form.starts_at, form.ends_at
    act.session.flush()


def _phase(act: Act, project: ProjectRow, name: str) -> PhaseRow:
    row = act.session.scalar(select(PhaseRow).where(PhaseRow.project_id == project.id, PhaseRow.name == name))
    if row is None:
        raise NotFoundError(kind="项目阶段 (phase)", name=name)
    return row


def _check_charge(act: Act, name: str) -> None:
    known = [charge.name for charge in act.rulebook.charges()]
    if name not in known:
        listed = ", ".join(known)
        problem = FieldProblem("charge", f"职责应为：{listed}", f"the charge is one of {listed}", "HH 3")
        raise RefusedInputError([problem], clause="HH 3")


def _record(act: Act, event: Event, project: ProjectRow, phase: PhaseRow, row: AssignmentRow, **data: Any) -> None:
    audit.record(
        act, event, f"tender-assignment:{row.id}", person_id=row.person_id, number=project.number, phase=phase.name,
        charge=row.charge, **data,
    )  # fmt: skip


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
