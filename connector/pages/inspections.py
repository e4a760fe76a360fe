"""抽查与整改: what was drawn, the inspectors' answers, and what must be put right (JC 9, GS 17)."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from connector.auth.act import Act
from connector.errors import FieldProblem, NotFoundError, RefusedInputError, Text
from connector.pages import entries
from connector.pages.access import FormDep, PageActDep
from connector.pages.frame import render, see_other
from connector.pages.language import language_of, mark, translator
from connector.pages.step_up import ask_step_up, handles
from connector.pages.wording import Words
from connector.register import offices, units
from connector.reviews import corrections, findings, inspection_views, inspections
from connector.reviews.findings import FINDING, ItemAnswer

router = APIRouter(prefix="/pages/inspections", tags=["pages"], include_in_schema=False)
fixes = APIRouter(prefix="/pages/corrections", tags=["pages"], include_in_schema=False)

PURPOSE, CHECK = "inspection-answer", "correction-check"
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
    """The inspections, the newest first, and the form to open one for who may."""
    return _list(request, act, {}, [])


@router.post("")
def open_one(request: Request, act: PageActDep, form: FormDep) -> Response:
    """Fixes what is drawn from; nobody can choose what will be drawn."""
    sent = {name: entries.text(form, name) for name in ("unit_code", "inspectors")}
    try:
        with act.session.begin_nested():
            number = inspections.open_inspection(act, sent["unit_code"], tuple(sent["inspectors"].split())).number
    except RefusedInputError as wrong:
        return _list(request, act, sent, wrong.fields)
    except NotFoundError:  # A user name that is nobody's: the units are chosen from a list.
        problem = FieldProblem("inspectors", "没有此用户名", "There is no such user name", "GS 17")
        return _list(request, act, sent, [problem])
    return see_other(request, f"/pages/inspections/{number}", banner=_t(request, mark("已发起抽查 {n}"), n=number))


@router.post("/{number}/draw")
def draw(request: Request, act: PageActDep, _form: FormDep, number: str) -> Response:
    """Draws as soon as the record's checkpoint gives the seed."""
    inspections.draw_inspection(act, number)
    return see_other(request, f"/pages/inspections/{number}", banner=_t(request, mark("已抽取")))


@router.post("/{number}/report")
def report(request: Request, act: PageActDep, form: FormDep, number: str) -> Response:
    """Ends the inspection with its conclusion."""
    sent = {"conclusion": entries.text(form, "conclusion")}
    try:
        with act.session.begin_nested():
            findings.report_inspection(act, number, conclusion=sent["conclusion"])
    except RefusedInputError as wrong:
        return _page(request, act, number, sent, wrong.fields)
    return see_other(request, f"/pages/inspections/{number}", banner=_t(request, mark("抽查报告已出具")))


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


@fixes.post("/{correction_id}/check")
def check(request: Request, act: PageActDep, form: FormDep, correction_id: str) -> Response:
    """Keeps whether it is put right, and asks for the second factor."""
    sent = {name: entries.text(form, name) for name in ("accepted", "note")}
    problems = []
    if sent["accepted"] not in ("yes", "no"):
        problems.append(FieldProblem("accepted", "请选择复查结果", "Choose whether it is put right", "GS 17"))
    if sent["accepted"] == "no" and len(sent["note"]) < 2:
        problems.append(FieldProblem("note", "请写明不合格的原因", "Say why it is not", "GS 17"))
    if problems:
        return _corrections(request, act, "open", problems)
    payload = {"correction_id": correction_id, **sent}
    return ask_step_up(request, act, purpose=CHECK, payload=payload, back="/pages/corrections")


@handles(CHECK)
def carry_out_check(request: Request, act: Act, payload: Mapping[str, Any]) -> Response:
    """Checks as it was sent."""
    accepted = payload["accepted"] == "yes"
    corrections.check_correction(act, payload["correction_id"], accepted=accepted, note=payload["note"])
    return see_other(request, "/pages/corrections", banner=_t(request, mark("已登记复查结果")))


def _list(request: Request, act: Act, sent: Mapping[str, str], problems: list[FieldProblem]) -> HTMLResponse:
    words = Words(language_of(request))
    may_open = bool(offices.units_where(act, inspections.INSPECTORS))
    return render(
        request, "inspections.html", title=_t(request, mark("账号抽查")), status=422 if problems else 200,
        found=inspection_views.list_inspections(act), states=STATES, sent=sent, may_open=may_open,
        units=[(unit.code, unit.name) for unit in units.list_units(act)] if may_open else (),
        problems=entries.said(words, problems),
    )  # fmt: skip


def _corrections(request: Request, act: Act, shown: str, problems: list[FieldProblem]) -> HTMLResponse:
    words = Words(language_of(request))
    return render(
        request, "corrections.html", title=_t(request, mark("整改事项")), status=422 if problems else 200,
        found=inspection_views.list_corrections(act, every=shown == "all"), states=CORRECTION_STATES, shown=shown,
        may_do=inspection_views.own_corrections(act), problems=entries.said(words, problems),
        may_check=bool(offices.units_where(act, corrections.CHECKERS)),
    )  # fmt: skip


def _page(
    request: Request, act: Act, number: str, sent: Mapping[str, str], problems: list[FieldProblem]
) -> HTMLResponse:
    words = Words(language_of(request))
    return render(
        request, "inspection.html", title=_t(request, mark("账号抽查 {number}"), number=number),
        status=422 if problems else 200, shown=inspection_views.show_inspection(act, number), sent=sent,
        states=STATES, results=RESULTS, problems=entries.said(words, problems),
        may_lead=bool(offices.units_where(act, inspections.INSPECTORS)),
    )  # fmt: skip


def _t(request: Request, chinese: str, **values: Any) -> str:
    return translator(language_of(request))(chinese, **values)
