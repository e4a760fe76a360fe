"""What breaks each fact of the certificate: the realm weakened by hand, or a way of the product that is wrong.

A sabotage gets a copy of the scratch realm. Its parts may be replaced; what it changes in Keycloak the applier puts
back afterwards.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connector.adapters.realm_permissions import POLICY
from connector.certificate import permission_facts, step_up_facts
from connector.certificate.product_order import ProductOrder
from connector.certificate.scratch import ScratchRealm
from connector.embedded.soft_key import SoftKey
from connector.ports import IdpEvent

Undo = Callable[[], None]


class Altered:
    """An identity provider of which some calls are replaced."""

    def __init__(self, idp: Any, **calls: Callable[..., Any]) -> None:
        self._idp, self._calls = idp, calls

    def __getattr__(self, name: str) -> Any:
        return self._calls.get(name) or getattr(self._idp, name)


def nothing(*_: object, **__: object) -> None:
    """A call that claims to be done."""


# ---- hands on the realm --------------------------------------------------------------------------------------------


def change_realm(scratch: ScratchRealm, **settings: Any) -> None:
    scratch.admin.put("", {**scratch.admin.get(""), **settings})


def change_client(scratch: ScratchRealm, client_id: str, attributes: Mapping[str, str] = {}, **fields: Any) -> None:
    path = f"/clients/{scratch.client_uuid(client_id)}"
    current = scratch.admin.get(path)
    scratch.admin.put(path, {**current, **fields, "attributes": {**current["attributes"], **attributes}})


def forget_the_level(scratch: ScratchRealm) -> None:
    for client in scratch.strong_clients:
        change_client(scratch, client, {"minimum.acr.value": "", "default.acr.values": ""})


def forget_the_least_level(scratch: ScratchRealm) -> None:
    for client in scratch.strong_clients:
        change_client(scratch, client, {"minimum.acr.value": ""})


def forget_the_level_of_saml(scratch: ScratchRealm) -> None:
    for subsystem in scratch.config.subsystems:
        if subsystem.protocol == "saml":
            change_client(scratch, subsystem.id, {"minimum.acr.value": ""})


def executions(scratch: ScratchRealm) -> list[tuple[str, dict[str, Any]]]:
    """(flow, execution) of all flows that are bound."""
    flows = scratch.config.login.bound
    paths = [f"/authentication/flows/{name.replace(' ', '%20')}/executions" for name in flows]
    return [(path, row) for path in paths for row in scratch.admin.get(path)]


def require(scratch: ScratchRealm, requirement: str, *, authenticator: str = "", flow: str = "") -> None:
    """Sets the requirement of an authenticator wherever it stands, or of a flow."""
    for path, row in executions(scratch):
        if (authenticator and row.get("providerId") == authenticator) or (flow and row["displayName"].endswith(flow)):
            scratch.admin.put(path, {**row, "requirement": requirement})


def demand_the_key_itself(scratch: ScratchRealm) -> None:
    """The well-known trap: a factor that is REQUIRED by itself is offered for enrolment after the password."""
    for other in ("auth-x509-client-username-form", "auth-otp-form"):
        require(scratch, "DISABLED", authenticator=other)
    require(scratch, "REQUIRED", authenticator="webauthn-authenticator")


def permissions(scratch: ScratchRealm) -> str:
    return f"/clients/{scratch.client_uuid('admin-permissions')}/authz/resource-server"


def take_permission_away(scratch: ScratchRealm, name: str) -> None:
    path = f"{permissions(scratch)}/permission/scope"
    found = next(row for row in scratch.admin.get(path, max=-1) if row["name"] == name)
    scratch.admin.delete(f"{path}/{found['id']}")


def give_permission(scratch: ScratchRealm, *scopes: str) -> None:
    """Over all users, to the service account."""
    rows = scratch.admin.get(f"{permissions(scratch)}/policy", permission="false", max=-1)
    policy = next(row["id"] for row in rows if row["name"] == POLICY)
    body = {"name": "more", "resourceType": "Users", "scopes": list(scopes), "policies": [policy]}
    scratch.admin.post(f"{permissions(scratch)}/permission/scope", body)


def make_the_service_account_an_administrator(scratch: ScratchRealm) -> Undo:
    """Then the attacks of the fact succeed; one of them disables the account itself."""
    connector, management = (scratch.client_uuid(name) for name in ("connector", "realm-management"))
    role = scratch.admin.get(f"/clients/{management}/roles/realm-admin")
    own = scratch.admin.get(f"/clients/{connector}/service-account-user")["id"]
    scratch.admin.post(f"/users/{own}/role-mappings/clients/{management}", [role])
    scratch.admin.post(f"/clients/{connector}/scope-mappings/clients/{management}", [role])
    scratch.us.tokens.forget()
    return lambda: scratch.admin.put(f"/users/{own}", {"enabled": True})


def let_passwords_through_without_a_browser(scratch: ScratchRealm) -> None:
    change_realm(scratch, directGrantFlow="direct grant")
    change_client(scratch, scratch.password_clients[0], directAccessGrantsEnabled=True)


def forget_the_flow_of_programs(scratch: ScratchRealm) -> None:
    change_client(scratch, scratch.config.command_line.id, authenticationFlowBindingOverrides={"browser": ""})


def tell_nobody(scratch: ScratchRealm) -> None:
    for client in scratch.password_clients:
        change_client(scratch, client, {"backchannel.logout.url": "http://127.0.0.1:9/nobody"})


def tell_one_only(scratch: ScratchRealm) -> None:
    change_client(scratch, scratch.password_clients[0], {"backchannel.logout.url": ""})


def stop_recording_keys(scratch: ScratchRealm) -> None:
    kept = [name for name in scratch.config.realm["enabledEventTypes"] if name != "UPDATE_CREDENTIAL"]
    change_realm(scratch, enabledEventTypes=kept)


# ---- ways of the product that are wrong ----------------------------------------------------------------------------


def alter(scratch: ScratchRealm, **calls: Callable[..., Any]) -> None:
    scratch.idp = Altered(scratch.idp, **calls)  # type: ignore[assignment]
    scratch.order = ProductOrder(scratch.idp, scratch.rulebook)


def freeze_without(scratch: ScratchRealm, *calls: str) -> None:
    """The order leaves these calls out; the facts' own calls are as ever."""
    idp: Any = Altered(scratch.idp, **dict.fromkeys(calls, nothing))
    scratch.order = ProductOrder(idp, scratch.rulebook)


class HastyOrder(ProductOrder):
    """Logs out and enables again, and waits for nothing."""

    def take_out(self, user_id: str) -> int:
        self._idp.set_enabled(user_id, False)
        self._idp.log_out(user_id)
        return 1

    def put_back(self, user_id: str) -> None:
        self._idp.set_enabled(user_id, True)


def write_the_whole_user(scratch: ScratchRealm) -> None:
    """A profile change that writes back what it read before the freeze."""

    def update_user(user_id: str, **_: object) -> None:
        current = scratch.admin.get(f"/users/{user_id}")
        scratch.admin.put(f"/users/{user_id}", {**current, "enabled": True})

    alter(scratch, update_user=update_user)


def write_attributes_alone(scratch: ScratchRealm) -> None:
    def update_user(user_id: str, *, attributes: Mapping[str, Any], **_: object) -> None:
        scratch.admin.put(f"/users/{user_id}", {"attributes": dict(attributes)})

    alter(scratch, update_user=update_user)


def round_the_start(scratch: ScratchRealm) -> None:
    """As a reader does that asks by date."""
    read = scratch.idp.list_events

    def list_events(kind: str, since: Any, first: int, page: int) -> list[IdpEvent]:
        return read(kind, since.replace(hour=0, minute=0, second=0, microsecond=0), first, page)

    alter(scratch, list_events=list_events)


def lose_an_event_of_each_page(scratch: ScratchRealm) -> None:
    read = scratch.idp.list_events
    alter(scratch, list_events=lambda kind, since, first, page: read(kind, since, first, page)[: page - 1])


def know_the_stranger(scratch: ScratchRealm) -> Undo:
    before = permission_facts.stranger_key
    permission_facts.stranger_key = lambda: scratch.key_pem
    return lambda: setattr(permission_facts, "stranger_key", before)


def count_ahead(_: ScratchRealm) -> Undo:
    """The copy is used more than the original: Keycloak cannot know. The fact must not take that for found out."""

    class Ahead(SoftKey):
        @classmethod
        def from_dict(cls, kept: Mapping[str, Any]) -> SoftKey:  # type: ignore[override]
            return SoftKey.from_dict({**kept, "signatures": 1000})

    step_up_facts.SoftKey = Ahead  # type: ignore[misc]
    return lambda: setattr(step_up_facts, "SoftKey", SoftKey)


@dataclass(frozen=True)
class Sabotage:
    """`told` stands in the evidence of the fact that fails."""

    fact: str
    told: str
    work: Callable[[ScratchRealm], Undo | None]


SABOTAGES = (
    Sabotage(
        "permission.realm-as-code-settles", "bruteForceProtected", lambda s: change_realm(s, bruteForceProtected=False)
    ),
    Sabotage(
        "permission.reads-exactly-what-it-needs",
        "read the roles of",
        lambda s: take_permission_away(s, "connector: read subsystems"),
    ),
    Sabotage("permission.does-its-work", "403", lambda s: take_permission_away(s, "connector: roles of the catalogue")),
    Sabotage("permission.no-takeover", "set an administrator's password: done", lambda s: give_permission(s, "manage")),
    Sabotage(
        "permission.no-way-through-groups",
        "pull an administrator into the accounts: done",
        lambda s: give_permission(s, "manage-group-membership"),
    ),
    Sabotage(
        "permission.no-own-rights", "make itself an administrator: done", make_the_service_account_an_administrator
    ),
    Sabotage("permission.no-change-of-the-realm", "change the realm: done", make_the_service_account_an_administrator),
    Sabotage("permission.only-its-own-key", "a token for a signature of another key", know_the_stranger),
    Sabotage("event.logins-are-recorded-in-order", "events are", lambda s: change_realm(s, eventsEnabled=False)),
    Sabotage("event.date-from-is-exact", "is read from a later time on", round_the_start),
    Sabotage("event.burst-is-read-whole", "events were lost", lose_an_event_of_each_page),
    Sabotage(
        "event.changes-name-their-author",
        "what was sent is not told",
        lambda s: change_realm(s, adminEventsDetailsEnabled=False),
    ),
    Sabotage(
        "event.lockout-is-told",
        "logged in after 5 wrong passwords",
        lambda s: change_realm(s, bruteForceProtected=False),
    ),
    Sabotage("event.keys-are-named", "only", stop_recording_keys),
    Sabotage("step-up.each-client-has-its-level", "bid-opening: pwd", forget_the_level),
    Sabotage("step-up.one-login-then-the-factor", "pwd", forget_the_level),
    Sabotage("step-up.lower-level-is-not-granted", "acr_values=pwd at bid-opening gives pwd", forget_the_least_level),
    Sabotage("step-up.password-cookie-opens-no-more", "bid-opening opens at pwd", forget_the_level),
    Sabotage("step-up.no-factor-no-entry", "opens at mfa", demand_the_key_itself),
    Sabotage(
        "step-up.password-enrols-no-key",
        "credentials were",
        lambda s: require(s, "DISABLED", flow="no enrolment by password"),
    ),
    Sabotage("step-up.deleted-key-is-dead", "the key is still there", lambda s: alter(s, delete_credential=nothing)),
    Sabotage("step-up.copied-key-is-found", "a key with an older counter logs in", count_ahead),
    Sabotage("step-up.codes-only-where-allowed", "a code opens", lambda s: alter(s, update_user=nothing)),
    Sabotage("step-up.programs-need-both", "pwd ('pwd',)", forget_the_flow_of_programs),
    Sabotage("step-up.no-direct-grant", "website gives a token", let_passwords_through_without_a_browser),
    Sabotage("step-up.saml-has-its-level", "asked for none: urn:", forget_the_level_of_saml),
    Sabotage(
        "step-up.second-login-ends-the-first",
        "lives where one session is True",
        lambda s: require(s, "DISABLED", flow="one session"),
    ),
    Sabotage(
        "freeze.disabling-refuses-at-once",
        "the refresh token of a disabled account works",
        lambda s: alter(s, set_enabled=nothing),
    ),
    Sabotage("freeze.order-ends-everything", "freeze-not-proven", lambda s: freeze_without(s, "log_out")),
    Sabotage("freeze.order-ends-everything", "freeze-not-proven", lambda s: freeze_without(s, "end_offline_sessions")),
    Sabotage(
        "freeze.same-second-dies", "live after enabling", lambda s: setattr(s, "order", HastyOrder(s.idp, s.rulebook))
    ),
    Sabotage("freeze.subsystems-are-told", "not reachable", tell_nobody),
    Sabotage("freeze.subsystems-are-told", "told door-access of", tell_one_only),
    Sabotage("freeze.changes-do-not-enable", "changing profile enabled the account", write_the_whole_user),
    Sabotage("freeze.updates-keep-the-rest", "changed too", write_attributes_alone),
    Sabotage("freeze.wins-races", "freeze-not-proven", lambda s: freeze_without(s, "set_enabled")),
    Sabotage("freeze.access-tokens-are-short", "3600 s", lambda s: change_realm(s, accessTokenLifespan=3600)),
)
