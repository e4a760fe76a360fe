"""What it means that Keycloak agrees with the register about one account. Pure: no store, no Keycloak, no clock."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from connector.ports import IdpUser, NewUser
from connector.regulations.vocabulary import AccountStatus


class Drift(StrEnum):
    """Kinds of difference. The names stand in stored runs, so they are never renamed."""

    MISSING = "missing"  # the register has an account, and Keycloak no user of its id
    OUTSIDE = "outside"  # somebody took the user out of the accounts group: out of this product's reach
    ENABLED = "enabled"  # enabled there, although the account is not in use
    DISABLED = "disabled"  # disabled there, although the account is in use
    EXTRA_ROLE = "extra_role"  # of the catalogue, and nobody approved it
    MISSING_ROLE = "missing_role"  # approved, and not held
    UNLISTED_ROLE = "unlisted_role"  # held, and not of the catalogue: this product may not withdraw it
    USER_NAME = "user_name"
    DISPLAY_NAME = "display_name"
    ATTRIBUTE = "attribute"
    UNKNOWN = "unknown"  # a user of the accounts group that no account stands for
    DUPLICATE = "duplicate"  # such a user who bears the name of an account
    STRANGER_ROLE = "stranger_role"  # a user outside the accounts group was given a role of the catalogue
    CLIENT_ROLE = "client_role"  # a subsystem's client has a role that the catalogue does not know
    ABSENT_ROLE = "absent_role"  # a role of the catalogue is not at the subsystem's client


# What the service account is not allowed to put right: an administrator of Keycloak does it, from the master realm.
FOR_ADMINISTRATOR = frozenset(
    {Drift.OUTSIDE, Drift.UNLISTED_ROLE, Drift.USER_NAME, Drift.CLIENT_ROLE, Drift.ABSENT_ROLE}
)
OF_STRANGERS = frozenset({Drift.UNKNOWN, Drift.DUPLICATE, Drift.STRANGER_ROLE})


class Presence(StrEnum):
    """What Keycloak answers when it is asked for a user: 200, 404 or 403."""

    THERE = "there"
    GONE = "gone"
    OUTSIDE = "outside"


@dataclass(frozen=True, kw_only=True)
class Approved:
    """What the register says of an account now. `roles` are "subsystem:role", `attributes` the admin-only ones."""

    account_id: str
    person_id: str
    status: AccountStatus
    keycloak_id: str | None
    user: NewUser
    roles: frozenset[str]
    attributes: Mapping[str, tuple[str, ...]]

    @property
    def in_use(self) -> bool:
        return self.status is AccountStatus.ACTIVE


@dataclass(frozen=True, kw_only=True)
class Found:
    """What Keycloak says of the user of an account."""

    presence: Presence
    user: IdpUser | None = None
    roles: frozenset[str] = frozenset()


class Difference(NamedTuple):
    """One thing that differs. `name` is a role, an attribute or empty; never a value that says who the person is."""

    kind: Drift
    name: str = ""

    def as_json(self) -> dict[str, str]:
        return {"kind": self.kind.value, "name": self.name}


def differences(approved: Approved, found: Found, catalogue: Collection[str]) -> tuple[Difference, ...]:
    """Everything in which Keycloak does not agree; empty when it does. `catalogue` holds every "subsystem:role".

    Of a cancelled account only its use counts: its permissions ended here and go in Keycloak with the user, as soon
    as its key is back (GS 10(6)).
    """
    if found.presence is Presence.OUTSIDE:
        return (Difference(Drift.OUTSIDE),)
    cancelled = approved.status is AccountStatus.CANCELLED
    if found.user is None:
        expected = approved.in_use or (approved.keycloak_id is not None and not cancelled)
        return (Difference(Drift.MISSING),) if expected else ()
    use = _use(approved, found.user)
    if cancelled:
        return use
    return (*use, *_roles(approved.roles, found.roles, catalogue), *_profile(approved, found.user))


def _use(approved: Approved, user: IdpUser) -> tuple[Difference, ...]:
    if user.enabled == approved.in_use:
        return ()
    return (Difference(Drift.ENABLED if user.enabled else Drift.DISABLED),)


def _roles(approved: frozenset[str], held: frozenset[str], catalogue: Collection[str]) -> list[Difference]:
    extra = [
        Difference(Drift.EXTRA_ROLE if role in catalogue else Drift.UNLISTED_ROLE, role)
        for role in sorted(held - approved)
    ]
    return [*extra, *(Difference(Drift.MISSING_ROLE, role) for role in sorted(approved - held))]


def _profile(approved: Approved, user: IdpUser) -> list[Difference]:
    found: list[Difference] = []
    if user.user_name != approved.user.user_name:
        found.append(Difference(Drift.USER_NAME))
    if user.display_name != approved.user.display_name:
        found.append(Difference(Drift.DISPLAY_NAME))
    found += [
        Difference(Drift.ATTRIBUTE, name)
        for name, values in sorted(approved.attributes.items())
        if user.attributes.get(name) != (values[0] if values else None)
    ]
    return found
