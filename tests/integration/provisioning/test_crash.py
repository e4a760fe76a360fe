"""The worker killed with SIGKILL at every point where it commits or calls Keycloak: nothing lost, nothing twice (C4).

The points are not listed by hand: each commit and each call to Keycloak has a moment before and a moment after, and
the test kills a worker at the first, then one at the second, and so on, until one lives to the end.
"""

import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from connector.adapters.keycloak import KeycloakProvider
from connector.bootstrap import build
from connector.outbox.tables import StepRow
from connector.register.tables import AccountRow
from tests.fakes.clock import FakeClock
from tests.fakes.http_sender import FakeHttpSender
from tests.fakes.mailer import FakeMailer
from tests.servers.realm import RealmUnderTest, realm
from tests.town import HOST, FakeTokens, Town, open_town

__all__ = ["realm"]

LEAST_POINTS = 20


class Points:
    """Counts the moments passed and kills the process at the one given."""

    def __init__(self, deadly: int) -> None:
        self.deadly = deadly
        self.passed = 0

    def __call__(self, *_: object) -> None:
        if self.passed == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        self.passed += 1


class Fragile:
    """The real provider; every call has a moment before it and one after it."""

    def __init__(self, provider: KeycloakProvider, point: Points) -> None:
        self._provider, self._point = provider, point

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._provider, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._point()
            result = method(*args, **kwargs)
            self._point()
            return result

        return call


def provider_of(realm: RealmUnderTest) -> KeycloakProvider:
    return KeycloakProvider(
        server_url=realm.server.url,
        realm=realm.name,
        client_id=realm.config.connector.id,
        key_pem=realm.key_pem,
        subsystems=realm.config.subsystem_ids,
    )


def run_worker_in_child(town: Town, realm: RealmUnderTest, deadly: int) -> bool:
    """Runs a worker in a forked process that is killed at moment `deadly`; True when it lived to the end."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            point = Points(deadly)
            connector = build(
                town.connector.settings,
                idp=Fragile(provider_of(realm), point),  # type: ignore[arg-type]
                mailer=FakeMailer(),
                http=FakeHttpSender(),
                clock=FakeClock(town.clock.now()),
                tokens=FakeTokens(),
            )
            event.listen(Session, "before_commit", point)
            event.listen(Session, "after_commit", point)
            connector.deliver()
            code = 0
        finally:
            if code:
                traceback.print_exc()
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return False
    assert os.WEXITSTATUS(status) == 0
    return True


@pytest.fixture
def town(database_url: str, tmp_path: Path, realm: RealmUnderTest) -> Iterator[Town]:
    opened = open_town(tmp_path, url=database_url, idp=provider_of(realm))
    yield opened
    opened.close()
    for user in list(realm.provider.list_accounts()):  # The next test gives the same user names again.
        realm.provider.delete_user(user.user_id)


def states(town: Town, request_id: str) -> set[str]:
    with town.connector.act(HOST) as act:
        return set(act.session.scalars(select(StepRow.state).where(StepRow.request_id == request_id)))


def deliver_until_done(town: Town, request_id: str) -> set[str]:
    """Ticks of the next worker. PostgreSQL may take a moment to see that the dead one's connection is gone; until
    then its row locks stand, and a worker steps around locked rows."""
    for _ in range(50):
        town.connector.deliver()
        if states(town, request_id) == {"done"}:
            break
        time.sleep(0.1)
    return states(town, request_id)


@pytest.mark.req("C4")
def test_worker_killed_at_each_moment_provisions_each_request_once(town: Town, realm: RealmUnderTest) -> None:
    points = 0
    while True:
        permissions = town.permissions(2)
        request = town.submit(town.form(permissions=permissions))
        town.connector.deliver()  # What tells the approvers is not what is looked at here.
        request = town.approve(request)
        survived = run_worker_in_child(town, realm, points)
        town.clock.advance(timedelta(minutes=5))  # The dead worker's leases run out.
        assert deliver_until_done(town, request.id) == {"done"}
        check_provisioned_once(town, realm, request.id, permissions)
        if survived:
            break
        points += 1
    assert points >= LEAST_POINTS
    with town.connector.act(HOST) as act:
        approved = set(act.session.scalars(select(AccountRow.keycloak_id).where(AccountRow.keycloak_id.is_not(None))))
    ours = {u.user_id for u in realm.provider.list_accounts() if u.user_id in approved}
    assert len(approved) == len(ours) == points + 1


def check_provisioned_once(town: Town, realm: RealmUnderTest, request_id: str, permissions: tuple[str, ...]) -> None:
    with town.connector.act(HOST) as act:
        account = act.session.scalars(select(AccountRow).where(AccountRow.opened_by == request_id)).one()
    found = realm.admin.get("/users", q=f"requestId:{request_id}")
    assert [user["id"] for user in found] == [account.keycloak_id]
    held = realm.provider.roles_of(found[0]["id"])
    assert {f"{subsystem}:{role}" for subsystem, roles in held.items() for role in roles} == set(permissions)


@pytest.mark.req("C1", "C4")
def test_nobody_exists_in_keycloak_before_the_last_approval(town: Town, realm: RealmUnderTest) -> None:
    request = town.submit()
    while request.state == "pending":
        town.connector.deliver()
        assert realm.admin.get("/users", q=f"requestId:{request.id}") == []
        request = town.decide(request)
    town.connector.deliver()
    (user,) = realm.admin.get("/users", q=f"requestId:{request.id}")
    assert user["enabled"] is True
    assert set(user["requiredActions"]) == {"UPDATE_PASSWORD"}


@pytest.mark.req("C4")
def test_keycloak_that_is_away_for_an_hour_loses_nothing(town: Town, realm: RealmUnderTest, tmp_path: Path) -> None:
    request = town.submit()
    town.connector.deliver()
    request = town.approve(request)
    away = KeycloakProvider(
        server_url="http://localhost:9",
        realm=realm.name,
        client_id=realm.config.connector.id,
        key_pem=realm.key_pem,
        subsystems=realm.config.subsystem_ids,
        timeout=2.0,
    )
    down = build(
        town.connector.settings,
        idp=away,
        mailer=FakeMailer(),
        http=FakeHttpSender(),
        clock=town.clock,
        tokens=FakeTokens(),
    )
    for _ in range(6):
        down.deliver()
        town.clock.advance(timedelta(minutes=10))
    down.close()
    assert states(town, request.id) == {"done", "pending"}  # Done: the announcements; pending: all of Keycloak.
    town.connector.deliver()
    assert states(town, request.id) == {"done"}


@pytest.mark.req("C4")
def test_a_user_made_by_another_hand_is_not_adopted(town: Town, realm: RealmUnderTest) -> None:
    request = town.submit()
    town.connector.deliver()
    request = town.approve(request)
    account = town.account_of(request)
    realm.admin.post("/users", {"username": account.user_name, "enabled": True, "groups": ["/accounts"]})
    town.connector.deliver()
    assert "conflict" in states(town, request.id)
    (user,) = realm.admin.get("/users", username=account.user_name, exact="true")
    assert realm.provider.roles_of(user["id"]) == {}
