"""核验: the full numbers before the eyes of the verifier, and his verdict on a correction (HH 4, J5).

The numbers are shown by a form that is sent, never by an address: each showing is recorded.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from connector.auth.act import Act
from connector.errors import FieldProblem, RefusedInputError, Text
from connector.pages import entries
from connector.pages.access import Form, FormDep, PageActDep
from connector.pages.choices import DOCUMENT_KINDS
from connector.pages.frame import render, see_other
from connector.pages.language import language_of, mark, translator
from connector.pages.registration_words import FIELDS
from connector.pages.step_up import ask_step_up, handles
from connector.pages.verifying import RESULTS
from connector.pages.wording import Words
from connector.registration import service as registration
from connector.requests import disclosure
from connector.requests import service as requests

router = APIRouter(prefix="/pages", tags=["pages"], include_in_schema=False)

PURPOSE = "correction-verdict"
NO_VERDICT = FieldProblem("verdict", "请选择核验意见", "Choose a verdict", "HH 4")


@router.post("/inbox/{stage_id}/numbers")
def show_numbers(request: Request, act: PageActDep, _form: FormDep, stage_id: str) -> HTMLResponse:
    """Document and phone of a new registration in full, for whoever verifies it now; recorded each time."""
    stage = requests.get_stage(act, stage_id)
    found = disclosure.show_numbers(act, stage.request_id)
    return render(
        request, "numbers.html", title=_t(request, mark("核对完整号码")), stage_id=stage_id,
        kind=_kind(request, found.document_kind), found=found,
    )  # fmt: skip


@router.post("/corrections-to-verify/{correction_id}")
def show_correction(request: Request, act: PageActDep, _form: FormDep, correction_id: str) -> HTMLResponse:
    """The registered and the new particulars in full, and the form of the verdict; recorded each time."""
    return _page(request, act, correction_id, {}, [])


@router.post("/corrections-to-verify/{correction_id}/verdict")
def verify(request: Request, act: PageActDep, form: FormDep, correction_id: str) -> Response:
    """Tries the verdict, keeps it, and asks for the second factor."""
    sent = _sent(act, form)
    problems: list[FieldProblem] = [] if sent["verdict"] in ("yes", "no") else [NO_VERDICT]
    if not problems:
        try:
            with act.session.begin_nested():
                registration.check_verdict(act, _verdict(sent))
        except RefusedInputError as wrong:
            problems = list(wrong.fields)
    if problems:
        return _page(request, act, correction_id, sent, problems)
    case_id = registration.case_of(act, correction_id).id
    payload = {"correction_id": correction_id, "sent": sent}
    return ask_step_up(request, act, purpose=PURPOSE, payload=payload, back=f"/pages/registrations/{case_id}")


@handles(PURPOSE, unfinished=mark("未完成验证，核验意见未提交。"))
def carry_out(request: Request, act: Act, payload: Mapping[str, Any]) -> Response:
    """Verifies as it was sent."""
    case = registration.verify_correction(act, payload["correction_id"], _verdict(payload["sent"]))
    return see_other(request, f"/pages/registrations/{case.id}", banner=_t(request, mark("核验意见已提交")))


def _page(
    request: Request, act: Act, correction_id: str, sent: Mapping[str, Any], problems: Sequence[FieldProblem]
) -> HTMLResponse:
    view, words = registration.show_correction(act, correction_id), Words(language_of(request))
    said = {each["item"]: each for each in sent.get("compared", ())}
    items = [
        (one, words.pick(Text(one.label, one.label_en)), said.get(one.name, {})) for one in registration.checklist(act)
    ]
    new = {name: _kind(request, value) if name == "document_kind" else value for name, value in view.new.items()}
    return render(
        request, "correction.html", title=_t(request, mark("核验更正")), status=422 if problems else 200, view=view,
        new=new, kind=_kind(request, view.document_kind), fields=FIELDS, sent=sent, results=dict(RESULTS),
        items=items, problems=entries.said(words, problems),
    )  # fmt: skip


def _sent(act: Act, form: Form) -> dict[str, Any]:
    compared = [
        {
            "item": item.name,
            "result": entries.text(form, f"compared.{item.name}"),
            "note": entries.text(form, f"note.{item.name}")[:200],
        }
        for item in registration.checklist(act)
        if entries.text(form, f"compared.{item.name}") in dict(RESULTS)
    ]
    typed = {name: entries.text(form, name) for name in ("verdict", "reason", "digest")}
    return {**typed, "reason": typed["reason"][: entries.MOST_REASON], "compared": compared}


def _verdict(sent: Mapping[str, Any]) -> registration.VerdictForm:
    return registration.VerdictForm.model_validate(
        {
            "digest": sent["digest"],
            "approves": sent["verdict"] == "yes",
            "compared": sent["compared"],
            "reason": sent["reason"],
        }
    )


def _kind(request: Request, kind: str) -> str:
    return Words(language_of(request)).pick(DOCUMENT_KINDS.get(kind) or Text(kind, kind))


def _t(request: Request, chinese: str, **values: Any) -> str:
    return translator(language_of(request))(chinese, **values)
