"""Tokens, errors and events of the Keycloak adapter, without a Keycloak."""

import base64
import json
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from keycloak.exceptions import KeycloakConnectionError, KeycloakGetError
from requests import PreparedRequest

from connector.adapters import keycloak_token
from connector.adapters.keycloak_calls import AdminApi, status_of
from connector.adapters.keycloak_events import admin_event, epoch_millis, login_event, moment
from connector.adapters.keycloak_token import TokenSource, prepare_key, public_jwks, signed_tokens
from connector.errors import ConnectorError
from connector.ports import KeycloakRefusedError, KeycloakUnavailableError, UnknownUserError


class Fetch:
    def __init__(self, life: int = 60) -> None:
        self.count, self.life = 0, life

    def __call__(self) -> dict[str, Any]:
        self.count += 1
        return {"access_token": f"t{self.count}", "expires_in": self.life}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(keycloak_token.time, "monotonic", lambda: now[0])
    return now


def test_token_is_kept_and_renewed_before_its_end(clock: list[float]) -> None:
    source = TokenSource(Fetch())
    assert source.token() == source.token() == "t1"
    clock[0] += 44
    assert source.token() == "t1"
    clock[0] += 2
    assert source.token() == "t2"


def test_token_of_a_short_life_is_renewed_at_half_of_it(clock: list[float]) -> None:
    source = TokenSource(Fetch(life=10))
    source.token()
    clock[0] += 4
    assert source.token() == "t1"
    clock[0] += 2
    assert source.token() == "t2"


def test_forget_token_fetches_a_new_one_and_puts_it_on_the_request() -> None:
    source, request = TokenSource(Fetch()), PreparedRequest()
    source.token()
    source.forget()
    request.prepare_headers({})
    assert source(request).headers["Authorization"] == "Bearer t2"


def test_token_asked_by_many_threads_is_fetched_once() -> None:
    fetch = Fetch()
    source = TokenSource(fetch)
    threads = [threading.Thread(target=source.token) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fetch.count == 1


@pytest.mark.req("C9")
def test_signed_tokens_prove_the_client_by_its_key_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    pem = ECKey.generate_key("P-256").as_pem(private=True)
    asked: list[dict[str, Any]] = []

    class OpenId:
        def token(self, **form: Any) -> dict[str, Any]:
            asked.append(form)
            return {"access_token": "t", "expires_in": 60}

    monkeypatch.setattr(keycloak_token, "_openid", lambda *_: OpenId())
    source = signed_tokens(server_url="https://kc.example/", realm="r", client_id="connector", key_pem=pem, timeout=1)
    source.token()
    source.forget()
    source.token()
    assert asked[0].keys() == {"grant_type", "client_assertion_type", "client_assertion"}
    keys = KeySet.import_key_set(public_jwks(pem))  # type: ignore[arg-type]
    claims = [jwt.decode(form["client_assertion"], keys, algorithms=["ES256"]).claims for form in asked]
    assert claims[0]["iss"] == claims[0]["sub"] == "connector"
    assert claims[0]["aud"] == "https://kc.example/realms/r"
    assert claims[0]["exp"] - claims[0]["iat"] <= 60
    assert claims[0]["jti"] != claims[1]["jti"]


def test_prepare_key_makes_it_once_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "service.pem"
    pem = prepare_key(path)
    assert prepare_key(path) == pem
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"PRIVATE KEY" in pem


def failing(error: Exception) -> Any:
    def call() -> None:
        raise error

    return call


def api() -> AdminApi:
    return AdminApi(server_url="http://localhost:1", realm="r", tokens=TokenSource(Fetch()), timeout=1)


def get_error(status: int, body: Any) -> KeycloakGetError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return KeycloakGetError(error_message="?", response_code=status, response_body=raw)


@pytest.mark.parametrize(
    ("raised", "meaning", "status"),
    [
        (KeycloakConnectionError("Can't connect to server"), KeycloakUnavailableError, 0),
        (get_error(500, {}), KeycloakUnavailableError, 500),
        (get_error(503, b"<html>"), KeycloakUnavailableError, 503),
        (get_error(429, {}), KeycloakUnavailableError, 429),
        (TypeError("Unexpected response type"), KeycloakUnavailableError, 0),
        (get_error(404, {"error": "User not found"}), UnknownUserError, 404),
        (get_error(404, {"error": "Role not found"}), KeycloakRefusedError, 404),
        (get_error(403, {"error": "HTTP 403 Forbidden"}), KeycloakRefusedError, 403),
        (get_error(400, {"errorMessage": "too weak"}), KeycloakRefusedError, 400),
        (get_error(409, [1]), KeycloakRefusedError, 409),
    ],
)
def test_translate_error_of_keycloak(raised: Exception, meaning: type[ConnectorError], status: int) -> None:
    with pytest.raises(ConnectorError) as translated:
        api().call(failing(raised))
    assert type(translated.value) is meaning
    assert status_of(translated.value) == status


def test_login_event_keeps_who_where_and_when() -> None:
    event = login_event(
        {"id": "e1", "time": 1795432672668, "type": "LOGIN_ERROR", "clientId": "website", "ipAddress": "10.0.0.1",
         "error": "user_disabled", "details": {"username": "x"}}
    )  # fmt: skip
    assert (event.event_id, event.kind, event.user_id, event.client_id) == ("e1", "login", None, "website")
    assert event.at == datetime(2026, 11, 23, 11, 17, 52, 668000, tzinfo=UTC)
    assert (event.error, event.ip, event.details) == ("user_disabled", "10.0.0.1", {"username": "x"})


def test_admin_event_names_the_changed_user_and_whether_it_was_us() -> None:
    raw = {
        "id": "e2", "time": 1, "operationType": "CREATE", "resourceType": "CLIENT_ROLE_MAPPING",
        "resourcePath": "users/u1/role-mappings/clients/c1", "representation": '[{"name": "notice.editor"}]',
        "authDetails": {"realmId": "m", "clientId": "c", "userId": "us", "ipAddress": "10.0.0.2"},
    }  # fmt: skip
    event = admin_event(raw, "us")
    assert (event.type, event.user_id) == ("CREATE:CLIENT_ROLE_MAPPING", "u1")
    assert event.details["by_us"]
    assert event.details["representation"] == [{"name": "notice.editor"}]
    other = admin_event({**raw, "resourcePath": "groups/g1", "representation": "{cut"}, "somebody else")
    assert other.user_id is None
    assert not other.details["by_us"]
    assert "representation" not in other.details


def test_epoch_millis_rounds_down_and_comes_back() -> None:
    at = datetime(2026, 11, 23, 11, 17, 52, 668999, tzinfo=UTC)
    assert moment(epoch_millis(at)) == at - timedelta(microseconds=999)


def test_read_claims_of_the_own_token() -> None:
    payload = base64.urlsafe_b64encode(json.dumps({"sub": "u1"}).encode()).rstrip(b"=").decode()
    source = TokenSource(lambda: {"access_token": f"h.{payload}.s", "expires_in": 60})
    assert source.claims() == {"sub": "u1"}


def test_calls_honour_proxy_and_certificate_bundle_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ssl/centre.pem")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.cn:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    tokens = TokenSource(Fetch())
    api = AdminApi(server_url="https://sso.example.cn", realm="centre", tokens=tokens, timeout=1.0)
    assert api.connection.verify == "/etc/ssl/centre.pem"
    assert api.connection._s.proxies["https"] == "http://proxy.example.cn:3128"
    monkeypatch.setenv("NO_PROXY", "sso.example.cn")
    api = AdminApi(server_url="https://sso.example.cn", realm="centre", tokens=tokens, timeout=1.0)
    assert "https" not in api.connection._s.proxies
