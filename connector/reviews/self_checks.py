"""Checklists that people sign for a unit and a period: self-checks (HH 3), counting the keys (GS 16)."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.levels import check_level
from connector.errors import FieldProblem, ForbiddenError, RefusedInputError
from connector.register import offices, units
from connector.register.offices import OFFICE_NAMES
from connector.register.tables import UnitRow
from connector.regulations.rulebook import CheckItem, PeriodicRule
from connector.regulations.vocabulary import Office
from connector.reviews import corrections
from connector.reviews.errors import NotAskedForError, PeriodDoneError
from connector.reviews.periods import Period, before, parse, period_of
from connector.reviews.tables import SelfCheckRow
from connector.storage.tables import new_id

SELF_CHECK, KEY_CUSTODY = "self_check", "key_custody"
SIGNERS = {SELF_CHECK: Office.UNIT_HEAD, KEY_CUSTODY: Office.KEY_CUSTODIAN}


class CheckAnswer(BaseModel):
    """One question: in order, or what was found, who puts it right and until which day."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(max_length=32)
    ok: bool
    note: str = Field("", max_length=500)
    responsible: str = Field("", max_length=64, description="user name; by default the unit's head")
    due_on: date | None = None


def sign_check(act: Act, checklist: str, unit_code: str, period: str, answers: list[CheckAnswer]) -> SelfCheckRow:
    """Signs a checklist for a unit and a period, once; each "no" becomes a correction with a person and a day.

    By the head of that very unit, or by a key custodian. Raises NotAskedForError, PeriodDoneError.
    """
    check_level(act.actor)
    rule, questions = rule_of(act, checklist)
    unit = units.get_unit(act, unit_code)
    _check_signer(act, checklist, unit)
    _check_period(act, rule, period)
    given = _checked(questions, answers)
    row = SelfCheckRow(
        id=new_id(),
        checklist=checklist,
        unit_id=unit.id,
        period=period,
        answers=[
            {**question.model_dump(), "ok": given[question.name].ok, "note": given[question.name].note}
            for question in questions
        ],
        signed_by=act.actor.person_id,
        signed_at=act.now,
    )
    try:
        with act.session.begin_nested():
            act.session.add(row)
    except IntegrityError as error:
        raise PeriodDoneError(period=f"{unit.name} {period}") from error
    for question in questions:
        found = given[question.name]
        if not found.ok:
            corrections.open_correction(
                act, source=checklist, source_id=row.id, item=question.name, finding=found.note, unit_id=unit.id,
                clause=question.clause, responsible=found.responsible or act.actor.name, due_on=found.due_on,
            )  # fmt: skip
    audit.record(
        act, Event.SELF_CHECK_SIGNED, f"self_check:{row.id}", checklist=checklist, unit=unit.code, period=period,
        findings=[name for name, each in given.items() if not each.ok],
    )  # fmt: skip
    return row


def rule_of(act: Act, checklist: str) -> tuple[PeriodicRule, tuple[CheckItem, ...]]:
    """When it comes round and what it asks; raises NotAskedForError where no pack asks for it."""
    rule, questions = act.rulebook.periodic(checklist), act.rulebook.checklist(checklist)
    if rule is None or not questions or checklist not in SIGNERS:
        raise NotAskedForError(name=checklist)
    return rule, questions


def find_check(act: Act, checklist: str, unit_id: str, period: str) -> SelfCheckRow | None:
    """The signed checklist of this unit and period."""
    wanted = (SelfCheckRow.checklist == checklist, SelfCheckRow.unit_id == unit_id, SelfCheckRow.period == period)
    return act.session.scalars(select(SelfCheckRow).where(*wanted)).one_or_none()


def periods_now(act: Act, rule: PeriodicRule) -> tuple[Period, Period]:
    """The period before this one, which may still be signed for, and the present one."""
    present = period_of(act.now, rule.months)
    return before(present, rule.months), present


def _check_signer(act: Act, checklist: str, unit: UnitRow) -> None:
    """The office is held in that very unit: nobody signs for the units below his own."""
    office = SIGNERS[checklist]
    if unit.id not in {each.id for each in offices.units_where(act, [office])}:
        name = OFFICE_NAMES[office]
        raise ForbiddenError(act="签署自查 / sign the check", offices=f"{unit.name}{name.zh} ({name.en})")


def _check_period(act: Act, rule: PeriodicRule, label: str) -> None:
    period = parse(label)
    if period is None or period not in periods_now(act, rule):
        problem = FieldProblem("period", "只能签署本期或上一期", "the present period or the one before", rule.clause)
        raise RefusedInputError([problem], clause=rule.clause)


def _checked(questions: tuple[CheckItem, ...], answers: list[CheckAnswer]) -> dict[str, CheckAnswer]:
    given = {each.name: each for each in answers}
    names = {question.name for question in questions}
    problems = [
        FieldProblem(question.name, "请逐项填写", "answer every question", question.clause)
        for question in questions
        if question.name not in given
    ]
    problems += [FieldProblem(name, "不在清单中", "is not on the list") for name in given if name not in names]
    problems += [
        FieldProblem(name, "请写明发现的问题", "say what was found")
        for name, each in given.items()
        if not each.ok and len(each.note) < 2
    ]
    if problems:
        raise RefusedInputError(problems, clause=questions[0].clause)
    return given
