"""使用人名册: the persons that the reader may see, with or without an account (GX 10).

Who may see which persons is the register's rule, not this page's. Changes nothing.
"""

from typing import NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from connector.auth.act import Act
from connector.errors import FieldProblem
from connector.pages import entries
from connector.pages.access import PageActDep
from connector.pages.frame import render
from connector.pages.language import language_of, mark, translator
from connector.pages.ledger import NO_UNIT
from connector.pages.paging import ON_A_PAGE, asked, paging
from connector.pages.reach import units_in_reach
from connector.pages.wording import Words
from connector.register import roster, units
from connector.register.reach import units_of_ledger
from connector.register.roster import Roster

router = APIRouter(prefix="/pages/persons", tags=["pages"], include_in_schema=False)

HAS_ACCOUNT = {"with": True, "without": False}
CHOICES = (("with", mark("有账号")), ("without", mark("没有账号")))


class Asked(NamedTuple):
    """What the reader filters by, as it was typed."""

    q: str = ""
    unit: str = ""
    account: str = ""

    @property
    def address(self) -> str:
        return f"/pages/persons?{urlencode({name: value for name, value in self._asdict().items() if value})}"


@router.get("")
def list_persons(
    request: Request, act: PageActDep, q: str = "", unit: str = "", account: str = "", page: int = 1
) -> HTMLResponse:
    """The persons that fit, in the order of the unit tree, with the account of each who has one."""
    wanted = Asked(q.strip(), unit.strip(), account if account in HAS_ACCOUNT else "")
    sees_keys = units_of_ledger(act) is None
    problems = [NO_UNIT] if wanted.unit and units.find_unit(act, wanted.unit) is None else []
    found = _find(act, wanted, asked(page), problems)
    place = paging(page, found.total)
    language = language_of(request)
    t = translator(language)
    return render(
        request, "persons.html", title=t(mark("使用人名册")), status=422 if problems else 200, asked=wanted,
        people=found.rows, place=place, paged=place if place.pages > 1 else None, sees_keys=sees_keys,
        choices=[(value, t(words)) for value, words in CHOICES],
        units=[(unit.code, unit.name) for unit in units_in_reach(act)],
        problems=entries.said(Words(language), problems),
    )  # fmt: skip


def _find(act: Act, wanted: Asked, page: int, problems: list[FieldProblem]) -> Roster:
    """The page asked for; an empty one where a condition cannot be met."""
    if problems:
        return Roster(0, ())
    return roster.list_persons(
        act, unit_code=wanted.unit or None, has_account=HAS_ACCOUNT.get(wanted.account), text=wanted.q or None,
        first=(page - 1) * ON_A_PAGE, count=ON_A_PAGE,
    )  # fmt: skip
