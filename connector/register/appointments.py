"""Makes, confirms and ends appointments: who may decide is data of the register (B13), never a role in Keycloak."""

from datetime import date

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.errors import FieldProblem, NotFoundError, RefusedInputError
from connector.register import administrators, confine, people, reach, separated, units
from connector.register.errors import (
    AlreadyAppointedError,
    AppointmentClosedError,
    LastSecurityAdministratorError,
    SelfAppointmentError,
    SelfConfirmationError,
)
from connector.register.offices import check_holds, check_host_or_holds, holders, in_office, offices_of
from connector.register.readers import APPOINTMENTS
from connector.register.separated import SEPARATED
from connector.register.tables import AppointmentRow, PersonRow, UnitRow
from connector.regulations.vocabulary import Office

PAPER = "paper:"

__all__ = [
    "SEPARATED",
    "AppointmentForm",
    "appoint",
    "check_holds",
    "confirm",
    "end",
    "get_appointment",
    "holders",
    "list_appointments",
    "offices_of",
    "record_appointment",
    "record_confirmation",
]


class AppointmentForm(BaseModel):
    """An appointment by paper: the days are days in China, both included; no last day means until ended."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    person_id: str
    unit_code: str
    office: Office
    valid_from: date
    valid_to: date | None = None
    paper: str


def appoint(act: Act, form: AppointmentForm) -> AppointmentRow:
    """Writes down an appointment; it counts only when a second person has confirmed it (B13; LC 6, JC 8, GS 9).

    The actor must be a security administrator and not the person appointed. Raises SeparatedOfficesError when the
    person has another of the three separated offices, AlreadyAppointedError when he has this one.
    """
    check_holds(act, Office.SECURITY_ADMINISTRATOR, doing="任命 / appoint")
    if act.actor.person_id == form.person_id:
        raise SelfAppointmentError()
    reach.check_may_give(act, form.office, units.get_unit(act, form.unit_code))
    return record_appointment(act, form, made_by=str(act.actor.person_id))


def record_appointment(act: Act, form: AppointmentForm, *, made_by: str) -> AppointmentRow:
    """Stores an appointment not yet confirmed, whoever made it; for `appoint` and the founding list."""
    _check_form(form)
    person = people.get_person(act, form.person_id)
    unit = units.get_unit(act, form.unit_code)
    _check_free(act, form, unit)
    row = AppointmentRow(
        person_id=person.id,
        unit_id=unit.id,
        office=form.office.value,
        valid_from=form.valid_from,
        valid_to=form.valid_to,
        paper=form.paper,
        made_by=made_by,
        made_at=act.now,
    )
    try:
        with act.session.begin_nested():
            act.session.add(row)
    except IntegrityError as error:
        _check_free(act, form, unit)
        raise separated.refusal_of(error) or error from error
    _record(act, Event.APPOINTMENT_MADE, row, unit)
    return row


def confirm(act: Act, appointment_id: str) -> AppointmentRow:
    """Confirms an appointment; from now on it counts (B13; JC 7, JC 8).

    The actor must be a security administrator or the principal, neither its maker nor the person appointed.
    """
    check_holds(act, Office.SECURITY_ADMINISTRATOR, Office.PRINCIPAL, doing="确认任职 / confirm an appointment")
    row = _lock(act, appointment_id)
    if row.confirmed_at is not None or row.ended_at is not None:
        raise AppointmentClosedError()
    if act.actor.person_id == row.person_id:
        raise SelfAppointmentError()
    if act.actor.person_id == row.made_by:
        raise SelfConfirmationError()
    _check_powers(act, row)
    record_confirmation(act, row, confirmed_by=str(act.actor.person_id))
    administrators.report(act, row, "set")
    return row


def record_confirmation(act: Act, row: AppointmentRow, *, confirmed_by: str) -> AppointmentRow:
    """Stores the confirmation, whoever gave it; for `confirm` and the founding list. The three stay separated."""
    separated.check_may_take(act, row.person_id, Office(row.office))
    row.confirmed_by, row.confirmed_at = confirmed_by, act.now
    act.session.flush()
    _record(act, Event.APPOINTMENT_CONFIRMED, row, units.get_unit_by_id(act, row.unit_id))
    return row


def end(act: Act, appointment_id: str) -> AppointmentRow:
    """Ends an appointment at once, confirmed or not; the row stays (JC 15).

    The actor must be a security administrator or the principal. The last security administrator cannot be ended.
    """
    check_holds(act, Office.SECURITY_ADMINISTRATOR, Office.PRINCIPAL, doing="终止任职 / end an appointment")
    row = _lock(act, appointment_id)
    if row.ended_at is not None:
        raise AppointmentClosedError()
    reach.check_may_give(act, Office(row.office), units.get_unit_by_id(act, row.unit_id))
    if row.office == Office.SECURITY_ADMINISTRATOR and row.confirmed_at is not None:
        _check_not_last(act, row)
    row.ended_by, row.ended_at = act.actor.person_id, act.now
    act.session.flush()
    _record(act, Event.APPOINTMENT_ENDED, row, units.get_unit_by_id(act, row.unit_id))
    if row.confirmed_at is not None:
        administrators.report(act, row, "ended")
    return row


def get_appointment(act: Act, appointment_id: str) -> AppointmentRow:
    """The appointment with this id; raises NotFoundError."""
    row = act.session.get(AppointmentRow, appointment_id)
    if row is None:
        raise NotFoundError(kind="任职 (appointment)", name=appointment_id)
    return row


def list_appointments(
    act: Act, *, unit_code: str | None = None, ended: bool = False
) -> list[tuple[AppointmentRow, PersonRow, UnitRow]]:
    """Appointments with person and unit, in the order of the unit tree; ended ones only when asked for.

    Read by the security administrator, the auditor, the principal, the head of the system department, or the
    operator of the machine.
    """
    check_host_or_holds(act, *APPOINTMENTS, doing="查看任职 / read the appointments")
    statement = (
        select(AppointmentRow, PersonRow, UnitRow)
        .join(PersonRow, PersonRow.id == AppointmentRow.person_id)
        .join(UnitRow, UnitRow.id == AppointmentRow.unit_id)
        .order_by(UnitRow.path, AppointmentRow.office, AppointmentRow.made_at)
    )
    if unit_code:
        statement = statement.where(UnitRow.id == units.get_unit(act, unit_code).id)
    if not ended:
        statement = statement.where(AppointmentRow.ended_at.is_(None))
    return [(row, person, unit) for row, person, unit in act.session.execute(statement)]


def _lock(act: Act, appointment_id: str) -> AppointmentRow:
    statement = select(AppointmentRow).where(AppointmentRow.id == appointment_id).with_for_update()
    row = act.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise NotFoundError(kind="任职 (appointment)", name=appointment_id)
    return row


def _check_form(form: AppointmentForm) -> None:
    problems = []
    if not form.paper or len(form.paper) > 128:
        problems.append(
            FieldProblem(
                "paper",
                "请填写任命文件编号（128字以内）",
                "give the number of the paper, at most 128 characters",
                "JC 8",
            )
        )
    if form.valid_to is not None and form.valid_to < form.valid_from:
        problems.append(FieldProblem("valid_to", "截止日期早于起始日期", "the last day is before the first", "JC 8"))
    if problems:
        raise RefusedInputError(problems, clause="JC 8")


def _check_free(act: Act, form: AppointmentForm, unit: UnitRow) -> None:
    separated.check_may_take(act, form.person_id, form.office)
    statement = select(AppointmentRow).where(
        AppointmentRow.person_id == form.person_id, AppointmentRow.ended_at.is_(None)
    )
    for row in act.session.scalars(statement):
        held = Office(row.office)
        # A separated office is held once, in one unit: the database allows no second open row.
        if held is form.office and (row.unit_id == unit.id or held in SEPARATED):
            raise AlreadyAppointedError()


def _check_powers(act: Act, row: AppointmentRow) -> None:
    """Who confirms may give this office here, and so may, still today, whoever made the appointment (GS 5)."""
    unit, office = units.get_unit_by_id(act, row.unit_id), Office(row.office)
    reach.check_may_give(act, office, unit)
    if not row.made_by.startswith(PAPER):
        with confine.beyond(act):
            reach.check_may_give(act, office, unit, giver_id=row.made_by)


def _check_not_last(act: Act, row: AppointmentRow) -> None:
    others = select(AppointmentRow.id).where(
        AppointmentRow.office == Office.SECURITY_ADMINISTRATOR.value, AppointmentRow.id != row.id, in_office(act)
    )
    if act.session.scalars(others.with_for_update()).first() is None:
        raise LastSecurityAdministratorError()


def _record(act: Act, event: Event, row: AppointmentRow, unit: UnitRow) -> None:
    audit.record(
        act, event, f"appointment:{row.id}", person_id=row.person_id,
        office=row.office, unit=unit.code, paper=row.paper, valid_from=row.valid_from.isoformat(),
        valid_to=row.valid_to.isoformat() if row.valid_to else None,
    )  # fmt: skip
