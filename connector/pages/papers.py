"""登记表和交接记录: the printed papers of one unit, its administrators and its handovers (JC 4, GS 9, HH 1, HH 3).

Who may see which unit is the register's rule, who may print what the papers' own. Changes nothing.
"""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import select

from connector.auth.act import Act
from connector.http import TypesetterDep
from connector.pages.access import PageActDep
from connector.pages.frame import render
from connector.pages.language import language_of, mark, translator
from connector.pages.reach import chosen_unit, units_in_reach
from connector.papers import service as papers
from connector.papers.facts import ADMINISTRATORS
from connector.papers.routes import ChangeId, printed
from connector.register import offices, readers
from connector.register.tables import AccountRow, PersonRow, UnitRow
from connector.registration import service as registration
from connector.regulations.vocabulary import AccountStatus

router = APIRouter(prefix="/pages/papers", tags=["pages"], include_in_schema=False)

MOST = 200  # administrators or handovers of one unit and those below it
DUTIES = {"contact": mark("联系人"), "handler": mark("经办人员"), "reviewer": mark("审核人员")}
STATES = {
    "announced": mark("已通知"), "effective": mark("已生效，待签字"), "filed": mark("已归档"),
    "withdrawn": mark("已撤回"),
}  # fmt: skip


@router.get("")
def show(request: Request, act: PageActDep, unit: str = "") -> HTMLResponse:
    """Every paper of one unit, each to be saved as a PDF."""
    chosen, may_print = chosen_unit(act, unit.strip()), may_print_administrators(act)
    t = translator(language_of(request))
    return render(
        request, "papers.html", title=t(mark("登记表和交接记录")), unit=chosen, may_print=may_print,
        administrators=_administrators(act, chosen) if may_print else [],
        units=[(row.code, row.name) for row in units_in_reach(act)], duties=DUTIES, states=STATES,
        changes=registration.list_changes(act, open_only=False, within=[chosen], limit=MOST),
    )  # fmt: skip


@router.get("/units/{code}/register.pdf")
def print_unit(act: PageActDep, typesetter: TypesetterDep, code: str) -> Response:
    """The register of the unit and its handlers (HH 1)."""
    return printed(act, typesetter, "form", papers.unit_paper(act, code))


@router.get("/units/{code}/matrix.pdf")
def print_matrix(act: PageActDep, typesetter: TypesetterDep, code: str) -> Response:
    """The unit's table of posts and permissions (JC annex 1)."""
    return printed(act, typesetter, "listing", papers.matrix_paper(act, code))


@router.get("/administrators/{user_name}.pdf")
def print_administrator(act: PageActDep, typesetter: TypesetterDep, user_name: str) -> Response:
    """The registration of a system administrator (GS 9)."""
    return printed(act, typesetter, "form", papers.administrator_paper(act, user_name))


@router.get("/handovers/{change_id}.pdf")
def print_handover(act: PageActDep, typesetter: TypesetterDep, change_id: ChangeId) -> Response:
    """The record of a handover, with its signatures (HH 3)."""
    return printed(act, typesetter, "form", papers.handover_paper(act, change_id))


def may_print_administrators(act: Act) -> bool:
    """Whether the reader may print the registration of an administrator: a unit head may not (GS 9)."""
    return bool(offices.units_where(act, readers.LEDGER))


def _administrators(act: Act, unit: UnitRow) -> list[tuple[AccountRow, str]]:
    """The administrators' accounts of the unit and those below it, with the names of their persons."""
    statement = (
        select(AccountRow, PersonRow.name)
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .join(UnitRow, UnitRow.id == PersonRow.unit_id)
        .where(UnitRow.path.startswith(unit.path, autoescape=True), AccountRow.account_class.in_(ADMINISTRATORS))
        .where(AccountRow.status != AccountStatus.CANCELLED.value)
        .order_by(AccountRow.user_name)
        .limit(MOST)
    )
    return [(account, name) for account, name in act.session.execute(statement)]
