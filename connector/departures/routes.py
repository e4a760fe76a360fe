"""REST routes of the departures: open cases, and the plans that the breaker held."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from connector.departures import service
from connector.departures.cases import CaseView
from connector.departures.views import PlanView, show_plan
from connector.http import ActDep
from connector.register.offices import check_holds
from connector.regulations.vocabulary import Office

READERS = (
    Office.PRINCIPAL,
    Office.LEADER_IN_CHARGE,
    Office.SYSTEM_DEPARTMENT_HEAD,
    Office.OPERATOR,
    Office.SECURITY_ADMINISTRATOR,
    Office.AUDITOR,
)

router = APIRouter(tags=["departures"])


@router.get("/departures/cases")
def cases(act: ActDep, overdue: Annotated[bool, Query(description="only past the limit")] = False) -> list[CaseView]:
    """离岗个案 / leavers whose written form is still awaited (LC 7(2))."""
    check_holds(act, *READERS, doing="查看离岗个案 / the departure cases")
    return service.list_cases(act, overdue_only=overdue)


@router.get("/departures/plans/{plan_hash}")
def plan(act: ActDep, plan_hash: Annotated[str, Path(pattern="^[0-9a-f]{8,64}$")]) -> PlanView:
    """离岗方案 / one plan with its accounts, as it is released or not."""
    check_holds(act, *READERS, doing="查看离岗方案 / the departure plan")
    return show_plan(act, plan_hash)
