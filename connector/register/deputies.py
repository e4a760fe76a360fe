"""Names, confirms and ends deputies (HH 3): for a time, with a reason, never for what is done in person.

A deputy cannot pass it on: only who holds an appointment himself, or the security administrator for him, names one.
"""

from datetime import date
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.levels import check_level
from connector.errors import FieldProblem, NotFoundError, RefusedInputError
from connector.register import absences, accounts, people, units
from connector.register.deputy_errors import (
    DeputyClosedError,
    DeputyNamedError,
    DeputySelfConfirmationError,
    NotAwayError,
    NotDelegableError,
    UnfitDeputyError,
)
from connector.register.deputy_tables import DeputyRow
from connector.register.offices import OFFICE_NAMES, check_holds, in_office, office_day, offices_of, units_where
from connector.register.readers import APPOINTMENTS
from connector.register.standing import in_use_since_naming
from connector.register.tables import AppointmentRow, PersonRow, UnitRow
from connector.regulations.vocabulary import AccountStatus, Office, RequestKind

SEPARATED = (Office.SECURITY_ADMINISTRATOR, Office.SYSTEM_ADMINISTRATOR, Office.AUDITOR)
CONFIRMERS = (Office.SECURITY_ADMINISTRATOR, Office.PRINCIPAL)


class DeputyForm(BaseModel):
    """Who stands for the holder of one appointment, from when to when (days in China, both included), and why."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    appointment_id: str
    deputy: str = Field(description="user name of the deputy", min_length=1, max_length=64)
    valid_from: date
    valid_to: date
    reason: str = Field(min_length=2, max_length=200)


class Deputy(NamedTuple):
    """A naming with the people and the office it is about."""

    row: DeputyRow
    appointment: AppointmentRow
    unit: UnitRow
    holder: PersonRow
    deputy: PersonRow


def name_deputy(act: Act, form: DeputyForm) -> Deputy:
    """Names a deputy for one appointment (B8; HH 3). The holder's own naming counts at once.

    One made by the security administrator, for a holder noted as away, counts when a second person has confirmed it.
    Raises StepUpNeededError, ForbiddenError, NotAwayError, NotDelegableError, UnfitDeputyError, DeputyNamedError,
    RefusedInputError.
    """
    check_level(act.actor)
    appointment = _lock_appointment(act, form.appointment_id)
    is_own = act.actor.person_id == appointment.person_id
    if not is_own:
        check_holds(act, Office.SECURITY_ADMINISTRATOR, doing="为他人指定代理人 / name a deputy for another")
    _check_days(act, form, appointment)
    if not is_own and not absences.is_away(act, appointment.person_id, form.valid_from, form.valid_to):
        raise NotAwayError
    check_delegable(act, Office(appointment.office))
    deputy = _check_fit(act, form, appointment)
    _check_one(act, form)
    row = DeputyRow(
        appointment_id=appointment.id,
        holder_id=appointment.person_id,
        deputy_id=deputy.id,
        reason=form.reason,
        valid_from=form.valid_from,
        valid_to=form.valid_to,
        made_by=str(act.actor.person_id),
        made_at=act.now,
        confirmed_by=appointment.person_id if is_own else None,
        confirmed_at=act.now if is_own else None,
    )
    act.session.add(row)
    act.session.flush()
    found = _with_names(act, row)
    _record(act, Event.DEPUTY_NAMED, found)
    return found


def confirm_deputy(act: Act, deputy_id: str) -> Deputy:
    """Confirms a deputy whom the security administrator named for an absent holder (HH 3, JC 7)."""
    check_level(act.actor)
    check_holds(act, *CONFIRMERS, doing="确认代理 / confirm a deputy")
    found = _with_names(act, _lock(act, deputy_id))
    if found.row.confirmed_at is not None or found.row.ended_at is not None or not _is_held(act, found.appointment):
        raise DeputyClosedError
    if act.actor.person_id in (found.row.made_by, found.row.deputy_id, found.row.holder_id):
        raise DeputySelfConfirmationError
    found.row.confirmed_by, found.row.confirmed_at = str(act.actor.person_id), act.now
    act.session.flush()
    _record(act, Event.DEPUTY_CONFIRMED, found)
    return found


def end_deputy(act: Act, deputy_id: str) -> Deputy:
    """Ends it at once: the holder, the deputy himself, the security administrator or the principal (HH 3)."""
    found = _with_names(act, _lock(act, deputy_id))
    if act.actor.person_id not in (found.row.holder_id, found.row.deputy_id):
        check_holds(act, *CONFIRMERS, doing="终止代理 / end a deputy")
    if found.row.ended_at is not None:
        raise DeputyClosedError
    _end(act, found, cause="by_hand")
    return found


def end_lapsed(act: Act) -> int:
    """Ends what no longer counts: the term is over, the office is gone, or one of the two accounts was out of use."""
    day = office_day(act)
    in_use = and_(in_use_since_naming(DeputyRow.deputy_id), in_use_since_naming(DeputyRow.holder_id))
    open_ones = (
        select(DeputyRow, in_office(act), in_use)
        .join(AppointmentRow, AppointmentRow.id == DeputyRow.appointment_id)
        .where(DeputyRow.ended_at.is_(None))
    )  # fmt: skip
    ended = 0
    for row, held, accounts_in_use in act.session.execute(open_ones).all():
        if row.valid_to < day:
            cause = "term"
        elif not accounts_in_use:
            cause = "account"
        elif not held:
            cause = "appointment"
        else:
            continue
        _end(act, _with_names(act, row), cause=cause)
        ended += 1
    return ended


def list_deputies(act: Act, *, everybody: bool = False, ended: bool = False) -> list[Deputy]:
    """The deputies the actor named or has, and those whom he stands for; all of them for those who oversee (HH 3)."""
    holder, deputy = aliased(PersonRow), aliased(PersonRow)
    statement = (
        select(DeputyRow, AppointmentRow, UnitRow, holder, deputy)
        .join(AppointmentRow, AppointmentRow.id == DeputyRow.appointment_id)
        .join(UnitRow, UnitRow.id == AppointmentRow.unit_id)
        .join(holder, holder.id == DeputyRow.holder_id)
        .join(deputy, deputy.id == DeputyRow.deputy_id)
        .order_by(DeputyRow.valid_from.desc(), DeputyRow.made_at.desc())
    )
    if everybody:
        check_holds(act, *APPOINTMENTS, doing="查看全部代理 / read all deputies")
    else:
        own = str(act.actor.person_id)
        statement = statement.where(or_(DeputyRow.holder_id == own, DeputyRow.deputy_id == own))
    if not ended:
        statement = statement.where(DeputyRow.ended_at.is_(None))
    return [Deputy(*found) for found in act.session.execute(statement)]


def own_appointments(act: Act) -> list[tuple[AppointmentRow, UnitRow]]:
    """The offices of the actor for which he may name a deputy."""
    statement = (
        select(AppointmentRow, UnitRow)
        .join(UnitRow, UnitRow.id == AppointmentRow.unit_id)
        .where(AppointmentRow.person_id == str(act.actor.person_id), in_office(act))
        .order_by(UnitRow.path, AppointmentRow.office)
    )
    return [(row, unit) for row, unit in act.session.execute(statement) if is_delegable(act, Office(row.office))]


def is_delegable(act: Act, office: Office) -> bool:
    """Whether any decision of the office may be made by a deputy."""
    return any(act.rulebook.in_person(office, kind) is None for kind in RequestKind)


def check_delegable(act: Act, office: Office) -> None:
    """Raises NotDelegableError for an office that is exercised in person as a whole."""
    if not is_delegable(act, office):
        clause = act.rulebook.in_person(office, RequestKind.GRANT) or ""
        raise NotDelegableError(office=OFFICE_NAMES[office].zh, office_en=OFFICE_NAMES[office].en, clause=clause)


def _check_days(act: Act, form: DeputyForm, appointment: AppointmentRow) -> None:
    problems = []
    longest = act.rulebook.number("deputy_days")
    if form.valid_from < office_day(act):
        problems.append(FieldProblem("valid_from", "起始日期早于今天", "the first day is before today", "HH 3"))
    if form.valid_to < form.valid_from:
        problems.append(FieldProblem("valid_to", "截止日期早于起始日期", "the last day is before the first", "HH 3"))
    elif (form.valid_to - form.valid_from).days >= longest:
        problems.append(FieldProblem("valid_to", f"一次不超过{longest}天", f"at most {longest} days", "HH 3"))
    if appointment.valid_to is not None and form.valid_to > appointment.valid_to:
        problems.append(FieldProblem("valid_to", "晚于任职届满日期", "after the end of the appointment", "HH 3"))
    if problems:
        raise RefusedInputError(problems, clause="HH 3")


def _check_fit(act: Act, form: DeputyForm, appointment: AppointmentRow) -> PersonRow:
    """The deputy: another person with an account in use, of the office's unit or one above, of no separated office."""
    account = accounts.find_by_user_name(act, form.deputy)
    if account is None or account.status != AccountStatus.ACTIVE:
        raise UnfitDeputyError(reason_zh="没有启用的账号", reason="no account in use by this name")
    if account.person_id == appointment.person_id:
        raise UnfitDeputyError(reason_zh="不能代理本人", reason="nobody is his own deputy")
    if account.person_id == act.actor.person_id:
        raise UnfitDeputyError(reason_zh="不能指定自己为他人的代理人", reason="nobody names himself")
    if any(office in SEPARATED for office, _ in offices_of(act, account.person_id)):
        raise UnfitDeputyError(reason_zh="三员不得兼任其他职务", reason="a holder of a separated office holds no other")
    person = people.get_person(act, account.person_id)
    home, unit = units.get_unit_by_id(act, person.unit_id), units.get_unit_by_id(act, appointment.unit_id)
    if not units.is_within(home, unit) and not units.is_within(unit, home):
        raise UnfitDeputyError(reason_zh="不属于该单位或其上级单位", reason="neither of the unit nor of one above it")
    return person


def _check_one(act: Act, form: DeputyForm) -> None:
    """The appointment's row is locked, so that of two namings at once the second sees the first."""
    overlapping = select(DeputyRow.id).where(
        DeputyRow.appointment_id == form.appointment_id,
        DeputyRow.ended_at.is_(None),
        DeputyRow.valid_from <= form.valid_to,
        DeputyRow.valid_to >= form.valid_from,
    )
    if act.session.scalar(overlapping.limit(1)) is not None:
        raise DeputyNamedError


def _lock_appointment(act: Act, appointment_id: str) -> AppointmentRow:
    statement = select(AppointmentRow).where(AppointmentRow.id == appointment_id).with_for_update()
    row = act.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise NotFoundError(kind="任职 (appointment)", name=appointment_id)
    if not _is_held(act, row):
        raise DeputyClosedError
    return row


def _is_held(act: Act, row: AppointmentRow) -> bool:
    return act.session.scalar(select(AppointmentRow.id).where(AppointmentRow.id == row.id, in_office(act))) is not None


def _lock(act: Act, deputy_id: str) -> DeputyRow:
    statement = select(DeputyRow).where(DeputyRow.id == deputy_id).with_for_update()
    row = act.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise NotFoundError(kind="代理 (deputy)", name=deputy_id)
    return row


def _with_names(act: Act, row: DeputyRow) -> Deputy:
    appointment = act.session.get_one(AppointmentRow, row.appointment_id)
    return Deputy(
        row,
        appointment,
        units.get_unit_by_id(act, appointment.unit_id),
        people.get_person(act, row.holder_id),
        people.get_person(act, row.deputy_id),
    )


def _end(act: Act, found: Deputy, *, cause: str) -> None:
    found.row.ended_by, found.row.ended_at, found.row.end_cause = act.actor.person_id or act.actor.name, act.now, cause
    act.session.flush()
    _record(act, Event.DEPUTY_ENDED, found, cause=cause)


def _record(act: Act, event: Event, found: Deputy, cause: str = "") -> None:
    audit.record(
        act, event, f"deputy:{found.row.id}", person_id=found.row.deputy_id, holder_id=found.row.holder_id,
        appointment=found.appointment.id, office=found.appointment.office, unit=found.unit.code,
        valid_from=found.row.valid_from.isoformat(), valid_to=found.row.valid_to.isoformat(), cause=cause,
    )  # fmt: skip


def may_oversee(act: Act) -> bool:
    """Whether the actor may read the deputies of everybody."""
    return bool(units_where(act, APPOINTMENTS))
