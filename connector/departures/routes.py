"""REST routes of the departures: leavers, movers, hints, what they leave behind, and the plans the breaker held."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from connector.departures import service
from connector.departures.cases import CaseView
from connector.departures.handover import Handover
from connector.departures.hints import HintView
from connector.departures.mover_cases import MoverView
from connector.departures.rotation import RotationView
from connector.departures.scope import units_in_reach
from connector.departures.shared_secrets import SecretView
from connector.departures.views import PlanView, show_plan
from connector.http import ActDep
from connector.register.offices import check_holds
from connector.register.readers import DEPARTURES, ROTATIONS

Every = Annotated[bool, Query(alias="all", description="closed ones too")]
ItemId = Annotated[str, Path(pattern="^[0-9a-f-]{36}$")]

router = APIRouter(tags=["departures"])


class DoneForm(BaseModel):
    """How one thing that a leaver knew was changed; never the new secret."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    note: str = Field(min_length=2, max_length=500)


@router.get("/departures/cases")
def cases(act: ActDep, overdue: Annotated[bool, Query(description="only past the limit")] = False) -> list[CaseView]:
    """离岗个案 / leavers whose written form is still awaited (LC 7(2))."""
    within = units_in_reach(act, doing="查看离岗个案 / the departure cases")
    return service.list_cases(act, overdue_only=overdue, within=within)


@router.get("/departures/plans/{plan_hash}")
def plan(act: ActDep, plan_hash: Annotated[str, Path(pattern="^[0-9a-f]{8,64}$")]) -> PlanView:
    """离岗方案 / one plan with its accounts, as it is released or not."""
    check_holds(act, *DEPARTURES, doing="查看离岗方案 / the departure plan")
    return show_plan(act, plan_hash)


@router.get("/departures/movers")
def movers(act: ActDep, every: Every = False) -> list[MoverView]:
    """调岗个案 / people who moved, with permissions listed for withdrawal (JC 6, 13)."""
    within = units_in_reach(act, doing="查看调岗个案 / the mover cases")
    return service.list_movers(act, open_only=not every, within=within)


@router.get("/departures/hints")
def hints(act: ActDep, every: Every = False) -> list[HintView]:
    """人事目录提示 / people who joined or came back, units not known (JC 13; LC 7(2))."""
    within = units_in_reach(act, doing="查看人事目录提示 / the hints of the directory")
    return service.list_hints(act, open_only=not every, within=within)


@router.get("/departures/handovers")
def handovers(act: ActDep) -> list[Handover]:
    """待交接事项 / offices and requests that leavers leave open (JC 22)."""
    check_holds(act, *DEPARTURES, doing="查看待交接事项 / what leavers leave open")
    return service.list_handovers(act)


@router.get("/departures/secrets")
def shared_secrets(act: ActDep) -> list[SecretView]:
    """共用口令和密钥台账 / shared secrets and who knows them, without the secrets (JC 22)."""
    check_holds(act, *ROTATIONS, doing="查看共用口令和密钥台账 / the register of shared secrets")
    return service.list_secrets(act)


@router.get("/departures/rotations")
def rotations(act: ActDep, every: Every = False) -> list[RotationView]:
    """口令更改个案 / what leaving administrators knew, changed item by item (JC 22)."""
    check_holds(act, *ROTATIONS, doing="查看口令更改个案 / the rotation cases")
    return service.list_rotations(act, open_only=not every)


@router.post("/departures/rotations/items/{item_id}/done", status_code=204)
def item_done(act: ActDep, item_id: ItemId, form: DoneForm) -> None:
    """登记已更改 / note that one thing was changed, by another administrator (JC 22)."""
    service.do_item(act, item_id, form.note)
