"""Keycloak's event representations as `IdpEvent`. Pure: no call, no clock."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.ports import IdpEvent

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
TOLD = ("credential_type", "credential_id")  # What an administrative event tells beside its path.


def epoch_millis(moment: datetime) -> int:
    """Milliseconds since 1970 of an aware moment, rounded down, so that nothing at `moment` is missed."""
    return (moment - EPOCH) // MILLISECOND


def moment(millis: int) -> datetime:
    """The aware moment (UTC) of milliseconds since 1970, without the rounding of floats."""
    return EPOCH + MILLISECOND * millis


def login_event(event: Mapping[str, Any]) -> IdpEvent:
    """A user event: LOGIN, REFRESH_TOKEN, LOGIN_ERROR, … `client_id` is a client's name."""
    return IdpEvent(
        event_id=str(event["id"]),
        kind="login",
        at=moment(event["time"]),
        type=str(event["type"]),
        user_id=event.get("userId"),
        client_id=event.get("clientId"),
        ip=event.get("ipAddress"),
        error=event.get("error"),
        session_id=event.get("sessionId"),
        details=event.get("details") or {},
    )


def admin_event(event: Mapping[str, Any], own_user_id: str) -> IdpEvent:
    """An administrative change. `user_id` is the user that was changed, if the path names one.

    Details: by_realm, by_user_id, by_client_id (ids, not names), by_us (whether it was this service account),
    credential_type and credential_id of a credential taken away, and representation (what was sent, parsed) where
    Keycloak kept it.
    """
    by = event.get("authDetails") or {}
    path = str(event.get("resourcePath") or "")
    details = {
        "by_realm": by.get("realmId"),
        "by_user_id": by.get("userId"),
        "by_client_id": by.get("clientId"),
        "by_us": by.get("userId") == own_user_id,
    }
    told = event.get("details") or {}
    details |= {name: told[name] for name in TOLD if name in told}
    # An empty one tells as well: what was sent beside it, Keycloak does not keep.
    if (sent := _parsed(event.get("representation"))) is not None:
        details["representation"] = sent
    return IdpEvent(
        event_id=str(event["id"]),
        kind="admin",
        at=moment(event["time"]),
        type=f"{event['operationType']}:{event['resourceType']}",
        user_id=_user_in(path),
        client_id=by.get("clientId"),
        ip=by.get("ipAddress"),
        error=event.get("error"),
        resource_path=path,
        details=details,
    )


def _user_in(path: str) -> str | None:
    parts = path.split("/")
    return parts[1] if len(parts) > 1 and parts[0] == "users" else None


def _parsed(representation: Any) -> Any:
    if not representation:
        return None
    try:
        return json.loads(representation)
    except ValueError:
        return None
