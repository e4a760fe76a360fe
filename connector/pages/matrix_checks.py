"""对照表差异和例外: the worklist of the three-way check, the overrides, and the lists that subsystems sent."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from connector.errors import FieldProblem, RefusedInputError
from connector.pages.access import FormDep, PageActDep
from connector.pages.frame import render, see_other
from connector.pages.language import language_of, mark, translator
from connector.pages.paging import ON_A_PAGE, paging
from connector.reconciliation import three_way_exports, three_way_settle, three_way_views
from connector.reconciliation.three_way_rules import GAP_NAMES, Gap
from connector.register import offices
from connector.requests import overrides

router = APIRouter(prefix="/pages/matrix-checks", tags=["pages"], include_in_schema=False)
MOST_OVERRIDES = 500


@router.get("")
def show(request: Request, act: PageActDep, unit: str = "", kind: str = "", page: int = 1) -> HTMLResponse:
    """The worklist with its counts, the overrides below it; a unit head sees those of his units."""
    chosen = Gap(kind) if kind in set(Gap) else None
    place = paging(page, three_way_views.count_gaps(act, unit_code=unit, kind=chosen))
    lines = three_way_views.list_gaps(act, unit_code=unit, kind=chosen, first=place.first, count=ON_A_PAGE)
    return render(
        request, "matrix_checks.html", title=_t(request, mark("对照表差异和例外")), lines=lines, place=place,
        paged=place if place.pages > 1 else None, unit=unit, kind=kind,
        kinds={gap.value: GAP_NAMES[gap] for gap in Gap},
        check=three_way_views.newest_check(act), exports=three_way_views.list_exports(act),
        overrides=overrides.list_overrides(act, unit_code=unit, count=MOST_OVERRIDES),
        may_send=bool(offices.units_where(act, three_way_exports.EXPORTERS)),
    )  # fmt: skip


@router.post("/exports")
def receive(request: Request, act: PageActDep, form: FormDep) -> Response:
    """Takes the list of a subsystem."""
    _, content = form.files.get("file", ("", b""))
    if not content:
        problem = FieldProblem("file", "请选择文件", "choose a file", three_way_exports.CLAUSE)
        raise RefusedInputError([problem], clause=three_way_exports.CLAUSE)
    row = three_way_exports.receive_export(act, form.one("subsystem"), content)
    banner = _t(request, mark("已接收{count}行，下次核对时比对"), count=row.rows)
    return see_other(request, "/pages/matrix-checks", banner=banner)


@router.post("/{gap_id}/withdraw")
def withdraw(request: Request, act: PageActDep, gap_id: str) -> Response:
    """Applies for the withdrawal of what the line names, in the visitor's own name."""
    row = three_way_settle.ask_withdrawal(act, gap_id)
    return see_other(request, f"/pages/requests/{row.number}", banner=_t(request, mark("收回申请已提交")))


def _t(request: Request, chinese: str, **values: Any) -> str:
    return translator(language_of(request))(chinese, **values)
