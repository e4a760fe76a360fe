"""Verifies Keycloak's access tokens against the realm's published keys."""

import time
from datetime import UTC, datetime
from typing import Any

from joserfc.errors import JoseError

from connector.adapters.realm_keys import RealmKeys
from connector.auth.claims import Claims
from connector.errors import NotSignedInError

LEEWAY_SECONDS = 10


class KeycloakTokens:
    """TokenVerifier for one realm."""

    def __init__(self, *, server_url: str, realm: str, audience: str, timeout: float) -> None:
        self._issuer = f"{server_url.rstrip('/')}/realms/{realm}"
        self._audience = audience
        self._keys = RealmKeys(self._issuer, timeout)

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
            issued_at=datetime.fromtimestamp(claims["iat"], UTC) if claims.get("iat") else None,
        )

    def _decode(self, token: str) -> dict[str, Any]:
        try:
            return dict(self._keys.decode(token).claims)
        except (JoseError, ValueError) as error:
            raise NotSignedInError from error

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
