"""The one-time page: the person named receives his initial password, once (C2; LC 6(3), JC 23)."""

from pathlib import Path
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Form, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, select_autoescape
from sqlalchemy.exc import DBAPIError

from connector.errors import ConnectorError
from connector.http import database_refusal
from connector.provisioning.errors import LinkNotValidError
from connector.regulations.rulebook import Rulebook
from connector.regulations.vocabulary import AccountClass

router = APIRouter(tags=["pages"], include_in_schema=False)

HERE = Path(__file__).parent
TEMPLATES = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=select_autoescape())
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Desk(Protocol):
    rulebook: Rulebook

    def open_link(self, token: str, document_suffix: str) -> tuple[str, str]: ...


@router.get("/static/page.css")
def stylesheet() -> Response:
    return FileResponse(HERE / "static" / "page.css", media_type="text/css")


@router.get("/welcome/{token}")
def ask(token: str) -> HTMLResponse:
    """Asks for the document number. Opening the page uses nothing up: mail scanners open links too."""
    return _page("welcome.html", can_try=bool(token))


@router.post("/welcome/{token}")
def open_link(token: str, request: Request, suffix: Annotated[str, Form()] = "") -> HTMLResponse:
    """Shows the initial password, or says why not."""
    desk: Desk = request.app.state.connector
    try:
        user_name, password = desk.open_link(token, suffix)
    except (ConnectorError, DBAPIError) as fault:
        error = fault if isinstance(fault, ConnectorError) else database_refusal(fault)
        can_try = not isinstance(error, LinkNotValidError)
        return _page("welcome.html", status=error.status, can_try=can_try, problem=error.problem())
    min_length = desk.rulebook.password(AccountClass.ORDINARY).min_length
    return _page("password.html", user_name=user_name, password=password, min_length=min_length)


def _page(template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    html = TEMPLATES.get_template(template).render(title="领取初始口令", **{"problem": None, **values})
    return HTMLResponse(html, status_code=status, headers=HEADERS)
