"""Verifies Keycloak's access tokens against the realm's published keys."""

import threading
import time
from datetime import UTC, datetime
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from connector.auth.claims import Claims
from connector.errors import NotSignedInError
from connector.ports import KeycloakUnavailableError

ALGORITHMS = ["RS256", "PS256", "ES256"]
LEEWAY_SECONDS = 10
KEYS_LIVE_SECONDS = 600
ASK_AGAIN_SECONDS = 10  # An unknown key id makes us ask again, but not on every forged token.


class KeycloakTokens:
    """TokenVerifier for one realm. Keys are fetched once, and again when a token names an unknown one."""

    def __init__(self, *, server_url: str, realm: str, audience: str, timeout: float) -> None:
        self._issuer = f"{server_url.rstrip('/')}/realms/{realm}"
        self._audience = audience
        self._http = httpx.Client(timeout=timeout, trust_env=False)
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._fetched = 0.0

    def verify(self, token: str) -> Claims:
        """Claims of a valid access token for this product; NotSignedInError otherwise."""
        claims = self._decode(token)
        self._check(claims)
        authenticated = claims.get("auth_time")
        return Claims(
            subject=str(claims["sub"]),
            user_name=str(claims.get("preferred_username", "")),
            client_id=str(claims.get("azp", "")),
            level=str(claims.get("acr", "")),
            methods=tuple(claims.get("amr") or ()),
            authenticated_at=datetime.fromtimestamp(authenticated, UTC) if authenticated else None,
        )

    def _decode(self, token: str) -> dict[str, Any]:
        for ask_again in (False, True):
            try:
                return dict(jwt.decode(token, self._key_set(ask_again), algorithms=ALGORITHMS).claims)
            except (JoseError, ValueError) as error:
                if ask_again:
                    raise NotSignedInError from error
        raise NotSignedInError

    def _check(self, claims: dict[str, Any]) -> None:
        now = time.time()
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        right = (
            claims.get("iss") == self._issuer
            and self._audience in audiences
            and claims.get("typ") == "Bearer"
            and float(claims.get("exp", 0)) > now - LEEWAY_SECONDS
            and float(claims.get("iat", 0)) < now + LEEWAY_SECONDS
            and claims.get("sub")
        )
        if not right:
            raise NotSignedInError

    def _key_set(self, ask_again: bool) -> KeySet:
        with self._lock:
            age = time.monotonic() - self._fetched
            if self._keys is None or age > KEYS_LIVE_SECONDS or (ask_again and age > ASK_AGAIN_SECONDS):
                self._keys, self._fetched = self._fetch(), time.monotonic()
            return self._keys

    def _fetch(self) -> KeySet:
        try:
            answer = self._http.get(f"{self._issuer}/protocol/openid-connect/certs")
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise KeycloakUnavailableError(type(error).__name__) from error
        keys = [key for key in answer.json()["keys"] if key.get("use") == "sig"]
        return KeySet.import_key_set({"keys": keys})
