"""Bearer tokens for the Admin API: fetched, kept and renewed before they end. Knows no call of the Admin API."""

import base64
import json
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey
from keycloak import KeycloakOpenID
from keycloak.exceptions import KeycloakError
from requests import PreparedRequest
from requests.auth import AuthBase

from connector.ports import KeycloakRefusedError, KeycloakUnavailableError

RENEW_BEFORE_SECONDS = 15.0  # Keycloak gives administrative tokens 60 s; a call may take the time limit of one call.
ASSERTION_SECONDS = 30
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SIGNING_ALGORITHM = "ES256"


class TokenSource(AuthBase):
    """Puts a living access token on each request. Safe between threads: one of them renews, the others wait."""

    def __init__(self, fetch: Callable[[], dict[str, Any]]) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = 0.0

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token()}"
        return request

    def token(self) -> str:
        """The access token; fetches one when there is none or it is about to end."""
        with self._lock:
            if time.monotonic() >= self._renew_at:
                asked_at = time.monotonic()
                answer = self._fetch()
                life = float(answer.get("expires_in", 60))
                self._token = str(answer["access_token"])
                self._renew_at = asked_at + max(life - RENEW_BEFORE_SECONDS, life / 2)
            return self._token

    def forget(self) -> None:
        """Drops the token, because Keycloak no longer takes it (restart, key rotation)."""
        with self._lock:
            self._renew_at = 0.0

    def claims(self) -> dict[str, Any]:
        """The claims of the own token, unverified: for reading who we are, never for a decision about others."""
        payload = self.token().split(".")[1]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return claims


def signed_tokens(*, server_url: str, realm: str, client_id: str, key_pem: bytes, timeout: float) -> TokenSource:
    """Tokens of a service account that proves itself by a signed assertion (private_key_jwt, RFC 7523)."""
    key = ECKey.import_key(key_pem.decode())
    issuer = f"{server_url.rstrip('/')}/realms/{realm}"
    openid = _openid(server_url, realm, client_id, timeout)

    def fetch() -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": client_id, "sub": client_id, "aud": issuer, "jti": secrets.token_urlsafe(16),
            "iat": now, "exp": now + ASSERTION_SECONDS,
        }  # fmt: skip
        assertion = jwt.encode({"alg": SIGNING_ALGORITHM, "kid": key.thumbprint()}, claims, key)
        return _ask(
            openid,
            grant_type="client_credentials",
            client_assertion_type=ASSERTION_TYPE,
            client_assertion=assertion,
        )

    return TokenSource(fetch)


def password_tokens(
    *, server_url: str, realm: str, client_id: str, user: str, password: str, timeout: float
) -> TokenSource:
    """Tokens of an administrator of `realm` (the master realm) by name and password: for applying the realm only."""
    openid = _openid(server_url, realm, client_id, timeout)
    return TokenSource(lambda: _ask(openid, grant_type="password", username=user, password=password))


def _openid(server_url: str, realm: str, client_id: str, timeout: float) -> KeycloakOpenID:
    # No retries below this level: a repeated assertion is refused as a replay.
    return KeycloakOpenID(
        server_url=server_url.rstrip("/") + "/",
        realm_name=realm,
        client_id=client_id,
        timeout=timeout,  # type: ignore[arg-type]  # requests takes fractions of a second
        max_retries=0,
    )


def _ask(openid: KeycloakOpenID, **form: Any) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = openid.token(**form)
    except KeycloakError as error:
        status = error.response_code or 0
        if status == 0 or status >= 500 or status == 429:
            raise KeycloakUnavailableError(reason=f"token endpoint {status or 'no answer'}") from error
        raise KeycloakRefusedError(reason=f"token endpoint {status}: {_oauth_error(error)}") from error
    except TypeError as error:  # An answer that is not JSON: a proxy's page, not Keycloak.
        raise KeycloakUnavailableError(reason="token endpoint: not a token") from error
    return answer


def _oauth_error(error: KeycloakError) -> str:
    try:
        body = json.loads(error.response_body or b"{}")
    except ValueError:
        return "no reason given"
    return str(body.get("error_description") or body.get("error") or "no reason given")


def prepare_key(path: Path) -> bytes:
    """The private key (PEM, EC P-256) at `path`; made with mode 0600 when there is none."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        pem = ECKey.generate_key("P-256").as_pem(private=True)
        path.touch(mode=0o600, exist_ok=False)
        path.write_bytes(pem)
    return path.read_bytes()


def public_jwks(*key_pems: bytes) -> dict[str, Any]:
    """The public parts as a JWKS for Keycloak's client; two of them while a key is being changed."""
    keys = []
    for pem in key_pems:
        key = ECKey.import_key(pem.decode())
        public = key.as_dict(private=False)
        keys.append({**public, "kid": key.thumbprint(), "use": "sig", "alg": SIGNING_ALGORITHM})
    return {"keys": keys}
