"""Reads what Keycloak tells of a user's credentials. Pure."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from connector.adapters.keycloak_events import moment
from connector.ports import IdpCredential


def credential(rep: Mapping[str, Any]) -> IdpCredential:
    """One CredentialRepresentation. `credentialData` is JSON in a string; its credentialId is base64 with padding."""
    created, data = rep.get("createdDate"), json.loads(rep.get("credentialData") or "{}")
    return IdpCredential(
        id=rep["id"],
        type=rep["type"],
        label=rep.get("userLabel") or "",
        created_at=moment(created) if created else None,
        key_id=as_key_id(data["credentialId"]) if "credentialId" in data else None,
        aaguid=data.get("aaguid"),
    )


def as_key_id(encoded: str) -> str:
    """A credentialId in the one form used here: base64url without padding, as events write it."""
    standard = encoded.replace("-", "+").replace("_", "/").rstrip("=")
    raw = base64.b64decode(standard + "=" * (-len(standard) % 4))
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
