"""Cookies and addresses of the pages: names, flags, and which address a person may be sent back to."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import Response

HOME: Final = "/pages"
OWN_PATHS: Final = re.compile(r"/(pages|welcome)(/[\w\-./~%:]*)?(\?[\w\-./~%:=&+,]*)?", re.ASCII)
# With a name of their own: ports of one host share their cookies, and every other program calls its own "session".
SESSION, BROWSER, BANNER = "idp_session", "idp_browser", "idp_banner"


def digest(token: str) -> str:
    """What the database keeps of a token (SHA-256, hex)."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_secure(public_url: str) -> bool:
    return urlsplit(public_url).scheme == "https"


def cookie_name(name: str, public_url: str) -> str:
    """With TLS the name carries the prefix that only this host, over TLS, can set (RFC 6265bis)."""
    return f"__Host-{name}" if is_secure(public_url) else name


def read_cookie(cookies: Mapping[str, str], name: str, public_url: str) -> str:
    return cookies.get(cookie_name(name, public_url), "")


def set_cookie(response: Response, name: str, value: str, public_url: str, *, max_age: int | None = None) -> None:
    """HttpOnly, SameSite=Lax, Secure with TLS; without `max_age` it ends with the browser."""
    response.set_cookie(cookie_name(name, public_url), value, max_age=max_age, **_flags(public_url))


def drop_cookie(response: Response, name: str, public_url: str) -> None:
    response.delete_cookie(cookie_name(name, public_url), **_flags(public_url))


def own_path(path: str) -> str:
    """`path` when it is a page of this product, else the first page: nobody is sent elsewhere (open redirect)."""
    known = OWN_PATHS.fullmatch(path) and ".." not in path and "//" not in path
    return path if known and len(path) <= 1000 else HOME


def _flags(public_url: str) -> dict[str, Any]:
    return {"path": "/", "httponly": True, "samesite": "lax", "secure": is_secure(public_url)}
