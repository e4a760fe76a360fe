"""Reads who holds which office (B13). Offices are data of the register; nothing here changes it."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, or_, select

from connector.auth.act import Act
from connector.auth.actor import ActorKind
from connector.errors import ForbiddenError, NotFoundError, Text
from connector.register.tables import AppointmentRow, PersonRow, UnitRow
from connector.regulations.vocabulary import Office

OFFICE_ZONE = ZoneInfo("Asia/Shanghai")  # Appointment papers name days in China.

OFFICE_NAMES: dict[Office, Text] = {
    Office.UNIT_HEAD: Text("科室（单位）负责人", "unit head"),
    Office.VERIFIER: Text("核验人", "verifier"),
    Office.LEADER_IN_CHARGE: Text("分管负责人", "leader in charge"),
    Office.PRINCIPAL: Text("中心主要负责人", "principal"),
    Office.SYSTEM_DEPARTMENT_HEAD: Text("信息技术科负责人", "head of the system department"),
    Office.OPERATOR: Text("操作员", "operator"),
    Office.KEY_CUSTODIAN: Text("密钥保管员", "key custodian"),
    Office.SECURITY_ADMINISTRATOR: Text("安全管理员", "security administrator"),
    Office.SYSTEM_ADMINISTRATOR: Text("系统管理员", "system administrator"),
    Office.AUDITOR: Text("审计管理员", "auditor"),
}


def office_day(act: Act) -> date:
    """The day of the act in China."""
    return act.now.astimezone(OFFICE_ZONE).date()


def end_of_day(day: date) -> datetime:
    """The first moment after this day in China, in UTC: what is approved until a day holds the whole day."""
    return datetime.combine(day + timedelta(days=1), time(), OFFICE_ZONE).astimezone(UTC)


def in_office(act: Act) -> ColumnElement[bool]:
    """SQL condition: the appointment is confirmed, not ended, and valid on the act's day."""
    day = office_day(act)
    return and_(
        AppointmentRow.confirmed_at.is_not(None),
        AppointmentRow.ended_at.is_(None),
        AppointmentRow.valid_from <= day,
        or_(AppointmentRow.valid_to.is_(None), AppointmentRow.valid_to >= day),
    )


def holders(act: Act, office: Office, unit_id: str) -> list[PersonRow]:
    """Everybody who holds `office` in exactly this unit today, in the order of appointment (B2, B13)."""
    statement = (
        select(PersonRow)
        .join(AppointmentRow, AppointmentRow.person_id == PersonRow.id)
        .where(AppointmentRow.office == office.value, AppointmentRow.unit_id == unit_id, in_office(act))
        .order_by(AppointmentRow.made_at, AppointmentRow.id)
    )
    return list(act.session.scalars(statement).unique())


def offices_of(act: Act, person_id: str) -> list[tuple[Office, UnitRow]]:
    """The offices a person holds today, each with its unit."""
    statement = (
        select(AppointmentRow.office, UnitRow)
        .join(UnitRow, UnitRow.id == AppointmentRow.unit_id)
        .where(AppointmentRow.person_id == person_id, in_office(act))
        .order_by(UnitRow.path, AppointmentRow.office)
    )
    return [(Office(office), unit) for office, unit in act.session.execute(statement)]


def units_where(act: Act, offices: Iterable[Office]) -> list[UnitRow]:
    """The units in which the actor holds one of `offices` today; empty when the actor is not a person."""
    if act.actor.person_id is None:
        return []
    statement: Select[Any] = (
        select(UnitRow)
        .join(AppointmentRow, AppointmentRow.unit_id == UnitRow.id)
        .where(
            AppointmentRow.person_id == act.actor.person_id,
            AppointmentRow.office.in_([office.value for office in offices]),
            in_office(act),
        )
    )
    return list(act.session.scalars(statement).unique())


def check_holds(act: Act, *offices: Office, unit_id: str | None = None, doing: str = "") -> None:
    """Raises ForbiddenError unless the actor is a person who holds one of `offices` today.

    With `unit_id`, the office must be held in that unit or in one above it. A job, a webhook endpoint or the
    operator of the machine holds no office.
    """
    held_in = units_where(act, offices)
    if unit_id is not None:
        unit = act.session.get(UnitRow, unit_id)
        if unit is None:
            raise NotFoundError(kind="unit", name=unit_id)
        held_in = [above for above in held_in if unit.path.startswith(above.path)]
    if not held_in:
        needed = "、".join(f"{OFFICE_NAMES[o].zh} ({OFFICE_NAMES[o].en})" for o in offices)
        raise ForbiddenError(act=doing or "需任职人员办理 / needs an office holder", offices=needed)


def check_host_or_holds(act: Act, *offices: Office, doing: str = "") -> None:
    """As `check_holds`, and the operator of the machine is let through: he loads and reads what no office needs."""
    if act.actor.kind is not ActorKind.HOST:
        check_holds(act, *offices, doing=doing)
