"""The realm's published keys, and signatures verified against them. Knows no claim."""

import threading
import time
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import Token

from connector.ports import KeycloakUnavailableError

ALGORITHMS = ["RS256", "PS256", "ES256"]
KEYS_LIVE_SECONDS = 600
ASK_AGAIN_SECONDS = 10  # An unknown key id makes us ask again, but not on every forged token.


class RealmKeys:
    """Keys of one realm. They are fetched once, and again when a token names an unknown one."""

    def __init__(self, issuer: str, timeout: float) -> None:
        self._issuer = issuer
        self._timeout = timeout
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._fetched = 0.0

    def decode(self, token: str) -> Token:
        """The token, if one of the realm's keys signed it; JoseError or ValueError otherwise."""
        try:
            return jwt.decode(token, self._key_set(False), algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            return jwt.decode(token, self._key_set(True), algorithms=ALGORITHMS)

    def _key_set(self, ask_again: bool) -> KeySet:
        with self._lock:
            age = time.monotonic() - self._fetched
            if self._keys is None or age > KEYS_LIVE_SECONDS or (ask_again and age > ASK_AGAIN_SECONDS):
                self._keys, self._fetched = self._fetch(), time.monotonic()
            return self._keys

    def _fetch(self) -> KeySet:
        try:
            place = f"{self._issuer}/protocol/openid-connect/certs"
            answer = httpx.get(place, timeout=self._timeout, trust_env=False)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise KeycloakUnavailableError(type(error).__name__) from error
        keys: list[Any] = [key for key in answer.json()["keys"] if key.get("use") == "sig"]
        return KeySet.import_key_set({"keys": keys})
