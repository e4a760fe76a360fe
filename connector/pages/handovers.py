"""人员变更: contact, handler, reviewer of a unit, announced ahead, handed over, signed by both sides (HH 3, GX 12).

Everybody finds the changes in which he is a side; a unit head those of his unit. The page arranges the proof.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from connector.auth.act import Act
from connector.errors import FieldProblem, RefusedInputError
from connector.pages import entries
from connector.pages.access import FormDep, PageActDep, VisitorDep
from connector.pages.days import read_day
from connector.pages.frame import render, see_other
from connector.pages.language import language_of, mark, translator
from connector.pages.paging import ON_A_PAGE, asked
from connector.pages.registration_words import ALL, DUTIES, KINDS
from connector.pages.step_up import ask_step_up, handles
from connector.pages.wording import Words
from connector.register import accounts, units
from connector.registration import service as registration
from connector.registration.contacts import KEEPERS
from connector.registration.tables import ContactChangeRow
from connector.regulations.vocabulary import AccountStatus, Office

router = APIRouter(prefix="/pages/handovers", tags=["pages"], include_in_schema=False)

ANNOUNCE, SIGN = "announce-change", "sign-handover"
BOXES = ("unit_code", "duty", "taker", "effective_on", "reason")
ANNOUNCERS = frozenset({*KEEPERS, Office.UNIT_HEAD})
LABELS = {
    "unit_code": FieldProblem("unit_code", "请填写单位代码", "Give the code of the unit", "HH 3"),
    "duty": FieldProblem("duty", "请选择变更的职责", "Choose the duty", "HH 3"),
    "taker": FieldProblem("taker", "请填写接任人员的账号", "Give the user name of who takes over", "HH 3"),
    "effective_on": FieldProblem("effective_on", "请填写生效日期", "Give the day", "GX 12"),
    "name": FieldProblem("name", "请填写交接内容，2至200个字", "Say what, in 2 to 200 characters", "HH 3"),
}


@router.get("")
def list_changes(
    request: Request, act: PageActDep, visitor: VisitorDep, shown: str = "open", page: int = 1
) -> Response:
    """Changes of the visitor's units and those in which he is a side, and the form to announce one."""
    return _list(request, act, visitor.offices, shown, asked(page), {}, [])


@router.post("")
def announce(request: Request, act: PageActDep, visitor: VisitorDep, form: FormDep) -> Response:
    """Tries the announcement, keeps it, and asks for the second factor."""
    sent = {box: entries.text(form, box)[: entries.MOST_REASON] for box in BOXES}
    problems: list[FieldProblem] = []
    day = read_day(sent["effective_on"], "effective_on", problems)
    problems += [LABELS[box] for box in BOXES[:4] if not sent[box]]
    if not problems and day is not None:
        sent["effective_on"] = day.isoformat()
        return ask_step_up(request, act, purpose=ANNOUNCE, payload=sent, back="/pages/handovers")
    return _list(request, act, visitor.offices, "open", 1, sent, problems)


@handles(ANNOUNCE, unfinished=mark("未完成验证，变更未通知。"))
def carry_out(request: Request, act: Act, payload: Mapping[str, Any]) -> Response:
    """Announces the change, once the second factor is proved."""
    try:
        with act.session.begin_nested():
            change = registration.announce_change(act, registration.ChangeForm.model_validate(dict(payload)))
    except RefusedInputError as wrong:
        return _list(request, act, ANNOUNCERS, "open", 1, payload, wrong.fields)
    return see_other(request, f"/pages/handovers/{change.id}", banner=_t(request, mark("人员变更已通知")))


@router.get("/{change_id}")
def read(request: Request, act: PageActDep, visitor: VisitorDep, change_id: str) -> HTMLResponse:
    """The record of one change: what is handed over, who has signed, and what the visitor may do."""
    return _page(request, act, visitor.offices, change_id, {}, [])


@router.post("/{change_id}/items")
def add_item(request: Request, act: PageActDep, visitor: VisitorDep, form: FormDep, change_id: str) -> Response:
    """Adds what the system does not know; signatures become void."""
    sent = {box: entries.text(form, box) for box in ("kind", "name", "note")}
    problems: Sequence[FieldProblem] = []
    if sent["kind"] not in KINDS or not 2 <= len(sent["name"]) <= 200 or len(sent["note"]) > entries.MOST_REASON:
        return _page(request, act, visitor.offices, change_id, sent, [LABELS["name"]])
    change = registration.get_open(act, change_id)
    try:
        with act.session.begin_nested():
            registration.add_item(act, change, registration.ItemForm.model_validate(sent))
    except RefusedInputError as wrong:
        problems = wrong.fields
    if problems:
        return _page(request, act, visitor.offices, change_id, sent, problems)
    return see_other(request, f"/pages/handovers/{change_id}", banner=_t(request, mark("已补充交接事项，须重新签字")))


@router.post("/{change_id}/successor")
def name_successor(request: Request, act: PageActDep, visitor: VisitorDep, form: FormDep, change_id: str) -> Response:
    """Names who takes over."""
    taker = entries.text(form, "taker")
    problems: Sequence[FieldProblem] = [] if taker else [LABELS["taker"]]
    if taker:
        try:
            with act.session.begin_nested():
                registration.name_successor(act, change_id, registration.SuccessorForm(taker=taker[:64]))
        except RefusedInputError as wrong:
            problems = wrong.fields
    if problems:
        return _page(request, act, visitor.offices, change_id, {"taker": taker}, problems)
    return see_other(request, f"/pages/handovers/{change_id}", banner=_t(request, mark("已指定接任人员")))


@router.post("/{change_id}/withdraw")
def withdraw(request: Request, act: PageActDep, _form: FormDep, change_id: str) -> Response:
    """Takes back a change that is not in effect yet."""
    registration.withdraw_change(act, change_id)
    return see_other(request, "/pages/handovers", banner=_t(request, mark("人员变更已撤回")))


@router.post("/{change_id}/sign")
def sign(request: Request, act: PageActDep, form: FormDep, change_id: str) -> Response:
    """Keeps the signature, bound to what was shown, and asks for the second factor."""
    sent = {box: entries.text(form, box) for box in ("side", "digest", "reason")}
    registration.check_may_read(act, registration.get_open(act, change_id))
    back = f"/pages/handovers/{change_id}"
    return ask_step_up(request, act, purpose=SIGN, payload={"change_id": change_id, **sent}, back=back)


@handles(SIGN, unfinished=mark("未完成验证，未签字。"))
def carry_out_signature(request: Request, act: Act, payload: Mapping[str, Any]) -> Response:
    """Signs what was shown."""
    change_id = payload["change_id"]
    form = registration.SignatureForm.model_validate({box: payload[box] for box in ("side", "digest", "reason")})
    try:
        with act.session.begin_nested():
            registration.sign(act, registration.get_open(act, change_id), form)
    except RefusedInputError as wrong:
        return _page(request, act, frozenset({Office.UNIT_HEAD}), change_id, payload, wrong.fields)
    return see_other(request, f"/pages/handovers/{change_id}", banner=_t(request, mark("交接记录已签字")))


def _list(
    request: Request, act: Act, held: frozenset[Office], shown: str, page: int, sent: Mapping[str, Any],
    problems: Sequence[FieldProblem],
) -> HTMLResponse:  # fmt: skip
    within, own = registration.readable(act)
    found = registration.list_changes(
        act, open_only=shown == "open", overdue_only=shown == "overdue", within=within, own=own,
        first=(page - 1) * ON_A_PAGE, limit=ON_A_PAGE + 1,
    )  # fmt: skip
    words = Words(language_of(request))
    return render(
        request, "handovers.html", title=_t(request, mark("人员变更和交接")), status=422 if problems else 200,
        found=found[:ON_A_PAGE], more=len(found) > ON_A_PAGE, page=page, shown=shown, sent=sent,
        may_announce=bool(ANNOUNCERS & held), days=act.rulebook.service_level("contact_change").working_days,
        duty_choices=[("", ""), *((duty, words.pick(name)) for duty, name in DUTIES.items())],
        problems=entries.said(words, problems), **ALL,
    )  # fmt: skip


def _page(
    request: Request, act: Act, held: frozenset[Office], change_id: str, sent: Mapping[str, Any],
    problems: Sequence[FieldProblem],
) -> HTMLResponse:  # fmt: skip
    change, words = registration.get_change(act, change_id), Words(language_of(request))
    registration.check_may_read(act, change)
    view = registration.view_of(act, change, units.get_unit_by_id(act, change.unit_id))
    record = registration.show(act, change)
    return render(
        request, "handover.html", title=_t(request, mark("交接记录：{unit}"), unit=view.unit_name),
        status=422 if problems else 200, change=view, record=record, side=_own_side(act, change, view.signed, held),
        may_write=view.state in ("announced", "effective"), may_manage=bool(ANNOUNCERS & held), sent=sent,
        kind_choices=[(kind, words.pick(name)) for kind, name in KINDS.items()],
        problems=entries.said(words, problems), **ALL,
    )  # fmt: skip


def _own_side(act: Act, change: ContactChangeRow, signed: Sequence[str], held: frozenset[Office]) -> str:
    """The side that the visitor may sign now: his own, or as a unit head that of who has left; "" for none."""
    if change.state not in ("announced", "effective") or change.taker_id is None:
        return ""
    for side, person_id in (("giver", change.giver_id), ("taker", change.taker_id)):
        if person_id == act.actor.person_id and side not in signed:
            return side
    if change.giver_id is None or "giver" in signed or change.taker_id == act.actor.person_id:
        return ""
    account = accounts.find_by_person(act, change.giver_id)
    gone = account is None or account.status != AccountStatus.ACTIVE
    return "stand-in" if gone and Office.UNIT_HEAD in held else ""


def _t(request: Request, chinese: str, **values: Any) -> str:
    return translator(language_of(request))(chinese, **values)
