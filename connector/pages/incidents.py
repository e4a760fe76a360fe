"""安全事件: the cases, one case as guided steps, what the account did, and its report. Decides nothing."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from connector.auth.act import Act
from connector.errors import FieldProblem, NotFoundError, RefusedInputError
from connector.http import TypesetterDep
from connector.incidents import case_schemas, cases, closing, paper, suspicion
from connector.incidents.case_tables import CaseRow
from connector.incidents.cases import CaseForm
from connector.incidents.closing import ReportForm
from connector.incidents.errors import CaseStepError
from connector.pages import entries, incident_steps
from connector.pages.access import FormDep, PageActDep
from connector.pages.event_words import event_name
from connector.pages.frame import render, see_other
from connector.pages.incident_steps import ARTICLES, PLACES, STATE_TAGS, STATES, Step
from connector.pages.language import language_of, mark, translator
from connector.pages.paging import ON_A_PAGE, paging
from connector.pages.step_up import ask_step_up, handles, kept_entries
from connector.pages.visitor import get_desk
from connector.pages.wording import Words
from connector.papers.routes import printed
from connector.register import accounts
from connector.register.offices import OFFICE_ZONE

router = APIRouter(prefix="/pages/incidents", tags=["pages"], include_in_schema=False)

BOXES = (
    "user_name", "since", "reason", "to", "receipt", "question", "answer", "why", "outcome", "note", "cause",
    "consequences", "corrections", "plan_hash", "version", "hash",
)  # fmt: skip
UNFINISHED = mark("未完成验证，没有办理。")
WRONG_MOMENT = FieldProblem("since", "请按“2026-11-20 08:30”的格式填写", "write it as 2026-11-20 08:30", "GS 13")
WORDS: Mapping[str, Any] = {
    "articles": ARTICLES, "states": STATES, "state_tags": STATE_TAGS, "places": PLACES, "event_name": event_name,
}  # fmt: skip


@router.get("")
def list_cases(request: Request, act: PageActDep) -> HTMLResponse:
    """The cases that the person may read."""
    found = [case_schemas.list_case(act, case) for case in cases.list_cases(act)]
    return render(request, "incidents.html", title=_t(request, mark("安全事件")), found=found, **WORDS)


@router.get("/new")
def begin(request: Request, act: PageActDep, account: str = "") -> HTMLResponse:
    """The short form: which account, since when, what happened."""
    kept = kept_entries(request, act, purpose="incident-open", back="/pages/incidents/new") or {}
    return _new(request, {"user_name": account, **kept}, [])


@router.post("/new")
def open_case(request: Request, act: PageActDep, form: FormDep) -> Response:
    """Keeps the report and asks for the second factor; `suspect` only raises the alarm."""
    sent = {name: entries.text(form, name) for name in ("user_name", "since", "reason")}
    problems = _problems_of(act, sent, needs_since=not entries.text(form, "suspect"))
    if problems:
        return _new(request, sent, problems)
    if entries.text(form, "suspect"):
        suspicion.suspect(act, sent["user_name"], reason=sent["reason"])
        return see_other(request, "/pages", banner=_t(request, mark("已报告，安全管理员将收到告警")))
    return ask_step_up(request, act, purpose="incident-open", payload=sent, back="/pages/incidents/new")


@handles("incident-open", unfinished=UNFINISHED)
def carry_out_opening(request: Request, act: Act, payload: Mapping[str, Any]) -> Response:
    """Opens the case and freezes the account."""
    form = CaseForm(user_name=payload["user_name"], since=_moment(payload["since"]), reason=payload["reason"])
    case = cases.open_case(act, form, alone=get_desk(request).settings.freeze_alone)
    return see_other(request, f"/pages/incidents/{case.number}", banner=_t(request, mark("已立案，账号已下令冻结")))


@router.get("/{number}")
def read(request: Request, act: PageActDep, number: str) -> HTMLResponse:
    """One case: how far it is, what is next and who does it."""
    case = cases.get_case(act, number)
    steps = incident_steps.steps_of(act, case)
    return render(
        request, "incident.html", title=_t(request, mark("案件 {number}"), number=case.number),
        shown=case_schemas.show_case(act, case), steps=steps, next=incident_steps.next_step(steps),
        tree=cases.tree_of(case), **WORDS,
    )  # fmt: skip


@router.get("/{number}/trace")
def read_trace(request: Request, act: PageActDep, number: str, page: int = 1) -> HTMLResponse:
    """Everything the account did, where each was found, and the gaps."""
    case = cases.get_case(act, number)
    seen = cases.trace_of(act, case)
    place = paging(page, len(seen.items))
    return render(
        request, "incident_trace.html", title=_t(request, mark("涉案账号的操作")), number=case.number, case=case,
        items=seen.items[place.first : place.first + ON_A_PAGE], total=len(seen.items), gaps=seen.gaps, place=place,
        paged=place if place.pages > 1 else None, created=case_schemas.show_created(act, case), **WORDS,
    )  # fmt: skip


@router.get("/{number}/report")
def read_report(request: Request, act: PageActDep, number: str) -> HTMLResponse:
    """The newest version of the report, to be read, printed and signed (GS 15)."""
    case = cases.get_case(act, number)
    row = closing.newest_report(act, case)
    if row is None:
        raise NotFoundError(kind="分析报告 (report)", name=case.number)
    return render(
        request, "incident_report.html", title=_t(request, mark("安全事件分析报告")), number=case.number,
        report=case_schemas.show_report(act, row), **WORDS,
    )  # fmt: skip


@router.get("/{number}/report.pdf")
def print_report(act: PageActDep, typesetter: TypesetterDep, number: str) -> Response:
    """The newest version of the report on paper (GS 15)."""
    return printed(act, typesetter, "form", paper.report_paper(act, number, event_name))


@router.get("/{number}/step")
def show_step(request: Request, act: PageActDep, number: str) -> Response:
    """The one thing that is next, on a page of its own."""
    case = cases.get_case(act, number)
    kept = kept_entries(request, act, purpose="incident-step", back=f"/pages/incidents/{number}/step") or {}
    return _step(request, act, case, kept, [])


@router.post("/{number}/step")
def take_step(request: Request, act: PageActDep, form: FormDep, number: str) -> Response:
    """Keeps what was sent for the next step and asks for the second factor."""
    case = cases.get_case(act, number)
    sent = {name: entries.text(form, name) for name in BOXES if entries.text(form, name)}
    step = _next(act, case)
    if problems := [FieldProblem(name, "请填写此项", "Fill this in", "GS 13") for name in _empty(step, sent)]:
        return _step(request, act, case, sent, problems)
    back = f"/pages/incidents/{number}/step"
    payload = {**sent, "number": case.number, "step": step.key}
    return ask_step_up(request, act, purpose="incident-step", payload=payload, back=back)


@handles("incident-step", unfinished=UNFINISHED)
def carry_out_step(request: Request, act: Act, payload: Mapping[str, Any]) -> Response:
    """Does the step that was next when it was sent, and no other."""
    case = cases.get_case(act, payload["number"])
    step = _next(act, case)
    if step.key != payload["step"]:
        raise CaseStepError(zh=step.name.zh, en=step.name.en)
    ACTS[step.form](request, act, payload)
    return see_other(request, f"/pages/incidents/{case.number}", banner=_t(request, mark("已办理")))


def _report_up(_request: Request, act: Act, sent: Mapping[str, str]) -> None:
    cases.report_up(act, sent["number"], to=sent["to"], receipt=sent["receipt"])


def _answer(_request: Request, act: Act, sent: Mapping[str, str]) -> None:
    cases.answer(act, sent["number"], question=sent["question"], value=sent["answer"], why=sent["why"])


def _freeze_created(request: Request, act: Act, sent: Mapping[str, str]) -> None:
    alone = get_desk(request).settings.freeze_alone
    cases.freeze_created(act, sent["number"], plan_hash=sent["plan_hash"], alone=alone)


def _tell(_request: Request, act: Act, sent: Mapping[str, str]) -> None:
    outcome = sent["step"].removeprefix("outcome-")
    closing.tell_outcome(act, sent["number"], outcome=outcome, note=sent["note"], receipt=sent["receipt"])


def _write(_request: Request, act: Act, sent: Mapping[str, str]) -> None:
    words = {name: sent[name] for name in ("cause", "consequences", "corrections")}
    closing.write_report(act, sent["number"], ReportForm(**words))


def _sign(_request: Request, act: Act, sent: Mapping[str, str]) -> None:
    closing.sign_report(act, sent["number"], version=int(sent["version"]), shown_hash=sent["hash"])


def _close(_request: Request, act: Act, sent: Mapping[str, str]) -> None:
    closing.close_case(act, sent["number"])


ACTS: Mapping[str, Callable[[Request, Act, Mapping[str, str]], None]] = {
    "report_up": _report_up, "answer": _answer, "created": _freeze_created, "told": _tell, "report": _write,
    "sign": _sign, "close": _close,
}  # fmt: skip
NEEDED: Mapping[str, tuple[str, ...]] = {
    "report_up": ("to", "receipt"), "answer": ("answer", "why"), "told": ("note", "receipt"),
    "report": ("cause", "consequences", "corrections"),
}  # fmt: skip


def _next(act: Act, case: CaseRow) -> Step:
    step = incident_steps.next_step(incident_steps.steps_of(act, case))
    if step is None or not step.form:
        raise CaseStepError(zh=step.name.zh if step else "已结案", en=step.name.en if step else "closed")
    return step


def _empty(step: Step, sent: Mapping[str, str]) -> list[str]:
    return [name for name in NEEDED.get(step.form, ()) if len(sent.get(name, "")) < 2]


def _step(
    request: Request, act: Act, case: CaseRow, sent: Mapping[str, str], problems: list[FieldProblem]
) -> HTMLResponse:
    steps = incident_steps.steps_of(act, case)
    step = incident_steps.next_step(steps) or steps[-1]
    words = Words(language_of(request))
    alone = get_desk(request).settings.freeze_alone
    preview = cases.preview_created(act, case.number, alone=alone) if step.form == "created" else None
    report = closing.newest_report(act, case)
    return render(
        request, "incident_step.html", title=words.pick(step.name), status=422 if problems else 200, step=step,
        place=steps.index(step) + 1, of=len(steps), case=case, sent=sent, problems=entries.said(words, problems),
        wrong={field: words for field, words in entries.said(words, problems)},
        question=cases.tree_of(case).ask(case.question), created=case_schemas.show_created(act, case),
        preview=case_schemas.show_created_preview(preview) if preview else None,
        report=case_schemas.show_report(act, report) if report else None, **WORDS,
    )  # fmt: skip


def _new(request: Request, sent: Mapping[str, str], problems: list[FieldProblem]) -> HTMLResponse:
    words = Words(language_of(request))
    said = entries.said(words, problems)
    return render(
        request, "incident_new.html", title=_t(request, mark("报告账号信息泄露")), status=422 if problems else 200,
        sent=sent, problems=said, wrong=dict(said),
    )  # fmt: skip


def _problems_of(act: Act, sent: Mapping[str, str], *, needs_since: bool) -> list[FieldProblem]:
    problems = []
    if accounts.find_by_user_name(act, sent["user_name"]) is None:
        problems.append(FieldProblem("user_name", "没有此账号", "There is no such account", "GS 13"))
    if needs_since:
        try:
            _moment(sent["since"])
        except ValueError:
            problems.append(WRONG_MOMENT)
    try:
        cases.check_text("reason", sent["reason"])
    except RefusedInputError as refused:
        problems += refused.fields
    return problems


def _moment(typed: str) -> datetime:
    """What was typed as a moment in China; raises ValueError."""
    return datetime.fromisoformat(typed.strip()).replace(tzinfo=OFFICE_ZONE).astimezone(UTC)


def _t(request: Request, chinese: str, **values: Any) -> str:
    return translator(language_of(request))(chinese, **values)
