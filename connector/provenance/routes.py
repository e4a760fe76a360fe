"""REST routes of the provenance gate: findings are listed, shown, closed, and what was held is carried out."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from connector.http import ActDep
from connector.provenance import service
from connector.provenance.schemas import FindingShown, Order, Settling, show_finding

router = APIRouter(tags=["provenance"])
FindingId = Annotated[str, Path(max_length=36)]


@router.get("/provenance/findings")
def list_findings(
    act: ActDep,
    open: Annotated[bool, Query(description="仅未关闭 / only open ones")] = False,
    count: Annotated[int, Query(ge=1, le=1000)] = 200,
    after: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> list[FindingShown]:
    """来源核查发现 / changes in Keycloak that no approved request explains, the newest first (JC 9, GS 13)."""
    return [show_finding(view) for view in service.list_findings(act, open_only=open, count=count, after=after)]


@router.get("/provenance/findings/{finding_id}")
def show(act: ActDep, finding_id: FindingId) -> FindingShown:
    """一项来源核查发现 / one finding."""
    return show_finding(service.get_finding(act, finding_id))


@router.post("/provenance/findings/{finding_id}/close")
def close(act: ActDep, finding_id: FindingId, form: Settling) -> FindingShown:
    """关闭一项发现 / settle a finding with a reason, or by the request that explains it afterwards."""
    return show_finding(service.close_finding(act, finding_id, reason=form.reason, request_number=form.request))


@router.post("/provenance/findings/{finding_id}/carry-out")
def carry_out(act: ActDep, finding_id: FindingId, form: Order) -> FindingShown:
    """执行暂缓的处置 / do what the guard held back because too many accounts would have been frozen in an hour."""
    return show_finding(service.carry_out_held(act, finding_id, reason=form.reason))
