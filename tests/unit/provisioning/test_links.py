"""One-time links: seen once, by the person named, and stored nowhere."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from connector.adapters.crypto import AesGcmVault
from connector.ports import KeycloakUnavailableError
from connector.provisioning.errors import AccountNotActiveError, LinkNotValidError, WrongDocumentError
from connector.provisioning.passwords import make_initial_password
from connector.regulations.vocabulary import RequestKind
from connector.requests.forms import RequestForm
from tests.factories import make_person_form
from tests.town import HOST, Town

LINK = re.compile(r"/welcome/([\w-]{40,})")


def invite(town: Town) -> tuple[RequestForm, str]:
    """A person with a mail address whose grant was approved: (his form, the token in his mail)."""
    form = town.form(person=make_person_form("ywk", mail="wang@example.cn"))
    town.approve(town.submit(form))
    town.connector.deliver()
    mail = next(m for m in reversed(town.mailer.sent) if m.to == "wang@example.cn")
    found = LINK.search(mail.text)
    assert found
    return form, found.group(1)


def suffix(form: RequestForm) -> str:
    assert form.person is not None
    return form.person.document_number[-6:]


@pytest.mark.req("C2")
def test_open_link_gives_the_password_once(town: Town) -> None:
    form, token = invite(town)
    user_name, password = town.connector.open_link(token, suffix(form))
    (user,) = town.idp.users.values()
    assert (user.user_name, user.password) == (user_name, password)
    assert "UPDATE_PASSWORD" in user.actions
    with pytest.raises(LinkNotValidError):
        town.connector.open_link(token, suffix(form))


@pytest.mark.req("C2", "J5")
def test_neither_token_nor_password_nor_document_stands_in_the_database(town: Town, tmp_path: Path) -> None:
    form, token = invite(town)
    _, password = town.connector.open_link(token, suffix(form))
    with town.connector.act(HOST) as act:
        act.session.execute(text("SELECT 1"))
    assert form.person is not None
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("*.db*"))
    assert len(stored) > 100_000
    for secret in (token, password, form.person.document_number, form.person.phone):
        assert secret.encode() not in stored


@pytest.mark.req("C2")
def test_open_link_with_a_wrong_document_is_counted_and_ends_it(town: Town) -> None:
    form, token = invite(town)
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(WrongDocumentError, match=f"{left} tries"):
            town.connector.open_link(token, "00000X")
    with pytest.raises(LinkNotValidError):
        town.connector.open_link(token, suffix(form))
    assert next(iter(town.idp.users.values())).password is None


def test_open_link_too_late_is_refused(town: Town) -> None:
    form, token = invite(town)
    town.clock.advance(timedelta(hours=73))
    with pytest.raises(LinkNotValidError):
        town.connector.open_link(token, suffix(form))


def test_open_link_while_keycloak_is_down_leaves_it_good(town: Town) -> None:
    form, token = invite(town)
    town.idp.fail("set_temporary_password")
    with pytest.raises(KeycloakUnavailableError):
        town.connector.open_link(token, suffix(form))
    assert town.connector.open_link(token, suffix(form))[1]


def test_open_link_of_a_disabled_account_is_refused(town: Town) -> None:
    form, token = invite(town)
    user_name = next(iter(town.idp.users.values())).user_name
    town.approve(town.submit(town.form(kind=RequestKind.DISABLE, account=user_name)))
    with pytest.raises(AccountNotActiveError):
        town.connector.open_link(token, suffix(form))


@pytest.mark.req("B1", "C2")
def test_password_reset_ends_the_earlier_link_and_sends_a_new_one(town: Town) -> None:
    form, first = invite(town)
    user_name = next(iter(town.idp.users.values())).user_name
    town.approve(town.submit(town.form(kind=RequestKind.PASSWORD_RESET, account=user_name, cause="forgotten")))
    town.connector.deliver()
    second = LINK.findall(town.mailer.sent[-1].text)[0]
    assert second != first
    with pytest.raises(LinkNotValidError):
        town.connector.open_link(first, suffix(form))
    assert town.connector.open_link(second, suffix(form))[0] == user_name


def test_a_mail_that_fails_leaves_no_usable_link_and_is_sent_again(town: Town) -> None:
    town.mailer.fails_with = KeycloakUnavailableError("mail")
    form = town.form(person=make_person_form("ywk", mail="wang@example.cn"))
    town.approve(town.submit(form))
    town.connector.deliver()
    town.mailer.fails_with = None
    town.clock.advance(timedelta(minutes=10))
    town.connector.deliver()
    links = [LINK.findall(m.text)[0] for m in town.mailer.sent if m.to == "wang@example.cn"]
    assert len(links) == 1
    assert town.connector.open_link(links[0], suffix(form))


@pytest.mark.req("D2")
def test_initial_passwords_meet_the_strictest_rules_and_differ() -> None:
    made = {make_initial_password(8) for _ in range(200)}
    assert len(made) == 200
    for password in made:
        assert len(password) == 16
        assert any(c.isdigit() for c in password)
        assert any(c.islower() for c in password)
        assert any(c.isupper() for c in password)
        assert any(not c.isalnum() for c in password)
    assert len(make_initial_password(20)) == 20


def test_the_vault_of_a_town_is_the_real_one(town: Town) -> None:
    assert isinstance(town.connector.vault, AesGcmVault)
