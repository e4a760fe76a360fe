"""Mail, HTTP targets, secrets, signatures and the clock, as this product needs them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from connector.errors import ConnectorError, Text


class Mailer(Protocol):
    def send(self, *, to: str, subject: str, text: str, message_id: str) -> None:
        """Sends one mail; raises UnavailableError to be tried again."""


@dataclass(frozen=True)
class HttpAnswer:
    status: int
    retry_after: float | None  # seconds
    body: str  # capped at 4 kB


class HttpSender(Protocol):
    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> HttpAnswer:
        """Posts to an allowed target; raises UnavailableError on no answer, ForbiddenTargetError off the allow list."""


class ForbiddenTargetError(ConnectorError):
    """The address is not on the allow list kept by the security administrator."""

    code = "forbidden-target"
    status = 403
    says = Text("目标地址不在允许列表内：{target}", "The target is not on the allow list: {target}")
    remedy = Text("请安全管理员将其加入允许列表", "Ask the security administrator to add it")
    who = Text("安全管理员", "the security administrator")


class Vault(Protocol):
    """Encryption of personal values at rest (J5). Contexts bind a ciphertext to its place."""

    def encrypt(self, value: str, context: str) -> bytes: ...

    def decrypt(self, sealed: bytes, context: str) -> str: ...

    def digest(self, value: str, context: str) -> str:
        """Keyed digest (hex) for equality look-ups; the same for equal values of one context."""

    def needs_rotation(self, sealed: bytes) -> bool: ...


class TokenSigner(Protocol):
    """Signs the tokens this product sends out (SET, RFC 8417) with a key of its own."""

    def sign(self, claims: Mapping[str, Any], typ: str) -> str:
        """The compact JWS of `claims`, ES256, with `typ` and the key's id in its head."""

    def public_keys(self) -> dict[str, Any]:
        """The JWK set that verifies it."""


class NoteSigner(Protocol):
    """Signs checkpoints. `name` is the log's origin; `verifier_key` is the C2SP vkey text."""

    name: str

    def sign(self, text: bytes) -> bytes: ...

    def verifier_key(self) -> str: ...


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, aware, UTC."""
