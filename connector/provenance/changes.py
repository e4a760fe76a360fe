"""What an event of Keycloak changed, in few words. Pure: keeps names of roles and fields, never a person's name.

Measured on 26.7.4: a user written with credentials leaves no word of them in the event; clearing the events leaves no
event at all; somebody who acts as another leaves a user event, IMPERSONATE, and no admin event.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from connector.ports import IdpEvent

# Of a user's attributes those that this product writes; of others only the name is kept.
ATTRIBUTES = ("accountId", "requestId", "unitCode", "accountClass", "secondFactor", "oneSession", "keySerial")
RISKS = (
    "directAccessGrantsEnabled", "implicitFlowEnabled", "publicClient", "serviceAccountsEnabled", "fullScopeAllowed",
)  # fmt: skip
MOST_NAMES = 200  # of roles or fields kept of one event; a change of more explains itself never


class Shape(StrEnum):
    """What was done to what."""

    USER_CREATED = "user.created"
    USER_DELETED = "user.deleted"
    USER_UPDATED = "user.updated"
    USER_ACTED = "user.acted"  # any other act on a user
    LOGGED_OUT = "user.logged_out"
    IMPERSONATED = "user.impersonated"
    PASSWORD_SET = "password.set"  # noqa: S105
    CREDENTIAL_REMOVED = "credential.removed"
    IDENTITY_LINKED = "identity.linked"
    ROLES_GIVEN = "roles.given"
    ROLES_WITHDRAWN = "roles.withdrawn"
    GROUP_JOINED = "group.joined"
    GROUP_LEFT = "group.left"
    GROUP_CHANGED = "group.changed"
    ROLE_CHANGED = "role.changed"
    REALM_CHANGED = "realm.changed"
    CLIENT_CHANGED = "client.changed"
    PROVIDER_CHANGED = "identity_provider.changed"
    FLOW_CHANGED = "flow.changed"
    COMPONENT_CHANGED = "component.changed"
    PERMISSIONS_CHANGED = "permissions.changed"
    PROFILE_CHANGED = "profile.changed"
    OTHER = "other.changed"


# "OPERATION:RESOURCE path" to its shape; the first that fits counts.
SHAPES: tuple[tuple[re.Pattern[str], Shape], ...] = tuple(
    (re.compile(pattern), shape)
    for pattern, shape in (
        (r"IMPERSONATE ", Shape.IMPERSONATED),
        (r"CREATE:USER users/[^/]+$", Shape.USER_CREATED),
        (r"DELETE:USER users/[^/]+$", Shape.USER_DELETED),
        (r"UPDATE:USER users/[^/]+$", Shape.USER_UPDATED),
        (r"\w+:USER users/[^/]+/reset-password$", Shape.PASSWORD_SET),
        (r"\w+:USER users/[^/]+/credentials/[^/]+$", Shape.CREDENTIAL_REMOVED),
        (r"\w+:USER users/[^/]+/(logout$|consents/)", Shape.LOGGED_OUT),
        (r"\w+:USER users/[^/]+/federated-identity", Shape.IDENTITY_LINKED),
        (r"CREATE:(CLIENT|REALM)_ROLE_MAPPING users/", Shape.ROLES_GIVEN),
        (r"DELETE:(CLIENT|REALM)_ROLE_MAPPING users/", Shape.ROLES_WITHDRAWN),
        (r"CREATE:GROUP_MEMBERSHIP ", Shape.GROUP_JOINED),
        (r"DELETE:GROUP_MEMBERSHIP ", Shape.GROUP_LEFT),
        (r"\w+:USER users/", Shape.USER_ACTED),
        (r"\w+:((CLIENT|REALM)_ROLE_MAPPING|GROUP) ", Shape.GROUP_CHANGED),
        (r"\w+:(CLIENT|REALM)_ROLE ", Shape.ROLE_CHANGED),
        (r"\w+:REALM ", Shape.REALM_CHANGED),
        (r"\w+:IDENTITY_PROVIDER", Shape.PROVIDER_CHANGED),
        (r"\w+:(CLIENT|PROTOCOL_MAPPER)", Shape.CLIENT_CHANGED),
        (r"\w+:(AUTH_|AUTHENTICATOR_|REQUIRED_ACTION)", Shape.FLOW_CHANGED),
        (r"\w+:COMPONENT", Shape.COMPONENT_CHANGED),
        (r"\w+:AUTHORIZATION_", Shape.PERMISSIONS_CHANGED),
        (r"\w+:USER_PROFILE ", Shape.PROFILE_CHANGED),
    )
)


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change. `by_us`: done by the connector's own service account, or with its key. `facts` is plain JSON."""

    event_id: str
    at: datetime
    shape: Shape
    by_us: bool = False
    user_id: str | None = None
    actor_id: str | None = None
    actor_realm: str | None = None
    actor_client: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def change_of(event: IdpEvent, expected: Mapping[str, Any]) -> Change | None:
    """What this event changed; None when it changed nothing. `expected` is the realm as code, for what is weaker."""
    shape = shape_of(event)
    if shape is None or event.error:
        return None
    details = event.details
    sent = details.get("representation")
    extract = FACTS.get(shape, _named)
    return Change(
        event_id=event.event_id,
        at=event.at,
        shape=shape,
        by_us=bool(details.get("by_us")),
        user_id=event.user_id,
        actor_id=details.get("by_user_id"),
        actor_realm=details.get("by_realm"),
        actor_client=details.get("by_client_id"),
        facts={"operation": event.type[:64], **extract(event, sent, expected)},
    )


def shape_of(event: IdpEvent) -> Shape | None:
    """Of a user event only IMPERSONATE is a change by somebody else."""
    if event.kind != "admin" and event.type != "IMPERSONATE":
        return None
    text = f"{event.type} {event.resource_path or ''}"
    return next((shape for pattern, shape in SHAPES if pattern.match(text)), Shape.OTHER)


def _created(_event: IdpEvent, sent: Any, _expected: Mapping[str, Any]) -> dict[str, Any]:
    body = sent if isinstance(sent, Mapping) else {}
    groups = body.get("groups")
    return {
        "told": isinstance(sent, Mapping),
        "user_name": str(body.get("username", ""))[:64],
        "attributes": _attributes(body),
        "groups": [str(name)[:64] for name in groups[:MOST_NAMES]] if isinstance(groups, list) else [],
        "fields": _names(body),
    }


def _deleted(_event: IdpEvent, sent: Any, _expected: Mapping[str, Any]) -> dict[str, Any]:
    return {"user_name": str(sent.get("username", ""))[:64]} if isinstance(sent, Mapping) else {}


def _updated(_event: IdpEvent, sent: Any, _expected: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(sent, Mapping):
        return {"told": False}
    found: dict[str, Any] = {"told": True, "fields": _names(sent)}
    if isinstance(sent.get("enabled"), bool):
        found["enabled"] = sent["enabled"]
    if isinstance(sent.get("requiredActions"), list):
        found["actions"] = [str(action)[:64] for action in sent["requiredActions"][:MOST_NAMES]]
    if isinstance(sent.get("attributes"), Mapping):
        found["attributes"] = _attributes(sent)
        found["others"] = _names({k: 1 for k in sent["attributes"] if k not in ATTRIBUTES})
    return found


def _roles(event: IdpEvent, sent: Any, _expected: Mapping[str, Any]) -> dict[str, Any]:
    roles = [str(role["name"])[:255] for role in _listed(sent) if isinstance(role, Mapping) and "name" in role]
    return {
        "told": isinstance(sent, list),
        "roles": sorted(roles)[:MOST_NAMES],
        "count": len(roles),
        "of_realm": ":REALM_ROLE_MAPPING" in event.type,
    }


def _group(_event: IdpEvent, sent: Any, _expected: Mapping[str, Any]) -> dict[str, Any]:
    body = sent if isinstance(sent, Mapping) else {}
    return {
        "group": str(body.get("path", ""))[:255],
        "with_roles": bool(body.get("clientRoles") or body.get("realmRoles")),
    }


def _realm(event: IdpEvent, sent: Any, expected: Mapping[str, Any]) -> dict[str, Any]:
    """Names of the settings that left the realm as code, never their values."""
    if not isinstance(sent, Mapping):
        # An event without its content tells that the content of events was switched off.
        return {"fields": ["adminEventsDetailsEnabled"] if event.type.startswith("UPDATE:") else []}
    return {"fields": strayed(sent, expected)[:MOST_NAMES]}


def strayed(sent: Mapping[str, Any], expected: Mapping[str, Any], path: str = "") -> list[str]:
    """Names of the settings among those sent that are not as the realm as code has them; it says nothing of others."""
    found = []
    for name in sorted(sent.keys() & expected.keys()):
        here, wanted = sent[name], expected[name]
        if isinstance(wanted, Mapping):
            found += strayed(here if isinstance(here, Mapping) else {}, wanted, f"{name}.")
        elif _differs(here, wanted):
            found.append(f"{path}{name}")
    return found


def _differs(here: Any, wanted: Any) -> bool:
    if isinstance(wanted, list | tuple):
        return sorted(map(str, here or ())) != sorted(map(str, wanted))
    return str(here) != str(wanted) and bool(here or wanted)


def _client(event: IdpEvent, sent: Any, _expected: Mapping[str, Any]) -> dict[str, Any]:
    body = sent if isinstance(sent, Mapping) else {}
    risks = [name for name in RISKS if body.get(name) is True]
    if any("*" in str(uri) for uri in _listed(body.get("redirectUris"))):
        risks.append("redirectUris")
    return {"name": str(body.get("clientId", ""))[:255], "risks": risks, "path": str(event.resource_path or "")[:255]}


def _impersonated(event: IdpEvent, _sent: Any, _expected: Mapping[str, Any]) -> dict[str, Any]:
    return {"administrator": str(event.details.get("impersonator", ""))[:64]}


def _named(event: IdpEvent, sent: Any, _expected: Mapping[str, Any]) -> dict[str, Any]:
    body = sent if isinstance(sent, Mapping) else {}
    name = body.get("alias") or body.get("name") or body.get("newName") or ""
    return {"name": str(name)[:255], "path": str(event.resource_path or "")[:255]}


Extract = Callable[[IdpEvent, Any, Mapping[str, Any]], dict[str, Any]]
FACTS: dict[Shape, Extract] = {
    Shape.USER_CREATED: _created,
    Shape.USER_DELETED: _deleted,
    Shape.USER_UPDATED: _updated,
    Shape.ROLES_GIVEN: _roles,
    Shape.ROLES_WITHDRAWN: _roles,
    Shape.GROUP_JOINED: _group,
    Shape.GROUP_LEFT: _group,
    Shape.REALM_CHANGED: _realm,
    Shape.CLIENT_CHANGED: _client,
    Shape.IMPERSONATED: _impersonated,
}


def _attributes(body: Mapping[str, Any]) -> dict[str, str]:
    """First values of this product's own attributes."""
    held = body.get("attributes")
    if not isinstance(held, Mapping):
        return {}
    return {name: str(_first(held[name]))[:64] for name in ATTRIBUTES if held.get(name)}


def _first(values: Any) -> Any:
    return values[0] if isinstance(values, Sequence) and not isinstance(values, str) else values


def _names(body: Mapping[str, Any]) -> list[str]:
    return sorted(str(name)[:64] for name in body)[:MOST_NAMES]


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
