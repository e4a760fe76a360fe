"""The whole life of an account on a real Keycloak: every kind of request, seen from the person's browser."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.embedded.browser import FormBrowser, LoginRefusedError, Person, Tokens
from connector.keys import service as keys
from connector.ports import SessionCount
from connector.provisioning import service as provisioning
from connector.register import accounts
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountStatus, Office, RequestKind
from connector.requests import service as requests
from tests.factories import make_person_form
from tests.fixtures_keys import KeyDesk, key_row
from tests.passwords import fresh
from tests.servers.realm import RealmUnderTest, realm
from tests.town import HOST, Town, open_town

__all__ = ["realm"]

LINK = re.compile(r"/welcome/([\w-]{40,})")
MAIL = "wang@example.cn"


@pytest.fixture
def town(tmp_path: Path, realm: RealmUnderTest) -> Iterator[Town]:
    opened = open_town(tmp_path, idp=realm.provider)
    yield opened
    opened.close()
    for user in list(realm.provider.list_accounts()):
        realm.provider.delete_user(user.user_id)


class Life:
    """One person with an account, and his browser."""

    def __init__(self, town: Town, realm: RealmUnderTest, permissions: tuple[str, ...]) -> None:
        self.town, self.realm = town, realm
        self.person_form = make_person_form("ywk", mail=MAIL)
        request = town.approve(town.submit(town.form(person=self.person_form, permissions=permissions)))
        self.settle()
        self.account_id = town.account_of(request).id
        self.person: Person | None = None
        self.desk = KeyDesk(town)
        self.key = f"SN-{uuid.uuid4().hex[:8]}"
        self.desk.take_in(key_row(self.key, batch=self.key))
        self.desk.issue(self.key, self.account)
        self.settle()

    @property
    def account(self) -> AccountRow:
        with self.town.connector.act(HOST) as act:
            return accounts.get_account(act, self.account_id)

    def settle(self) -> None:
        """Runs the worker over as much time as any step may wait."""
        for _ in range(3):
            self.town.connector.deliver()
            self.town.clock.advance(timedelta(seconds=10))

    def open_link(self) -> Person:
        """Opens the newest link; the person then knows his initial password and the one he will choose."""
        token = LINK.findall([m.text for m in self.town.mailer.sent if m.to == MAIL][-1])[0]
        name, password = self.town.connector.open_link(token, self.person_form.document_number[-6:])
        key = self.person.key if self.person else None
        self.person = Person(name, password, fresh("Weiter!", "8"), key=key)
        return self.person

    def ask(self, kind: RequestKind, **fields: Any) -> None:
        self.town.approve(self.town.submit(self.town.form(kind=kind, account=self.account.user_name, **fields)))
        self.settle()

    def log_in(self, client_id: str = "website") -> tuple[FormBrowser, Tokens]:
        browser = self.realm.browser()
        return browser, browser.log_in(client_id, self.person)

    def sessions(self) -> SessionCount:
        return self.realm.provider.sessions_of(str(self.account.keycloak_id))


def roles_in(tokens: Tokens) -> set[str]:
    access = tokens.claims.get("resource_access", {})
    return {f"{client}:{role}" for client, held in access.items() for role in held["roles"] if client != "account"}


@pytest.mark.req("B1", "C1", "C2", "C3", "D4")
def test_a_grant_ends_with_a_login_whose_token_says_what_was_approved(town: Town, realm: RealmUnderTest) -> None:
    life = Life(town, realm, ("website:notice.editor", "bid-opening:hall.host"))
    life.open_link()
    browser, tokens = life.log_in("website")
    assert browser.pages == ["login", "update-password", "webauthn-register"]
    assert roles_in(tokens) == {"website:notice.editor"}
    with pytest.raises(LoginRefusedError):
        browser.log_in("bid-opening", replace(life.person, key=None))
    again = browser.log_in("bid-opening", life.person)
    assert browser.pages[-1] == "webauthn-authenticate"
    assert roles_in(again) == {"bid-opening:hall.host"}
    assert (again.level, again.methods) == ("mfa", ("hwk", "pwd"))
    with pytest.raises(LoginRefusedError):
        realm.browser().log_in("website", Person(life.account.user_name, "Falsch#12345"))


@pytest.mark.req("B1", "C3")
def test_a_change_shows_in_the_next_token_and_ends_the_sessions_before(town: Town, realm: RealmUnderTest) -> None:
    life = Life(town, realm, ("website:notice.editor",))
    life.open_link()
    browser, before = life.log_in()
    life.ask(RequestKind.GRANT, permissions=("website:notice.reviewer",), withdraw=("website:notice.editor",))
    with pytest.raises(LoginRefusedError):
        browser.refresh(before)
    _, after = life.log_in()
    assert roles_in(after) == {"website:notice.reviewer"}


@pytest.mark.req("B1", "C2")
def test_a_password_reset_ends_the_old_password_only_when_the_link_is_opened(town: Town, realm: RealmUnderTest) -> None:
    life = Life(town, realm, ("website:notice.editor",))
    life.open_link()
    browser, tokens = life.log_in()
    life.ask(RequestKind.PASSWORD_RESET, cause="forgotten")
    browser.refresh(tokens)  # Until then nobody can lock him out by asking for a reset.
    assert life.person is not None
    former = life.person.password
    life.open_link()
    assert life.sessions() == SessionCount(0, 0)
    with pytest.raises(LoginRefusedError):
        realm.browser().log_in("website", Person(life.account.user_name, former))
    second, _ = life.log_in()
    assert "update-password" in second.pages


@pytest.mark.req("B1", "C5")
def test_a_suspension_closes_every_door_and_enabling_opens_only_new_ones(town: Town, realm: RealmUnderTest) -> None:
    life = Life(town, realm, ("website:notice.editor",))
    life.open_link()
    browser, tokens = life.log_in()
    life.ask(RequestKind.SUSPEND, cause="violation", until="2026-04-30")
    assert life.sessions() == SessionCount(0, 0)
    with pytest.raises(LoginRefusedError):
        browser.refresh(tokens)
    with pytest.raises(LoginRefusedError):
        life.log_in()
    enabling = town.form(kind=RequestKind.ENABLE, account=life.account.user_name)
    with town.connector.act(town.applicant()) as act:
        assert Office.PRINCIPAL in [stage.office for stage in requests.preview_chain(act, enabling)]
    town.approve(town.submit(enabling))
    life.settle()
    with pytest.raises(LoginRefusedError):
        browser.refresh(tokens)
    _, fresh = life.log_in()
    assert roles_in(fresh) == {"website:notice.editor"}


@pytest.mark.req("B1")
def test_a_disabled_account_has_no_session_and_no_token_lives_again_after_enabling(
    town: Town, realm: RealmUnderTest
) -> None:
    life = Life(town, realm, ("website:notice.editor",))
    life.open_link()
    realm.allow_offline(str(life.account.keycloak_id), "website")
    browser = realm.browser()
    online = browser.log_in("website", life.person)
    offline = browser.log_in("website", life.person, scope="openid offline_access")
    life.ask(RequestKind.DISABLE, cause="transfer")
    assert life.sessions() == SessionCount(0, 0)
    life.ask(RequestKind.ENABLE)
    for tokens in (online, offline):
        with pytest.raises(LoginRefusedError):
            browser.refresh(tokens)


@pytest.mark.req("B1", "C6")
def test_a_cancelled_account_is_gone_from_keycloak_and_kept_in_the_register(town: Town, realm: RealmUnderTest) -> None:
    life = Life(town, realm, ("website:notice.editor",))
    life.open_link()
    browser, tokens = life.log_in()
    name, user_id = life.account.user_name, str(life.account.keycloak_id)
    life.ask(RequestKind.CANCEL)
    assert realm.admin.get(f"/users/{user_id}")["enabled"] is False  # Frozen until the key is back.
    with pytest.raises(LoginRefusedError):
        browser.refresh(tokens)
    life.desk.give_back(life.key)
    life.settle()
    assert realm.admin.get("/users", username=name, exact="true") == []
    kept = life.account
    assert (kept.status, kept.keycloak_id) == (AccountStatus.CANCELLED, None)
    assert user_id not in [user.user_id for user in realm.provider.list_accounts()]


@pytest.mark.req("C5")
def test_a_suspension_for_leave_ends_on_its_day(town: Town, realm: RealmUnderTest) -> None:
    life = Life(town, realm, ("website:notice.editor",))
    life.open_link()
    life.ask(RequestKind.SUSPEND, cause="leave", until="2026-03-20")
    with pytest.raises(LoginRefusedError):
        life.log_in()
    town.clock.set(datetime(2026, 3, 20, 16, 1, tzinfo=UTC))
    with town.connector.act(HOST) as act:
        assert provisioning.end_suspensions(act, keys.keeps_out) == 1
    life.settle()
    life.log_in()
