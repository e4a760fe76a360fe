"""What becomes of a unit: closed into another, split, renamed, moved; its people follow, its past keeps its name (A3).

Plans are read from the register and hashed; applying one writes the register alone, never requests or Keycloak.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.errors import FieldProblem, RefusedInputError
from connector.register import accounts, units
from connector.register.tables import AppointmentRow, MatrixRow, PersonRow, UnitRow
from connector.register.unit_tables import PersonSpanRow, UnitSpanRow
from connector.regulations.vocabulary import Office

CLAUSE = "HH 1, GS 3"
KEPT_OFFICES = (Office.SECURITY_ADMINISTRATOR, Office.SYSTEM_ADMINISTRATOR, Office.AUDITOR, Office.PRINCIPAL)


class UnitChange(BaseModel):
    """What is to become of a unit from a day on. `accounts` are the user names that a split takes along."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    how: Literal["close", "split", "rename", "move"]
    effective_on: date
    target: str = Field("", max_length=32, description="code of the unit that takes over, or of the new parent")
    name: str = Field("", max_length=128, description="the new name, where it is renamed")
    accounts: tuple[str, ...] = ()
    plan_hash: str = Field(min_length=64, max_length=64, description="of the plan that was previewed")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if bool(self.name) != (self.how == "rename") or bool(self.target) == (self.how == "rename"):
            raise ValueError("a new name is given to rename, a target unit for everything else")
        if bool(self.accounts) != (self.how == "split"):
            raise ValueError("accounts are named to split, and only then")
        return self


@dataclass(frozen=True, kw_only=True)
class UnitPlan:
    """What a change would do now. `hash` binds an approval to exactly this."""

    unit: str
    how: str
    effective_on: str
    target: str
    name: str
    persons: list[str]  # ids of those who follow
    appointments: list[str]  # ids of those that end unless they are made and confirmed anew
    matrices: list[str]  # ids of tables that end
    paths: list[str]  # of the units that move with it
    hash: str = ""


def plan_change(act: Act, unit: UnitRow, change: UnitChange) -> UnitPlan:
    """What the change would do to the register as it is; raises RefusedInputError where it cannot be done."""
    target = units.find_unit(act, change.target) if change.target else None
    problems = _problems(act, unit, change, target)
    if problems:
        raise RefusedInputError(problems, clause=CLAUSE)
    closes = change.how == "close"
    persons = _persons(act, unit, change)
    plan = UnitPlan(
        unit=unit.code,
        how=change.how,
        effective_on=change.effective_on.isoformat(),
        target=target.code if target else "",
        name=change.name,
        persons=sorted(person.id for person in persons),
        appointments=sorted(row.id for row in _appointments(act, unit, persons, whole=closes)),
        matrices=sorted(row.id for row in _matrices(act, unit)) if closes else [],
        paths=[u.path for u in units.list_units(act, below=unit.code)] if change.how == "move" else [],
    )
    text = json.dumps(asdict(plan), ensure_ascii=False, sort_keys=True)
    return UnitPlan(**{**asdict(plan), "hash": hashlib.sha256(text.encode()).hexdigest()})


def apply_change(act: Act, unit: UnitRow, change: UnitChange, *, by: str) -> list[str]:
    """Makes the change true in the register; returns the ids of the persons whose unit is another one now.

    User names stay (GS 10(1)). What ends, ends with its row kept (JC 15).
    """
    if change.how in ("rename", "move"):
        moved = units.list_units(act, below=unit.code) if change.how == "move" else [unit]
        for each in moved:
            _keep_span(act, each)
        _rename_or_move(act, unit, change, moved)
        audit.record(act, Event.UNIT_CHANGED, f"unit:{unit.id}", code=unit.code, how=change.how, by=by)
        return []
    target, persons = units.get_unit(act, change.target), _persons(act, unit, change)
    appointments = _appointments(act, unit, persons, whole=change.how == "close")
    for person in persons:
        _move_person(act, person, target)
    for row in appointments:
        row.ended_by, row.ended_at = by, act.now
        audit.record(
            act, Event.APPOINTMENT_ENDED, f"appointment:{row.id}", person_id=row.person_id, office=row.office,
            unit=unit.code, by=by,
        )  # fmt: skip
    if change.how == "close":
        for table in _matrices(act, unit):
            table.until = act.now
        unit.closed_at, unit.closed_into_id = act.now, target.id
        audit.record(act, Event.UNIT_CLOSED, f"unit:{unit.id}", code=unit.code, into=target.code, by=by)
    else:
        audit.record(act, Event.UNIT_CHANGED, f"unit:{unit.id}", code=unit.code, how="split", by=by)
    act.session.flush()
    return [person.id for person in persons]


def name_as_of(act: Act, unit: UnitRow, moment: datetime) -> str:
    """What the unit was called at that moment (A5)."""
    span = select(UnitSpanRow.name).where(
        UnitSpanRow.unit_id == unit.id, UnitSpanRow.since <= moment, UnitSpanRow.until > moment
    )
    return act.session.scalars(span).first() or unit.name


def unit_as_of(act: Act, person: PersonRow, moment: datetime) -> UnitRow:
    """The unit that the person belonged to at that moment (A5)."""
    span = select(PersonSpanRow.unit_id).where(
        PersonSpanRow.person_id == person.id, PersonSpanRow.since <= moment, PersonSpanRow.until > moment
    )
    return units.get_unit_by_id(act, act.session.scalars(span).first() or person.unit_id)


def _problems(act: Act, unit: UnitRow, change: UnitChange, target: UnitRow | None) -> list[FieldProblem]:
    problems = []
    if unit.closed_at is not None:
        problems.append(FieldProblem("unit_code", "单位已撤并", "the unit is closed", CLAUSE))
    if change.target and (target is None or target.closed_at is not None):
        problems.append(FieldProblem("target", "没有此单位或已撤并", "there is no such unit, or it is closed", CLAUSE))
    elif target is not None and units.is_within(target, unit):
        problems.append(FieldProblem("target", "不能并入本单位或其下级", "not into itself or below itself", CLAUSE))
    if target is not None and change.how == "move" and target.kind not in units.PARENT_KINDS[unit.kind]:
        problems.append(FieldProblem("target", "上级单位类别不符", "no parent of this kind of unit", CLAUSE))
    if change.how == "close":
        open_below = [u.code for u in units.list_units(act, below=unit.code) if u.id != unit.id and not u.closed_at]
        if open_below:
            zh, en = "请先处理下级单位：" + "、".join(open_below), "first: " + ", ".join(open_below)
            problems.append(FieldProblem("unit_code", zh, en, CLAUSE))
        kept = select(AppointmentRow.office).where(
            AppointmentRow.unit_id == unit.id,
            AppointmentRow.ended_at.is_(None),
            AppointmentRow.office.in_([office.value for office in KEPT_OFFICES]),
        )
        if act.session.scalars(kept).first() is not None:
            zh, en = "请先为三员和主要负责人另行任命", "first appoint these offices elsewhere"
            problems.append(FieldProblem("unit_code", zh, en, "JC 8, GS 9"))
    return problems


def _persons(act: Act, unit: UnitRow, change: UnitChange) -> list[PersonRow]:
    if change.how in ("rename", "move"):
        return []
    everybody = select(PersonRow).where(PersonRow.unit_id == unit.id).order_by(PersonRow.id)
    if change.how == "close":
        return list(act.session.scalars(everybody))
    named = {accounts.get_by_user_name(act, name).person_id for name in change.accounts}
    return [person for person in act.session.scalars(everybody) if person.id in named]


def _appointments(act: Act, unit: UnitRow, persons: list[PersonRow], *, whole: bool) -> list[AppointmentRow]:
    """Offices held in the unit: all of them when it closes, of a split those of the people who go."""
    held = select(AppointmentRow).where(AppointmentRow.unit_id == unit.id, AppointmentRow.ended_at.is_(None))
    going = {person.id for person in persons}
    return [row for row in act.session.scalars(held) if whole or row.person_id in going]


def _matrices(act: Act, unit: UnitRow) -> list[MatrixRow]:
    return list(act.session.scalars(select(MatrixRow).where(MatrixRow.unit_id == unit.id, MatrixRow.until.is_(None))))


def _keep_span(act: Act, unit: UnitRow) -> None:
    last = select(UnitSpanRow.until).where(UnitSpanRow.unit_id == unit.id).order_by(UnitSpanRow.until.desc())
    since = act.session.scalars(last).first() or unit.registered_at
    act.session.add(UnitSpanRow(unit_id=unit.id, name=unit.name, path=unit.path, since=since, until=act.now))


def _rename_or_move(act: Act, unit: UnitRow, change: UnitChange, moved: list[UnitRow]) -> None:
    if change.how == "rename":
        unit.name = change.name
    else:
        parent, former = units.get_unit(act, change.target), unit.path
        unit.parent_id = parent.id
        for each in moved:
            each.path = f"{parent.path}{unit.code}/{each.path.removeprefix(former)}"
    act.session.flush()


def _move_person(act: Act, person: PersonRow, target: UnitRow) -> None:
    last = select(PersonSpanRow.until).where(PersonSpanRow.person_id == person.id).order_by(PersonSpanRow.until.desc())
    since = act.session.scalars(last).first() or person.registered_at
    act.session.add(PersonSpanRow(person_id=person.id, unit_id=person.unit_id, since=since, until=act.now))
    person.unit_id = target.id
    audit.record(
        act, Event.PERSON_CHANGED, f"person:{person.id}", person_id=person.id, fields=["unit"], source="unit_change",
        unit=target.code,
    )  # fmt: skip
