"""HTTP routes of the register: units, subsystems, permissions, persons, appointments. Decides nothing itself."""

from fastapi import APIRouter, Query

from connector.auth.act import Act
from connector.http import ActDep
from connector.register import appointments, catalogue, people, roster, units
from connector.register.appointments import AppointmentForm
from connector.register.schemas import (
    AppointmentView,
    PermissionView,
    RevealedView,
    RevealForm,
    RosterView,
    SubsystemView,
    UnitView,
    appointment_view,
)
from connector.register.tables import AppointmentRow
from connector.register.units import UnitForm

router = APIRouter(tags=["register"])


@router.get("/units")
def list_units(act: ActDep, below: str | None = None) -> list[UnitView]:
    """单位树 / the unit tree, or the part below a unit's code."""
    return [UnitView.model_validate(unit) for unit in units.list_units(act, below=below)]


@router.post("/units", status_code=201)
def register_unit(act: ActDep, form: UnitForm) -> UnitView:
    """登记单位（操作员、信息技术科负责人）/ register a unit; for operators and the head of the system department."""
    return UnitView.model_validate(units.register_unit(act, form))


@router.get("/subsystems")
def list_subsystems(act: ActDep) -> list[SubsystemView]:
    """子系统 / the subsystems that people log in to."""
    return [SubsystemView.model_validate(row) for row in catalogue.list_subsystems(act)]


@router.get("/permissions")
def list_permissions(act: ActDep, subsystem: str | None = None) -> list[PermissionView]:
    """权限目录 / the permission catalogue."""
    return [PermissionView.model_validate(row) for row in catalogue.list_permissions(act, subsystem_id=subsystem)]


@router.get("/persons")
def list_persons(
    act: ActDep,
    unit: str | None = Query(None, max_length=32, description="code of a unit; the units below it count too"),
    account: bool | None = Query(None, description="only persons with (true) or without (false) an account"),
    text: str | None = Query(None, max_length=64, description="part of a name, or the whole number in the directory"),
    first: int = Query(0, ge=0, le=10**9),
    count: int = Query(50, ge=1, le=roster.MOST_ROWS),
) -> RosterView:
    """使用人名册，含没有账号的人员 / everybody registered, also without an account; a unit head sees his own unit."""
    found = roster.list_persons(act, unit_code=unit, has_account=account, text=text, first=first, count=count)
    return RosterView.model_validate(found)


@router.post("/persons/{person_id}/reveal")
def reveal_person(act: ActDep, person_id: str, form: RevealForm) -> RevealedView:
    """查看完整证件号码和电话，逐次记录理由 / the full numbers of one person; recorded each time with the reason."""
    return RevealedView.model_validate(people.reveal(act, person_id, form.reason))


@router.get("/appointments")
def list_appointments(act: ActDep, unit: str | None = None, ended: bool = False) -> list[AppointmentView]:
    """任职情况 / the appointments, ended ones only when asked for."""
    return [appointment_view(*found) for found in appointments.list_appointments(act, unit_code=unit, ended=ended)]


@router.post("/appointments", status_code=201)
def appoint(act: ActDep, form: AppointmentForm) -> AppointmentView:
    """录入任职（安全管理员）/ make an appointment; it counts when somebody else has confirmed it."""
    return _view(act, appointments.appoint(act, form))


@router.post("/appointments/{appointment_id}/confirm")
def confirm_appointment(act: ActDep, appointment_id: str) -> AppointmentView:
    """确认他人录入的任职 / confirm an appointment that somebody else made."""
    return _view(act, appointments.confirm(act, appointment_id))


@router.post("/appointments/{appointment_id}/end")
def end_appointment(act: ActDep, appointment_id: str) -> AppointmentView:
    """立即终止任职 / end an appointment at once."""
    return _view(act, appointments.end(act, appointment_id))


def _view(act: Act, row: AppointmentRow) -> AppointmentView:
    return appointment_view(row, people.get_person(act, row.person_id), units.get_unit_by_id(act, row.unit_id))
