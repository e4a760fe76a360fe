"""告警 and 违规处理: the one list of alarms with its acknowledgement, and the register of sanctions."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from connector.auth.act import Act
from connector.errors import FieldProblem, RefusedInputError, Text
from connector.incidents import alarms, case_schemas, cases, sanctions
from connector.incidents.sanctions import SanctionForm
from connector.pages import entries
from connector.pages.access import FormDep, PageActDep
from connector.pages.event_words import event_name
from connector.pages.frame import render, see_other
from connector.pages.language import language_of, mark, translator
from connector.pages.step_up import ask_step_up, handles, kept_entries
from connector.pages.wording import Words
from connector.register import accounts
from connector.regulations.incidents import Severity

router = APIRouter(prefix="/pages/alarms", tags=["pages"], include_in_schema=False)
sanction_router = APIRouter(prefix="/pages/sanctions", tags=["pages"], include_in_schema=False)

SEVERITY_NAMES = {
    Severity.CRITICAL: Text("特别严重", "critical"),
    Severity.HIGH: Text("严重", "high"),
    Severity.MEDIUM: Text("一般", "medium"),
    Severity.LOW: Text("提示", "low"),
}
SEVERITY_TAGS = {"critical": "bad", "high": "bad", "medium": "warn", "low": "info"}
MEASURES = {"suspend": Text("暂停", "suspended"), "disable": Text("禁用", "disabled")}
SANCTION_STATES = {
    "pending": Text("审批中", "being decided"),
    "refused": Text("未批准", "not approved"),
    "in_force": Text("执行中", "in force"),
    "term_over": Text("期满，待批准恢复", "term over, waits for approval"),
    "lifted": Text("已恢复", "lifted"),
}
SANCTION_TAGS = {"pending": "info", "in_force": "bad", "term_over": "warn", "lifted": "ok"}
UNFINISHED = mark("未完成验证，没有办理。")
NO_ACCOUNT = FieldProblem("user_name", "没有此账号", "There is no such account", "LC 7(3)")
NO_IMPACT = FieldProblem("impact", "请选择影响程度", "Choose the impact", "LC 7(3)")


@router.get("")
def list_alarms(request: Request, act: PageActDep, closed: bool = False) -> HTMLResponse:
    """The alarms, the worst first."""
    found = [case_schemas.show_alarm(one) for one in alarms.list_alarms(act, open_only=not closed)]
    return render(
        request, "alarms.html", title=_t(request, mark("告警")), found=found, closed=closed,
        severities=SEVERITY_NAMES, tags=SEVERITY_TAGS, event_name=event_name,
    )  # fmt: skip


@router.get("/{alarm_id}")
def read(request: Request, act: PageActDep, alarm_id: str) -> HTMLResponse:
    """One alarm with the newest entries it counts, and the box to acknowledge it."""
    kept = kept_entries(request, act, purpose="alarm-ack", back=f"/pages/alarms/{alarm_id}") or {}
    return _alarm(request, act, alarm_id, kept.get("note", ""), [])


@router.post("/{alarm_id}")
def acknowledge(request: Request, act: PageActDep, form: FormDep, alarm_id: str) -> Response:
    """Keeps the note, bound to the count that was shown, and asks for the second factor."""
    sent = {"note": entries.text(form, "note"), "seen": entries.text(form, "seen"), "id": alarm_id}
    if problems := _text_problems("note", sent["note"]):
        return _alarm(request, act, alarm_id, sent["note"], problems)
    return ask_step_up(request, act, purpose="alarm-ack", payload=sent, back=f"/pages/alarms/{alarm_id}")


@handles("alarm-ack", unfinished=UNFINISHED)
def carry_out(request: Request, act: Act, payload: Mapping[str, Any]) -> Response:
    """Acknowledges the alarm as it was shown."""
    seen = int(payload["seen"]) if str(payload["seen"]).isdigit() else -1
    alarms.acknowledge(act, payload["id"], note=payload["note"], seen=seen)
    return see_other(request, "/pages/alarms", banner=_t(request, mark("告警已确认")))


@sanction_router.get("")
def list_sanctions(request: Request, act: PageActDep) -> HTMLResponse:
    """The register of sanctions that the person may read."""
    found = [case_schemas.show_sanction(one) for one in sanctions.list_sanctions(act)]
    return render(
        request, "sanctions.html", title=_t(request, mark("违规处理")), found=found, measures=MEASURES,
        states=SANCTION_STATES, tags=SANCTION_TAGS, impacts=_impacts(act),
    )  # fmt: skip


@sanction_router.get("/new")
def begin(request: Request, act: PageActDep, account: str = "") -> HTMLResponse:
    """The form: whom, what he did, how bad it was; the term follows from that."""
    kept = kept_entries(request, act, purpose="sanction", back="/pages/sanctions/new") or {}
    return _new(request, act, {"user_name": account, **kept}, [])


@sanction_router.post("/new")
def propose(request: Request, act: PageActDep, form: FormDep) -> Response:
    """Keeps the proposal and asks for the second factor."""
    sent = {name: entries.text(form, name) for name in ("user_name", "impact", "violation")}
    problems = [NO_ACCOUNT] if accounts.find_by_user_name(act, sent["user_name"]) is None else []
    problems += [NO_IMPACT] if sent["impact"] not in _impacts(act) else []
    problems += _text_problems("violation", sent["violation"])
    if problems:
        return _new(request, act, sent, problems)
    return ask_step_up(request, act, purpose="sanction", payload=sent, back="/pages/sanctions/new")


@handles("sanction", unfinished=UNFINISHED)
def carry_out_proposal(request: Request, act: Act, payload: Mapping[str, Any]) -> Response:
    """Submits the request that decides the sanction."""
    row = sanctions.propose(act, SanctionForm(**payload))
    return see_other(request, f"/pages/requests/{row.request_id}", banner=_t(request, mark("已提请审批")))


def _alarm(request: Request, act: Act, alarm_id: str, note: str, problems: list[FieldProblem]) -> HTMLResponse:
    seen = alarms.get_alarm(act, alarm_id)
    said = entries.said(Words(language_of(request)), problems)
    return render(
        request, "alarm.html", title=Words(language_of(request)).pick(event_name(seen.row.event)),
        status=422 if problems else 200, shown=case_schemas.show_alarm(seen), entries=alarms.entries_of(act, seen.row),
        note=note, problems=said, wrong=dict(said), severities=SEVERITY_NAMES, tags=SEVERITY_TAGS,
    )  # fmt: skip


def _new(request: Request, act: Act, sent: Mapping[str, str], problems: list[FieldProblem]) -> HTMLResponse:
    words = Words(language_of(request))
    said = entries.said(words, problems)
    return render(
        request, "sanction_new.html", title=_t(request, mark("提请违规处理")), status=422 if problems else 200,
        sent=sent, problems=said, wrong=dict(said), impacts=_impacts(act), measures=MEASURES,
        parts=act.rulebook.incidents.sanctions(),
    )  # fmt: skip


def _impacts(act: Act) -> dict[str, Text]:
    return {part.impact: Text(part.title, part.title_en) for part in act.rulebook.incidents.sanctions()}


def _text_problems(name: str, text: str) -> list[FieldProblem]:
    try:
        cases.check_text(name, text)
    except RefusedInputError as refused:
        return list(refused.fields)
    return []


def _t(request: Request, chinese: str, **values: Any) -> str:
    return translator(language_of(request))(chinese, **values)
