"""What an unexplained change amounts to: kinds of finding, how bad, and what is to be done by policy. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from connector.ports import IdpCredential
from connector.provenance.changes import Change, Shape
from connector.provenance.evidence import Account, Evidence
from connector.provenance.kinds import TABLE, Action, Kind, Severity
from connector.provenance.rules import account_of, excess_roles, wrong_attributes
from connector.realm_config import ACCOUNTS_GROUP

Policy = Literal["report", "quarantine", "revert"]
SAME_MOMENT = timedelta(seconds=2)  # a credential and the event of its making
FORMER = "password-history"  # kept to refuse an old password; it opens nothing
OF_EVENTS = frozenset(
    {
        "eventsEnabled", "eventsExpiration", "eventsListeners", "enabledEventTypes", "adminEventsEnabled",
        "adminEventsDetailsEnabled", "attributes.adminEventsExpiration",
    }
)  # fmt: skip
PLAIN: Mapping[Shape, Kind] = {
    Shape.USER_CREATED: Kind.USER_CREATED,
    Shape.USER_DELETED: Kind.USER_DELETED,
    Shape.USER_ACTED: Kind.USER_CHANGED,
    Shape.LOGGED_OUT: Kind.LOGGED_OUT,
    Shape.IMPERSONATED: Kind.IMPERSONATED,
    Shape.PASSWORD_SET: Kind.PASSWORD_RESET,
    Shape.CREDENTIAL_REMOVED: Kind.CREDENTIAL_REMOVED,
    Shape.IDENTITY_LINKED: Kind.IDENTITY_LINKED,
    Shape.ROLES_GIVEN: Kind.ROLE_GIVEN,
    Shape.ROLES_WITHDRAWN: Kind.ROLE_WITHDRAWN,
    Shape.GROUP_JOINED: Kind.GROUP_JOINED,
    Shape.GROUP_LEFT: Kind.GROUP_LEFT,
    Shape.GROUP_CHANGED: Kind.GROUP_CHANGED,
    Shape.ROLE_CHANGED: Kind.ROLE_CHANGED,
    Shape.CLIENT_CHANGED: Kind.CLIENT_CHANGED,
    Shape.PROVIDER_CHANGED: Kind.PROVIDER_CHANGED,
    Shape.FLOW_CHANGED: Kind.FLOW_CHANGED,
    Shape.COMPONENT_CHANGED: Kind.COMPONENT_CHANGED,
    Shape.PERMISSIONS_CHANGED: Kind.PERMISSIONS_CHANGED,
    Shape.PROFILE_CHANGED: Kind.PROFILE_CHANGED,
    Shape.OTHER: Kind.OTHER_CHANGED,
}


@dataclass(frozen=True)
class Suspect:
    """One thing found in an unexplained change."""

    kind: Kind
    severity: Severity
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Look:
    """A user's credentials as Keycloak has them now, and the moments at which he, or his link, made some himself."""

    credentials: Sequence[IdpCredential]
    own_moments: Sequence[tuple[str, datetime]]  # with the type of the credential
    known_since: datetime | None  # from here on no own moment is missing


def suspects_of(change: Change, evidence: Evidence, look: Look | None = None) -> list[Suspect]:
    """What an unexplained change amounts to, at least one thing. With the service account's key all is critical."""
    account = account_of(change, evidence)
    found = (
        _of_user(change, account, look) if change.shape is Shape.USER_UPDATED else [_plain(change, account, evidence)]
    )
    if change.by_us:
        return [Suspect(one.kind, Severity.CRITICAL, one.facts) for one in found]
    return found


def _plain(change: Change, account: Account | None, evidence: Evidence) -> Suspect:
    if change.shape is Shape.REALM_CHANGED:
        return _of_realm(change)
    kind, facts = PLAIN[change.shape], dict(change.facts)
    severity = TABLE[kind].severity
    if kind is Kind.ROLE_GIVEN:
        facts["excess"] = excess_roles(change, account)
        strange = facts["of_realm"] or not evidence.catalogue.issuperset(facts["excess"])
        severity = Severity.CRITICAL if strange else severity if facts["excess"] else Severity.LOW
    if kind is Kind.GROUP_JOINED and facts["with_roles"]:
        severity = Severity.CRITICAL
    if kind is Kind.CLIENT_CHANGED and not facts["risks"]:
        severity = Severity.MEDIUM
    return Suspect(kind, severity, facts)


def _of_realm(change: Change) -> Suspect:
    strayed = set(change.facts.get("fields", ()))
    kind = Kind.EVENTS_OFF if strayed & OF_EVENTS else Kind.POLICY_WEAKENED if strayed else Kind.REALM_CHANGED
    return Suspect(kind, TABLE[kind].severity, change.facts)


def _of_user(change: Change, account: Account | None, look: Look | None) -> list[Suspect]:
    """A user written by hand may have been enabled, given another factor and another credential at once."""
    facts = change.facts
    found = []
    enabled = facts.get("enabled")
    if enabled is not None and account is not None:
        if enabled and not account.is_in_use:
            found.append(Kind.USER_ENABLED)
        if not enabled and account.is_in_use:
            found.append(Kind.USER_DISABLED)
    if account is not None and wrong_attributes(change, account):
        found.append(Kind.ATTRIBUTES_CHANGED)
    if _hides_credential(change, account, look):
        found.append(Kind.CREDENTIAL_IMPLANTED)
    wrong = wrong_attributes(change, account) if account is not None else []
    told = {name: facts[name] for name in ("operation", "fields", "others", "enabled") if name in facts}
    return [
        Suspect(kind, TABLE[kind].severity, {**told, "wrong": wrong} if kind is Kind.ATTRIBUTES_CHANGED else told)
        for kind in found or [Kind.USER_CHANGED]
    ]


def _hides_credential(change: Change, account: Account | None, look: Look | None) -> bool:
    if change.facts["told"] and not change.facts["fields"]:
        return True  # Keycloak leaves credentials out of what it keeps of a change: nothing else was sent.
    if look is None or account is None:
        return False
    opening = [one for one in look.credentials if one.type != FORMER]
    if sum(one.type == "password" for one in opening) > 1:
        return True
    return any(_has_no_right(one, account) or not _accounted_for(one, change.at, look) for one in opening)


def _has_no_right(credential: IdpCredential, account: Account) -> bool:
    """Made before the account was approved, or a code where none was ever allowed: whatever date was sent with it."""
    if credential.type == "otp" and not account.codes_by_class and not account.waivers:
        return True
    return credential.created_at is None or credential.created_at < account.opened_at - SAME_MOMENT


def _accounted_for(credential: IdpCredential, at: datetime, look: Look) -> bool:
    """It is older than the change, and the person made it himself where that is still known."""
    made = credential.created_at
    if made is None:
        return False
    if any(credential.type == kind and abs(made - moment) <= SAME_MOMENT for kind, moment in look.own_moments):
        return True
    return made < at - SAME_MOMENT and (look.known_since is None or made < look.known_since)


def action_for(suspect: Suspect, change: Change, evidence: Evidence, policy: Policy) -> Action:
    """What the gate does by itself. An account enabled by hand while it is out of use is shut under every policy."""
    account = account_of(change, evidence)
    if account is None:
        return _action_for_stranger(suspect, change, evidence, policy)
    if suspect.kind is Kind.USER_ENABLED:
        return Action.FREEZE_AGAIN
    if policy == "report" or _is_harmless(suspect):
        return Action.NONE
    entry = TABLE[suspect.kind]
    return entry.quarantine if policy == "quarantine" else entry.revert


def _is_harmless(suspect: Suspect) -> bool:
    """What was approved anyway was done by hand: found and told, but nobody is taken out of use for it."""
    facts = suspect.facts
    if suspect.kind is Kind.ROLE_GIVEN:
        return not facts["excess"] and not facts["of_realm"]
    if suspect.kind is Kind.GROUP_JOINED:
        return bool(facts["group"] == ACCOUNTS_GROUP)
    if suspect.kind is Kind.GROUP_LEFT:
        return bool(facts["group"] != ACCOUNTS_GROUP)
    return False


def _action_for_stranger(suspect: Suspect, change: Change, evidence: Evidence, policy: Policy) -> Action:
    """Only in the accounts group can our service account touch a user; who was shut out stays out."""
    if policy == "report" or change.user_id is None:
        return Action.NONE
    came_in = ACCOUNTS_GROUP in change.facts.get("groups", ()) or (
        suspect.kind is Kind.GROUP_JOINED and change.facts["group"] == ACCOUNTS_GROUP
    )
    came_back = bool(change.facts.get("enabled")) and change.user_id in evidence.shut_out
    return Action.SHUT_OUT if came_in or came_back else Action.NONE
