"""The frame, the sign-in and my account in a real Chromium, on both sizes, by keyboard, and to axe-core."""

from collections.abc import Iterator
from itertools import product
from urllib.parse import urlsplit

import pytest

from connector.auth.actor import Actor
from connector.embedded.browser import Person
from connector.regulations.vocabulary import Office
from tests.browser.accessibility import findings, overflow, reading_order, tab_stops
from tests.browser.chromium import DESKTOP, PHONE, Window, Windows, chromium, windows
from tests.browser.sign_in import go_through
from tests.practice_page import PATH, done
from tests.servers.web import Web

__all__ = ["chromium", "windows"]
OWN = ("/pages", "/pages/account", "/pages/nowhere", "/signed-out", "/welcome/unknown")


@pytest.fixture(scope="module")
def head(web: Web) -> Actor:
    return web.town.actor(Office.UNIT_HEAD, "ywk")


@pytest.fixture(scope="module")
def person(web: Web, head: Actor) -> Person:
    return web.enrol(head)


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def window(request: pytest.FixtureRequest, windows: Windows, web: Web, person: Person) -> Iterator[Window]:
    """A window of a person who signed in at my account with his key."""
    window = windows.open(request.param)
    window.page.goto(f"{web.url}/pages/account")
    assert go_through(window, person) == ["login", "webauthn-authenticate"]
    yield window
    assert window.faults == []
    assert window.hosts == {"localhost"}


def test_sign_in_with_a_key_opens_the_page_that_was_asked_for(web: Web, window: Window, head: Actor) -> None:
    assert urlsplit(window.page.url).path == "/pages/account"
    assert head.name in window.text()
    flags = {cookie["name"]: cookie for cookie in window.context.cookies(web.url)}
    assert (flags["idp_session"]["httpOnly"], flags["idp_session"]["sameSite"]) == (True, "Lax")
    assert window.page.evaluate("document.cookie") == ""


@pytest.mark.req("B3")
def test_step_up_asks_for_the_key_again_and_comes_back(web: Web, window: Window, person: Person) -> None:
    done.clear()
    window.page.goto(f"{web.url}{PATH}")
    window.page.evaluate(
        """path => { const form = document.querySelector('form[action="/sign-out"]');
                     form.action = path; form.submit(); }""",
        PATH,
    )
    window.page.wait_for_url("**/realms/**")
    assert go_through(window, person) == ["login", "webauthn-authenticate"]
    assert "练习已提交。" in window.text()
    assert len(done) == 1
    window.page.reload()
    assert "练习已提交。" not in window.text()


def test_look_at_each_page_finds_no_barrier_and_no_overflow(web: Web, window: Window) -> None:
    for language, text in product(("zh-CN", "en"), ("normal", "large")):
        for choice in (f"language/{language}", f"text/{text}"):
            window.page.goto(f"{web.url}/preferences/{choice}")
        for path in OWN:
            window.page.goto(f"{web.url}{path}")
            assert findings(window.page) == [], path
            assert overflow(window.page) == 0, path
            assert window.page.locator("html").get_attribute("lang") == language


def test_walk_by_keyboard_reaches_everything_in_the_order_of_the_page(web: Web, window: Window) -> None:
    page = window.page
    assert tab_stops(page) == reading_order(page)
    page.goto(page.url)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_sign_out_forgets_the_person_here_and_at_keycloak(web: Web, window: Window) -> None:
    window.page.click("header button")
    window.page.wait_for_url("**/signed-out")
    window.page.goto(f"{web.url}/pages/account")
    assert window.page.locator("#username").count() == 1
