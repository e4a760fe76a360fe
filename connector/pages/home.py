"""The first page: what the person may do, and what waits for him."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from connector.pages import cookies, frame
from connector.pages.access import PageActDep, VisitorDep
from connector.pages.frame import STYLESHEET
from connector.pages.language import language_of, translator
from connector.pages.tallies import tallies

ICON = STYLESHEET.with_name("icon.svg")

router = APIRouter(tags=["pages"], include_in_schema=False)


@router.get("/")
def start() -> RedirectResponse:
    return RedirectResponse(cookies.HOME, status_code=frame.SEE_OTHER)


@router.get("/pages")
def show(request: Request, act: PageActDep, visitor: VisitorDep) -> Response:
    """首页 / the first page."""
    t = translator(language_of(request))
    open_now = tallies(act, visitor)
    return frame.render(request, "home.html", title=t("首页"), waiting=visitor.waiting, tallies=open_now)


@router.get("/static/app.css")
def stylesheet() -> Response:
    """The stylesheet; its address changes with its content."""
    return _kept(STYLESHEET.read_bytes(), "text/css")


@router.get("/static/icon.svg")
def icon() -> Response:
    """The picture in the tab of the browser."""
    return _kept(ICON.read_bytes(), "image/svg+xml")


def _kept(content: bytes, media_type: str) -> Response:
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type=media_type, headers=headers)
