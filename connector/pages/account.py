"""My account (我的账号): what the person holds, by when, and what he can do about it. Changes nothing itself."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from connector.pages import frame
from connector.pages.access import PageActDep
from connector.pages.language import language_of, translator
from connector.register import accounts

router = APIRouter(tags=["pages"], include_in_schema=False)


@router.get("/pages/account")
def show(request: Request, act: PageActDep) -> Response:
    """我的账号 / my account."""
    account = accounts.get_account(act, str(act.actor.account_id))
    t = translator(language_of(request))
    return frame.render(request, "account.html", title=t("我的账号"), account=account)
