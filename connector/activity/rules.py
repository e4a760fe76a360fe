"""What an event of Keycloak means for an account: use, login, a new password. Pure; knows no store.

Real use is a login, a code exchanged or a token refreshed, without error: a failed login is no sign of life, and
somebody who stays signed in for weeks is only seen by his refreshes.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from connector.ports import IdpEvent

USE_TYPES = frozenset({"LOGIN", "CODE_TO_TOKEN", "REFRESH_TOKEN"})
RESET_PATH = re.compile(r"^users/([^/]+)/reset-password$")
USER_PATH = re.compile(r"^users/([^/]+)")
DELETED_PATH = re.compile(r"^users/[^/]+$")
# An allow list: a name typed at a failed login may be a password, and redirect addresses carry codes.
KEPT_DETAILS = frozenset(
    {"auth_method", "auth_type", "by_client_id", "by_realm", "by_us", "by_user_id", "client_auth_method",
     "credential_id", "credential_type", "custom_required_action", "grant_type", "public_key_credential_id", "reason",
     "refresh_token_type", "remember_me", "response_type", "revoked_client", "scope", "session_expired",
     "x509_cert_serial_number"}
)  # fmt: skip


class PasswordEvidence(StrEnum):
    """How the moment of the last password is known."""

    EVENT = "event"  # the person changed it
    INITIAL = "initial"  # somebody else set it, and the person has not changed it since
    BASELINE = "baseline"  # Keycloak's own date, asked once
    UNKNOWN = "unknown"


@dataclass
class Seen:
    """What a batch of events says of one user; each moment is the newest."""

    used_at: datetime | None = None
    login_at: datetime | None = None
    first_seen_at: datetime | None = None  # this one is the oldest
    password_at: datetime | None = None
    password_evidence: PasswordEvidence = PasswordEvidence.UNKNOWN
    password_actor_id: str | None = None
    gone_at: datetime | None = None
    uses: dict[str, datetime] = field(default_factory=dict)  # by client id


def subject_of(event: IdpEvent) -> str | None:
    """The user it happened to: of an admin event the one its path names, not the administrator."""
    if event.kind != "admin" or event.user_id:
        return event.user_id
    found = USER_PATH.match(event.resource_path or "")
    return found.group(1) if found else None


def actor_of(event: IdpEvent) -> str | None:
    """Keycloak id of the administrator or service account that did it; None for a person's own event."""
    return event.details.get("by_user_id") if event.kind == "admin" else None


def kept_details(event: IdpEvent) -> dict[str, Any]:
    """What is kept of the details; of a changed role mapping the names of the roles, of nothing else what was sent."""
    kept = {name: value for name, value in event.details.items() if name in KEPT_DETAILS}
    sent = event.details.get("representation")
    if event.type.endswith("ROLE_MAPPING") and isinstance(sent, list):
        kept["roles"] = [str(role["name"]) for role in sent if isinstance(role, dict) and "name" in role]
    return kept


def password_evidence(event: IdpEvent) -> PasswordEvidence | None:
    """EVENT when the person changed his password, INITIAL when somebody else set it, else None."""
    if event.error:
        return None
    if event.kind == "admin":
        return PasswordEvidence.INITIAL if RESET_PATH.match(event.resource_path or "") else None
    changed = event.type == "UPDATE_PASSWORD" or (
        event.type == "UPDATE_CREDENTIAL" and event.details.get("credential_type") == "password"
    )
    return PasswordEvidence.EVENT if changed else None


def summarise(events: Iterable[IdpEvent]) -> dict[str, Seen]:
    """What the events say, by user; the order of the events does not matter."""
    seen: dict[str, Seen] = {}
    for event in events:
        user_id = subject_of(event)
        if user_id is None or event.error:
            continue
        one = seen.get(user_id)
        if one is None:
            one = seen[user_id] = Seen()
        if one.first_seen_at is None or event.at < one.first_seen_at:
            one.first_seen_at = event.at
        if event.kind == "login" and event.type in USE_TYPES:
            _add_use(one, event)
        elif (evidence := password_evidence(event)) is not None:
            _add_password(one, event, evidence)
        elif _is_deletion(event):
            one.gone_at = event.at
    return seen


def _add_use(seen: Seen, event: IdpEvent) -> None:
    seen.used_at = max(seen.used_at or event.at, event.at)
    if event.type == "LOGIN":
        seen.login_at = max(seen.login_at or event.at, event.at)
    if event.client_id:
        seen.uses[event.client_id] = max(seen.uses.get(event.client_id, event.at), event.at)


def _add_password(seen: Seen, event: IdpEvent, evidence: PasswordEvidence) -> None:
    if seen.password_at is None or event.at >= seen.password_at:
        seen.password_at, seen.password_evidence = event.at, evidence
        seen.password_actor_id = actor_of(event)


def _is_deletion(event: IdpEvent) -> bool:
    return event.kind == "admin" and event.type == "DELETE:USER" and bool(DELETED_PATH.match(event.resource_path or ""))
