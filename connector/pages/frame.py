"""Renders pages: the frame, its security headers, the banner, and the pages of refusals. Knows no feature.

Pages are at /pages/…; the addresses without it belong to the API, which takes no cookie.
"""

import base64
import hashlib
import hmac
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, select_autoescape

from connector.errors import ConnectorError, FaultError, UnavailableError
from connector.pages import cookies, menu
from connector.pages.errors import SignInNeededError
from connector.pages.language import CHINESE, ENGLISH, is_large, language_of, mark, translator
from connector.pages.visitor import Visitor, find_visitor, get_desk, known_visitor
from connector.pages.wording import Words
from connector.settings import Settings

HERE: Final = Path(__file__).parent
STYLESHEET: Final = HERE / "static" / "app.css"
PRODUCT: Final = mark("公共资源交易平台账号管理")
BANNER_SECONDS: Final = 60
SEE_OTHER: Final = 303
READING: Final = ("GET", "HEAD")
OFFER_SIGN_IN: Final = ("sign-in-needed", "sign-in-failed", "no-account-here")
HEADINGS: Final = {
    403: mark("没有此页面的权限"),
    404: mark("找不到此页面"),
    405: mark("找不到此页面"),
    409: mark("状态已变化"),
    422: mark("填写的内容有误"),
    429: mark("操作过于频繁，请在1分钟后再试"),
    500: mark("抱歉，系统出了问题"),
    502: mark("身份服务拒绝了操作"),
    503: mark("系统暂停服务"),
}
OWN_HEADINGS: Final = {
    "sign-in-needed": mark("登录已过期"),
    "page-expired": mark("页面已过期"),
    "sign-in-failed": mark("登录没有完成"),
    "no-account-here": mark("此账号不能登录"),
    "keycloak-unavailable": mark("身份服务暂时不可用"),
    "step-up-needed": mark("需要再次验证"),
    "link-not-valid": mark("此链接不能使用"),
}


def render(request: Request, template: str, *, title: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page of `template`, which extends base.html. `title` is the `h1` and stands first in `<title>`.

    Every template has: `t` (translation), `w` (wording.Words), `lang`, `visitor` (None when nobody is signed in),
    `menu`, `csrf`, `banner`, `problems`, `title`, `here`. With `problems` the `<title>` begins with "错误：".
    """
    language = language_of(request)
    visitor = known_visitor(request)
    settings = get_desk(request).settings
    sealed = cookies.read_cookie(request.cookies, cookies.BANNER, settings.public_url)
    html = (
        _templates()
        .get_template(template)
        .render(
            {
                "t": translator(language),
                "w": Words(language),
                "lang": language,
                "large": is_large(request),
                "product": PRODUCT,
                "style": _style_address(),
                "title": title,
                "visitor": visitor,
                "menu": menu.lines(request, visitor) if visitor else [],
                "csrf": visitor.csrf if visitor else "",
                "banner": _open_banner(visitor, sealed),
                "here": quote(_here(request), safe="/?&="),
                "problems": [],
                **values,
            }
        )
    )
    response = HTMLResponse(html, status_code=status, headers=headers(settings))
    if sealed:
        cookies.drop_cookie(response, cookies.BANNER, settings.public_url)
    return response


def see_other(request: Request, path: str, *, banner: str = "") -> RedirectResponse:
    """303 to `path`. `banner`, translated already and without personal values, is shown once on the next page."""
    settings = get_desk(request).settings
    response = RedirectResponse(path, status_code=SEE_OTHER, headers=headers(settings))
    visitor = known_visitor(request)
    if banner and visitor:
        sealed = _seal_banner(visitor, banner)
        cookies.set_cookie(response, cookies.BANNER, sealed, settings.public_url, max_age=BANNER_SECONDS)
    return response


def problem_page(request: Request, error: ConnectorError) -> Response:
    """The page of a refusal or fault: what, what to do, who can do it. Not signed in and only reading: the sign-in."""
    if isinstance(error, SignInNeededError) and request.method in READING:
        return see_other(request, f"/sign-in?next={quote(_here(request), safe='')}")
    if not isinstance(error, UnavailableError | FaultError):
        find_visitor(request)  # So that the page has his menu. Where the database may be down, it is not asked again.
    language = language_of(request)
    problem = error.problem()
    return render(
        request,
        "problem.html",
        title=translator(language)(OWN_HEADINGS.get(error.code) or HEADINGS.get(error.status, HEADINGS[500])),
        status=error.status,
        code=error.code,
        reference=getattr(request.state, "reference", ""),
        problem=problem if language == CHINESE else problem["en"],
        fields=[field["zh" if language == CHINESE else "en"] for field in problem.get("fields", [])],
        clause=problem["clause"],
        entries=getattr(request.state, "entries", {}),
        offers_sign_in=error.code in OFFER_SIGN_IN,
    )


def is_page(request: Request) -> bool:
    """Whether a person looks: the route is a page's, or there is no route and the client asks for HTML."""
    route = request.scope.get("route")
    if route is not None:
        return "pages" in getattr(route, "tags", ())
    path = request.url.path
    return path.startswith("/pages") or "text/html" in request.headers.get("accept", "")


def headers(settings: Settings) -> dict[str, str]:
    """Nothing from elsewhere, no script, no frame; forms go here and, for a sign-in, on to Keycloak."""
    keycloak = urlsplit(settings.keycloak_url)
    strict = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
        f"form-action 'self' {keycloak.scheme}://{keycloak.netloc}; frame-ancestors 'none'; base-uri 'none'",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }
    if cookies.is_secure(settings.public_url):
        strict["Strict-Transport-Security"] = "max-age=31536000"
    return strict


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update({"CHINESE": CHINESE, "ENGLISH": ENGLISH})
    return environment


@cache
def _style_address() -> str:
    """A new stylesheet has a new address, so that no browser keeps the old one."""
    return f"/static/app.css?v={hashlib.sha256(STYLESHEET.read_bytes()).hexdigest()[:12]}"


def _here(request: Request) -> str:
    query = request.url.query if request.method == "GET" else ""
    return f"{request.url.path}?{query}" if query else request.url.path


def _seal_banner(visitor: Visitor, text: str) -> str:
    """The text with a mark of the session: nobody else can put words on the page."""
    encoded = base64.urlsafe_b64encode(text.encode()).decode()
    return f"{encoded}.{_mark_of(visitor, encoded)}"


def _open_banner(visitor: Visitor | None, sealed: str) -> str:
    encoded, _, given = sealed.partition(".")
    if visitor is None or not hmac.compare_digest(_mark_of(visitor, encoded).encode(), given.encode()):
        return ""
    return base64.urlsafe_b64decode(encoded).decode()


def _mark_of(visitor: Visitor, encoded: str) -> str:
    return hmac.new(visitor.csrf.encode(), b"banner:" + encoded.encode(), hashlib.sha256).hexdigest()
