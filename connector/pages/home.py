"""The first page: what the person may do, and what waits for him."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from connector.pages import cookies, frame
from connector.pages.access import VisitorDep
from connector.pages.frame import STYLESHEET
from connector.pages.language import language_of, translator

router = APIRouter(tags=["pages"], include_in_schema=False)


@router.get("/")
def start() -> RedirectResponse:
    return RedirectResponse(cookies.HOME, status_code=frame.SEE_OTHER)


@router.get("/pages")
def show(request: Request, visitor: VisitorDep) -> Response:
    """首页 / the first page."""
    t = translator(language_of(request))
    return frame.render(request, "home.html", title=t("首页"), waiting=visitor.waiting)


@router.get("/static/app.css")
def stylesheet() -> Response:
    """The only file a page loads; its address changes with its content."""
    return Response(
        STYLESHEET.read_bytes(), media_type="text/css", headers={"Cache-Control": "public, max-age=31536000, immutable"}
    )
