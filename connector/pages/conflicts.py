"""职责冲突: conflicts that exist, exceptions, and the register of tender projects with who acts in them."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from connector.auth.act import Act
from connector.conflicts import schemas
from connector.conflicts import service as conflicts
from connector.conflicts.forms import AssignmentForm
from connector.conflicts.projects import KEEPERS
from connector.errors import FieldProblem, RefusedInputError, Text
from connector.pages import entries
from connector.pages.access import FormDep, PageActDep
from connector.pages.frame import render, see_other
from connector.pages.language import language_of, mark, translator
from connector.pages.wording import Words
from connector.register import accounts, offices
from connector.register.readers import CONFLICTS
from connector.regulations.rulebook import Charge

router = APIRouter(prefix="/pages/conflicts", tags=["pages"], include_in_schema=False)


@router.get("")
def overview(request: Request, act: PageActDep) -> HTMLResponse:
    """What is to be withdrawn, which exceptions count, and the projects."""
    _check_reader(act)
    return render(
        request, "conflicts.html", title=_t(request, mark("职责冲突和项目")), charges=_charges(act),
        findings=schemas.list_of_findings(act, open_only=True, count=200),
        exceptions=schemas.list_of_exceptions(act, open_only=True),
        projects=schemas.list_of_projects(act, open_only=True, count=200),
    )  # fmt: skip


@router.get("/projects/{number}")
def read_project(request: Request, act: PageActDep, number: str) -> HTMLResponse:
    """One project: phases, who acts in them, its blackout, and the form to note another person."""
    _check_reader(act)
    return _page(request, act, number, {}, [])


@router.post("/projects/{number}")
def assign(request: Request, act: PageActDep, form: FormDep, number: str) -> Response:
    """Notes who acts in which charge."""
    _check_reader(act)
    sent = {name: entries.text(form, name)[:64] for name in ("phase", "account", "charge")}
    if empty := [name for name in sent if not sent[name]]:
        problems = [FieldProblem(name, "请填写", "Fill in", "HH 3") for name in empty]
        return _page(request, act, number, sent, problems)
    if accounts.find_by_user_name(act, sent["account"]) is None:
        problem = FieldProblem("account", "没有此账号", "There is no such account", "HH 3")
        return _page(request, act, number, sent, [problem])
    try:
        with act.session.begin_nested():
            conflicts.assign(act, number, AssignmentForm(**{**sent, "charge": sent["charge"][:32]}))
    except RefusedInputError as wrong:
        return _page(request, act, number, sent, wrong.fields)
    return see_other(request, f"/pages/conflicts/projects/{number}", banner=_t(request, mark("已登记")))


def _page(request: Request, act: Act, number: str, sent: dict[str, str], problems: list[FieldProblem]) -> HTMLResponse:
    words = Words(language_of(request))
    return render(
        request, "project.html", title=_t(request, mark("项目{number}"), number=number),
        project=schemas.show_project(act, number), charges=_charges(act), sent=sent, status=422 if problems else 200,
        problems=entries.said(words, problems), may_assign=bool(offices.units_where(act, KEEPERS)),
        offered=[(charge.name, words.pick(_text(charge))) for charge in act.rulebook.charges()],
    )  # fmt: skip


def _charges(act: Act) -> dict[str, Text]:
    return {charge.name: _text(charge) for charge in act.rulebook.charges()}


def _text(charge: Charge) -> Text:
    return Text(charge.title, charge.title_en)


def _check_reader(act: Act) -> None:
    offices.check_holds(act, *CONFLICTS, *KEEPERS, doing="查看项目和职责冲突 / read projects and conflicts of duty")


def _t(request: Request, chinese: str, **values: Any) -> str:
    return translator(language_of(request))(chinese, **values)
