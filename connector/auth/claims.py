"""What a verified access token says about its bearer, and the port that verifies one. Knows no person."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Claims:
    """The claims this product relies on. `subject` is Keycloak's user id; `level` is the acr as Keycloak stated it."""

    subject: str
    user_name: str
    client_id: str
    level: str
    methods: tuple[str, ...]  # amr
    authenticated_at: datetime | None
    issued_at: datetime | None = None


class TokenVerifier(Protocol):
    def verify(self, token: str) -> Claims:
        """Signature, issuer, audience and times of an access token; NotSignedInError when anything is wrong."""
