"""账号台账: the accounts that the reader may see, now or on a past day, and one account with its whole history (A5).

Who may see which accounts is the ledger's rule, not this page's. Changes nothing.
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import select

from connector.auth.act import Act
from connector.errors import FieldProblem, NotFoundError
from connector.keys.ledger import read_ledger
from connector.pages import entries, facts, owners
from connector.pages.access import PageActDep
from connector.pages.days import end_of, read_day
from connector.pages.facts import Part
from connector.pages.frame import render
from connector.pages.holdings import read_holdings
from connector.pages.language import language_of, mark, translator
from connector.pages.paging import ON_A_PAGE, asked, paging
from connector.pages.papers import may_print_administrators
from connector.pages.reach import units_in_reach
from connector.pages.wording import Words
from connector.papers.facts import ADMINISTRATORS
from connector.register import catalogue, offices, units
from connector.register.ledger import MOST_ROWS
from connector.register.reach import units_of_ledger
from connector.register.schemas import LedgerRowView, LedgerView
from connector.register.tables import AccountRow, AccountStateRow, PermissionRow
from connector.regulations.vocabulary import AccountStatus
from connector.requests.tables import RequestRow

router = APIRouter(prefix="/pages/ledger", tags=["pages"], include_in_schema=False)

NO_UNIT = FieldProblem("unit", "没有此单位", "There is no such unit")
NOT_YET = FieldProblem("as_of", "日期不能晚于今天", "The day must not be after today")


class Asked(NamedTuple):
    """What the reader filters by, as it was typed."""

    q: str = ""
    unit: str = ""
    status: str = ""
    as_of: str = ""

    @property
    def address(self) -> str:
        return f"/pages/ledger?{urlencode({name: value for name, value in self._asdict().items() if value})}"


class Line(NamedTuple):
    """One account as the page draws it; `approved_by` are names of persons, or the paper.

    `beyond` says of each permission approved beyond the table of posts who took it upon himself (JC 11).
    """

    row: LedgerRowView
    parts: list[Part]
    approved_by: list[str]
    beyond: list[tuple[Part, str]]
    purpose: str
    valid_until: datetime | None


@router.get("")
def list_accounts(
    request: Request, act: PageActDep, q: str = "", unit: str = "", status: str = "", as_of: str = "", page: int = 1
) -> HTMLResponse:
    """The accounts that fit, by user name, with what each held on the day asked for."""
    wanted = Asked(q.strip(), unit.strip(), status if status in set(AccountStatus) else "", as_of.strip())
    problems: list[FieldProblem] = []
    found = _find(act, wanted, asked(page), problems)
    place = paging(page, found.total)
    words = Words(language_of(request))
    return render(
        request, "ledger.html", title=_t(request, mark("账号台账")), status=422 if problems else 200, asked=wanted,
        lines=_lines(act, found), place=place, paged=place if place.pages > 1 else None,
        day=_day_text(words, found.as_of) if wanted.as_of and not problems else "",
        statuses=[(status.value, words.status(status)) for status in AccountStatus],
        units=[(unit.code, unit.name) for unit in units_in_reach(act)],
        problems=entries.said(words, problems),
    )  # fmt: skip


@router.get("/{user_name}")
def read(request: Request, act: PageActDep, user_name: str) -> HTMLResponse:
    """One account: every status, permission and key it had, each with what it rests on."""
    found = read_ledger(act, text=user_name, count=MOST_ROWS)
    row = next((row for row in found.rows if row.user_name == user_name.lower()), None)
    if row is None:
        raise NotFoundError(kind="账号 (account)", name=user_name)
    account = act.session.get_one(AccountRow, row.account_id)
    states = list(
        act.session.scalars(
            select(AccountStateRow).where(AccountStateRow.account_id == account.id).order_by(AccountStateRow.id.desc())
        )
    )
    sources = [row.opened_by, *(str(state.request_id) for state in states)]
    return render(
        request, "ledger_account.html", title=_t(request, mark("账号 {name}"), name=row.user_name), row=row,
        account=account, held=read_holdings(act, account), states=states, numbers=_numbers(act, sources),
        line=_lines(act, found.model_copy(update={"rows": [row]}))[0],
        is_administrator=row.account_class in ADMINISTRATORS and may_print_administrators(act),
    )  # fmt: skip


def _day_text(words: Words, end: datetime) -> str:
    """The day whose end this is."""
    return words.day_text(end - timedelta(seconds=1))


def _find(act: Act, wanted: Asked, page: int, problems: list[FieldProblem]) -> LedgerView:
    """The page asked for; an empty one with a problem for each condition that cannot be met."""
    units_of_ledger(act)
    day = read_day(wanted.as_of, "as_of", problems)
    if day is not None and day > offices.office_day(act):
        problems.append(NOT_YET)
    if wanted.unit and units.find_unit(act, wanted.unit) is None:
        problems.append(NO_UNIT)
    if problems:
        return LedgerView(as_of=act.now, total=0, rows=[])
    return read_ledger(
        act, as_of=end_of(day, act.now), unit_code=wanted.unit or None, text=wanted.q or None,
        status=AccountStatus(wanted.status) if wanted.status else None, first=(page - 1) * ON_A_PAGE, count=ON_A_PAGE,
    )  # fmt: skip


def _lines(act: Act, found: LedgerView) -> list[Line]:
    """The rows with what people call their permissions and approvers: three queries for the whole page."""
    accounts = {
        row.id: row
        for row in act.session.scalars(select(AccountRow).where(AccountRow.id.in_([r.account_id for r in found.rows])))
    }
    grants = [grant for row in found.rows for grant in row.grants]
    wanted = {name for row in found.rows for name in row.approved_by} | {grant.overridden_by for grant in grants}
    names = {name: owner.name for name, owner in owners.by_user_name(act, wanted).items()}
    systems = {row.id: row.name for row in catalogue.list_subsystems(act)}
    held = {grant.permission_id for grant in grants}
    parts = {
        permission.id: facts.permission_part(systems, permission)
        for permission in act.session.scalars(select(PermissionRow).where(PermissionRow.id.in_(held)))
    }
    return [
        Line(
            row,
            [parts[grant.permission_id] for grant in row.grants],
            [names.get(name, name) for name in row.approved_by],
            [
                (parts[grant.permission_id], names.get(grant.overridden_by, grant.overridden_by))
                for grant in row.grants
                if grant.overridden_by
            ],
            accounts[row.account_id].purpose,
            accounts[row.account_id].valid_until,
        )
        for row in found.rows
    ]


def _numbers(act: Act, request_ids: list[str]) -> dict[str, str]:
    """Numbers of the requests among these, by id."""
    statement = select(RequestRow.id, RequestRow.number).where(RequestRow.id.in_(request_ids))
    return {request_id: number for request_id, number in act.session.execute(statement)}


def _t(request: Request, chinese: str, **values: str) -> str:
    return translator(language_of(request))(chinese, **values)
