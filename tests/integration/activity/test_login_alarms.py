"""The watch over logins on the events of a real Keycloak: wrong passwords lock and alarm, two places are told."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connector.adapters.clock import SystemClock
from connector.audit.tables import AuditEntryRow
from connector.embedded.browser import FormBrowser, LoginRefusedError, Person
from connector.ports import IdpEvent
from jobs import ingest_events
from tests.factories import make_account
from tests.servers.realm import RealmUnderTest, realm
from tests.town import HOST, Town, open_town

__all__ = ["realm"]
AWAY = "203.0.113.9"
TRIES = 5


class Elsewhere:
    """The provider, but that some sessions' logins come from another address: the test's own are all of one machine."""

    def __init__(self, realm: RealmUnderTest) -> None:
        self.provider = realm.provider
        self.away: set[str] = set()

    def list_events(self, *which: Any) -> list[IdpEvent]:
        events = self.provider.list_events(*which)
        return [replace(event, ip=AWAY) if event.session_id in self.away else event for event in events]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.provider, name)


@pytest.fixture
def elsewhere(realm: RealmUnderTest) -> Elsewhere:
    return Elsewhere(realm)


@pytest.fixture
def town(tmp_path: Path, elsewhere: Elsewhere) -> Iterator[Town]:
    opened = open_town(tmp_path, idp=elsewhere, clock=SystemClock())
    yield opened
    opened.close()


@pytest.fixture
def hire(town: Town, realm: RealmUnderTest) -> Callable[..., tuple[str, Person]]:
    """A person after his first login: account id, person."""

    def make(**options: Any) -> tuple[str, Person]:
        user_id, person = realm.ready_person(**options)
        with town.connector.act(HOST) as act:
            account = make_account(act, "ywk")
            account.keycloak_id = user_id
        return account.id, person

    return make


def alarms(town: Town, account_id: str) -> list[str]:
    """Reads Keycloak's events, twice, and returns the alarms about the account."""
    for _ in range(2):
        ingest_events.run(town.connector, town.connector.clock.now())
    with town.connector.act(HOST) as act:
        found = act.session.scalars(
            select(AuditEntryRow)
            .where(AuditEntryRow.account_id == account_id, AuditEntryRow.event.startswith("login."))
            .order_by(AuditEntryRow.id)
        ).all()
    assert all(entry.alarm for entry in found)
    return [entry.event for entry in found]


@pytest.mark.req("D6")
def test_wrong_passwords_lock_the_account_and_alarm(town: Town, realm: RealmUnderTest, hire: Any) -> None:
    account_id, person = hire()
    for number in range(TRIES):
        with realm.browser() as browser, pytest.raises(LoginRefusedError):
            browser.log_in("website", Person(person.user_name, f"Falsch#{number}00x"))
    with realm.browser() as browser, pytest.raises(LoginRefusedError):
        browser.log_in("website", Person(person.user_name, person.password))  # The right one does not help now.
    until = time.monotonic() + 10  # Keycloak counts failures beside the request.
    while (told := alarms(town, account_id)) != ["login.locked"]:
        assert time.monotonic() < until, told
        time.sleep(0.5)


def logged_in_twice(realm: RealmUnderTest, elsewhere: Elsewhere, person: Person) -> tuple[FormBrowser, FormBrowser]:
    """Logs in here and then elsewhere."""
    here, there = realm.browser(), realm.browser()
    here.log_in("website", person)
    elsewhere.away.add(there.log_in("website", person).claims["sid"])
    return here, there


@pytest.mark.req("D6")
def test_log_in_at_two_places_at_once_is_told_once(
    town: Town, realm: RealmUnderTest, elsewhere: Elsewhere, hire: Any
) -> None:
    account_id, person = hire()
    here, there = logged_in_twice(realm, elsewhere, person)
    here.log_in("door-access")
    there.log_in("door-access")
    assert alarms(town, account_id) == ["login.two_places"]


@pytest.mark.req("D6")
def test_log_in_elsewhere_where_it_ends_the_login_before_is_no_alarm(
    town: Town, realm: RealmUnderTest, elsewhere: Elsewhere, hire: Any
) -> None:
    account_id, person = hire(one_session=True)
    here, _ = logged_in_twice(realm, elsewhere, person)
    assert alarms(town, account_id) == []
    with pytest.raises(LoginRefusedError):
        here.log_in("door-access")
