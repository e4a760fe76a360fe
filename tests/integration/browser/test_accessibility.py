"""Every page in a real Chromium: no serious finding of axe-core, nothing sideways, no fault, no other host, keys."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from connector.regulations.vocabulary import Office
from tests.browser.accessibility import LOOKS, findings, look, overflow, reading_order, tab_stops
from tests.browser.chromium import PHONE, Windows
from tests.browser.small_town import APPLICANT, SmallTown
from tests.browser.tour import TOUR, Stop
from tests.servers.keycloak import Keycloak
from tests.servers.web import open_web

OWN = [stop for stop in TOUR if not stop.foreign]
HEAD = Office.UNIT_HEAD
# Boxes to which the templates of Keycloak 26.7 give no label; only a theme of one's own could.
KEYCLOAKS_OWN = ("#kc-attempted-username", "#totp", "#userLabel")


@pytest.fixture(scope="module")
def town(keycloak: Keycloak, chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallTown]:
    """One town for every page; its people stay signed in."""
    opened = Windows(chromium)
    with open_web(keycloak, tmp_path_factory.mktemp("web")) as web:
        filled = SmallTown(web, opened)
        filled.fill()
        yield filled
        opened.close()


@pytest.mark.parametrize("stop", OWN, ids=lambda stop: stop.name)
def test_look_at_a_page_in_every_size_finds_nothing_wrong(town: SmallTown, stop: Stop) -> None:
    window = town.window(stop.who)
    window.faults.clear()
    stop.go(town, window)
    found = []
    for name, size, large in LOOKS:
        look(window.page, size, large=large)
        found += [f"{name}: {finding}" for finding in findings(window.page)]
        if wide := overflow(window.page):
            found.append(f"{name}: {wide} px wider than the window")
    assert found == []
    assert window.faults == []
    assert window.hosts <= {"localhost"}


@pytest.mark.parametrize("stop", [stop for stop in TOUR if stop.foreign], ids=lambda stop: stop.name)
def test_look_at_a_page_of_the_login_finds_nothing_from_elsewhere(town: SmallTown, stop: Stop) -> None:
    window = town.window(None)
    stop.go(town, window)
    assert window.page.get_attribute("html", "lang") == "zh-CN"
    assert findings(window.page, without=KEYCLOAKS_OWN) == []
    assert window.faults == []
    assert window.hosts <= {"localhost"}


@pytest.mark.parametrize(
    "name",
    ["home", "apply-grant", "apply-check", "inbox", "decide", "request-waiting", "scans", "decide-zombies",
     "departures", "finding", "rotation", "jobs", "ledger"],
)  # fmt: skip
def test_press_tab_through_a_page_reaches_everything_in_reading_order(town: SmallTown, name: str) -> None:
    stop = next(stop for stop in OWN if stop.name == name)
    window = town.window(stop.who)
    look(window.page, LOOKS[0][1], large=False)
    stop.go(town, window)
    reached = tab_stops(window.page)
    order = reading_order(window.page)
    assert reached == order
    assert order[0] == "A:#main"  # The way past the menu comes first.


def test_press_enter_on_the_skip_link_leads_to_the_content(town: SmallTown) -> None:
    window = town.window(HEAD)
    town.open(window, "/pages/inbox")
    window.page.keyboard.press("Tab")
    expect(window.page.locator(".skip")).to_be_focused()
    expect(window.page.locator(".skip")).to_be_in_viewport()
    window.page.keyboard.press("Enter")
    expect(window.page.locator("#main")).to_be_focused()


def test_send_a_form_with_mistakes_leads_to_their_summary_and_from_it_to_the_field(town: SmallTown) -> None:
    window = town.window(HEAD)
    next(stop for stop in OWN if stop.name == "apply-grant-mistakes").go(town, window)
    page = window.page
    assert page.url.endswith("#problem")
    assert page.title().startswith("错误：")
    summary = page.get_by_role("alert")
    expect(summary).to_be_in_viewport()
    expect(summary.get_by_role("heading")).to_contain_text("处需要修改")
    page.keyboard.press("Tab")
    first = page.evaluate("document.activeElement.getAttribute('href')")
    page.keyboard.press("Enter")
    field = page.locator(first)
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    said = page.locator(f"[id='{first[1:]}-error']")
    assert said.get_attribute("id") in str(field.get_attribute("aria-describedby"))


def test_apply_with_the_keyboard_alone_on_a_phone_comes_to_the_check(town: SmallTown) -> None:
    window, typed = town.window(APPLICANT), town.next_form()
    look(window.page, PHONE, large=False)
    town.open(window, "/pages/apply/grant")
    page = window.page
    for name in ("person_name", "document_number", "phone"):
        page.focus(f"[name={name}]")
        page.keyboard.type(typed[name])
    for permission in typed["permissions"].split():
        page.focus(f"[name=permissions][value='{permission}']")
        page.keyboard.press("Space")
    page.focus("[name=reason]")
    page.keyboard.type("新入职")
    page.focus("main button.main")
    with page.expect_navigation(wait_until="load"):
        page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("核对并提交申请")


@pytest.mark.parametrize("name", ["scan-list", "ledger", "departures"])
def test_print_a_page_leaves_out_menu_and_buttons_and_nothing_of_the_table(town: SmallTown, name: str) -> None:
    stop = next(stop for stop in OWN if stop.name == name)
    window = town.window(stop.who)
    stop.go(town, window)
    rows = window.page.locator("tbody tr").count()
    window.page.emulate_media(media="print")
    try:
        assert window.page.locator(".top:visible, .nav:visible, .btn:visible, form:visible").count() == 0
        assert window.page.locator("tbody tr:visible").count() == rows > 0
    finally:
        window.page.emulate_media(media="screen")


@pytest.mark.parametrize("name", ["scan", "departures", "finding", "jobs", "ledger"])
def test_look_at_a_page_in_forced_colours_finds_nothing_wrong(town: SmallTown, name: str) -> None:
    stop = next(stop for stop in OWN if stop.name == name)
    window = town.window(stop.who)
    stop.go(town, window)
    window.page.emulate_media(forced_colors="active")
    try:
        assert findings(window.page) == []
        assert window.page.locator(".tag").first.evaluate("e => getComputedStyle(e).borderTopWidth") != "0px"
    finally:
        window.page.emulate_media(forced_colors="none")


@pytest.mark.parametrize("path", ["/pages", "/pages/account", "/pages/inbox", "/pages/apply/grant"])
def test_switch_to_english_and_large_letters_comes_back_to_the_same_page(town: SmallTown, path: str) -> None:
    window = town.window(HEAD)
    town.open(window, path)
    page = window.page
    page.get_by_role("link", name="English").click()
    page.wait_for_url(f"**{path}")
    assert page.get_attribute("html", "lang") == "en"
    page.get_by_role("link", name="Large").click()
    page.wait_for_url(f"**{path}")
    assert "large" in str(page.get_attribute("html", "class"))
    assert findings(page) == []
    for back in ("/preferences/text/normal", "/preferences/language/zh-CN"):
        page.goto(f"{town.web.url}{back}?back={path}")
    assert page.get_attribute("html", "lang") == "zh-CN"


def test_look_at_a_broken_page_finds_each_fault(windows: Windows) -> None:
    window = windows.open(PHONE)
    window.page.set_content(
        "<html lang=zh-CN><title>x</title><main><h1>x</h1><input><p style='color:#ccc'>浅色文字</p>"
        "<div style='width:500px'>宽</div><img alt='' src='http://elsewhere.test/x.png'>"
        "<script>console.error('fault'); throw new Error('broken')</script></main>"
    )
    found = " ".join(findings(window.page))
    assert "label" in found
    assert "color-contrast" in found
    assert overflow(window.page) > 0
    assert "elsewhere.test" in window.hosts
    assert {fault.rpartition(": ")[2] for fault in window.faults} >= {"fault", "broken"}
