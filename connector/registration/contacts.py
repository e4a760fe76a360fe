"""Changes of a unit's contact, handler or reviewer: announced ahead, effective on their day (A8; HH 3, GX 12)."""

from datetime import date, datetime, time
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.levels import check_level
from connector.errors import FieldProblem, NotFoundError, RefusedInputError
from connector.register import accounts, offices, people, units
from connector.register.tables import PersonRow, UnitRow
from connector.registration import handovers
from connector.registration.contact_lists import is_overdue
from connector.registration.errors import ChangeClosedError, OpenChangeError, SameDutyError
from connector.registration.tables import ContactChangeRow, UnitDutyRow
from connector.regulations.vocabulary import AccountStatus, Office
from connector.requests.forms import number_problems

LEVEL = "contact_change"
CLAUSE = "HH 3, GX 12"
LEAST_REASON = 4  # characters
EXCLUSIVE = {"handler": "reviewer", "reviewer": "handler"}
KEEPERS = (Office.OPERATOR, Office.SYSTEM_DEPARTMENT_HEAD)
_FOUND = "人员已离岗或调离，未提前通知 / the person has left or moved and nothing was announced"

Duty = Literal["contact", "handler", "reviewer"]


class ChangeForm(BaseModel):
    """Who takes over which duty of a unit, from which day on; `reason` where it is announced late."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    unit_code: str = Field(max_length=32)
    duty: Duty
    taker: str = Field(max_length=64, description="user name of the one who takes over")
    effective_on: date
    reason: str = Field("", max_length=500)


class SuccessorForm(BaseModel):
    """Who takes over, where nobody was named yet."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    taker: str = Field(max_length=64, description="user name")


def announce_change(act: Act, form: ChangeForm) -> ContactChangeRow:
    """Announces a change, five working days ahead by the packs; later only with a reason, and marked late (GX 12).

    By the unit head, an operator or the head of the system department. Raises RefusedInputError, SameDutyError,
    OpenChangeError, ForbiddenError.
    """
    unit = units.get_unit(act, form.unit_code)
    _check_announcer(act, unit)
    account = accounts.get_by_user_name(act, form.taker)
    late = _check_day(act, form)
    giver = find_holder(act, unit.id, form.duty)
    _check_taker(act, unit.id, form.duty, account.person_id, giver)
    change = ContactChangeRow(
        unit_id=unit.id,
        duty=form.duty,
        giver_id=giver,
        taker_id=account.person_id,
        effective_on=form.effective_on,
        late=late,
        reason=form.reason,
        source="people",
        state="announced",
        announced_by=act.actor.name,
        announced_at=act.now,
    )
    return _store(act, change)


def name_successor(act: Act, change_id: str, form: SuccessorForm) -> ContactChangeRow:
    """Names who takes over, in a change that the clock opened or whose successor is another one now (HH 3)."""
    change = get_open(act, change_id)
    unit = units.get_unit_by_id(act, change.unit_id)
    _check_announcer(act, unit)
    if change.state != "announced":
        raise ChangeClosedError
    taker = accounts.get_by_user_name(act, form.taker).person_id
    _check_taker(act, unit.id, change.duty, taker, change.giver_id)
    change.taker_id = taker
    act.session.flush()
    _record(act, Event.HANDOVER_CHANGED, change, successor=True)
    return change


def withdraw_change(act: Act, change_id: str) -> ContactChangeRow:
    """Takes back a change that is not effective yet; it stays readable (JC 15)."""
    change = get_open(act, change_id)
    _check_announcer(act, units.get_unit_by_id(act, change.unit_id))
    if change.state != "announced":
        raise ChangeClosedError
    change.state = "withdrawn"
    _record(act, Event.CONTACT_CHANGE_WITHDRAWN, change)
    return change


def follow_contacts(act: Act) -> dict[str, int]:
    """The clock: opens what the directory made necessary, puts announced changes into effect, raises the overdue.

    Summary: `opened`, `effective`, `overdue`, `filed`.
    """
    counts = {"opened": _open_for_leavers(act), "effective": 0, "overdue": 0, "filed": 0}
    today = offices.office_day(act)
    open_now = select(ContactChangeRow).where(ContactChangeRow.state.in_(["announced", "effective"]))
    for change in act.session.scalars(open_now.order_by(ContactChangeRow.announced_at).with_for_update()).all():
        if change.state == "announced" and change.effective_on <= today and change.taker_id is not None:
            _take_effect(act, change)
            counts["effective"] += 1
        counts["filed"] += handovers.file_if_signed(act, change)
        if is_overdue(change, today) and change.overdue_at is None:
            change.overdue_at = act.now
            _record(act, Event.CONTACT_CHANGE_OVERDUE, change, alarm=True)
            counts["overdue"] += 1
    act.session.flush()
    return counts


def find_holder(act: Act, unit_id: str, duty: str) -> str | None:
    """Person id of whoever has this duty of the unit now."""
    return act.session.scalars(
        select(UnitDutyRow.person_id).where(
            UnitDutyRow.unit_id == unit_id, UnitDutyRow.duty == duty, UnitDutyRow.until.is_(None)
        )
    ).one_or_none()


def get_change(act: Act, change_id: str, *, lock: bool = False) -> ContactChangeRow:
    """The change, closed or not; raises NotFoundError."""
    statement = select(ContactChangeRow).where(ContactChangeRow.id == change_id)
    statement = statement.with_for_update().execution_options(populate_existing=True) if lock else statement
    change = act.session.scalars(statement).one_or_none()
    if change is None:
        raise NotFoundError(kind="人员变更 (contact change)", name=change_id)
    return change


def get_open(act: Act, change_id: str) -> ContactChangeRow:
    """The change, locked; raises NotFoundError, ChangeClosedError when it is filed or withdrawn."""
    change = get_change(act, change_id, lock=True)
    if change.state not in ("announced", "effective"):
        raise ChangeClosedError
    return change


def _check_announcer(act: Act, unit: UnitRow) -> None:
    check_level(act.actor)
    if not offices.units_where(act, KEEPERS):
        offices.check_holds(act, Office.UNIT_HEAD, unit_id=unit.id, doing="办理人员变更 / announce a change")


def _check_day(act: Act, form: ChangeForm) -> bool:
    """Whether it is announced late; RefusedInputError for a day that has passed, or late without a reason."""
    problems = number_problems("reason", form.reason)
    level = act.rulebook.service_level(LEVEL)
    day = datetime.combine(form.effective_on, time(12), offices.OFFICE_ZONE)
    late = act.rulebook.calendar.working_days_between(act.now, day) < level.working_days
    if form.effective_on < offices.office_day(act):
        problems.append(FieldProblem("effective_on", "生效日期不能早于今天", "the day has passed", level.clause))
    elif late and len(form.reason) < LEAST_REASON:
        zh = f"应提前{level.working_days}个工作日通知；晚于此的，请说明理由"
        en = f"announce it {level.working_days} working days ahead, or say why it is late"
        problems.append(FieldProblem("reason", zh, en, level.clause))
    if problems:
        raise RefusedInputError(problems, clause=level.clause)
    return late


def _check_taker(act: Act, unit_id: str, duty: str, taker: str, giver: str | None) -> None:
    if taker == giver:
        same = FieldProblem("taker", "接任人员与现任相同", "he has this duty already", CLAUSE)
        raise RefusedInputError([same], clause=CLAUSE)
    other = EXCLUSIVE.get(duty)
    announced = select(ContactChangeRow.taker_id).where(
        ContactChangeRow.unit_id == unit_id, ContactChangeRow.duty == other, ContactChangeRow.state == "announced"
    )
    if other and taker in (find_holder(act, unit_id, other), act.session.scalars(announced).one_or_none()):
        raise SameDutyError


def _take_effect(act: Act, change: ContactChangeRow) -> None:
    former = select(UnitDutyRow).where(
        UnitDutyRow.unit_id == change.unit_id, UnitDutyRow.duty == change.duty, UnitDutyRow.until.is_(None)
    )
    for row in act.session.scalars(former):
        row.until = act.now
    act.session.flush()
    act.session.add(
        UnitDutyRow(unit_id=change.unit_id, duty=change.duty, person_id=str(change.taker_id), since=act.now)
    )
    if change.duty == "contact":
        taker = people.get_person(act, str(change.taker_id))
        phone = act.vault.decrypt(taker.phone_sealed, f"{people.PHONE_CONTEXT}:{taker.id}")
        units.set_contact(act, change.unit_id, name=taker.name, phone=phone)
    change.state, change.effective_at = "effective", act.now
    act.session.flush()
    _record(act, Event.CONTACT_CHANGE_EFFECTIVE, change)


def _open_for_leavers(act: Act) -> int:
    """A change for each duty whose holder has left or moved away without an announcement: late by itself (GX 12)."""
    waiting = exists().where(
        ContactChangeRow.unit_id == UnitDutyRow.unit_id,
        ContactChangeRow.duty == UnitDutyRow.duty,
        ContactChangeRow.state == "announced",
    )
    held = (
        select(UnitDutyRow, PersonRow, UnitRow)
        .join(PersonRow, PersonRow.id == UnitDutyRow.person_id)
        .join(UnitRow, UnitRow.id == UnitDutyRow.unit_id)
        .where(UnitDutyRow.until.is_(None), ~waiting)
    )
    gone = [row for row, person, unit in act.session.execute(held).all() if _is_gone(act, person, unit)]
    for row in gone:
        _store(
            act,
            ContactChangeRow(
                unit_id=row.unit_id,
                duty=row.duty,
                giver_id=row.person_id,
                effective_on=offices.office_day(act),
                late=True,
                reason=_FOUND,
                source="directory",
                state="announced",
                announced_by=act.actor.name,
                announced_at=act.now,
            ),
        )
    return len(gone)


def _is_gone(act: Act, person: PersonRow, unit: UnitRow) -> bool:
    home = units.get_unit_by_id(act, person.unit_id)
    account = accounts.find_by_person(act, person.id)
    left = account is not None and account.status in (AccountStatus.DISABLED, AccountStatus.CANCELLED)
    if account is not None and account.status == AccountStatus.FROZEN:
        left = accounts.present_cause(act, account) == "departure"
    return left or not units.is_within(home, unit)


def _store(act: Act, change: ContactChangeRow) -> ContactChangeRow:
    try:
        with act.session.begin_nested():
            act.session.add(change)
    except IntegrityError:
        raise OpenChangeError from None
    handovers.draw(act, change)
    _record(act, Event.CONTACT_CHANGE_ANNOUNCED, change, late=change.late, source=change.source, alarm=change.late)
    return change


def _record(act: Act, event: Event, change: ContactChangeRow, **data: Any) -> None:
    unit = units.get_unit_by_id(act, change.unit_id)
    audit.record(
        act, event, f"contact-change:{change.id}", person_id=change.taker_id, unit=unit.code, duty=change.duty,
        effective_on=change.effective_on.isoformat(), clause=CLAUSE, **data,
    )  # fmt: skip
