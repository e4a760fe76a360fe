"""REST routes of the reconciliation: its runs, and what each of them found."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from connector.http import ActDep
from connector.reconciliation import service
from connector.reconciliation.views import RunReport, RunView
from connector.register.offices import check_holds
from connector.register.readers import RECONCILIATIONS

router = APIRouter(tags=["reconciliation"])


@router.get("/reconciliations")
def runs(act: ActDep, count: Annotated[int, Query(ge=1, le=200)] = 50) -> list[RunView]:
    """对账记录 / runs of the comparison with Keycloak, the newest first (JC 9, 11)."""
    check_holds(act, *RECONCILIATIONS, doing="查看对账记录 / the reconciliations")
    return service.show_runs(act, limit=count)


@router.get("/reconciliations/{run_id}")
def run(act: ActDep, run_id: Annotated[str, Path(max_length=36)]) -> RunReport:
    """一次对账及其差异 / one run with its differences and what became of them."""
    check_holds(act, *RECONCILIATIONS, doing="查看对账记录 / the reconciliations")
    return service.show_run(act, run_id)
