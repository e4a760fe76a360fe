"""Acts that wait for a second factor: carried out once, for the same person, in time, or not at all."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from connector.auth.actor import Actor
from connector.pages.tables import PageDraftRow
from connector.regulations.vocabulary import Office
from tests.fixtures_pages import Browser, open_browser
from tests.practice_page import PATH, done
from tests.town import HOST, Town

UNFINISHED = "未完成验证，练习未提交。"


@pytest.fixture
def head(browser: Browser, town: Town) -> Actor:
    actor = town.actor(Office.UNIT_HEAD, "ywk")
    browser.sign_in(actor)
    return actor


def test_ask_for_a_step_up_asks_for_a_new_proof_and_stores_nothing_readable(browser: Browser, head: Actor) -> None:
    browser.post(PATH, {"word": "secret word"})
    asked = browser.login.asked[-1]
    assert (asked.level, asked.max_age) == ("mfa", 0)
    with browser.town.connector.act(HOST) as act:
        draft = act.session.scalars(select(PageDraftRow)).one()
    assert b"secret" not in draft.payload_sealed
    assert done == []


def test_prove_carries_out_once_as_the_person_with_his_proof(browser: Browser, head: Actor) -> None:
    sent = browser.post(PATH, {"word": "hello"})
    browser.town.clock.advance(timedelta(seconds=20))
    answer = browser.prove(sent, head, amr=("pwd", "otp"))
    assert (answer.status_code, answer.headers["location"]) == (303, PATH)
    (act, payload) = done.pop()
    assert payload == {"word": "hello"}
    assert (act.actor.person_id, act.actor.acr, act.actor.amr) == (head.person_id, "mfa", ("pwd", "otp"))
    assert act.actor.authenticated_at == browser.town.clock.now().replace(microsecond=0)
    page = browser.get(PATH).text
    assert "练习已提交。" in page
    assert "hello" not in page  # It is no draft any more.
    assert browser.prove(sent, head).status_code == 403
    assert done == []


def test_prove_gives_the_session_a_new_token(browser: Browser, head: Actor) -> None:
    before = browser.client.cookies["idp_session"]
    browser.prove(browser.post(PATH, {"word": "hello"}), head)
    assert browser.client.cookies["idp_session"] != before
    browser.client.cookies.clear()
    browser.client.cookies.set("idp_session", before)
    assert browser.get(PATH).status_code == 303


@pytest.mark.parametrize(
    "fields", [{"acr": "pwd"}, {"subject": "somebody-else"}], ids=["by password alone", "by another person"]
)
def test_prove_wrongly_carries_out_nothing_and_keeps_the_entries(
    browser: Browser, head: Actor, fields: dict[str, str]
) -> None:
    back = browser.prove(browser.post(PATH, {"word": "kept"}), head, **fields)
    assert back.headers["location"] == PATH
    page = browser.get(PATH).text
    assert UNFINISHED in page
    assert "练习：kept" in page
    assert done == []


def test_decline_to_prove_carries_out_nothing(browser: Browser, head: Actor) -> None:
    sent = browser.post(PATH, {"word": "kept"})
    browser.come_back(sent, browser.signed(head), error="access_denied", code="")
    assert UNFINISHED in browser.get(PATH).text
    assert done == []


def test_prove_with_a_login_from_before_carries_out_nothing(browser: Browser, head: Actor) -> None:
    """Keycloak was made to skip the proof: max_age was taken out of the address."""
    browser.town.clock.advance(timedelta(minutes=1))
    before = browser.town.clock.now().replace(microsecond=0) - timedelta(seconds=6)
    browser.prove(browser.post(PATH, {"word": "hello"}), head, auth_time=before)
    assert UNFINISHED in browser.get(PATH).text
    assert done == []


@pytest.mark.parametrize(("seconds", "times"), [(299, 1), (301, 0)])
def test_prove_within_five_minutes_carries_out(browser: Browser, head: Actor, seconds: int, times: int) -> None:
    sent = browser.post(PATH, {"word": "hello"})
    browser.town.clock.advance(timedelta(seconds=seconds))
    browser.prove(sent, head)
    assert len(done) == times


def test_prove_after_the_session_ended_carries_out_nothing(browser: Browser, head: Actor) -> None:
    sent = browser.post(PATH, {"word": "hello"})
    browser.client.cookies.delete("idp_session")
    assert browser.prove(sent, head).headers["location"].startswith("/sign-in")
    assert done == []


def test_prove_in_another_session_carries_out_nothing(browser: Browser, head: Actor) -> None:
    sent = browser.post(PATH, {"word": "hello"})
    browser.client.cookies.delete("idp_session")
    browser.sign_in(head)
    answer = browser.prove(sent, head)
    assert answer.headers["location"].startswith("/sign-in")
    assert "set-cookie" not in answer.headers
    assert done == []


def test_prove_in_another_browser_carries_out_nothing(browser: Browser, town: Town, head: Actor) -> None:
    sent = browser.post(PATH, {"word": "hello"})
    with open_browser(town) as other:
        other.sign_in(head)
        assert other.prove(sent, head).status_code == 403
    assert done == []


def test_prove_for_an_act_that_is_refused_shows_why_and_keeps_the_session(browser: Browser, head: Actor) -> None:
    answer = browser.prove(browser.post(PATH, {"word": "refuse"}), head)
    assert (answer.status_code, "状态已变化" in answer.text) == (409, True)
    assert browser.get(PATH).status_code == 200


def test_see_kept_entries_of_another_session_is_impossible(browser: Browser, town: Town, head: Actor) -> None:
    browser.post(PATH, {"word": "mine"})
    with open_browser(town) as other:
        other.sign_in(head)
        assert "练习：mine" not in other.get(PATH).text


def test_prove_while_keycloak_is_away_keeps_the_session_and_says_so(browser: Browser, head: Actor) -> None:
    sent = browser.post(PATH, {"word": "hello"})
    browser.login.unreachable = True
    assert browser.prove(sent, head).status_code == 503
    assert browser.get(PATH).status_code == 200
    assert done == []
