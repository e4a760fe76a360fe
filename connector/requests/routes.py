"""REST routes of the requests."""

from typing import Annotated

from fastapi import APIRouter, Query

from connector.http import ActDep
from connector.requests import service, show
from connector.requests.forms import RequestForm
from connector.requests.schemas import (
    DecisionSent,
    RequestListed,
    RequestShown,
    StageShown,
    TaskListed,
    Withdrawal,
)

router = APIRouter(tags=["requests"])


@router.post("/requests/preview")
def preview(act: ActDep, form: RequestForm) -> list[StageShown]:
    """提交前查看审批流程 / the chain of stages, before submission; stores nothing (LC 6(1), JC 11)."""
    return show.show_chain(service.preview_chain(act, form))


@router.post("/requests", status_code=201)
def submit(act: ActDep, form: RequestForm) -> RequestShown:
    """提交申请 / submit a request."""
    return show.show_request(act, service.submit_request(act, form).id)


@router.get("/requests")
def list_own(
    act: ActDep,
    state: Annotated[list[str] | None, Query()] = None,
    first: Annotated[int, Query(ge=0, le=10**9)] = 0,
    count: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[RequestListed]:
    """我的申请 / requests one made or benefits from, newest first."""
    rows = service.list_requests(act, states=state or (), applicant_id=act.actor.person_id, first=first, count=count)
    return [RequestListed.model_validate(row) for row in rows]


@router.get("/requests/{request_id}")
def read(act: ActDep, request_id: str) -> RequestShown:
    """查看申请 / one request by id or number."""
    return show.show_request(act, request_id)


@router.post("/requests/{request_id}/resubmit")
def resubmit(act: ActDep, request_id: str, form: RequestForm) -> RequestShown:
    """补充后重新提交 / put a corrected version before its first stage."""
    return show.show_request(act, service.resubmit_request(act, request_id, form).id)


@router.post("/requests/{request_id}/withdraw")
def withdraw(act: ActDep, request_id: str, withdrawal: Withdrawal) -> RequestShown:
    """撤回申请 / withdraw one's own request."""
    return show.show_request(act, service.withdraw_request(act, request_id, withdrawal.reason).id)


@router.get("/inbox")
def inbox(act: ActDep) -> list[TaskListed]:
    """待我审批 / stages the signed-in person may decide, due first."""
    return show.show_inbox(act)


@router.post("/stages/{stage_id}/decision")
def decide(act: ActDep, stage_id: str, sent: DecisionSent) -> RequestShown:
    """审批 / decide one stage, bound to the content that was shown."""
    request = service.decide(
        act,
        stage_id=stage_id,
        verdict=sent.verdict,
        reason=sent.reason,
        digest=sent.digest,
        excluded=sent.excluded,
        override=sent.override,
        compared=sent.compared,
    )
    return show.show_request(act, request.id)
