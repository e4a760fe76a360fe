"""What a security event token says (RFC 8417, SSF 1.0): events, subjects, reasons. Pure; signs and sends nothing."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal

from connector.errors import Text

TYPE: Final = "secevent+jwt"
CONTENT_TYPE: Final = f"application/{TYPE}"
RISC: Final = "https://schemas.openid.net/secevent/risc/event-type/"
CAEP: Final = "https://schemas.openid.net/secevent/caep/event-type/"
SSF: Final = "https://schemas.openid.net/secevent/ssf/event-type/"

ACCOUNT_DISABLED: Final = RISC + "account-disabled"
ACCOUNT_ENABLED: Final = RISC + "account-enabled"
ACCOUNT_PURGED: Final = RISC + "account-purged"
SESSION_REVOKED: Final = CAEP + "session-revoked"
CREDENTIAL_CHANGE: Final = CAEP + "credential-change"
VERIFICATION: Final = SSF + "verification"

CredentialType = Literal["password", "x509", "fido2-roaming", "app"]
CredentialChange = Literal["create", "revoke", "update", "delete"]


class Signal(StrEnum):
    """What can be announced of an account."""

    DISABLED = "disabled"
    ENABLED = "enabled"
    SESSIONS_REVOKED = "sessions-revoked"
    CREDENTIAL_CHANGED = "credential-changed"
    PURGED = "purged"


# A token tells of one event (SSF 1.0), so a freeze takes two: receivers of either kind understand one of them.
EVENTS: Final[Mapping[Signal, tuple[str, ...]]] = {
    Signal.DISABLED: (ACCOUNT_DISABLED, SESSION_REVOKED),
    Signal.ENABLED: (ACCOUNT_ENABLED,),
    Signal.SESSIONS_REVOKED: (SESSION_REVOKED,),
    Signal.CREDENTIAL_CHANGED: (CREDENTIAL_CHANGE,),
    Signal.PURGED: (ACCOUNT_PURGED,),
}

# A subsystem learns no more of a reason than it needs: a violation, for one, is nobody's business there.
BY_DECISION: Final = Text("按管理决定", "by decision of the administration")
REASONS: Final[Mapping[str, Text]] = {
    "departure": Text("人员离岗", "the person has left the post"),
    "cancel": Text("账号注销", "the account is cancelled"),
    "dormant": Text("长期未使用", "not used for long"),
    "key_lost": Text("密钥遗失", "the hardware key is lost"),
    "suspension_over": Text("暂停期满", "the suspension is over"),
}


def event_claims(
    event: str,
    at: datetime,
    *,
    cause: str = "",
    credential_type: CredentialType = "fido2-roaming",
    credential_change: CredentialChange = "revoke",
) -> dict[str, Any]:
    """The payload of one event: when it happened (seconds), who began it, and why, in both languages."""
    reason = REASONS.get(cause, BY_DECISION)
    claims: dict[str, Any] = {
        "event_timestamp": int(at.timestamp()),
        "initiating_entity": "admin",
        "reason_admin": {"zh": reason.zh, "en": reason.en},
    }
    if event == CREDENTIAL_CHANGE:
        claims |= {"credential_type": credential_type, "change_type": credential_change}
    return claims


def account_subject(realm_issuer: str, user_id: str) -> dict[str, str]:
    """An account as every relying party knows it: issuer and `sub` of its tokens."""
    return {"format": "iss_sub", "iss": realm_issuer, "sub": user_id}


def stream_subject(stream: str) -> dict[str, str]:
    """The stream itself, for a verification event."""
    return {"format": "opaque", "id": stream}


def token_claims(
    *,
    issuer: str,
    audience: str,
    token_id: str,
    issued_at: datetime,
    subject: Mapping[str, str],
    event: str,
    payload: Mapping[str, Any],
    transaction: str = "",
) -> dict[str, Any]:
    """The claims of one token: no `sub` and no `exp`, which SSF forbids; `txn` ties together what one decision did."""
    return {
        "iss": issuer,
        "jti": token_id,
        "iat": int(issued_at.timestamp()),
        "aud": audience,
        "sub_id": dict(subject),
        "events": {event: dict(payload)},
        **({"txn": transaction} if transaction else {}),
    }
