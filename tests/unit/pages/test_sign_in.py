"""Signing in at the pages."""

from connector.regulations.vocabulary import Office
from tests.fixtures_pages import Browser


def test_open_page_signed_in_shows_it(browser: Browser) -> None:
    assert browser.get("/pages/account").headers["location"] == "/sign-in?next=%2Fpages%2Faccount"
    back = browser.sign_in(browser.town.actor(Office.UNIT_HEAD, "ywk"), next_path="/pages/account")
    assert (back.status_code, back.headers["location"]) == (303, "/pages/account")
    page = browser.get("/pages/account")
    assert page.status_code == 200, page.text
    print(page.text)
    print(browser.get("/pages").text)
    print(browser.get("/pages/none").text, browser.get("/nowhere").text)
