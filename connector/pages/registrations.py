"""登记信息: untrue data with their corrections, and registrations that were refused (HH 4).

What is untrue is named by its field; full values stand before the eyes of the verifier alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from connector.auth.act import Act
from connector.errors import FieldProblem, RefusedInputError
from connector.pages import entries, errors_told
from connector.pages.access import FormDep, PageActDep, VisitorDep
from connector.pages.choices import DOCUMENT_KINDS
from connector.pages.frame import render, see_other
from connector.pages.language import language_of, mark, translator
from connector.pages.paging import ON_A_PAGE, asked
from connector.pages.registration_words import ALL
from connector.pages.wording import Words
from connector.registration import service as registration
from connector.registration.mismatches import ANYWHERE, FIELDS
from connector.regulations.vocabulary import Office
from connector.requests import registrations

router = APIRouter(prefix="/pages/registrations", tags=["pages"], include_in_schema=False)

OPENERS = frozenset({*ANYWHERE, Office.UNIT_HEAD})
SENDERS = frozenset({Office.UNIT_HEAD, Office.OPERATOR})
BOXES = ("name", "document_kind", "document_number", "phone", "post", "mail")
LEAST_REASON = 4


@router.get("")
def list_mismatches(
    request: Request, act: PageActDep, visitor: VisitorDep, shown: str = "open", page: int = 1
) -> HTMLResponse:
    """Cases of untrue data, the most urgent first: of the visitor's units, and his own."""
    return _list(request, act, visitor.offices, shown, asked(page), {}, [])


@router.post("")
def open_mismatch(request: Request, act: PageActDep, visitor: VisitorDep, form: FormDep) -> Response:
    """Opens a case: its suspension is asked for, the person and his unit are told."""
    sent = {name: entries.text(form, name) for name in ("account", "reason")}
    chosen = [name for name in form.get("fields", ()) if name in FIELDS]
    problems = _missing(sent, chosen)
    if not problems:
        try:
            with act.session.begin_nested():
                wanted = {**sent, "fields": chosen}
                case = registration.open_mismatch(act, registration.MismatchForm.model_validate(wanted))
            return see_other(request, f"/pages/registrations/{case.id}", banner=_t(request, mark("已发起个案")))
        except RefusedInputError as wrong:
            problems = list(wrong.fields)
    return _list(request, act, visitor.offices, "open", 1, {**sent, "fields": chosen}, problems)


@router.get("/refused")
def list_refused(request: Request, act: PageActDep, visitor: VisitorDep, q: str = "", page: int = 1) -> HTMLResponse:
    """Registrations that were refused; each keeps its record, and none has opened anything."""
    page = asked(page)
    found = registrations.list_refused(
        act, within=registration.units_of(act), text=q.strip(), first=(page - 1) * ON_A_PAGE, count=ON_A_PAGE + 1
    )
    return render(
        request, "refused.html", title=_t(request, mark("登记信息")), found=found[:ON_A_PAGE],
        more=len(found) > ON_A_PAGE, page=page, q=q.strip(), tab="refused", offices=visitor.offices,
    )  # fmt: skip


@router.get("/{case_id}")
def read(request: Request, act: PageActDep, visitor: VisitorDep, case_id: str) -> HTMLResponse:
    """One case: what is untrue, its requests and corrections, and the form for who may send one."""
    return _case(request, act, visitor.offices, case_id, {}, [])


@router.post("/{case_id}/corrections")
def send_correction(request: Request, act: PageActDep, visitor: VisitorDep, form: FormDep, case_id: str) -> Response:
    """Keeps the right particulars sealed until they are verified."""
    sent = {name: entries.text(form, name) for name in BOXES}
    given = {**sent, "document_kind": sent["document_kind"] if sent["document_number"] else ""}
    registration.show_mismatch(act, case_id)
    try:
        with act.session.begin_nested():
            registration.send_correction(act, case_id, registration.CorrectionForm(**given))
    except RefusedInputError as wrong:
        return _case(request, act, visitor.offices, case_id, sent, wrong.fields)
    return see_other(request, f"/pages/registrations/{case_id}", banner=_t(request, mark("更正已提交，等待核验")))


def _list(
    request: Request, act: Act, held: frozenset[Office], shown: str, page: int, sent: Mapping[str, Any],
    problems: Sequence[FieldProblem],
) -> HTMLResponse:  # fmt: skip
    within, own = registration.readable(act)
    found = registration.list_mismatches(
        act, open_only=shown == "open", overdue_only=shown == "overdue", within=within, own=own,
        first=(page - 1) * ON_A_PAGE, limit=ON_A_PAGE + 1,
    )  # fmt: skip
    return render(
        request, "mismatches.html", title=_t(request, mark("登记信息")), status=422 if problems else 200,
        found=found[:ON_A_PAGE], more=len(found) > ON_A_PAGE, page=page, shown=shown, sent=sent, choices=FIELDS,
        may_open=bool(OPENERS & held), tab="mismatches", offices=held,
        problems=entries.said(Words(language_of(request)), problems), **ALL,
    )  # fmt: skip


def _case(
    request: Request, act: Act, held: frozenset[Office], case_id: str, sent: Mapping[str, str],
    problems: Sequence[FieldProblem],
) -> HTMLResponse:  # fmt: skip
    case, words = registration.show_mismatch(act, case_id), Words(language_of(request))
    is_own = registration.get_case(act, case_id).person_id == act.actor.person_id
    return render(
        request, "mismatch.html", title=_t(request, mark("信息不符：{account}"), account=case.user_name),
        status=422 if problems else 200, case=case, corrections=registration.corrections_of(act, case_id), sent=sent,
        may_send=case.closed_at is None and case.correction is None and (is_own or bool(SENDERS & held)),
        may_verify=Office.VERIFIER in held, told=errors_told.tell(case.problem) if case.closed_at is None else None,
        document_kinds=[(kind, words.pick(name)) for kind, name in DOCUMENT_KINDS.items()],
        problems=entries.said(words, problems), **ALL,
    )  # fmt: skip


def _missing(sent: Mapping[str, str], chosen: Sequence[str]) -> list[FieldProblem]:
    problems = []
    if not sent["account"]:
        problems.append(FieldProblem("account", "请填写账号", "Give the user name", "HH 4"))
    if not chosen:
        problems.append(FieldProblem("fields", "请选择不符的内容", "Choose what is untrue", "HH 4"))
    if not LEAST_REASON <= len(sent["reason"]) <= entries.MOST_REASON:
        zh = f"请说明发现的情况，{LEAST_REASON}至{entries.MOST_REASON}个字"
        en = f"Say what was found, in {LEAST_REASON} to {entries.MOST_REASON} characters"
        problems.append(FieldProblem("reason", zh, en, "HH 4"))
    return problems


def _t(request: Request, chinese: str, **values: Any) -> str:
    return translator(language_of(request))(chinese, **values)
