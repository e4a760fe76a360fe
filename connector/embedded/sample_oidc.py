"""The OpenID Connect part of the sample subsystems: asks for a login, changes a code for claims, hears of a logout."""

import base64
import hashlib
import json
import secrets
import threading
import time
from typing import Any, Final
from urllib.parse import urlencode

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
LEEWAY_SECONDS: Final = 10


class SampleOidc:
    """A public client with PKCE at one realm; `issuer` is the realm's address."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self.endpoint = f"{issuer}/protocol/openid-connect"
        self.logout_address = f"{self.endpoint}/logout"
        self._lock = threading.Lock()
        self._keys: KeySet | None = None

    def login_request(self, client_id: str, redirect_uri: str) -> tuple[str, str, str]:
        """(state, address to send the browser to, verifier that stays here)."""
        state, verifier = secrets.token_urlsafe(16), secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "client_id": client_id, "redirect_uri": redirect_uri, "response_type": "code", "scope": "openid",
            "state": state, "code_challenge": challenge, "code_challenge_method": "S256",
        }  # fmt: skip
        return state, f"{self.endpoint}/auth?{urlencode(query)}", verifier

    def fetch(self, client_id: str, redirect_uri: str, code: str, verifier: str) -> dict[str, Any] | None:
        """Claims of the access token for a code; None when Keycloak refuses it.

        The token comes from Keycloak itself, so its signature need not be verified here.
        """
        form = {
            "client_id": client_id, "grant_type": "authorization_code", "code": code,
            "redirect_uri": redirect_uri, "code_verifier": verifier,
        }  # fmt: skip
        try:
            answer = httpx.post(f"{self.endpoint}/token", data=form, timeout=15, trust_env=False)
        except httpx.HTTPError:
            return None
        return _claims(answer.json()["access_token"]) if answer.is_success else None

    def ended_session(self, client_id: str, logout_token: str) -> str:
        """The `sid` that a logout token of Keycloak for this client ends; "" when it is none."""
        try:
            token = jwt.decode(logout_token, self._key_set(), algorithms=["RS256"])
        except (JoseError, ValueError, httpx.HTTPError):
            return ""
        claims, named = token.claims, token.claims.get("aud")
        right = (
            str(token.header.get("typ", "")).lower() == "logout+jwt"
            and claims.get("iss") == self._issuer
            and client_id in ([named] if isinstance(named, str) else named or [])
            and claims.get("exp", 0) > time.time() - LEEWAY_SECONDS
            and LOGOUT_EVENT in claims.get("events", {})
            and "nonce" not in claims
        )
        return str(claims.get("sid", "")) if right else ""

    def _key_set(self) -> KeySet:
        """The realm's keys, fetched once: nobody rotates them while a demonstration runs."""
        with self._lock:
            if self._keys is None:
                told = httpx.get(f"{self.endpoint}/certs", timeout=15, trust_env=False).raise_for_status().json()
                signing = [key for key in told["keys"] if key.get("use") == "sig"]
                self._keys = KeySet.import_key_set({"keys": signing})
            return self._keys


def _claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims
