"""The frame of every page: policy, words, language, menu, banner, and the pages of refusals."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi.routing import APIRoute
from sqlalchemy.exc import OperationalError

from connector.auth.actor import Actor
from connector.pages import home, visitor
from connector.pages.access import READING
from connector.pages.mount import ROUTERS
from connector.regulations.vocabulary import Office
from tests.fixtures_pages import Browser
from tests.practice_page import PATH
from tests.town import Town

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' http://localhost:8480; "
    "frame-ancestors 'none'; base-uri 'none'"
)
FILES = ("/static/app.css", "/static/icon.svg")
OPEN = ("/sign-in", "/signed-out", "/welcome/{token}", "/oidc/callback", "/oidc/logout", "/", *FILES)
INLINE = re.compile(r"<script|<style|\sstyle=|\son\w+=|javascript:|https?://", re.IGNORECASE)


@pytest.fixture
def head(town: Town) -> Actor:
    return town.actor(Office.UNIT_HEAD, "ywk")


def routes(*, methods: tuple[str, ...] = ("GET", "POST")) -> Iterator[tuple[str, str]]:
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            yield from ((method, route.path) for method in route.methods if method in methods)


def filled(path: str) -> str:
    return re.sub(r"\{\w+\}", "1", path)


PAGES = sorted({path for _, path in routes(methods=("GET",)) if path not in ("/", *FILES)})


@pytest.mark.parametrize("path", PAGES)
def test_open_page_sends_the_strict_policy_and_nothing_inline(browser: Browser, head: Actor, path: str) -> None:
    if path not in OPEN:
        browser.sign_in(head)
    answer = browser.get(filled(path))
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] in ("same-origin", "no-referrer")
    assert INLINE.findall(answer.text) == []
    if answer.status_code != 303:
        assert answer.text.count("<h1") == 1
        assert re.search(r"<title>[^<]+ - 公共资源交易平台账号管理</title>", answer.text)


@pytest.mark.parametrize(("method", "path"), sorted({(m, p) for m, p in routes() if p not in OPEN}))
def test_open_page_without_a_session_is_refused_or_led_to_the_login(browser: Browser, method: str, path: str) -> None:
    if path.startswith("/preferences"):
        return
    answer = browser.client.request(method, filled(path), data={"csrf": "x"} if method == "POST" else None)
    if method in READING:
        assert answer.headers["location"].startswith("/sign-in?next=")
    else:
        assert answer.status_code == 401
        assert "登录已过期" in answer.text


@pytest.mark.parametrize("path", sorted({p for m, p in routes(methods=("POST",)) if p not in OPEN}))
@pytest.mark.parametrize("csrf", ["", "x", "x" * 43])
def test_send_form_of_nobody_is_refused_before_anything_else(
    browser: Browser, head: Actor, path: str, csrf: str
) -> None:
    browser.sign_in(head)
    answer = browser.post(filled(path), {"word": "typed"}, csrf=csrf)
    assert (answer.status_code, "页面已过期" in answer.text) == (403, True)
    assert "typed" in answer.text  # What was typed can be copied.


def test_send_form_after_the_session_ended_shows_what_was_typed(browser: Browser, head: Actor) -> None:
    browser.sign_in(head)
    csrf = browser.csrf()
    browser.town.clock.advance(timedelta(hours=1))
    answer = browser.post(PATH, {"word": "long story"}, csrf=csrf)
    assert answer.status_code == 401
    assert "登录已过期" in answer.text
    assert "long story" in answer.text
    assert csrf not in answer.text


def test_send_form_of_another_session_is_refused(browser: Browser, head: Actor) -> None:
    browser.sign_in(head)
    first = browser.csrf()
    browser.client.cookies.clear()
    browser.sign_in(head)
    assert browser.csrf() != first
    assert browser.post(PATH, {"word": "x"}, csrf=first).status_code == 403


def test_send_form_twice_named_token_is_refused(browser: Browser, head: Actor) -> None:
    browser.sign_in(head)
    assert browser.client.post(PATH, data={"csrf": [browser.csrf(), "x"]}).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_send_form_from_another_site_is_refused(browser: Browser, head: Actor, site: str) -> None:
    browser.sign_in(head)
    sent = browser.client.post(PATH, data={"csrf": browser.csrf()}, headers={"Sec-Fetch-Site": site})
    assert sent.status_code == 403


def test_send_form_with_control_characters_is_refused(browser: Browser, head: Actor) -> None:
    browser.sign_in(head)
    answer = browser.post(PATH, {"word": "a\x00b"})
    assert (answer.status_code, "含有控制字符" in answer.text) == (422, True)


@pytest.mark.parametrize("path", ["/requests", "/inbox", "/ledger", "/units"])
def test_call_api_with_the_cookie_of_the_pages_is_refused(browser: Browser, head: Actor, path: str) -> None:
    browser.sign_in(head)
    answer = browser.get(path, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")


def test_ask_for_an_unknown_address_answers_each_in_his_way(browser: Browser, head: Actor) -> None:
    assert browser.get("/nowhere").headers["content-type"] == "application/problem+json"
    page = browser.get("/nowhere", headers={"Accept": "text/html,*/*"})
    assert (page.status_code, "找不到此页面" in page.text) == (404, True)
    browser.sign_in(head)
    assert "主菜单" in browser.get("/pages/nowhere").text


def test_ask_for_a_page_with_the_wrong_method_answers_with_a_page(browser: Browser) -> None:
    answer = browser.client.delete("/pages/account", headers={"Accept": "text/html"})
    assert (answer.status_code, "找不到此页面" in answer.text) == (405, True)


def test_switch_to_english_keeps_the_page_and_lasts(browser: Browser, head: Actor) -> None:
    browser.sign_in(head)
    link = re.search(r'href="(/preferences/language/en[^"]+)" lang="en" hreflang="en"', browser.get(f"{PATH}?a=1").text)
    assert link is not None
    answer = browser.get(link[1].replace("&amp;", "&"))
    assert answer.headers["location"] == f"{PATH}?a=1"
    page = browser.get("/pages/account").text
    assert '<html lang="en">' in page
    assert "My account" in page
    assert 'lang="zh-CN" hreflang="zh-CN">中文' in page


def test_switch_to_large_text_and_back(browser: Browser, head: Actor) -> None:
    browser.sign_in(head)
    browser.get("/preferences/text/large")
    assert '<html lang="zh-CN" class="large">' in browser.get("/pages").text
    browser.get("/preferences/text/normal")
    assert '<html lang="zh-CN">' in browser.get("/pages").text


@pytest.mark.parametrize("path", ["/preferences/language/de", "/preferences/other/en"])
def test_choose_what_is_not_offered_is_not_found(browser: Browser, path: str) -> None:
    assert browser.get(path).status_code == 404


def test_show_menu_offers_what_the_office_may_open(browser: Browser, town: Town) -> None:
    browser.sign_in(town.applicant())
    member = browser.get("/pages").text
    assert "/pages/inbox" not in member
    browser.client.cookies.clear()
    browser.sign_in(town.actor(Office.UNIT_HEAD, "ywk"))
    assert "/pages/inbox" in browser.get("/pages").text


def test_show_menu_counts_what_waits(browser: Browser, town: Town, head: Actor) -> None:
    town.submit()
    browser.sign_in(head)
    page = browser.get("/pages").text
    assert '<span class="count">1<span class="sr"> 件</span></span>' in page
    assert "有1件申请待审批。" in page


def test_plant_a_banner_shows_nothing(browser: Browser, head: Actor) -> None:
    browser.sign_in(head)
    for planted in ("5Lit5paH.", "5Lit5paH.00", "x", "5Lit5paH." + "0" * 64):
        browser.client.cookies.set("idp_banner", planted)
        assert 'class="banner"' not in browser.get("/pages").text


def test_meet_a_defect_shows_a_page_with_a_reference(
    browser: Browser, head: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.sign_in(head)

    def fail(*_args: object) -> str:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(home, "language_of", fail)
    answer = browser.get("/pages")
    assert (answer.status_code, "抱歉，系统出了问题" in answer.text) == (500, True)
    assert re.search(r"fault [0-9a-f]{8}", answer.text)
    assert "secret detail" not in answer.text


def test_open_page_while_the_database_is_down_says_so(
    browser: Browser, head: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.sign_in(head)

    def fail(*_args: object) -> None:
        raise OperationalError("select", {}, Exception("down"))

    monkeypatch.setattr(visitor.sessions, "find_living", fail)
    answer = browser.get("/pages")
    assert (answer.status_code, "系统暂停服务" in answer.text) == (503, True)


def test_load_stylesheet_holds_nothing_from_elsewhere(browser: Browser) -> None:
    address = re.search(r'href="(/static/app\.css\?v=[0-9a-f]{12})"', browser.get("/signed-out").text)
    assert address is not None
    style = browser.get(address[1])
    assert style.headers["content-type"].startswith("text/css")
    assert "immutable" in style.headers["cache-control"]
    assert not re.search(r"url\(|@import|https?:", style.text)
