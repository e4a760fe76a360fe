"""The one-time page: the person named receives his initial password, once (C2; LC 6(3), JC 23). Not signed in."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.exc import DBAPIError

from connector.errors import ConnectorError
from connector.http import database_refusal
from connector.pages import frame
from connector.pages.language import CHINESE, language_of, translator
from connector.pages.visitor import get_desk
from connector.provisioning.errors import LinkNotValidError, WrongDocumentError
from connector.regulations.vocabulary import AccountClass

router = APIRouter(tags=["pages"], include_in_schema=False)


@router.get("/welcome/{token}")
def ask(request: Request, token: str) -> HTMLResponse:
    """Asks for the document number. Opening the page uses nothing up: mail scanners open links too."""
    return _page(request, "welcome.html", can_try=bool(token))


@router.post("/welcome/{token}")
def open_link(token: str, request: Request, suffix: Annotated[str, Form()] = "") -> HTMLResponse:
    """Shows the initial password, or says why not."""
    desk = get_desk(request)
    try:
        user_name, password = desk.open_link(token, suffix)
    except (ConnectorError, DBAPIError) as fault:
        error = fault if isinstance(fault, ConnectorError) else database_refusal(fault)
        return _refuse(request, error)
    min_length = desk.rulebook.password(AccountClass.ORDINARY).min_length
    return _page(request, "password.html", user_name=user_name, password=password, min_length=min_length)


def _refuse(request: Request, error: ConnectorError) -> HTMLResponse:
    words = error.problem() if language_of(request) == CHINESE else error.problem()["en"]
    problems = [("suffix", words["title"])] if isinstance(error, WrongDocumentError) else []
    return _page(
        request,
        "welcome.html",
        status=error.status,
        can_try=not isinstance(error, LinkNotValidError),
        problems=problems,
        problem=words,
    )


def _page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    t = translator(language_of(request))
    page = frame.render(request, template, title=t("领取初始口令"), status=status, **{"problem": None, **values})
    page.headers["Referrer-Policy"] = "no-referrer"  # The address is a secret.
    return page
