"""What explains a change in Keycloak: the table of changes, the steps that make them, and what must fit. Pure.

A change by the connector's own service account is explained by a step for that very account which was under way, if
its effect is what the register said. The same account without such a step acts for somebody else: its key is stolen.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from connector.provenance.changes import Change, Shape
from connector.provenance.evidence import Account, Evidence, Try
from connector.realm_config import ACCOUNTS_GROUP, SERVICE_ACCOUNT_ROLES
from connector.regulations.vocabulary import AccountStatus

ACTIONS = frozenset({"UPDATE_PASSWORD", "CONFIGURE_TOTP", "webauthn-register"})
PROFILE = frozenset({"firstName", "lastName", "email", "attributes"})
ACTIVE, CANCELLED = AccountStatus.ACTIVE.value, AccountStatus.CANCELLED.value
SHUT_OUT, FOLLOW = "keycloak.shut_out", "keycloak.follow_register"

Fits = Callable[[Change, Try, Account | None], bool]


def _made_as_approved(change: Change, _step: Try, account: Account | None) -> bool:
    facts = change.facts
    return (
        account is not None
        and facts["user_name"] == account.user_name
        and facts["attributes"].get("requestId") == account.opened_by
        and facts["groups"] == [ACCOUNTS_GROUP]
        and "credentials" not in facts["fields"]
    )


def _was_cancelled(change: Change, _step: Try, account: Account | None) -> bool:
    return account is not None and account.was(CANCELLED, change.at)


def _in_use(change: Change, _step: Try, account: Account | None) -> bool:
    return account is not None and account.was(ACTIVE, change.at)


def _out_of_use(change: Change, step: Try, account: Account | None) -> bool:
    return step.kind == SHUT_OUT if account is None else account.was_not(ACTIVE, change.at)


def _known_actions(change: Change, _step: Try, _account: Account | None) -> bool:
    return ACTIONS.issuperset(change.facts["actions"])


def _own_attributes(change: Change, step: Try, account: Account | None) -> bool:
    """A mover's step writes his name and unit alone, and sends back what else it finds there."""
    return account is not None and (step.kind == FOLLOW or not wrong_attributes(change, account))


def _approved_roles(change: Change, step: Try, account: Account | None) -> bool:
    facts = change.facts
    if account is None or facts["of_realm"] or facts["count"] > len(facts["roles"]):
        return False
    ordered = set(step.payload.get("roles", facts["roles"]))
    return ordered.issuperset(facts["roles"]) and not excess_roles(change, account, step)


def _ordered_withdrawal(change: Change, step: Try, account: Account | None) -> bool:
    """What a step names; or, where Keycloak is made to agree, only what was not approved all the while."""
    facts = change.facts
    if "roles" in step.payload:
        return set(step.payload["roles"]).issuperset(facts["roles"])
    if account is None:
        return step.kind == SHUT_OUT
    kept = {role for role, span in account.grants if span.until is None and span.since < step.span.since}
    return bool(facts["of_realm"]) or kept.isdisjoint(facts["roles"])


def _accounts_group(change: Change, _step: Try, _account: Account | None) -> bool:
    return bool(change.facts["group"] == ACCOUNTS_GROUP)


def _not_accounts_group(change: Change, _step: Try, _account: Account | None) -> bool:
    return bool(change.facts["group"] != ACCOUNTS_GROUP)


def _anything(_change: Change, _step: Try, _account: Account | None) -> bool:
    return True


@dataclass(frozen=True)
class Rule:
    """`facet` of a change is explained by a try of one of `steps`, if its effect `fits`."""

    facet: str
    steps: frozenset[str]
    fits: Fits
    clause: str


def _rule(facet: str, steps: str, fits: Fits, clause: str) -> Rule:
    return Rule(facet, frozenset(f"keycloak.{step}" for step in steps.split()), fits, clause)


ALL_WHO_LOG_OUT = (
    "freeze sweep withdraw_roles enable delete_credential set_initial_password create_user shut_doors shut_out converge"
    " replace_password end_sessions open_box end_box"
)
RULES: dict[str, Rule] = {
    rule.facet: rule
    for rule in (
        _rule("user.created", "create_user converge", _made_as_approved, "JC 7"),
        _rule("user.deleted", "delete_user", _was_cancelled, "GS 10(6)"),
        _rule("enabled", "enable converge", _in_use, "LC 7"),
        _rule(
            "disabled",
            "freeze sweep shut_doors shut_out withdraw_roles delete_credential create_user enable converge"
            " update_user follow_register replace_password end_sessions open_box end_box",
            _out_of_use,
            "GS 12-14",
        ),
        _rule("actions", "require_actions drop_actions converge", _known_actions, "JC 25"),
        _rule("attributes", "update_user follow_register converge", _own_attributes, "LC 5(3)"),
        _rule("roles.given", "grant_roles converge open_box", _approved_roles, "JC 9"),
        _rule("roles.withdrawn", "withdraw_roles converge shut_out open_box end_box", _ordered_withdrawal, "JC 9"),
        _rule("password.set", "set_initial_password replace_password", _anything, "JC 23"),
        _rule("credential.removed", "delete_credential converge", _anything, "GS 12"),
        _rule("group.joined", "converge", _accounts_group, "JC 9"),
        _rule("group.left", "converge", _not_accounts_group, "JC 9"),
        _rule("user.logged_out", ALL_WHO_LOG_OUT, _anything, "GS 12-14"),
        # Keycloak keeps no content of events for us: then only the step itself can be seen.
        _rule(
            "untold",
            "create_user grant_roles withdraw_roles update_user require_actions drop_actions freeze sweep shut_doors"
            " shut_out enable delete_credential converge replace_password end_sessions follow_register"
            " open_box end_box",
            _anything,
            "GX 10",
        ),
    )
}  # fmt: skip

# What an administrator's `realm apply` may do: everything but to people.
OF_THE_REALM = frozenset(
    {
        Shape.GROUP_CHANGED, Shape.ROLE_CHANGED, Shape.REALM_CHANGED, Shape.CLIENT_CHANGED, Shape.PROVIDER_CHANGED,
        Shape.FLOW_CHANGED, Shape.COMPONENT_CHANGED, Shape.PERMISSIONS_CHANGED, Shape.PROFILE_CHANGED, Shape.OTHER,
    }
)  # fmt: skip


def facets_of(change: Change) -> list[str]:
    """The parts of a change that are explained each by itself; "strange" is never explained."""
    facts = change.facts
    if facts.get("told") is False:
        return ["untold"]
    if change.shape is not Shape.USER_UPDATED:
        return [change.shape.value]
    found = []
    if "enabled" in facts["fields"]:
        found.append("enabled" if facts.get("enabled") else "disabled")
    if "requiredActions" in facts["fields"]:
        found.append("actions")
    if PROFILE.intersection(facts["fields"]):
        found.append("attributes")
    strange = set(facts["fields"]) - PROFILE - {"enabled", "requiredActions"}
    # Credentials are written without a word: an empty change is one that hides what it did.
    return [*found, *(["strange"] if strange or not found else [])]


def is_explained(change: Change, evidence: Evidence) -> bool:
    """Whether an approved request, a key's step, the person's link or an applied realm is behind it (JC 9, GS 13)."""
    if change.shape is Shape.IMPERSONATED:
        return False
    if not change.by_us:
        return _was_applied(change, evidence)
    account = account_of(change, evidence)
    tries = [step for step in evidence.tries_for(change.user_id, account) if step.span.holds(change.at)]
    return all(_explains(RULES.get(facet), change, account, tries) for facet in facets_of(change)) and (
        change.shape is not Shape.PASSWORD_SET or _once_for_each_try(change, tries, evidence)
    )


def account_of(change: Change, evidence: Evidence) -> Account | None:
    """Whose user it is; of one that is being made what our own service account wrote into it."""
    found = evidence.account_of(change.user_id)
    if found is None and change.by_us and change.shape is Shape.USER_CREATED:
        return evidence.accounts.get(change.facts["attributes"].get("accountId", ""))
    return found


def _explains(rule: Rule | None, change: Change, account: Account | None, tries: Iterable[Try]) -> bool:
    if rule is None:
        return False
    return any(step.kind in rule.steps and rule.fits(change, step, account) for step in tries)


def _once_for_each_try(change: Change, tries: Iterable[Try], evidence: Evidence) -> bool:
    """A password beside the one that the person's link made is somebody else's."""
    links = [step for step in tries if step.kind in RULES["password.set"].steps]
    moments = evidence.passwords_set.get(change.user_id or "", ())
    return sum(any(step.span.holds(at) for step in links) for at in moments) <= len(links)


def _was_applied(change: Change, evidence: Evidence) -> bool:
    """In the time of a recorded `realm apply`, by that administrator, and only what that command does."""
    if not any(one.administrator == change.actor_id and one.span.holds(change.at) for one in evidence.applied):
        return False
    if change.shape is Shape.REALM_CHANGED:
        return not change.facts.get("fields")
    if change.shape in (Shape.ROLES_GIVEN, Shape.ROLES_WITHDRAWN):
        of_service_account = evidence.account_of(change.user_id) is None
        taken = change.shape is Shape.ROLES_WITHDRAWN
        return of_service_account and (taken or set(SERVICE_ACCOUNT_ROLES).issuperset(change.facts["roles"]))
    return change.shape in OF_THE_REALM


def excess_roles(change: Change, account: Account | None, step: Try | None = None) -> list[str]:
    """Roles that nobody approved for the account."""
    approved = account.roles_at(change.at, step.enqueued_at if step else change.at) if account else set()
    return sorted(set(change.facts["roles"]) - approved)


def wrong_attributes(change: Change, account: Account) -> list[str]:
    """Names of the attributes that decide who somebody is and what opens his account, where they are not as approved.

    The others follow the register with a delay, so that a right change may carry an old value of theirs.
    """
    written = change.facts.get("attributes")
    if written is None:
        return []
    expected = {
        "secondFactor": {"otp", "key"} if account.code_counted(change.at) else {"key"},
        "keySerial": {*account.certificates, ""},
    }
    if not change.by_us:  # We write back what others wrote there, until it is put right.
        expected |= {"accountId": {account.id}, "requestId": {account.opened_by}}
    return sorted(name for name, values in expected.items() if written.get(name, "") not in values)
