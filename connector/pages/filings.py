"""季度备案: prepared by one person, signed by the principal, handed over against a receipt (JC 19)."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from connector.auth.act import Act
from connector.errors import FieldProblem, RefusedInputError, Text
from connector.pages import entries
from connector.pages.access import FormDep, PageActDep, VisitorDep
from connector.pages.frame import render, see_other
from connector.pages.language import language_of, mark, translator
from connector.pages.step_up import ask_step_up, handles
from connector.pages.wording import Words
from connector.ports import NoteSigner
from connector.regulations.vocabulary import Office
from connector.reviews import filings, inspection_views

router = APIRouter(prefix="/pages/filings", tags=["pages"], include_in_schema=False)

PURPOSE = "filing-sign"
STATES = {
    "prepared": Text("待签署", "To be signed"),
    "signed": Text("待登记回执", "Receipt awaited"),
    "filed": Text("已备案", "Filed"),
}
NO_DAY = FieldProblem("received_on", "日期应写作 2026-10-15", "A day is written 2026-10-15", "JC 19")


@router.get("")
def list_filings(request: Request, act: PageActDep, visitor: VisitorDep) -> HTMLResponse:
    """The filings, the newest quarter first."""
    return _page(request, act, visitor.offices, {}, [])


@router.post("")
def make(request: Request, act: PageActDep, _form: FormDep) -> Response:
    """Prepares the last quarter's package."""
    row = filings.make_filing(act)
    return see_other(request, "/pages/filings", banner=_t(request, mark("已制作 {number}"), number=row.number))


@router.get("/{number}/package.zip")
def download(act: PageActDep, number: str) -> Response:
    """The package, with the signature once there is one."""
    inspection_views.check_filing_reader(act)
    content = filings.signed_package(filings.get_filing(act, number))
    headers = {"Content-Disposition": f'attachment; filename="{number}.zip"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/zip", headers=headers)


@router.post("/{number}/sign")
def sign(request: Request, act: PageActDep, form: FormDep, number: str) -> Response:
    """Keeps which package was shown, and asks for the second factor."""
    payload = {"number": number, "manifest": entries.text(form, "manifest")}
    return ask_step_up(request, act, purpose=PURPOSE, payload=payload, back="/pages/filings")


@handles(PURPOSE)
def carry_out(request: Request, act: Act, payload: Mapping[str, Any]) -> Response:
    """Signs the package that was shown."""
    signer: NoteSigner = request.app.state.connector.signer
    filings.sign_filing(act, payload["number"], signer, manifest_hash=payload["manifest"])
    return see_other(request, "/pages/filings", banner=_t(request, mark("备案材料已签署")))


@router.post("/{number}/receipt")
def note_receipt(request: Request, act: PageActDep, visitor: VisitorDep, form: FormDep, number: str) -> Response:
    """Notes the receipt of the authority."""
    sent = {name: entries.text(form, name) for name in ("receipt", "received_on")}
    try:
        with act.session.begin_nested():
            day = date.fromisoformat(sent["received_on"])
            filings.note_receipt(act, number, receipt=sent["receipt"], received_on=day)
    except ValueError:
        return _page(request, act, visitor.offices, sent, [NO_DAY])
    except RefusedInputError as wrong:
        return _page(request, act, visitor.offices, sent, wrong.fields)
    return see_other(request, "/pages/filings", banner=_t(request, mark("备案回执已登记")))


def _page(
    request: Request, act: Act, held: frozenset[Office], sent: Mapping[str, str], problems: list[FieldProblem]
) -> HTMLResponse:
    words = Words(language_of(request))
    return render(
        request, "filings.html", title=_t(request, mark("季度备案")), status=422 if problems else 200, states=STATES,
        found=inspection_views.list_filings(act), may_make=bool(held & frozenset(filings.PREPARERS)), sent=sent,
        may_sign=Office.PRINCIPAL in held, problems=entries.said(words, problems),
    )  # fmt: skip


def _t(request: Request, chinese: str, **values: Any) -> str:
    return translator(language_of(request))(chinese, **values)
