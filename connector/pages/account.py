"""My account (我的账号): what the person holds, by when, and what he can do about it. Changes nothing itself."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from connector.pages import frame
from connector.pages.access import PageActDep, VisitorDep
from connector.pages.holdings import read_holdings
from connector.pages.language import language_of, translator
from connector.register import accounts, people
from connector.requests import service as requests

router = APIRouter(tags=["pages"], include_in_schema=False)

NEWEST = 5


@router.get("/pages/account")
def show(request: Request, act: PageActDep, visitor: VisitorDep) -> Response:
    """我的账号 / my account."""
    account = accounts.get_account(act, str(act.actor.account_id))
    person = people.get_person(act, account.person_id)
    return frame.render(
        request,
        "account.html",
        title=translator(language_of(request))("我的账号"),
        account=account,
        person=person,
        held=read_holdings(act, account),
        session=visitor.actor,
        requests=requests.list_requests(act, applicant_id=person.id, count=NEWEST),
    )
