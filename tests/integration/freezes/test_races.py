"""A freeze against whatever else is written at the same moment: it wins, every time; on the Keycloak of the run."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from connector.adapters.keycloak import KeycloakProvider
from connector.ports import NewUser
from tests.integration.freezes.conftest import Centre
from tests.servers.realm import RealmUnderTest

PEOPLE, ROUNDS = 40, 25  # A thousand races.
SIDE_BY_SIDE = 4  # Races at once, each of three threads.
OVERWRITTEN = 12  # People renamed and logged out while they are frozen.
FULL = {
    "username",
    "createdTimestamp",
    "totp",
    "notBefore",
    "credentials",
    "access",
}  # Of a representation read before.


class Recorder:
    """Keeps every body that a provider sends to Keycloak, by method and path."""

    def __init__(self, provider: KeycloakProvider, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[tuple[str, str, Any]] = []
        connection = provider._api.connection
        for method in ("put", "post", "delete"):
            monkeypatch.setattr(
                connection, f"raw_{method}", self._keeping(method, getattr(connection, f"raw_{method}"))
            )

    def _keeping(self, method: str, send: Any) -> Any:
        def sending(path: str, data: Any = None, **options: Any) -> Any:
            self.sent.append((method, path, json.loads(data) if data else None))
            return send(path, data, **options)

        return sending

    def changes(self) -> list[dict[str, Any]]:
        """The bodies that change a user."""
        return [
            body
            for method, path, body in self.sent
            if method == "put" and "/users/" in path and path.count("/") == 4 and isinstance(body, dict)
        ]


@pytest.fixture
def people(realm: RealmUnderTest) -> Iterator[list[str]]:
    def make(number: int) -> str:
        return realm.provider.create_user(
            NewUser(
                user_name=f"371599-{number:05d}", display_name="张三", account_id=f"race-{number}",
                request_id=f"race-{number}", unit_code="371599", account_class="ordinary", required_actions=(),
            )
        )  # fmt: skip

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(make, range(PEOPLE)))
        yield made
        list(pool.map(realm.provider.delete_user, made))


@pytest.mark.req("I3", "B1")
def test_freeze_against_a_profile_update_and_a_grant_ends_disabled_a_thousand_times(
    realm: RealmUnderTest, people: list[str]
) -> None:
    """Three threads start together; the account is enabled again only between the rounds."""
    provider = realm.provider

    def race(user_id: str, number: int) -> bool:
        start = Barrier(3)

        def freeze() -> None:
            start.wait()
            provider.set_enabled(user_id, False)
            provider.log_out(user_id)

        def change() -> None:
            start.wait()
            provider.update_user(user_id, attributes={"unitCode": [f"u{number}"], "keySerial": ["0a01"]})

        def grant() -> None:
            start.wait()
            provider.grant_roles(user_id, "website", ["notice.editor"])

        with ThreadPoolExecutor(3) as racers:
            for racer in [racers.submit(act) for act in (freeze, change, grant)]:
                racer.result()
        disabled = not provider.get_user(user_id).enabled
        provider.withdraw_roles(user_id, "website", ["notice.editor"])
        provider.set_enabled(user_id, True)
        return disabled

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        ended = [disabled for number in range(ROUNDS) for disabled in pool.map(race, people, [number] * len(people))]
    assert (sum(ended), len(ended)) == (1000, 1000)


@pytest.mark.req("I3")
def test_freeze_that_a_renaming_or_a_log_out_has_overwritten_is_true_again_after_the_sweep(centre: Centre) -> None:
    """Keycloak writes the whole row of a user whose name or "not before" changes, `enabled` as it was read before."""
    members = [centre.hire(first_login=False) for _ in range(OVERWRITTEN)]
    provider = centre.realm.provider

    def interfere(number: int) -> None:
        start.wait()
        for turn in range(3):
            provider.update_user(members[number].user_id, display_name=f"改名{turn}")
            provider.log_out(members[number].user_id)

    start = Barrier(OVERWRITTEN + 1)
    with ThreadPoolExecutor(OVERWRITTEN) as pool:
        busy = [pool.submit(interfere, number) for number in range(OVERWRITTEN)]
        start.wait()
        centre.freeze(*members)
        for one in busy:
            one.result()
    centre.sweep(*members)
    assert [provider.get_user(member.user_id).enabled for member in members] == [False] * OVERWRITTEN


@pytest.mark.req("I3")
def test_change_a_user_never_sends_a_whole_representation(
    realm: RealmUnderTest, people: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read before a freeze is never written after it: `enabled` goes out alone, and true only to enable."""
    provider, user_id = realm.provider, people[0]
    recorder = Recorder(provider, monkeypatch)
    provider.update_user(user_id, display_name="李四", attributes={"secondFactor": ["otp"]})
    provider.require_actions(user_id, ["UPDATE_PASSWORD"])
    provider.set_temporary_password(user_id, "Anfang#1234x")
    provider.grant_roles(user_id, "website", ["notice.editor"])
    provider.set_enabled(user_id, False)
    provider.log_out(user_id)
    provider.end_offline_sessions(user_id)
    assert len(recorder.changes()) == 3
    for body in recorder.changes():
        assert "enabled" not in body or body == {"enabled": False}
        assert not FULL & body.keys()
    recorder.sent.clear()
    provider.set_enabled(user_id, True)
    assert recorder.changes() == [{"enabled": True}]
