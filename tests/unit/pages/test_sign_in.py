"""Sessions of the browser: how they begin, how long they live, what ends them."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from connector.auth.actor import Actor
from connector.auth.login import EndedLogin
from connector.pages.tables import PageDraftRow, PageSessionRow, PageSignInRow
from connector.register import accounts
from connector.register.tables import AccountStateRow
from connector.regulations.vocabulary import AccountStatus, Office
from tests.fixtures_pages import Browser, open_browser
from tests.practice_page import PATH
from tests.town import HOST, Town, open_town

LOGIN = "/sign-in?next=%2Fpages%2Faccount"


@pytest.fixture
def head(town: Town) -> Actor:
    return town.actor(Office.UNIT_HEAD, "ywk")


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/pages/account").status_code == 200


def set_status(town: Town, actor: Actor, status: AccountStatus) -> None:
    with town.connector.act(HOST) as act:
        accounts.set_status(act, accounts.get_account(act, str(actor.account_id)), status, cause="request")


def test_open_page_without_a_session_leads_to_the_login_and_back(browser: Browser, head: Actor) -> None:
    assert browser.get("/pages/account").headers["location"] == LOGIN
    back = browser.sign_in(head, next_path="/pages/account")
    assert (back.status_code, back.headers["location"]) == (303, "/pages/account")
    assert head.name in browser.get("/pages/account").text


def test_sign_in_asks_for_a_second_factor(browser: Browser, head: Actor) -> None:
    browser.get("/sign-in")
    asked = browser.login.asked[-1]
    assert (asked.level, asked.max_age, asked.action) == ("mfa", None, "")


@pytest.mark.parametrize("acr", ["pwd", "", "1"])
def test_sign_in_by_password_alone_is_refused(browser: Browser, head: Actor, acr: str) -> None:
    answer = browser.sign_in(head, acr=acr)
    assert answer.status_code == 403
    assert not is_signed_in(browser)


def test_sign_in_of_somebody_unknown_is_refused(browser: Browser, head: Actor) -> None:
    answer = browser.sign_in(head, subject="nobody")
    assert (answer.status_code, "此账号不能登录" in answer.text) == (403, True)


@pytest.mark.parametrize("status", [each for each in AccountStatus if each is not AccountStatus.ACTIVE])
def test_sign_in_of_an_account_that_is_not_active_is_refused(
    browser: Browser, head: Actor, status: AccountStatus
) -> None:
    browser.subject_of(head)
    set_status(browser.town, head, status)
    assert browser.sign_in(head).status_code == 403


def test_click_after_a_block_finds_no_session(browser: Browser, head: Actor) -> None:
    browser.sign_in(head)
    assert is_signed_in(browser)
    set_status(browser.town, head, AccountStatus.SUSPENDED)
    assert not is_signed_in(browser)


def test_click_of_an_account_that_is_blocked_without_a_history_finds_no_session(browser: Browser, head: Actor) -> None:
    """The account and its history each say who is out; one of them is enough."""
    browser.sign_in(head)
    with browser.town.connector.act(HOST) as act:
        accounts.get_account(act, str(head.account_id)).status = "frozen"
    assert not is_signed_in(browser)


def test_click_after_the_account_is_enabled_again_finds_no_session(browser: Browser, head: Actor) -> None:
    """A session from before the block is dead for ever; one from after it lives."""
    browser.sign_in(head)
    set_status(browser.town, head, AccountStatus.FROZEN)
    browser.town.clock.advance(timedelta(seconds=1))
    set_status(browser.town, head, AccountStatus.ACTIVE)
    assert not is_signed_in(browser)
    browser.town.clock.advance(timedelta(seconds=1))
    browser.sign_in(head)
    assert is_signed_in(browser)


def test_click_after_a_block_within_the_same_moment_finds_no_session(browser: Browser, head: Actor) -> None:
    """Frozen and enabled in the microsecond of the sign-in: the doubt goes against the session."""
    browser.sign_in(head)
    set_status(browser.town, head, AccountStatus.FROZEN)
    set_status(browser.town, head, AccountStatus.ACTIVE)
    with browser.town.connector.act(HOST) as act:
        frozen = select(AccountStateRow).where(AccountStateRow.status == "frozen")
        assert act.session.scalars(frozen).one().until == browser.town.clock.now()
    assert not is_signed_in(browser)


@pytest.mark.parametrize(("minutes", "lives"), [(29, True), (31, False)])
def test_click_after_a_rest_finds_the_session_for_half_an_hour(
    browser: Browser, head: Actor, minutes: int, lives: bool
) -> None:
    browser.sign_in(head)
    browser.town.clock.advance(timedelta(minutes=minutes))
    assert is_signed_in(browser) is lives


@pytest.mark.parametrize(("hours", "lives"), [(9.9, True), (10.1, False)])
def test_click_all_day_finds_the_session_for_ten_hours(
    browser: Browser, head: Actor, hours: float, lives: bool
) -> None:
    browser.sign_in(head)
    for _ in range(int(hours * 60) // 20):
        browser.town.clock.advance(timedelta(minutes=20))
        browser.get("/pages/account")
    browser.town.clock.advance(timedelta(minutes=hours * 60 % 20))
    assert is_signed_in(browser) is lives


def test_sign_in_gives_a_cookie_that_scripts_and_other_sites_do_not_have(browser: Browser, head: Actor) -> None:
    cookie = browser.sign_in(head).headers["set-cookie"]
    assert cookie.startswith("idp_session=")
    assert "HttpOnly; Path=/; SameSite=lax" in cookie
    assert "Domain" not in cookie
    assert "Secure" not in cookie  # There is no TLS in front of this one.


@pytest.fixture
def sealed(tmp_path: Path) -> Iterator[Browser]:
    """A browser at an address with TLS."""
    town = open_town(tmp_path / "sealed")
    placed = {"public_url": "https://idp.example.cn"}
    town.connector.settings = town.connector.settings.model_copy(update=placed)
    with open_browser(town, "https://idp.example.cn") as browser:
        yield browser
    town.close()


def test_sign_in_with_tls_gives_a_cookie_of_this_host_alone(sealed: Browser) -> None:
    answer = sealed.sign_in(sealed.town.actor(Office.UNIT_HEAD, "ywk"))
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-idp_session=")
    assert "HttpOnly; Path=/; SameSite=lax; Secure" in cookie
    assert is_signed_in(sealed)
    assert sealed.get("/pages").headers["strict-transport-security"] == "max-age=31536000"


def test_sign_in_twice_ends_the_first_session(browser: Browser, head: Actor, town: Town) -> None:
    browser.sign_in(head)
    first = browser.client.cookies["idp_session"]
    sent = browser.get("/sign-in")
    assert sent.headers["location"] == "/pages"  # He is signed in already.
    with open_browser(town) as other:
        begun = other.get("/sign-in")
        browser.client.cookies.set(
            "idp_browser", other.client.cookies["idp_browser"], domain="localhost.local", path="/"
        )
        browser.come_back(begun, browser.signed(town.actor(Office.PRINCIPAL)))
    assert browser.client.cookies["idp_session"] != first
    browser.client.cookies.clear()
    browser.client.cookies.set("idp_session", first)
    assert not is_signed_in(browser)


def test_store_session_keeps_no_token_in_the_clear(browser: Browser, head: Actor) -> None:
    browser.sign_in(head)
    token = browser.client.cookies["idp_session"]
    with browser.town.connector.act(HOST) as act:
        row = act.session.scalars(select(PageSessionRow)).one()
        kept = [str(value) for value in vars(row).values()]
    assert not any(token in value for value in kept)
    assert len(row.id_token_sealed) > 12
    assert b"id." not in row.id_token_sealed


def test_come_back_a_second_time_is_refused(browser: Browser, head: Actor) -> None:
    sent = browser.get("/sign-in")
    answer = browser.login.answer(sent.headers["location"], browser.signed(head))
    assert browser.get("/oidc/callback", params=answer).status_code == 303
    browser.client.cookies.delete("idp_session")
    assert browser.get("/oidc/callback", params=answer).status_code == 403
    fresh = browser.login.answer(sent.headers["location"], browser.signed(head))  # Another code, for the same way.
    assert browser.get("/oidc/callback", params=fresh).status_code == 403


@pytest.mark.parametrize("change", [{"state": "other"}, {"iss": "http://other"}, {"code": "other"}, {"error": "x"}])
def test_come_back_with_a_changed_answer_is_refused(browser: Browser, head: Actor, change: dict[str, str]) -> None:
    answer = browser.come_back(browser.get("/sign-in"), browser.signed(head), **change)
    assert (answer.status_code, "登录没有完成" in answer.text) == (403, True)
    assert not is_signed_in(browser)


def test_come_back_in_another_browser_is_refused(browser: Browser, town: Town, head: Actor) -> None:
    sent = browser.get("/sign-in")
    with open_browser(town) as victim:
        victim.get("/sign-in")
        assert victim.come_back(sent, browser.signed(head)).status_code == 403


def test_come_back_too_late_is_refused(browser: Browser, head: Actor) -> None:
    sent = browser.get("/sign-in")
    browser.town.clock.advance(timedelta(minutes=31))
    assert browser.come_back(sent, browser.signed(head)).status_code == 403


def test_sign_in_forgets_ways_that_were_not_finished(browser: Browser) -> None:
    browser.get("/sign-in")
    browser.town.clock.advance(timedelta(hours=1))
    browser.get("/sign-in")
    with browser.town.connector.act(HOST) as act:
        assert len(act.session.scalars(select(PageSignInRow)).all()) == 1


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example/pages", "//evil.example", "/\\evil.example", "\\/evil.example", "/pages//evil.example",
        "javascript:alert(1)", "/requests", "/sign-out", "/pagesevil", "/pages/../requests", "/pages/\r\nx", "",
        "/pages?a=" + "x" * 1000, "http:/pages", "/pages@evil.example", "/%2F/evil.example", "/pages#\u2028",
    ],
)  # fmt: skip
def test_sign_in_with_a_place_elsewhere_leads_to_the_first_page(browser: Browser, head: Actor, place: str) -> None:
    sent = browser.get("/sign-in", params={"next": place})
    if sent.status_code == 422:  # Control characters do not pass the door.
        return
    assert browser.come_back(sent, browser.signed(head)).headers["location"] == "/pages"
    assert browser.get("/preferences/language/en", params={"back": place}).headers["location"] == "/pages"


def test_come_back_while_keycloak_is_away_says_so(browser: Browser, head: Actor) -> None:
    sent = browser.get("/sign-in")
    browser.login.unreachable = True
    answer = browser.come_back(sent, browser.signed(head))
    assert (answer.status_code, "身份服务暂时不可用" in answer.text) == (503, True)


def test_read_page_while_keycloak_is_away_goes_on(browser: Browser, head: Actor) -> None:
    browser.sign_in(head)
    browser.login.unreachable = True
    assert is_signed_in(browser)


def test_sign_out_ends_the_session_and_leads_to_the_logout_at_keycloak(browser: Browser, head: Actor) -> None:
    browser.sign_in(head)
    token = browser.client.cookies["idp_session"]
    answer = browser.post("/sign-out")
    assert answer.headers["location"].startswith("http://keycloak.test/realms/trading/logout?id_token_hint=id.")
    browser.client.cookies.set("idp_session", token)
    assert not is_signed_in(browser)


def test_hear_that_a_login_ended_ends_its_session_alone(browser: Browser, town: Town, head: Actor) -> None:
    with open_browser(town) as other:
        browser.sign_in(head, sid="one")
        other.sign_in(head, sid="two")
        token = browser.login.logout_token(EndedLogin(subject=browser.subject_of(head), sid="one"))
        answer = browser.client.post("/oidc/logout", data={"logout_token": token})
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        assert (is_signed_in(browser), is_signed_in(other)) == (False, True)


def test_hear_that_all_logins_of_a_person_ended_ends_all_his_sessions(
    browser: Browser, town: Town, head: Actor
) -> None:
    with open_browser(town) as other:
        browser.sign_in(head)
        other.sign_in(town.actor(Office.PRINCIPAL))
        token = browser.login.logout_token(EndedLogin(subject=browser.subject_of(head), sid=None))
        browser.client.post("/oidc/logout", data={"logout_token": token})
        assert (is_signed_in(browser), is_signed_in(other)) == (False, True)


def test_hear_a_forged_logout_is_refused(browser: Browser, head: Actor) -> None:
    browser.sign_in(head)
    answer = browser.client.post("/oidc/logout", data={"logout_token": "forged"})
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})
    assert is_signed_in(browser)


def test_change_password_goes_to_keycloak_and_says_what_came_of_it(browser: Browser, head: Actor) -> None:
    browser.sign_in(head)
    for status, words in (("success", "口令已修改。"), ("cancelled", "口令没有修改。")):
        sent = browser.get("/pages/account/change/password")
        assert browser.login.asked[-1].action == "UPDATE_PASSWORD"
        back = browser.come_back(sent, browser.signed(head), kc_action_status=status)
        assert back.headers["location"] == "/pages/account"
        assert words in browser.get("/pages/account").text
        assert words not in browser.get("/pages/account").text


def test_change_something_else_at_keycloak_is_unknown(browser: Browser, head: Actor) -> None:
    browser.sign_in(head)
    assert browser.get("/pages/account/change/webauthn").status_code == 404


def test_sign_in_forgets_sessions_of_last_week(browser: Browser, town: Town, head: Actor) -> None:
    browser.sign_in(head)
    browser.post(PATH, {"word": "waits"})
    browser.get("/pages/account/change/password")
    town.clock.advance(timedelta(days=8))
    with open_browser(town) as other:
        other.sign_in(head)
    with town.connector.act(HOST) as act:
        assert len(act.session.scalars(select(PageSessionRow)).all()) == 1
        assert act.session.scalars(select(PageDraftRow)).all() == []


def test_expire_session_by_hand_refuses_the_cookie(browser: Browser, head: Actor) -> None:
    browser.sign_in(head)
    with browser.town.connector.act(HOST) as act:
        act.session.execute(update(PageSessionRow).values(ends_at=browser.town.clock.now()))
    assert not is_signed_in(browser)
