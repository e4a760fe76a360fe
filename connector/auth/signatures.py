"""Standard Webhooks 1.0.0 signatures, v1 (HMAC-SHA256) and v1a (Ed25519). Pure: no clock, no network, no database.

The signed text is `id.timestamp.body`. Secrets are `whsec_…` (both sides), `whsk_…` (signs) and `whpk_…` (verifies),
each the prefix and base64. Several signatures in one header let a secret be changed without a refused message.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from connector.errors import ConnectorError, Text

TOLERANCE: Final = timedelta(minutes=5)
SECRET_BYTES: Final = range(24, 65)
SYMMETRIC, SIGNING, VERIFYING = "whsec_", "whsk_", "whpk_"
MESSAGE_ID: Final = re.compile(r"[\x21-\x2d\x2f-\x7e]{1,128}")  # Visible ASCII without the dot that separates fields.
MOST_SIGNATURES: Final = 16


class SignatureRefusedError(ConnectorError):
    """The message was not signed with a secret of this endpoint, or its signature headers are missing."""

    code = "webhook-signature"
    status = 401
    says = Text("消息签名无效", "The signature of the message is not valid")
    remedy = Text(
        "请核对签名密钥、消息头和正文后用新的消息编号重发", "Check secret, headers and body; send again with a new id"
    )
    who = Text("对接系统的管理员", "the administrator of the connected system")


class StaleMessageError(ConnectorError):
    """The time of the message is more than five minutes from now, either way: it may be a replay."""

    code = "webhook-stale"
    status = 401
    says = Text("消息时间与当前时间相差超过5分钟", "The time of the message is more than 5 minutes from now")
    remedy = Text("请校准服务器时钟后用新的时间重新签名发送", "Set the clock of the server; sign and send again")
    who = Text("对接系统的管理员", "the administrator of the connected system")


class SecretFormatError(ConnectorError):
    """A secret or key is not in the form of Standard Webhooks."""

    code = "webhook-secret"
    status = 422
    says = Text("签名密钥格式不正确", "The secret is not in the Standard Webhooks form")
    remedy = Text("请提供 whsec_、whsk_ 或 whpk_ 开头的密钥", "Give a secret that begins with whsec_, whsk_ or whpk_")


class KeyPair(NamedTuple):
    """Ed25519: `signing` is `whsk_…` (seed and public key), `verifying` is `whpk_…`."""

    signing: str
    verifying: str

    def __repr__(self) -> str:
        return f"KeyPair({self.verifying})"


def new_secret() -> str:
    """A new symmetric secret of 32 random bytes, `whsec_…`."""
    return SYMMETRIC + base64.b64encode(secrets.token_bytes(32)).decode()


def new_key_pair() -> KeyPair:
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    signing = base64.b64encode(private.private_bytes_raw() + public).decode()
    return KeyPair(SIGNING + signing, VERIFYING + base64.b64encode(public).decode())


def sign(secret: str, message_id: str, at: datetime, body: bytes) -> str:
    """One signature, "v1,…" or "v1a,…" by the kind of `secret`. `at` is aware; its seconds are the timestamp."""
    text = _signed_text(message_id, _seconds(at), body)
    if secret.startswith(SIGNING):
        return "v1a," + base64.b64encode(_signing_key(secret).sign(text)).decode()
    return "v1," + base64.b64encode(_mac(secret, text)).decode()


def signed_headers(own_secrets: Iterable[str], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of a message, with one signature for each secret (more than one while rotating)."""
    if not MESSAGE_ID.fullmatch(message_id):
        raise ValueError("a message id is visible ASCII without a dot")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(_seconds(at)),
        "webhook-signature": " ".join(sign(secret, message_id, at, body) for secret in own_secrets),
    }


def verify(own_secrets: Iterable[str], headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """The id of the message, when one of `own_secrets` (`whsec_…` or `whpk_…`) verifies one of its signatures.

    `headers` have lower-case names. Every pair is tried, in constant time each. The signature is checked before the
    age, so that only a signed message learns that it is late. Raises SignatureRefusedError, StaleMessageError.
    """
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not MESSAGE_ID.fullmatch(message_id) or not re.fullmatch(r"[0-9]{1,12}", stamp):
        raise SignatureRefusedError
    text = _signed_text(message_id, int(stamp), body)
    offered = headers.get("webhook-signature", "").split(" ")[:MOST_SIGNATURES]
    results = [_matches(secret, signature, text) for secret in own_secrets for signature in offered]
    if not any(results):
        raise SignatureRefusedError
    if abs(now - datetime.fromtimestamp(int(stamp), UTC)) > TOLERANCE:
        raise StaleMessageError
    return message_id


def check_verifying_secret(secret: str) -> None:
    """Raises SecretFormatError unless `secret` can verify messages (`whsec_…` or `whpk_…`)."""
    if secret.startswith(VERIFYING):
        _verifying_key(secret)
    else:
        _mac(secret, b"")


def _matches(secret: str, offered: str, text: bytes) -> bool:
    version, _, encoded = offered.partition(",")
    try:
        signature = base64.b64decode(encoded, validate=True)
    except ValueError:
        return False
    if secret.startswith(VERIFYING):
        return version == "v1a" and _is_signed(secret, signature, text)
    return version == "v1" and hmac.compare_digest(_mac(secret, text), signature)


def _is_signed(secret: str, signature: bytes, text: bytes) -> bool:
    try:
        _verifying_key(secret).verify(signature, text)
    except InvalidSignature:
        return False
    return True


def _signed_text(message_id: str, seconds: int, body: bytes) -> bytes:
    return f"{message_id}.{seconds}.".encode() + body


def _seconds(at: datetime) -> int:
    if at.tzinfo is None:
        raise ValueError("the time of a message must be aware")
    return int(at.timestamp())


def _mac(secret: str, text: bytes) -> bytes:
    key = _decoded(secret, SYMMETRIC)
    if len(key) not in SECRET_BYTES:
        raise SecretFormatError
    return hmac.new(key, text, hashlib.sha256).digest()


def _signing_key(secret: str) -> Ed25519PrivateKey:
    raw = _decoded(secret, SIGNING)
    if len(raw) not in (32, 64):
        raise SecretFormatError
    key = Ed25519PrivateKey.from_private_bytes(raw[:32])
    if raw[32:] not in (b"", key.public_key().public_bytes_raw()):
        raise SecretFormatError
    return key


def _verifying_key(secret: str) -> Ed25519PublicKey:
    raw = _decoded(secret, VERIFYING)
    if len(raw) != 32:
        raise SecretFormatError
    return Ed25519PublicKey.from_public_bytes(raw)


def _decoded(secret: str, prefix: str) -> bytes:
    if not secret.startswith(prefix):
        raise SecretFormatError
    try:
        return base64.b64decode(secret.removeprefix(prefix), validate=True)
    except ValueError:
        raise SecretFormatError from None
