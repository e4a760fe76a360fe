"""What a check found and must be put right: by whom, until when, done, checked by somebody else (GS 17, JC 9)."""

from datetime import date, timedelta

from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.levels import check_level
from connector.errors import FieldProblem, ForbiddenError, NotFoundError, RefusedInputError
from connector.register import accounts, offices, units
from connector.register.reach import Units, inside, units_in_reach
from connector.register.readers import REVIEWS
from connector.register.tables import UnitRow
from connector.regulations.calendar import local_day
from connector.regulations.vocabulary import Office
from connector.requests.forms import number_problems
from connector.reviews.errors import CorrectionStateError, OwnCorrectionError
from connector.reviews.tables import CorrectionRow

OPEN, DONE, CHECKED = "open", "done", "checked"
CHECKERS = (Office.SYSTEM_DEPARTMENT_HEAD, Office.SECURITY_ADMINISTRATOR, Office.LEADER_IN_CHARGE)
LONGEST = timedelta(days=366)


def open_correction(
    act: Act, *, source: str, source_id: str, item: str, finding: str, unit_id: str, clause: str,
    responsible: str = "", due_on: date | None = None,
) -> CorrectionRow:  # fmt: skip
    """Writes down what must be put right. `responsible` is a user name, by default the unit's head; the day too.

    Raises RefusedInputError without a finding, with a day that is past, or where nobody can be made responsible.
    """
    due_on = due_on or local_day(
        act.rulebook.calendar.due(act.now, act.rulebook.service_level("rectification").working_days)
    )
    person_id = _responsible(act, unit_id, responsible)
    check_words(finding, "finding")
    today = offices.office_day(act)
    if not today <= due_on <= today + LONGEST:
        problem = FieldProblem("due_on", "整改期限应在今天之后一年之内", "the day is within a year from today", clause)
        raise RefusedInputError([problem], clause=clause)
    row = CorrectionRow(
        source=source,
        source_id=source_id,
        item=item,
        finding=finding.strip(),
        unit_id=unit_id,
        responsible_id=person_id,
        due_on=due_on,
        clause=clause,
        opened_by=str(act.actor.person_id),
        opened_at=act.now,
        state=OPEN,
    )
    act.session.add(row)
    act.session.flush()
    _record(act, Event.CORRECTION_OPENED, row, due_on=due_on.isoformat())
    return row


def do_correction(act: Act, correction_id: str, note: str) -> CorrectionRow:
    """The person responsible says what he has done. Raises ForbiddenError for anybody else, CorrectionStateError."""
    row = _lock(act, correction_id)
    if row.responsible_id != act.actor.person_id:
        raise ForbiddenError(act="办理整改 / do a correction", offices="整改责任人 / the person responsible")
    if row.state != OPEN:
        raise CorrectionStateError(state=row.state)
    check_words(note, "note")
    row.state, row.done_note, row.done_at = DONE, note.strip(), act.now
    _record(act, Event.CORRECTION_DONE, row)
    return row


def check_correction(act: Act, correction_id: str, *, accepted: bool, note: str = "") -> CorrectionRow:
    """Somebody else looks whether it is put right; if not, it is open again (JC 7, GS 17).

    Done by those who inspect or lead, never by the person responsible nor by somebody of the same unit's staff who did
    it. Raises OwnCorrectionError, CorrectionStateError, ForbiddenError.
    """
    check_level(act.actor)
    row = _lock(act, correction_id)
    if row.responsible_id == act.actor.person_id:
        raise OwnCorrectionError
    offices.check_holds(act, *CHECKERS, doing="复查整改 / check a correction")
    if row.state != DONE:
        raise CorrectionStateError(state=row.state)
    if not accepted:
        check_words(note, "note")
        row.state, row.done_at = OPEN, None
    else:
        row.state, row.checked_by, row.checked_at = CHECKED, act.actor.person_id, act.now
    _record(act, Event.CORRECTION_CHECKED, row, accepted=accepted)
    return row


def alarm_overdue(act: Act) -> int:
    """Marks and alarms each correction past its day, once; returns how many."""
    today = offices.office_day(act)
    late = select(CorrectionRow).where(
        CorrectionRow.state == OPEN, CorrectionRow.due_on < today, CorrectionRow.overdue_at.is_(None)
    )
    rows = act.session.scalars(late).all()
    for row in rows:
        row.overdue_at = act.now
        _record(act, Event.CORRECTION_OVERDUE, row, alarm=True)
    return len(rows)


def list_corrections(act: Act, *, open_only: bool = True) -> list[tuple[CorrectionRow, UnitRow]]:
    """Corrections of the reader's units, the earliest day first; his own wherever they are."""
    within: Units = units_in_reach(act, REVIEWS, doing="查看整改事项 / the corrections")
    query = select(CorrectionRow, UnitRow).join(UnitRow, UnitRow.id == CorrectionRow.unit_id)
    query = query.where(*inside(within, UnitRow.path)).order_by(CorrectionRow.due_on, CorrectionRow.id)
    if open_only:
        query = query.where(CorrectionRow.state != CHECKED)
    return [(row, unit) for row, unit in act.session.execute(query)]


def open_of(act: Act, source: str, source_id: str) -> list[CorrectionRow]:
    """The corrections of one check that are not checked yet."""
    rows = select(CorrectionRow).where(
        CorrectionRow.source == source, CorrectionRow.source_id == source_id, CorrectionRow.state != CHECKED
    )
    return list(act.session.scalars(rows))


def check_words(text: str, name: str) -> None:
    """Raises RefusedInputError for a text that says nothing, is too long, or holds a number of a document."""
    problems = number_problems(name, text)
    if not 2 <= len(text.strip()) <= 500:
        problems.append(FieldProblem(name, "请写明情况（2至500字）", "say it in 2 to 500 characters", "GS 17"))
    if problems:
        raise RefusedInputError(problems, clause="GS 17")


def _responsible(act: Act, unit_id: str, user_name: str) -> str:
    if user_name:
        return accounts.get_by_user_name(act, user_name).person_id
    heads = offices.holders(act, Office.UNIT_HEAD, unit_id)
    if not heads:
        unit = units.get_unit_by_id(act, unit_id)
        problem = FieldProblem("responsible", f"{unit.name}没有负责人，请指定", "no unit head: name a person", "GS 17")
        raise RefusedInputError([problem], clause="GS 17")
    return heads[0].id


def _lock(act: Act, correction_id: str) -> CorrectionRow:
    query = select(CorrectionRow).where(CorrectionRow.id == correction_id).with_for_update()
    row = act.session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise NotFoundError(kind="整改事项 (correction)", name=correction_id)
    return row


def _record(act: Act, event: Event, row: CorrectionRow, *, alarm: bool = False, **data: object) -> None:
    audit.record(
        act, event, f"correction:{row.id}", person_id=row.responsible_id, alarm=alarm, source=row.source,
        item=row.item, **data,  # type: ignore[arg-type]
    )  # fmt: skip
