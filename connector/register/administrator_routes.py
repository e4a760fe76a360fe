"""Routes of the registration of administrators (GS 9): reported, acknowledged, overdue, handed over."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from connector.http import ActDep
from connector.register import administrators
from connector.register.administrators import Handover, ReportView

router = APIRouter(tags=["administrators"])
Id = Annotated[str, Path(max_length=36)]


@router.get("/administrators/reports")
def list_reports(
    act: ActDep,
    open: Annotated[bool, Query(description="仅待确认 / only open ones")] = False,
    overdue: Annotated[bool, Query(description="仅超期 / only past the limit")] = False,
) -> list[ReportView]:
    """管理员登记表 / administrators reported to the level above (GS 9, annex 1)."""
    return administrators.list_reports(act, open_only=open, overdue_only=overdue)


@router.post("/administrators/reports/{report_id}/acknowledge")
def acknowledge(act: ActDep, report_id: Id) -> ReportView:
    """上一级确认管理员登记 / the level above takes note of an administrator."""
    return administrators.acknowledge(act, report_id)


@router.get("/appointments/{appointment_id}/handover")
def show_handover(act: ActDep, appointment_id: Id) -> Handover:
    """任职交接 / what the holder leaves open, and who holds the office beside him."""
    return administrators.handover(act, appointment_id)
