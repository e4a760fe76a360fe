"""REST routes of the three-way check: its result, the worklist, subsystems' lists, and the way out of a difference."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Path, Query, UploadFile
from pydantic import AwareDatetime

from connector.http import ActDep
from connector.reconciliation import three_way_exports, three_way_settle, three_way_views
from connector.reconciliation.three_way_rules import Gap
from connector.reconciliation.three_way_views import CheckView, ExportView, GapView
from connector.requests import show
from connector.requests.schemas import RequestShown

router = APIRouter(tags=["matrix"])


@router.get("/matrix-checks/latest")
def latest_check(act: ActDep) -> CheckView | None:
    """最近一次对照表核查 / the newest three-way check, counts by kind and by unit; null before the first (JC 11)."""
    return three_way_views.newest_check(act)


@router.get("/matrix-differences")
def differences(
    act: ActDep,
    unit: Annotated[str, Query(max_length=32)] = "",
    kind: Gap | None = None,
    open_only: bool = True,
    first: Annotated[int, Query(ge=0, le=10**9)] = 0,
    count: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[GapView]:
    """对照表差异清单 / the worklist; a unit head sees that of his units."""
    return three_way_views.list_gaps(act, unit_code=unit, kind=kind, open_only=open_only, first=first, count=count)


@router.post("/matrix-differences/{difference_id}/withdraw", status_code=201)
def withdraw(act: ActDep, difference_id: Annotated[str, Path(max_length=36)]) -> RequestShown:
    """申请收回差异所列权限 / apply to have withdrawn what the line names; people decide it as any request."""
    return show.show_request(act, three_way_settle.ask_withdrawal(act, difference_id).id)


@router.get("/subsystem-exports")
def exports(act: ActDep) -> list[ExportView]:
    """各子系统最近的用户清单 / the newest list of users of each subsystem."""
    return three_way_views.list_exports(act)


@router.post("/subsystem-exports/{subsystem}", status_code=201)
def upload_export(
    act: ActDep,
    subsystem: Annotated[str, Path(max_length=32)],
    file: Annotated[UploadFile, File(description="CSV in UTF-8: user_name,role")],
    taken_at: Annotated[AwareDatetime | None, Form()] = None,
) -> ExportView:
    """上传子系统用户清单 / a subsystem's list of who holds which role there; it changes no account."""
    three_way_exports.receive_export(act, subsystem, file.file.read(), taken_at=taken_at)
    return next(view for view in three_way_views.list_exports(act) if view.subsystem == subsystem)
