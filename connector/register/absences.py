"""Notes who is away, and answers it. An absence takes no right away; it says which office needs a deputy (HH 3)."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import and_, select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.errors import FieldProblem, NotFoundError, RefusedInputError
from connector.register import people
from connector.register.deputy_tables import AbsenceRow
from connector.register.offices import check_holds, office_day
from connector.regulations.vocabulary import Office

LONGEST = 366  # days; who is away longer gives his office back


class AbsenceForm(BaseModel):
    """Days away, both included, as days in China. Without a person: the actor himself."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    person_id: str | None = None
    first_day: date
    last_day: date
    reason: str = Field(min_length=2, max_length=200)


def note_absence(act: Act, form: AbsenceForm) -> AbsenceRow:
    """Writes down that a person is away (HH 3): his own absence, or another's as the security administrator."""
    person_id = form.person_id or act.actor.person_id
    if person_id != act.actor.person_id or person_id is None:
        check_holds(act, Office.SECURITY_ADMINISTRATOR, doing="登记他人外出 / note another's absence")
    person = people.get_person(act, str(person_id))
    _check_days(form)
    row = AbsenceRow(
        person_id=person.id,
        first_day=form.first_day,
        last_day=form.last_day,
        reason=form.reason,
        noted_by=str(act.actor.person_id),
        noted_at=act.now,
    )
    act.session.add(row)
    act.session.flush()
    _record(act, Event.ABSENCE_NOTED, row)
    return row


def end_absence(act: Act, absence_id: str) -> AbsenceRow:
    """The person is back, or never went; he says so himself or the security administrator does."""
    row = act.session.get(AbsenceRow, absence_id)
    if row is None or row.ended_at is not None:
        raise NotFoundError(kind="外出登记 (absence)", name=absence_id)
    if row.person_id != act.actor.person_id:
        check_holds(act, Office.SECURITY_ADMINISTRATOR, doing="注销他人外出登记 / end another's absence")
    row.ended_at = act.now
    act.session.flush()
    _record(act, Event.ABSENCE_ENDED, row)
    return row


def list_absences(act: Act, person_id: str) -> list[AbsenceRow]:
    """The absences of a person that are not over, the earliest first."""
    statement = select(AbsenceRow).where(
        AbsenceRow.person_id == person_id, AbsenceRow.ended_at.is_(None), AbsenceRow.last_day >= office_day(act)
    )
    return list(act.session.scalars(statement.order_by(AbsenceRow.first_day)))


def is_away(act: Act, person_id: str, first: date, last: date) -> bool:
    """Whether one noted absence holds all of these days."""
    held = and_(AbsenceRow.ended_at.is_(None), AbsenceRow.first_day <= first, AbsenceRow.last_day >= last)
    return act.session.scalar(select(AbsenceRow.id).where(AbsenceRow.person_id == person_id, held).limit(1)) is not None


def away_today(act: Act) -> set[str]:
    """Everybody who is away today."""
    day = office_day(act)
    statement = select(AbsenceRow.person_id).where(
        AbsenceRow.ended_at.is_(None), AbsenceRow.first_day <= day, AbsenceRow.last_day >= day
    )
    return set(act.session.scalars(statement))


def _check_days(form: AbsenceForm) -> None:
    problems = []
    if form.last_day < form.first_day:
        problems.append(FieldProblem("last_day", "结束日期早于开始日期", "the last day is before the first", "HH 3"))
    elif (form.last_day - form.first_day).days > LONGEST:
        problems.append(FieldProblem("last_day", f"不超过{LONGEST}天", f"at most {LONGEST} days", "HH 3"))
    if problems:
        raise RefusedInputError(problems, clause="HH 3")


def _record(act: Act, event: Event, row: AbsenceRow) -> None:
    audit.record(
        act, event, f"person:{row.person_id}", person_id=row.person_id,
        first_day=row.first_day.isoformat(), last_day=row.last_day.isoformat(),
    )  # fmt: skip
