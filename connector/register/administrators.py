"""Reports each administrator to the level above, which acknowledges it, and lists what one leaves open (GS 9).

Decides about no office: a successor is made by an ordinary appointment.
"""

from datetime import date, datetime

from pydantic import BaseModel
from sqlalchemy import ColumnElement, or_, select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.errors import NotFoundError
from connector.outbox import service as outbox
from connector.register import confine, reach, units
from connector.register.administrator_tables import AdministratorReportRow
from connector.register.errors import ReportClosedError
from connector.register.offices import OFFICE_NAMES, check_host_or_holds, holders, in_office, units_where
from connector.register.readers import APPOINTMENTS
from connector.register.separated import SEPARATED
from connector.register.tables import AccountRow, AppointmentRow, PersonRow, UnitRow
from connector.regulations.vocabulary import Office

LEVEL = "administrator_report"
ACKNOWLEDGERS = (Office.SECURITY_ADMINISTRATOR, Office.PRINCIPAL)


class ReportView(BaseModel):
    """The boxes of a registration form (GS annex 1), numbers masked, and what became of it."""

    id: str
    appointment_id: str
    what: str
    name: str
    office: str
    unit_code: str
    unit_name: str
    post: str
    phone_masked: str
    user_name: str | None
    paper: str
    valid_from: date
    valid_to: date | None
    reported_to: str
    reported_at: datetime
    due_at: datetime
    overdue: bool
    acknowledged_at: datetime | None


class Handover(BaseModel):
    """What an administrator leaves open, and who holds his office in the same unit today."""

    successors: list[str]  # names of the other holders
    unconfirmed: list[str]  # ids of appointments he made that nobody confirmed: to be made again by a successor
    reports: list[str]  # ids of reports that wait for an acknowledgement by this office


def report(act: Act, appointment: AppointmentRow, what: str) -> AdministratorReportRow | None:
    """Sends the form of an administrator to the level above; None for other offices and at the top (GS 9).

    A bureau reports to the coordination centre of its own level, a level to the one above it.
    """
    if Office(appointment.office) not in SEPARATED:
        return None
    with confine.beyond(act):
        unit = units.get_unit_by_id(act, appointment.unit_id)
        above = reach.level_above(act, unit)
        if above is None:
            return None
        row = AdministratorReportRow(
            appointment_id=appointment.id, person_id=appointment.person_id, unit_id=unit.id, level_id=above.id,
            what=what, reported_at=act.now,
            due_at=act.rulebook.calendar.due(act.now, act.rulebook.service_level(LEVEL).working_days),
        )  # fmt: skip
        act.session.add(row)
        act.session.flush()
        _tell(act, row, unit, above)
    audit.record(
        act, Event.ADMINISTRATOR_REPORTED, f"appointment:{appointment.id}", person_id=appointment.person_id,
        office=appointment.office, unit=unit.code, to=above.code, what=what,
    )  # fmt: skip
    return row


def acknowledge(act: Act, report_id: str) -> ReportView:
    """Notes that the level above has taken note of an administrator (GS 9).

    Done there, by its security administrator or its principal. Raises NotFoundError to everybody to whom the report
    was not sent, ReportClosedError the second time.
    """
    statement = select(AdministratorReportRow).where(AdministratorReportRow.id == report_id).with_for_update()
    row = act.session.scalar(statement.execution_options(populate_existing=True))
    levels = {reach.level_of(act, unit).id for unit in units_where(act, ACKNOWLEDGERS)}
    if row is None or row.level_id not in levels:
        raise NotFoundError(kind="登记表 (registration form)", name=report_id)
    if row.acknowledged_at is not None:
        raise ReportClosedError
    row.acknowledged_by, row.acknowledged_at = act.actor.person_id, act.now
    act.session.flush()
    audit.record(
        act,
        Event.ADMINISTRATOR_ACKNOWLEDGED,
        f"appointment:{row.appointment_id}",
        person_id=row.person_id,
        what=row.what,
    )
    return _views(act, AdministratorReportRow.id == row.id)[0]


def list_reports(act: Act, *, open_only: bool = False, overdue_only: bool = False) -> list[ReportView]:
    """The reports within the reach of those who read appointments, the most urgent first (GS 9)."""
    check_host_or_holds(act, *APPOINTMENTS, doing="查看管理员登记 / read the registration of administrators")
    open_ones = AdministratorReportRow.acknowledged_at.is_(None)
    conditions: list[ColumnElement[bool]] = [open_ones] if open_only or overdue_only else []
    if overdue_only:
        conditions.append(AdministratorReportRow.due_at < act.now)
    return _views(act, *conditions)


def handover(act: Act, appointment_id: str) -> Handover:
    """What the holder of this appointment leaves open when it ends, and to whom it may go (GS 9)."""
    check_host_or_holds(act, *APPOINTMENTS, doing="查看交接 / read a handover")
    row = act.session.scalar(select(AppointmentRow).where(AppointmentRow.id == appointment_id))
    if row is None:
        raise NotFoundError(kind="任职 (appointment)", name=appointment_id)
    made = select(AppointmentRow.id).where(
        AppointmentRow.made_by == row.person_id,
        AppointmentRow.confirmed_at.is_(None),
        AppointmentRow.ended_at.is_(None),
    )
    level = reach.level_of(act, units.get_unit_by_id(act, row.unit_id))
    waiting = select(AdministratorReportRow.id).where(
        AdministratorReportRow.level_id == level.id, AdministratorReportRow.acknowledged_at.is_(None)
    )
    return Handover(
        successors=[p.name for p in holders(act, Office(row.office), row.unit_id) if p.id != row.person_id],
        unconfirmed=list(act.session.scalars(made)),
        reports=list(act.session.scalars(waiting)) if Office(row.office) in ACKNOWLEDGERS else [],
    )


def _views(act: Act, *conditions: ColumnElement[bool]) -> list[ReportView]:
    statement = (
        select(AdministratorReportRow, AppointmentRow, PersonRow, UnitRow, AccountRow.user_name)
        .join(AppointmentRow, AppointmentRow.id == AdministratorReportRow.appointment_id)
        .join(PersonRow, PersonRow.id == AdministratorReportRow.person_id)
        .join(UnitRow, UnitRow.id == AdministratorReportRow.unit_id)
        .outerjoin(AccountRow, AccountRow.person_id == PersonRow.id)
        .where(*conditions)
        .order_by(AdministratorReportRow.due_at, AdministratorReportRow.id)
    )
    found = act.session.execute(statement).all()
    with confine.beyond(act):  # The own level reports to a unit that its people do not administer.
        return [_view(act, *each) for each in found]


def _view(
    act: Act, row: AdministratorReportRow, held: AppointmentRow, person: PersonRow, unit: UnitRow, user_name: str | None
) -> ReportView:
    return ReportView(
        id=row.id,
        appointment_id=held.id,
        what=row.what,
        name=person.name,
        office=OFFICE_NAMES[Office(held.office)].zh,
        unit_code=unit.code,
        unit_name=unit.name,
        post=person.post,
        phone_masked=person.phone_masked,
        user_name=user_name,
        paper=held.paper,
        valid_from=held.valid_from,
        valid_to=held.valid_to,
        reported_to=units.get_unit_by_id(act, row.level_id).name,
        reported_at=row.reported_at,
        due_at=row.due_at,
        overdue=row.acknowledged_at is None and row.due_at < act.now,
        acknowledged_at=row.acknowledged_at,
    )


def _tell(act: Act, row: AdministratorReportRow, unit: UnitRow, above: UnitRow) -> None:
    """Mails those who acknowledge at the level above; who has no address finds it in the list."""
    statement = (
        select(PersonRow)
        .join(AppointmentRow, AppointmentRow.person_id == PersonRow.id)
        .join(UnitRow, UnitRow.id == AppointmentRow.unit_id)
        .where(
            in_office(act),
            AppointmentRow.office.in_([office.value for office in ACKNOWLEDGERS]),
            or_(UnitRow.id == above.id, (UnitRow.parent_id == above.id) & (UnitRow.kind == "centre")),
        )
    )
    for person in act.session.scalars(statement).unique():
        if person.mail and person.id != row.person_id:
            outbox.enqueue(
                act, "mail", key=f"administrator:{row.id}:{person.id}", lane="mail",
                payload={
                    "to": person.mail,
                    "subject": "系统管理员登记待确认 / an administrator is reported to you",
                    "text": f"{unit.name}（{unit.code}）报送系统管理员登记表，请登录确认。GS 9\n"
                    f"{unit.code} reports an administrator; please sign in and acknowledge it.\n",
                },
            )  # fmt: skip
