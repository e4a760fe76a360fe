"""Which second factor an event of Keycloak brings or takes away. Pure; knows no store."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.activity.rules import actor_of, subject_of
from connector.ports import IdpCredential, IdpEvent

ENROLLED, REMOVED = "enrolled", "removed"
# UPDATE_TOTP and REMOVE_TOTP tell the same once more, and Keycloak is giving them up.
OWN_CHANGES = {"UPDATE_CREDENTIAL": ENROLLED, "REMOVE_CREDENTIAL": REMOVED}
FACTORS = {"otp": "otp", "webauthn": "key", "webauthn-passwordless": "key", "recovery-authn-codes": "recovery"}
PASSWORDS = frozenset({"password", "password-history"})
DELETED = re.compile(r"^users/[^/]+/credentials/([^/]+)$")


@dataclass(frozen=True, kw_only=True)
class FactorChange:
    """One line of `factor_changes`; see there."""

    id: str
    keycloak_id: str
    at: datetime
    change: str
    factor: str
    source: str
    actor_id: str | None
    credential: str | None


def factor_change(event: IdpEvent) -> FactorChange | None:
    """What the event says of a second factor; None when it is about none, or about a password."""
    change = _change(event)
    if change is None or event.error:  # Nearly every event: asked first.
        return None
    user_id, type_ = subject_of(event), str(event.details.get("credential_type") or "unknown")
    if user_id is None or type_ in PASSWORDS:
        return None
    return FactorChange(
        id=event.event_id,
        keycloak_id=user_id,
        at=event.at,
        change=change,
        factor=_named(type_),
        source="event",
        actor_id=actor_of(event),
        credential=_credential(event),
    )


def found_factors(user_id: str, credentials: Iterable[IdpCredential], now: datetime) -> list[FactorChange]:
    """The second factors that a baseline found, each as of the day it was enrolled."""
    return [
        FactorChange(
            id=one.id,
            keycloak_id=user_id,
            at=one.created_at or now,
            change=ENROLLED,
            factor=_named(one.type),
            source="baseline",
            actor_id=None,
            credential=one.key_id or one.id,
        )
        for one in credentials
        if one.type not in PASSWORDS
    ]


def _named(credential_type: str) -> str:
    return FACTORS.get(credential_type, credential_type)[:16]


def _change(event: IdpEvent) -> str | None:
    if event.kind == "login":
        return OWN_CHANGES.get(event.type)
    deleted = DELETED.match(event.resource_path or "")
    return REMOVED if deleted and event.type in ("ACTION:USER", "DELETE:USER") else None


def _credential(event: IdpEvent) -> str | None:
    named: Any = event.details.get("public_key_credential_id")
    deleted = DELETED.match(event.resource_path or "")
    return str(named) if named else deleted.group(1) if deleted else None
