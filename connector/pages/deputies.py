"""我的代理人: whom one has named, for whom one stands, who is away. The page arranges the proof."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from connector.auth.act import Act
from connector.errors import FieldProblem, RefusedInputError
from connector.pages import entries
from connector.pages.access import FormDep, PageActDep
from connector.pages.days import read_day
from connector.pages.frame import render, see_other
from connector.pages.language import language_of, mark, translator
from connector.pages.step_up import ask_step_up, handles, kept_entries
from connector.pages.wording import Words
from connector.register import absences, deputies
from connector.register.absences import AbsenceForm
from connector.register.deputies import DeputyForm
from connector.register.offices import OFFICE_NAMES
from connector.regulations.vocabulary import Office

router = APIRouter(prefix="/pages/deputies", tags=["pages"], include_in_schema=False)

HERE = "/pages/deputies"
BOXES = ("appointment_id", "deputy", "valid_from", "valid_to", "reason")
LABELS = {
    "appointment_id": FieldProblem("appointment_id", "请选择任职", "Choose an office", "HH 3"),
    "deputy": FieldProblem("deputy", "请填写代理人账号", "Give the deputy's user name", "HH 3"),
    "valid_from": FieldProblem("valid_from", "请填写起始日期", "Give the first day", "HH 3"),
    "valid_to": FieldProblem("valid_to", "请填写截止日期", "Give the last day", "HH 3"),
    "reason": FieldProblem("reason", "请填写原因", "Give a reason", "HH 3"),
    "first_day": FieldProblem("first_day", "请填写开始日期", "Give the first day", "HH 3"),
    "last_day": FieldProblem("last_day", "请填写结束日期", "Give the last day", "HH 3"),
}


@router.get("")
def show_deputies(request: Request, act: PageActDep) -> Response:
    """The deputies there are, and the form to name one."""
    kept = kept_entries(request, act, purpose="deputy", back=HERE) or {}
    return _page(request, act, kept, [])


@router.post("")
def name(request: Request, act: PageActDep, form: FormDep) -> Response:
    """Keeps what was filled in, and asks for the second factor."""
    sent = {box: entries.text(form, box) for box in BOXES}
    problems = _days(sent, ("valid_from", "valid_to"))
    problems += [LABELS[box] for box in BOXES if not sent[box] and box not in {p.field for p in problems}]
    if problems:
        return _page(request, act, sent, problems)
    return ask_step_up(request, act, purpose="deputy", payload=sent, back=HERE)


@handles("deputy", unfinished=mark("未完成验证，代理人未指定。"))
def carry_out(request: Request, act: Act, payload: Mapping[str, Any]) -> Response:
    """Names the deputy, once the second factor is proved."""
    try:
        with act.session.begin_nested():
            deputies.name_deputy(act, DeputyForm.model_validate(dict(payload)))
    except RefusedInputError as refused:
        return _page(request, act, payload, refused.fields)
    except ValidationError:
        return _page(request, act, payload, [LABELS["reason"]])
    return see_other(request, HERE, banner=_t(request, mark("代理人已指定")))


@router.post("/{deputy_id}/end")
def end(request: Request, act: PageActDep, _form: FormDep, deputy_id: str) -> Response:
    """Ends a deputy at once."""
    deputies.end_deputy(act, deputy_id)
    return see_other(request, HERE, banner=_t(request, mark("代理已终止")))


@router.post("/{deputy_id}/confirm")
def confirm(request: Request, act: PageActDep, _form: FormDep, deputy_id: str) -> Response:
    """Asks for the second factor of the one who confirms."""
    return ask_step_up(request, act, purpose="deputy-confirm", payload={"deputy_id": deputy_id}, back=HERE)


@handles("deputy-confirm", unfinished=mark("未完成验证，代理未确认。"))
def carry_out_confirmation(request: Request, act: Act, payload: Mapping[str, Any]) -> Response:
    """Confirms a deputy whom the security administrator named for an absent holder."""
    deputies.confirm_deputy(act, payload["deputy_id"])
    return see_other(request, HERE, banner=_t(request, mark("代理已确认")))


@router.post("/absences")
def note_absence(request: Request, act: PageActDep, form: FormDep) -> Response:
    """Notes that the person himself is away."""
    sent = {box: entries.text(form, box) for box in ("first_day", "last_day", "absence_reason")}
    problems = _days(sent, ("first_day", "last_day"))
    problems += [LABELS[box] for box in ("first_day", "last_day") if not sent[box]]
    if len(sent["absence_reason"]) < 2:
        problems.append(FieldProblem("absence_reason", "请填写外出事由", "Give a reason", "HH 3"))
    if problems:
        return _page(request, act, sent, problems)
    days = {"first_day": sent["first_day"], "last_day": sent["last_day"], "reason": sent["absence_reason"]}
    try:
        absences.note_absence(act, AbsenceForm.model_validate(days))
    except RefusedInputError as refused:
        return _page(request, act, sent, refused.fields)
    return see_other(request, HERE, banner=_t(request, mark("外出已登记")))


@router.post("/absences/{absence_id}/end")
def end_absence(request: Request, act: PageActDep, _form: FormDep, absence_id: str) -> Response:
    """The person is back."""
    absences.end_absence(act, absence_id)
    return see_other(request, HERE, banner=_t(request, mark("外出登记已注销")))


def _page(request: Request, act: Act, sent: Mapping[str, Any], problems: Sequence[FieldProblem]) -> Response:
    words = Words(language_of(request))
    everybody = deputies.may_oversee(act)
    return render(
        request,
        "deputies.html",
        title=_t(request, mark("我的代理人")),
        status=422 if problems else 200,
        found=deputies.list_deputies(act, everybody=everybody),
        own=[
            (row.id, f"{words.pick(OFFICE_NAMES[Office(row.office)])} · {unit.name}")
            for row, unit in deputies.own_appointments(act)
        ],
        away=absences.list_absences(act, str(act.actor.person_id)),
        me=act.actor.person_id,
        everybody=everybody,
        most_days=act.rulebook.number("deputy_days"),
        sent=sent,
        problems=entries.said(words, problems),
    )


def _days(sent: dict[str, str], boxes: tuple[str, ...]) -> list[FieldProblem]:
    """Puts the days into one form; a problem for each that is none."""
    problems: list[FieldProblem] = []
    for box in boxes:
        day = read_day(sent[box], box, problems)
        sent[box] = day.isoformat() if day else sent[box]
    return problems


def _t(request: Request, chinese: str, **values: Any) -> str:
    return translator(language_of(request))(chinese, **values)
