"""What a verified sign-in of a person says, and the port that makes one. Knows no person and no page."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from connector.errors import ConnectorError, Text


class SignInFailedError(ConnectorError):
    """What came back from the sign-in does not prove who is there. `reason` names the check, never a value."""

    code = "sign-in-failed"
    status = 403
    clause = "GS 10(2)"
    says = Text("登录没有完成", "The sign-in was not completed")
    remedy = Text("请重新登录", "Sign in again")
    who = Text("使用人本人", "the person himself")

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason=reason)


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """What a verified ID token says. `sid` is Keycloak's session; `auth_time` is aware, whole seconds."""

    subject: str
    sid: str
    acr: str
    amr: tuple[str, ...]
    auth_time: datetime
    id_token: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class EndedLogin:
    """Whose sessions a verified logout token ends: those of Keycloak's session `sid`, or all of `subject`."""

    subject: str | None
    sid: str | None


class LoginClient(Protocol):
    """Sign-in of people by OpenID Connect (code with PKCE). Only `fetch` and `read_logout_token` use the network."""

    def authorization_url(
        self, *, state: str, nonce: str, verifier: str, level: str, max_age: int | None = None, action: str = ""
    ) -> str:
        """Where the browser is sent. `level` is the acr asked for; `action` one of Keycloak's required actions."""

    def fetch(self, *, code: str, issuer: str, verifier: str, nonce: str) -> SignedIn:
        """Exchanges the code; `issuer` is the answer's `iss` (RFC 9207).

        Raises SignInFailedError, KeycloakUnavailableError.
        """

    def logout_url(self, id_token: str) -> str:
        """Where the browser is sent to end Keycloak's session too; it comes back to /signed-out."""

    def read_logout_token(self, token: str) -> EndedLogin:
        """A verified back-channel logout token; SignInFailedError when anything is wrong."""
