"""REST routes of provisioning: one-time links handed over by the operator, steps that wait for a person."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict

from connector.http import ActDep
from connector.outbox import service as outbox
from connector.provisioning import links
from connector.register import accounts
from connector.register.offices import check_holds
from connector.regulations.vocabulary import Office
from connector.settings import Settings

router = APIRouter(tags=["provisioning"])


class LinkMade(BaseModel):
    """A one-time link, shown only in this answer."""

    link: str
    hours: int


class StepListed(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    kind: str
    state: str
    attempts: int
    last_error: str | None
    account_id: str | None
    request_id: str | None
    enqueued_at: datetime
    finished_at: datetime | None
    payload: dict[str, Any]


def settings_of(request: Request) -> Settings:
    settings: Settings = request.app.state.connector.settings
    return settings


@router.post("/accounts/{user_name}/link", status_code=201)
def make_link(act: ActDep, user_name: str, settings: Annotated[Settings, Depends(settings_of)]) -> LinkMade:
    """发放一次性链接 / for a person without a mail address: the operator hands the link over (JC 23)."""
    check_holds(act, Office.OPERATOR, doing="发放一次性链接 / issue a one-time link")
    account = accounts.get_by_user_name(act, user_name)
    link = links.make_link(act, account, public_url=settings.public_url, life=timedelta(hours=settings.link_hours))
    return LinkMade(link=link, hours=settings.link_hours)


@router.get("/steps")
def list_steps(act: ActDep, state: Annotated[list[str] | None, Query()] = None) -> list[StepListed]:
    """配置步骤 / provisioning steps; `state=dead&state=conflict` are those that wait for a person."""
    check_holds(act, Office.OPERATOR, Office.SYSTEM_DEPARTMENT_HEAD, doing="查看配置步骤 / provisioning steps")
    return [StepListed.model_validate(step) for step in outbox.list_steps(act, states=state or ())]


@router.post("/steps/{step_id}/retry")
def retry_step(act: ActDep, step_id: Annotated[int, Path(ge=1, le=2**63 - 1)]) -> StepListed:
    """重新执行步骤 / put a dead or conflicting step back in line."""
    check_holds(act, Office.OPERATOR, Office.SYSTEM_DEPARTMENT_HEAD, doing="重试步骤 / retry a step")
    return StepListed.model_validate(outbox.retry_step(act, step_id))
