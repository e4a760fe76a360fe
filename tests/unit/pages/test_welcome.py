"""The one-time page: for whom the link is, once, in his language, with or without a mail address (C2)."""

from datetime import timedelta

import pytest

from connector.provisioning import links
from connector.register import people
from connector.register.tables import AccountRow, PersonRow
from tests.factories import make_person_form
from tests.fixtures_pages import Browser
from tests.town import HOST, Town


@pytest.fixture
def account(town: Town) -> AccountRow:
    """A new account, of somebody without a mail address."""
    request = town.approve(town.submit(town.form(person=make_person_form("ywk", mail=""))))
    town.connector.deliver()
    return town.account_of(request)


def link(town: Town, account: AccountRow) -> str:
    """The path of a new link, as the operator hands it over on paper."""
    with town.connector.act(HOST) as act:
        row = act.session.get_one(AccountRow, account.id)
        return links.make_link(act, row, public_url="", life=timedelta(hours=1))


def ending(town: Town, account: AccountRow) -> str:
    """The last six characters of the person's document number."""
    with town.connector.act(HOST) as act:
        person = act.session.get_one(PersonRow, account.person_id)
        return act.vault.decrypt(person.document_sealed, f"{people.DOCUMENT_CONTEXT}:{person.id}")[-6:]


@pytest.mark.req("C2")
def test_open_link_without_mail_shows_the_password_once_to_its_person(
    browser: Browser, town: Town, account: AccountRow
) -> None:
    assert town.mailer.sent == []
    path = link(town, account)
    asked = browser.get(path)
    assert "本人证件号码后六位" in asked.text
    shown = browser.client.post(path, data={"suffix": ending(town, account)})
    assert account.user_name in shown.text
    assert 'class="secret"' in shown.text
    again = browser.client.post(path, data={"suffix": ending(town, account)})
    assert again.status_code == 404
    assert 'class="secret"' not in again.text
    assert "<input" not in again.text


def test_answer_wrongly_says_so_at_the_top_and_at_the_field(browser: Browser, town: Town, account: AccountRow) -> None:
    answer = browser.client.post(link(town, account), data={"suffix": "00000X"})
    assert answer.status_code == 403
    assert "<title>错误：领取初始口令 - " in answer.text
    assert '<a href="#suffix">证件号码后六位不正确，还可尝试4次</a>' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert "00000X" not in answer.text


@pytest.mark.parametrize("path", ["/welcome/unknown", "/welcome/" + "x" * 43])
def test_answer_at_an_unknown_link_says_where_to_get_one(browser: Browser, path: str) -> None:
    answer = browser.client.post(path, data={"suffix": "123456"})
    assert (answer.status_code, "请联系信息技术科重新发放链接" in answer.text) == (404, True)


def test_open_link_keeps_its_address_from_others(browser: Browser, town: Town, account: AccountRow) -> None:
    page = browser.get(link(town, account))
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"


def test_open_link_in_english_says_the_same(browser: Browser, town: Town, account: AccountRow) -> None:
    path = link(town, account)
    browser.get("/preferences/language/en", params={"back": path})
    assert "Last six characters of your document number" in browser.get(path).text
    wrong = browser.client.post(path, data={"suffix": "x"})
    assert "The last six characters do not match; 4 tries left" in wrong.text
