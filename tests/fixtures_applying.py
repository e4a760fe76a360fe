"""What the tests of applying and deciding share: right entries, the way to the check page, what a person reads."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

from httpx2 import Response
from sqlalchemy import func, select

from connector.auth.actor import Actor
from tests.factories import resident_id
from tests.fixtures_pages import Browser
from tests.town import HOST, Town

Seat = Callable[[Actor], Browser]
NUMBER = resident_id(70_001)
PHONE = "13977771402"


def words(response: Response) -> str:
    """What a person reads in the page's main part."""
    text = re.sub(r"<[^>]+>", " ", response.text[response.text.index("<main") :])
    return re.sub(r"\s+", " ", unescape(text))


def entries(town: Town, **changed: Any) -> dict[str, Any]:
    """A right first grant as it is typed."""
    right = {
        "unit": "ywk",
        "person_name": "王小明",
        "document_kind": "resident_id",
        "document_number": NUMBER,
        "phone": PHONE,
        "permissions": list(town.permissions(2)),
        "reason": "新入职，办理业务所需",
    }
    return {**right, **changed}


def to_check(browser: Browser, **changed: Any) -> str:
    """Sends a right form; returns the address of its check page."""
    sent = browser.post("/pages/apply/grant", entries(browser.town, **changed))
    assert sent.status_code == 303, words(sent)
    return sent.headers["location"].partition("#")[0]


def submit(browser: Browser, check: str) -> Response:
    found = re.search(r'name="revision" value="(\d+)"', browser.get(check).text)
    assert found
    return browser.post(check, {"revision": found[1]})


def count(town: Town, table: Any) -> int:
    with town.connector.act(HOST) as act:
        return act.session.scalar(select(func.count()).select_from(table)) or 0
