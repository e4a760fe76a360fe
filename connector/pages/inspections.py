"""抽查与整改: what was drawn, the inspectors' answers, and what must be put right (JC 9, GS 17)."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from connector.auth.act import Act
from connector.errors import FieldProblem, RefusedInputError, Text
from connector.pages import entries
from connector.pages.access import FormDep, PageActDep
from connector.pages.frame import render, see_other
from connector.pages.language import language_of, mark, translator
from connector.pages.step_up import ask_step_up, handles
from connector.pages.wording import Words
from connector.reviews import corrections, findings, inspection_views
from connector.reviews.findings import FINDING, ItemAnswer

router = APIRouter(prefix="/pages/inspections", tags=["pages"], include_in_schema=False)
fixes = APIRouter(prefix="/pages/corrections", tags=["pages"], include_in_schema=False)

PURPOSE = "inspection-answer"
STATES = {
    "committed": Text("待抽取", "Not drawn yet"),
    "drawn": Text("检查中", "Under inspection"),
    "reported": Text("已报告", "Reported"),
}
RESULTS = {
    "": Text("未检查", "Not looked at"),
    "in_order": Text("正常", "In order"),
    "finding": Text("有问题", "Finding"),
}
CORRECTION_STATES = {
    "open": Text("待整改", "To be put right"),
    "done": Text("待复查", "To be checked"),
    "checked": Text("已复查", "Checked"),
}


@router.get("")
def list_inspections(request: Request, act: PageActDep) -> HTMLResponse:
    """The inspections, the newest first."""
    found = inspection_views.list_inspections(act)
    return render(request, "inspections.html", title=_t(request, mark("账号抽查")), found=found, states=STATES)


@router.get("/{number}")
def read(request: Request, act: PageActDep, number: str, key: str = "") -> HTMLResponse:
    """What was drawn, the seed it was drawn by, and the form to answer for one of them."""
    return _page(request, act, number, {"key": key}, [])


@router.post("/{number}")
def answer(request: Request, act: PageActDep, form: FormDep, number: str) -> Response:
    """Keeps the answer for one thing drawn and asks for the second factor."""
    sent = {name: entries.text(form, name) for name in ("key", "result", "finding")}
    problems = []
    if sent["result"] not in ("in_order", FINDING):
        problems.append(FieldProblem("result", "请选择检查结果", "Choose the result", "GS 17"))
    if sent["result"] == FINDING and len(sent["finding"]) < 2:
        problems.append(FieldProblem("finding", "请写明发现的问题", "Say what was found", "GS 17"))
    if problems:
        return _page(request, act, number, sent, problems)
    back = f"/pages/inspections/{number}?key={sent['key']}"
    return ask_step_up(request, act, purpose=PURPOSE, payload={"number": number, **sent}, back=back)


@handles(PURPOSE)
def carry_out(request: Request, act: Act, payload: Mapping[str, Any]) -> Response:
    """Answers as it was sent."""
    given = {name: payload[name] for name in ("key", "result", "finding")}
    findings.answer_item(act, payload["number"], ItemAnswer(**given))
    return see_other(request, f"/pages/inspections/{payload['number']}", banner=_t(request, mark("已登记检查结果")))


@fixes.get("")
def list_corrections(request: Request, act: PageActDep, shown: str = "open") -> HTMLResponse:
    """What must be put right, the earliest day first."""
    return _corrections(request, act, shown, [])


@fixes.post("/{correction_id}")
def do_correction(request: Request, act: PageActDep, form: FormDep, correction_id: str) -> Response:
    """The person responsible says what he has done."""
    try:
        with act.session.begin_nested():
            corrections.do_correction(act, correction_id, entries.text(form, "note"))
    except RefusedInputError as wrong:
        return _corrections(request, act, "open", wrong.fields)
    return see_other(request, "/pages/corrections", banner=_t(request, mark("已登记整改")))


def _corrections(request: Request, act: Act, shown: str, problems: list[FieldProblem]) -> HTMLResponse:
    words = Words(language_of(request))
    return render(
        request, "corrections.html", title=_t(request, mark("整改事项")), status=422 if problems else 200,
        found=inspection_views.list_corrections(act, every=shown == "all"), states=CORRECTION_STATES, shown=shown,
        may_do=inspection_views.own_corrections(act), problems=entries.said(words, problems),
    )  # fmt: skip


def _page(
    request: Request, act: Act, number: str, sent: Mapping[str, str], problems: list[FieldProblem]
) -> HTMLResponse:
    words = Words(language_of(request))
    return render(
        request, "inspection.html", title=_t(request, mark("账号抽查 {number}"), number=number),
        status=422 if problems else 200, shown=inspection_views.show_inspection(act, number), sent=sent,
        states=STATES, results=RESULTS, problems=entries.said(words, problems),
    )  # fmt: skip


def _t(request: Request, chinese: str, **values: Any) -> str:
    return translator(language_of(request))(chinese, **values)
