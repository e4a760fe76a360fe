"""临时使用: boxes of privileged use, the record of what was done in each, giving back, and the review."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from connector.auth.act import Act
from connector.errors import FieldProblem, RefusedInputError
from connector.pages import entries
from connector.pages.access import FormDep, PageActDep
from connector.pages.frame import render, see_other
from connector.pages.language import language_of, mark, translator
from connector.pages.paging import ON_A_PAGE, asked
from connector.pages.wording import Words
from connector.privileged import service as privileged
from connector.privileged.ending import ENDERS
from connector.privileged.schemas import BoxShown
from connector.register import offices

router = APIRouter(prefix="/pages/privileged", tags=["pages"], include_in_schema=False)

STATES = {"planned": mark("待开始"), "running": mark("使用中"), "ended": mark("已收回")}
TAGS = {"planned": "info", "running": "warn", "ended": ""}
CAUSES = {
    "over": mark("到期"), "given_back": mark("提前交回"), "withdrawn": mark("被收回"), "frozen": mark("账号停用"),
    "forbidden": mark("封闭期或职责冲突"), "lapsed": mark("逾期未开始"), "": "",
}  # fmt: skip
SHOWN = ("", "planned", "running", "ended", "overdue")


@router.get("")
def list_boxes(request: Request, act: PageActDep, shown: str = "", page: int = 1) -> HTMLResponse:
    """One's own boxes and those one reviews; all of them for those who oversee."""
    page, shown = asked(page), shown if shown in SHOWN else ""
    found = privileged.list_seen(
        act, state=shown if shown in STATES else None, overdue=shown == "overdue", first=(page - 1) * ON_A_PAGE,
        count=ON_A_PAGE + 1,
    )  # fmt: skip
    return render(
        request, "privileged.html", title=_t(request, mark("临时使用系统账号权限")), boxes=found[:ON_A_PAGE],
        more=len(found) > ON_A_PAGE, page=page, shown=shown, states=STATES, tags=TAGS, causes=CAUSES,
    )  # fmt: skip


@router.get("/{number}")
def read(request: Request, act: PageActDep, number: str) -> HTMLResponse:
    """One box: when, what, by whom, and everything that was done in it."""
    return _page(request, act, privileged.show_box(act, number), [])


@router.post("/{number}/return")
def give_back(request: Request, act: PageActDep, number: str) -> Response:
    """Gives the permissions back, or takes them away."""
    privileged.show_box(act, number)
    privileged.give_back(act, number)
    return see_other(request, f"/pages/privileged/{number}", banner=_t(request, mark("权限已收回")))


@router.post("/{number}/review")
def review(request: Request, act: PageActDep, form: FormDep, number: str) -> Response:
    """Signs the record as its reviewer."""
    box = privileged.show_box(act, number)
    verdict = "findings" if entries.text(form, "verdict") == "findings" else "clean"
    try:
        with act.session.begin_nested():
            privileged.sign_record(act, number, verdict, entries.text(form, "note")[:500])  # type: ignore[arg-type]
    except RefusedInputError as wrong:
        return _page(request, act, box, wrong.fields)
    return see_other(request, f"/pages/privileged/{number}", banner=_t(request, mark("已复核签字")))


def _page(request: Request, act: Act, box: BoxShown, problems: list[FieldProblem]) -> HTMLResponse:
    row = privileged.get_box(act, box.number)
    own = act.actor.person_id == row.person_id
    return render(
        request, "privileged_box.html", title=_t(request, mark("临时使用{number}"), number=box.number), box=box,
        status=422 if problems else 200, problems=entries.said(Words(language_of(request)), problems), states=STATES,
        tags=TAGS, causes=CAUSES,
        may_end=box.state != "ended" and (own or bool(offices.units_where(act, ENDERS))),
        may_sign=row.opened_at is not None and box.state == "ended" and not box.reviewed_at and not own
        and act.actor.person_id == row.reviewer_id,
    )  # fmt: skip


def _t(request: Request, chinese: str, **values: Any) -> str:
    return translator(language_of(request))(chinese, **values)
