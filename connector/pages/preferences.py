"""Language and text size: plain links that set a cookie and come back to the same page."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse

from connector.errors import NotFoundError
from connector.pages import cookies, frame
from connector.pages.language import LANGUAGE_COOKIE, LANGUAGES, TEXT_COOKIE
from connector.pages.visitor import get_desk

router = APIRouter(tags=["pages"], include_in_schema=False)

CHOICES = {"language": (LANGUAGE_COOKIE, LANGUAGES), "text": (TEXT_COOKIE, ("normal", "large"))}
A_YEAR = 365 * 24 * 3600


@router.get("/preferences/{name}/{value}")
def choose(request: Request, name: str, value: str, back: str = cookies.HOME) -> RedirectResponse:
    """Sets the choice and returns to `back`, if that is a page of this product."""
    cookie, values = CHOICES.get(name, ("", ()))
    if value not in values:
        raise NotFoundError(kind="选项 (choice)", name=name)
    response = frame.see_other(request, cookies.own_path(back))
    secure = cookies.is_secure(get_desk(request).settings.public_url)
    response.set_cookie(cookie, value, max_age=A_YEAR, path="/", httponly=True, samesite="lax", secure=secure)
    return response
