"""对账: the comparisons of the register with Keycloak, and one with its differences. Compares and repairs nothing."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from connector.auth.act import Act
from connector.errors import Text
from connector.pages import errors_told, owners
from connector.pages.access import PageActDep
from connector.pages.frame import render
from connector.pages.language import language_of, mark, translator
from connector.pages.paging import ON_A_PAGE, asked, paging
from connector.provisioning.agreement import Drift
from connector.reconciliation import service as reconciliation
from connector.reconciliation.words import KINDS
from connector.register import readers
from connector.register.offices import check_holds

router = APIRouter(prefix="/pages/findings/comparisons", tags=["pages"], include_in_schema=False)

STATES: Mapping[str, Text] = {
    "found": Text("未提请", "not proposed"),
    "proposed": Text("待审批", "awaits the decision"),
    "repaired": Text("已修复", "repaired"),
    "left": Text("未修复", "not repaired"),
    "spared": Text("审批时除外", "left out by the decider"),
}
STATE_TAGS: Mapping[str, str] = {"proposed": "info", "repaired": "ok", "left": "bad", "spared": "warn", "found": "warn"}
PLANS: Mapping[str, Text] = {
    "none": Text("无须提请修复", "Nothing to repair by a request"),
    "proposed": Text("已提请修复", "The repair was proposed"),
    "waiting": Text("相同的修复方案已在审批中", "The same plan waits for its decision"),
    "refused": Text("相同的修复方案此前未获批准", "The same plan was rejected before"),
    "undecidable": Text("暂无可审批的任职人员，未能提请", "Nobody can decide it: not proposed"),
}


@router.get("")
def list_runs(request: Request, act: PageActDep, page: int = 1) -> HTMLResponse:
    """The comparisons, the newest first."""
    _check_reader(act)
    page = asked(page)
    rows = reconciliation.show_runs(act, limit=ON_A_PAGE + 1, first=(page - 1) * ON_A_PAGE)
    return render(
        request, "comparisons.html", title=_t(request, mark("对账")), runs=rows[:ON_A_PAGE],
        more=len(rows) > ON_A_PAGE, page=page, plans=PLANS,
    )  # fmt: skip


@router.get("/{run_id}")
def read(request: Request, act: PageActDep, run_id: str, page: int = 1) -> HTMLResponse:
    """One comparison with its differences, and what became of each."""
    _check_reader(act)
    report = reconciliation.show_run(act, run_id)
    place = paging(page, len(report.differences))
    shown = report.differences[place.first : place.first + ON_A_PAGE]
    known = owners.by_account(act, [one.account_id for one in shown if one.account_id])
    return render(
        request, "comparison.html", title=_t(request, mark("对账结果")), report=report, run=report.run,
        lines=[(one, known.get(one.account_id or "")) for one in shown], place=place,
        paged=place if place.pages > 1 else None, kinds={kind.value: KINDS[kind] for kind in Drift}, plans=PLANS,
        states=STATES, tags=STATE_TAGS, refused=errors_told.tell(report.run.plan_refused_by),
    )  # fmt: skip


def _check_reader(act: Act) -> None:
    check_holds(act, *readers.RECONCILIATIONS, doing="查看对账结果 / the results of reconciliation")


def _t(request: Request, chinese: str, **values: Any) -> str:
    return translator(language_of(request))(chinese, **values)
