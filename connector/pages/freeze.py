"""冻结账号: the scope, the list before the act, the order with its second person, and what it has proved.

Who may freeze whom, and what takes two people, is checked by the service; the page shows it and arranges the proof.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from connector.auth.act import Act
from connector.errors import ConnectorError, FieldProblem
from connector.incidents import freezes
from connector.incidents.errors import FreezePlanChangedError
from connector.incidents.schemas import list_order, show_order, show_preview
from connector.incidents.scopes import Scope, ScopeKind
from connector.pages import entries, freeze_choices
from connector.pages.access import FormDep, PageActDep
from connector.pages.frame import render, see_other
from connector.pages.freeze_choices import DIRECTIONS, LEFT_OUT, LINE_STATES, LINE_TAGS, SCOPES, STATE_TAGS, STATES
from connector.pages.language import language_of, mark, translator
from connector.pages.step_up import ask_step_up, handles, kept_entries
from connector.pages.visitor import get_desk
from connector.pages.wording import Words

router = APIRouter(prefix="/pages/freezes", tags=["pages"], include_in_schema=False)

NO_REASON = FieldProblem("reason", "请填写原因", "Give a reason", "GS 13")
TOO_LONG = FieldProblem(
    "reason", f"最多{freezes.MOST_REASON}个字", f"at most {freezes.MOST_REASON} characters", "GS 13"
)
NO_CHOICE = FieldProblem("verdict", "请选择确认或驳回", "Choose to confirm or to refuse")
UNFINISHED = mark("未完成验证，指令未执行。")
CHANGED = mark("名单已变化，未执行，请重新核对名单")
WORDS: Mapping[str, Any] = {
    "scopes": SCOPES, "states": STATES, "state_tags": STATE_TAGS, "directions": DIRECTIONS, "left_out": LEFT_OUT,
    "line_states": LINE_STATES, "line_tags": LINE_TAGS,
}  # fmt: skip


@router.get("")
def list_orders(request: Request, act: PageActDep) -> HTMLResponse:
    """The scopes to freeze by, and the orders that the person may see."""
    found = [list_order(act, order) for order in freezes.list_orders(act)]
    names = freeze_choices.names_of(act, [order.ordered_by for order in found])
    return render(
        request,
        "freezes.html",
        title=_t(request, mark("冻结账号")),
        found=found,
        names=names,
        where=freeze_choices.scope_names(act, found),
        **WORDS,
    )


@router.get("/new")
def begin(request: Request, act: PageActDep, kind: str, value: str = "", q: str = "") -> HTMLResponse:
    """What to freeze by; with a value, the list of whom it would reach."""
    scope_kind = freeze_choices.get_kind(kind)
    if value:
        back = f"/pages/freezes/new?{urlencode({'kind': kind, 'value': value})}"
        kept = kept_entries(request, act, purpose="freeze", back=back) or {}
        return _preview(request, act, Scope(scope_kind, value), kept.get("reason", ""), [])
    return render(
        request,
        "freeze_choose.html",
        title=_title(request, scope_kind),
        kind=scope_kind.value,
        q=q.strip(),
        found=freeze_choices.find_people(act, q.strip()) if scope_kind is ScopeKind.PERSON else [],
        options=freeze_choices.options(act, scope_kind),
        most=freeze_choices.MOST,
    )


@router.post("/new")
def order(request: Request, act: PageActDep, form: FormDep) -> Response:
    """Keeps the order, bound to the list that was shown, and asks for the second factor."""
    sent = {name: entries.text(form, name) for name in ("kind", "value", "plan_hash", "reason")}
    scope = Scope(freeze_choices.get_kind(sent["kind"]), sent["value"])
    if problems := _reason_problems(sent["reason"]):
        return _preview(request, act, scope, sent["reason"], problems)
    back = f"/pages/freezes/new?{urlencode({'kind': sent['kind'], 'value': sent['value']})}"
    return ask_step_up(request, act, purpose="freeze", payload=sent, back=back)


@handles("freeze", unfinished=UNFINISHED)
def carry_out(request: Request, act: Act, payload: Mapping[str, Any]) -> Response:
    """Gives the order for exactly the list that was shown."""
    scope = Scope(ScopeKind(payload["kind"]), payload["value"])
    alone = get_desk(request).settings.freeze_alone
    try:
        given = freezes.order_freeze(act, scope, reason=payload["reason"], plan_hash=payload["plan_hash"], alone=alone)
    except FreezePlanChangedError:
        again = urlencode({"kind": payload["kind"], "value": payload["value"]})
        return see_other(request, f"/pages/freezes/new?{again}", banner=_t(request, CHANGED))
    said = mark("指令已下达，正在执行") if given.started_at else mark("指令已下达，须另一人确认后执行")
    return see_other(request, f"/pages/freezes/{given.number}", banner=_t(request, said))


@router.get("/{number}")
def read(request: Request, act: PageActDep, number: str) -> HTMLResponse:
    """One order, and what is proved of each of its accounts."""
    found = freezes.get_order(act, number)
    undoable: ConnectorError | None = None
    try:
        if found.started_at and found.direction == "freeze":
            freezes.preview_undo(act, number)
    except ConnectorError as error:
        undoable = error
    shown = show_order(act, found)
    return render(
        request, "freeze_order.html", title=_order_title(request, shown.direction, shown.number), shown=shown,
        failed=[line for line in shown.lines if line.state == "failed"], is_own=found.orderer_id == act.actor.person_id,
        can_undo=bool(found.started_at) and found.direction == "freeze" and undoable is None,
        names=freeze_choices.names_of(act, [shown.ordered_by, shown.confirmed_by or ""]),
        where=freeze_choices.scope_names(act, [shown]), **WORDS,
    )  # fmt: skip


@router.get("/{number}/confirm")
def ask_confirmation(request: Request, act: PageActDep, number: str) -> HTMLResponse:
    """The list of a waiting order, as its second person must see it."""
    kept = kept_entries(request, act, purpose="freeze-confirm", back=f"/pages/freezes/{number}/confirm") or {}
    return _confirmation(request, act, number, kept, [])


@router.post("/{number}/confirm")
def confirm(request: Request, act: PageActDep, form: FormDep, number: str) -> Response:
    """Keeps what the second person says, bound to the list he was shown, and asks for his second factor."""
    sent = {name: entries.text(form, name) for name in ("verdict", "plan_hash", "reason")}
    problems = [NO_CHOICE] if sent["verdict"] not in ("confirm", "refuse") else []
    problems += _reason_problems(sent["reason"]) if sent["verdict"] == "refuse" else []
    if problems:
        return _confirmation(request, act, number, sent, problems)
    freezes.get_order(act, number)
    back = f"/pages/freezes/{number}/confirm"
    return ask_step_up(request, act, purpose="freeze-confirm", payload={**sent, "number": number}, back=back)


@handles("freeze-confirm", unfinished=UNFINISHED)
def carry_out_confirmation(request: Request, act: Act, payload: Mapping[str, Any]) -> Response:
    """Starts or closes a waiting order as its second person."""
    number = payload["number"]
    if payload["verdict"] == "refuse":
        freezes.refuse_order(act, number, reason=payload["reason"])
        return see_other(request, f"/pages/freezes/{number}", banner=_t(request, mark("指令已驳回，未执行")))
    try:
        freezes.confirm_order(act, number, plan_hash=payload["plan_hash"])
    except FreezePlanChangedError:
        return see_other(request, f"/pages/freezes/{number}/confirm", banner=_t(request, CHANGED))
    return see_other(request, f"/pages/freezes/{number}", banner=_t(request, mark("指令已确认，正在执行")))


@router.get("/{number}/undo")
def ask_undo(request: Request, act: PageActDep, number: str) -> HTMLResponse:
    """The accounts that this order froze and that are frozen for it still."""
    kept = kept_entries(request, act, purpose="freeze-undo", back=f"/pages/freezes/{number}/undo") or {}
    return _undo(request, act, number, kept.get("reason", ""), [])


@router.post("/{number}/undo")
def undo(request: Request, act: PageActDep, form: FormDep, number: str) -> Response:
    """Keeps the wish to undo an order and asks for the second factor."""
    sent = {name: entries.text(form, name) for name in ("plan_hash", "reason")}
    if problems := _reason_problems(sent["reason"]):
        return _undo(request, act, number, sent["reason"], problems)
    freezes.get_order(act, number)
    back = f"/pages/freezes/{number}/undo"
    return ask_step_up(request, act, purpose="freeze-undo", payload={**sent, "number": number}, back=back)


@handles("freeze-undo", unfinished=UNFINISHED)
def carry_out_undo(request: Request, act: Act, payload: Mapping[str, Any]) -> Response:
    """Asks for the accounts of an order to be put back; a second person confirms it."""
    number = payload["number"]
    try:
        given = freezes.order_undo(act, number, reason=payload["reason"], plan_hash=payload["plan_hash"])
    except FreezePlanChangedError:
        return see_other(request, f"/pages/freezes/{number}/undo", banner=_t(request, CHANGED))
    banner = _t(request, mark("解冻已提出，须另一人确认后执行"))
    return see_other(request, f"/pages/freezes/{given.number}", banner=banner)


def _preview(request: Request, act: Act, scope: Scope, reason: str, problems: list[FieldProblem]) -> HTMLResponse:
    seen = freezes.preview(act, scope, alone=get_desk(request).settings.freeze_alone)
    return _listed(request, seen, _title(request, scope.kind), reason, problems, template="freeze_preview.html")


def _undo(request: Request, act: Act, number: str, reason: str, problems: list[FieldProblem]) -> HTMLResponse:
    freezes.get_order(act, number)
    seen = freezes.preview_undo(act, number)
    title = _t(request, mark("解冻：{number}"), number=number)
    return _listed(request, seen, title, reason, problems, template="freeze_undo.html", number=number)


def _confirmation(
    request: Request, act: Act, number: str, sent: Mapping[str, str], problems: list[FieldProblem]
) -> HTMLResponse:
    found = freezes.get_order(act, number)
    seen = freezes.preview_waiting(act, number)
    title = _t(request, mark("确认指令：{number}"), number=found.number)
    return _listed(
        request, seen, title, sent.get("reason", ""), problems, template="freeze_confirm.html",
        order=list_order(act, found), verdict=sent.get("verdict", ""), number=found.number,
        is_own=found.orderer_id == act.actor.person_id, names=freeze_choices.names_of(act, [found.ordered_by]),
    )  # fmt: skip


def _listed(
    request: Request, seen: freezes.Preview, title: str, reason: str, problems: list[FieldProblem], *, template: str,
    **values: Any,
) -> HTMLResponse:  # fmt: skip
    words = Words(language_of(request))
    return render(
        request, template, title=title, status=422 if problems else 200, seen=show_preview(seen), reason=reason,
        problems=entries.said(words, problems), **WORDS, **values,
    )  # fmt: skip


def _reason_problems(reason: str) -> list[FieldProblem]:
    if not reason:
        return [NO_REASON]
    return [TOO_LONG] if len(reason) > freezes.MOST_REASON else []


def _title(request: Request, kind: ScopeKind) -> str:
    return _t(request, mark("冻结账号：{by}"), by=Words(language_of(request)).pick(SCOPES[kind]))


def _order_title(request: Request, direction: str, number: str) -> str:
    return f"{Words(language_of(request)).pick(DIRECTIONS[direction])} {number}"


def _t(request: Request, chinese: str, **values: Any) -> str:
    return translator(language_of(request))(chinese, **values)
