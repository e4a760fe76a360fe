"""Keycloak that is away, silent, or whose answer is lost after the effect: what the adapter makes of it."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from joserfc.jwk import ECKey
from keycloak.exceptions import KeycloakConnectionError

from connector.adapters.keycloak import KeycloakProvider
from connector.adapters.keycloak_token import public_jwks
from connector.ports import KeycloakRefusedError, KeycloakUnavailableError
from tests.contract_identity_provider import new_user
from tests.servers.realm import RealmUnderTest, realm

__all__ = ["realm"]
NEW_KEY = ECKey.generate_key("P-256").as_pem(private=True)


def provider(url: str, realm: str = "any", key_pem: bytes = NEW_KEY) -> KeycloakProvider:
    return KeycloakProvider(
        server_url=url, realm=realm, client_id="connector", key_pem=key_pem, subsystems=("website",), timeout=0.5
    )


@pytest.fixture
def silent_url() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_call_keycloak_that_is_away_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(KeycloakUnavailableError):
        provider(f"http://127.0.0.1:{port}").find_user("anybody")


def test_call_keycloak_that_is_silent_is_unavailable_within_the_limit(silent_url: str) -> None:
    started = time.monotonic()
    with pytest.raises(KeycloakUnavailableError):
        provider(silent_url).find_user("anybody")
    assert time.monotonic() - started < 3


@pytest.mark.req("C9")
def test_call_with_a_key_that_is_not_registered_is_refused(realm: RealmUnderTest) -> None:
    stranger = provider(realm.server.url, realm.name)
    with pytest.raises(KeycloakRefusedError, match=r"40[01]"):
        stranger.find_user("anybody")


def test_change_key_with_both_registered_fails_no_call(realm: RealmUnderTest) -> None:
    client = realm.admin.get("/clients", clientId="connector")[0]
    before = client["attributes"]["jwks.string"]
    both = {**client["attributes"], "jwks.string": json.dumps(public_jwks(realm.key_pem, NEW_KEY))}
    realm.admin.put(f"/clients/{client['id']}", {**client, "attributes": both})
    try:
        for key_pem in (realm.key_pem, NEW_KEY):
            one = KeycloakProvider(
                server_url=realm.server.url, realm=realm.name, client_id="connector", key_pem=key_pem,
                subsystems=realm.config.subsystem_ids,
            )  # fmt: skip
            assert one.find_user("anybody") is None
    finally:
        realm.admin.put(
            f"/clients/{client['id']}", {**client, "attributes": {**client["attributes"], "jwks.string": before}}
        )


def test_call_after_the_kept_token_was_refused_fetches_another(realm: RealmUnderTest) -> None:
    realm.provider.find_user("anybody")
    realm.provider._tokens._token = "not.a.token"
    assert realm.provider.find_user("anybody") is None


def lost(call: Callable[..., Any]) -> Callable[..., Any]:
    def after_effect(*args: Any, **kwargs: Any) -> None:
        call(*args, **kwargs)
        raise KeycloakConnectionError("Can't connect to server")

    return after_effect


@pytest.mark.req("C5")
def test_lose_the_reply_of_create_makes_one_user_and_the_repeat_adopts_it(
    realm: RealmUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, admin = new_user(), realm.provider._admin
    monkeypatch.setattr(admin, "create_user", lost(admin.create_user))
    with pytest.raises(KeycloakUnavailableError):
        realm.provider.create_user(new)
    monkeypatch.undo()
    user_id = realm.provider.create_user(new)
    named = realm.admin.get("/users", username=new.user_name, exact="true")
    assert [user["id"] for user in named] == [user_id]


def test_find_role_that_was_made_anew_by_hand_is_looked_up_again(realm: RealmUnderTest) -> None:
    user_id = realm.provider.create_user(new_user())
    realm.provider.grant_roles(user_id, "website", ["notice.editor"])
    website = realm.admin.get("/clients", clientId="website")[0]["id"]
    realm.admin.delete(f"/clients/{website}/roles/notice.editor")
    realm.applier.apply()
    assert realm.provider.roles_of(user_id) == {}
    realm.provider.grant_roles(user_id, "website", ["notice.editor"])
    assert realm.provider.roles_of(user_id) == {"website": frozenset({"notice.editor"})}
