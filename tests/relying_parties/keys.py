"""Public keys of an issuer, fetched from its address and again when a token names a key that is not among them."""

import time
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

ALGORITHMS = ["RS256", "ES256"]  # Never "none", never a shared secret.
ASK_AGAIN_SECONDS = 5  # A forged token must not make us ask for keys each time.


class IssuerKeys:
    def __init__(self, jwks_uri: str) -> None:
        self._uri = jwks_uri
        self._keys: KeySet | None = None
        self._asked = 0.0

    def verified(self, token: str) -> jwt.Token:
        """The token with head and claims, its signature verified; raises JoseError or ValueError."""
        if self._keys is None:
            self._fetch()
        try:
            return self._decode(token)
        except (JoseError, ValueError):
            if time.monotonic() - self._asked < ASK_AGAIN_SECONDS:
                raise
        self._fetch()  # Perhaps the issuer has a new key.
        return self._decode(token)

    def _decode(self, token: str) -> jwt.Token:
        assert self._keys is not None
        return jwt.decode(token, self._keys, algorithms=ALGORITHMS)

    def _fetch(self) -> None:
        answer = httpx.get(self._uri, timeout=5, trust_env=False).raise_for_status()
        self._asked = time.monotonic()
        # An issuer may publish keys of other uses: encryption keys verify nothing.
        signing: list[Any] = [key for key in answer.json()["keys"] if key.get("use", "sig") == "sig"]
        self._keys = KeySet.import_key_set({"keys": signing})
