"""The checks of what Keycloak sends: codes are exchanged once checked, tokens believed once verified. No network."""

import base64
import hashlib
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from connector.adapters.oidc import LOGOUT_EVENT, KeycloakLogin
from connector.adapters.realm_keys import RealmKeys
from connector.auth.login import EndedLogin, SignInFailedError

ISSUER = "https://login.example.cn/realms/trading"
ACCESS_TOKEN = "access"
OWN = RSAKey.generate_key(2048, parameters={"kid": "own", "use": "sig"})
OTHER = RSAKey.generate_key(2048, parameters={"kid": "own", "use": "sig"})


@pytest.fixture
def login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeycloakLogin:
    keys = KeySet([OWN])
    monkeypatch.setattr(RealmKeys, "_fetch", lambda _self: keys)
    return KeycloakLogin(
        server_url="https://login.example.cn/",
        realm="trading",
        client_id="connector",
        key_file=tmp_path / "key.pem",
        public_url="https://idp.example.cn/",
        timeout=1.0,
    )


def signed(claims: dict[str, Any], key: RSAKey = OWN) -> str:
    return jwt.encode({"alg": "RS256", "kid": "own"}, {n: v for n, v in claims.items() if v is not None}, key)


def half_hash(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:16]).rstrip(b"=").decode()


def id_claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    right = {
        "iss": ISSUER, "aud": "connector", "azp": "connector", "typ": "ID", "sub": "user", "sid": "session",
        "iat": now, "exp": now + 60, "auth_time": now - 5, "nonce": "nonce", "acr": "mfa", "amr": ["pwd", "hwk"],
        "at_hash": half_hash(ACCESS_TOKEN),
    }  # fmt: skip
    return {**right, **changed}


def logout_claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    right = {
        "iss": ISSUER, "aud": "connector", "typ": "Logout", "sub": "user", "sid": "session", "jti": "once",
        "iat": now, "exp": now + 60, "events": {LOGOUT_EVENT: {}},
    }  # fmt: skip
    return {**right, **changed}


def answer_with(login: KeycloakLogin, monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    answer = {"id_token": token, "access_token": ACCESS_TOKEN}
    monkeypatch.setattr(login, "_exchange", lambda _code, _verifier: answer)


def test_send_to_keycloak_asks_for_a_code_with_proof_key_nonce_and_level(login: KeycloakLogin) -> None:
    url = urlsplit(login.authorization_url(state="s", nonce="n", verifier="v" * 43, level="mfa"))
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{ISSUER}/protocol/openid-connect/auth"
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 43).digest()).rstrip(b"=").decode()
    assert {name: values[0] for name, values in parse_qs(url.query).items()} == {
        "response_type": "code", "client_id": "connector", "redirect_uri": "https://idp.example.cn/oidc/callback",
        "scope": "openid", "state": "s", "nonce": "n", "code_challenge": challenge,
        "code_challenge_method": "S256", "acr_values": "mfa",
    }  # fmt: skip


def test_send_to_keycloak_for_a_new_proof_forbids_the_old_one(login: KeycloakLogin) -> None:
    url = login.authorization_url(state="s", nonce="n", verifier="v" * 43, level="mfa", max_age=0)
    asked = parse_qs(urlsplit(url).query)
    assert (asked["max_age"], asked["prompt"]) == (["0"], ["login"])


def test_read_right_id_token_gives_what_it_says(login: KeycloakLogin, monkeypatch: pytest.MonkeyPatch) -> None:
    answer_with(login, monkeypatch, signed(id_claims()))
    found = login.fetch(code="c", issuer=ISSUER, verifier="v", nonce="nonce")
    assert (found.subject, found.sid, found.acr, found.amr) == ("user", "session", "mfa", ("pwd", "hwk"))
    assert abs(found.auth_time.timestamp() - time.time()) < 10
    assert found.id_token not in repr(found)


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://login.example.cn/realms/other"},
        {"iss": None},
        {"aud": "website"},
        {"aud": ["website"]},
        {"aud": None},
        {"azp": "website"},
        {"azp": None},
        {"typ": "Bearer"},
        {"typ": "Logout"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": 1},
        {"exp": None},
        {"iat": None},
        {"iat": 32503680000},
        {"sub": None},
        {"sid": None},
        {"auth_time": None},
        {"auth_time": "yesterday"},
        {"amr": "hwk"},
        {"at_hash": half_hash("another access token")},
    ],
    ids=str,
)
def test_read_wrong_id_token_is_refused(
    login: KeycloakLogin, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any]
) -> None:
    answer_with(login, monkeypatch, signed(id_claims(**changed)))
    with pytest.raises(SignInFailedError):
        login.fetch(code="c", issuer=ISSUER, verifier="v", nonce="nonce")


@pytest.mark.parametrize(
    "token", [signed(id_claims(), OTHER), "", "x.y.z", "e30.e30."], ids=["key", "", "text", "none"]
)
def test_read_unsigned_id_token_is_refused(login: KeycloakLogin, monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    answer_with(login, monkeypatch, token)
    with pytest.raises(SignInFailedError):
        login.fetch(code="c", issuer=ISSUER, verifier="v", nonce="nonce")


@pytest.mark.parametrize("issuer", ["", "https://login.example.cn/realms/other", f"{ISSUER}/"])
def test_answer_of_another_server_is_not_exchanged(login: KeycloakLogin, issuer: str) -> None:
    """RFC 9207: mix-up. `_exchange` is the real one and would need the network, which unit tests do not have."""
    with pytest.raises(SignInFailedError, match="sign-in was not completed"):
        login.fetch(code="c", issuer=issuer, verifier="v", nonce="nonce")


@pytest.mark.parametrize(
    ("changed", "ended"),
    [
        ({}, EndedLogin(subject="user", sid="session")),
        ({"sub": None}, EndedLogin(subject=None, sid="session")),
        ({"sid": None}, EndedLogin(subject="user", sid=None)),
        ({"aud": ["connector", "website"]}, EndedLogin(subject="user", sid="session")),
    ],
)
def test_read_right_logout_token_says_whose(login: KeycloakLogin, changed: dict[str, Any], ended: EndedLogin) -> None:
    assert login.read_logout_token(signed(logout_claims(**changed))) == ended


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://other"},
        {"aud": "website"},
        {"events": None},
        {"events": {}},
        {"events": LOGOUT_EVENT},
        {"nonce": "n"},
        {"sub": None, "sid": None},
        {"iat": 1},
        {"iat": None},
        {"iat": 32503680000},
        {"exp": 1},
        {"exp": None},
        {"jti": None},
    ],
    ids=str,
)
def test_read_wrong_logout_token_is_refused(login: KeycloakLogin, changed: dict[str, Any]) -> None:
    with pytest.raises(SignInFailedError):
        login.read_logout_token(signed(logout_claims(**changed)))


def test_read_logout_token_of_another_key_is_refused(login: KeycloakLogin) -> None:
    with pytest.raises(SignInFailedError):
        login.read_logout_token(signed(logout_claims(), OTHER))


def test_read_id_token_as_logout_token_is_refused(login: KeycloakLogin) -> None:
    with pytest.raises(SignInFailedError):
        login.read_logout_token(signed(id_claims()))
