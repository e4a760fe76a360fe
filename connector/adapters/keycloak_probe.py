"""Probes of the service account: what it must be able to read, and what it must be refused. Changes nothing."""

from collections.abc import Sequence

from connector.adapters.keycloak_calls import AdminApi, status_of
from connector.errors import ConnectorError
from connector.ports import KeycloakRefusedError, ProbeResult
from connector.realm_config import ACCOUNTS_GROUP, CLIENT_ATTRIBUTE, SERVICE_ACCOUNT_ROLES

FORBIDDEN_READS = (
    ("list clients", "/clients"),
    ("list realm roles", "/roles"),
    ("read the own user", "/users/{own}"),
    ("read the own roles", "/users/{own}/role-mappings"),
    ("read the own client", "/clients/{connector}"),
    ("read the own client's secret", "/clients/{connector}/client-secret"),
    ("list identity providers", "/identity-provider/instances"),
    ("list login flows", "/authentication/flows"),
    ("list components and keys", "/components"),
    ("list client scopes", "/client-scopes"),
    ("read client policies", "/client-policies/policies"),
    ("list initial access tokens", "/clients-initial-access"),
    ("read the default groups", "/default-groups"),
    ("read keys of the realm", "/keys"),
    ("read the key of the own client", "/clients/{connector}/certificates/jwt.credential"),
    ("read a subsystem's installation file", "/clients/{connector}/installation/providers/keycloak-oidc-keycloak-json"),
)


def probe_service_account(api: AdminApi, subsystems: Sequence[str]) -> list[ProbeResult]:
    """Tries every probe in order. A refusal where an answer is due, or an answer where a refusal is, is not ok.

    Raises KeycloakUnavailableError when Keycloak does not answer: an unknown is neither good nor bad.
    """
    group = api.get(f"/group-by-path{ACCOUNTS_GROUP}")
    ids = {
        name.removeprefix(CLIENT_ATTRIBUTE): values[0]
        for name, values in group.get("attributes", {}).items()
        if name.startswith(CLIENT_ATTRIBUTE)
    }
    results = [_own_roles(api)]
    results += [
        _must_pass(api, "list members of the accounts group", f"/groups/{group['id']}/members", max=1),
        _must_pass(api, "search accounts", "/users", max=1),
        _must_pass(api, "read events", "/events", max=1),
        _must_pass(api, "read administrative events", "/admin-events", max=1),
    ]
    results += [
        _must_pass(api, f"read the roles of {subsystem}", f"/clients/{ids.get(subsystem, 'unknown')}/roles")
        for subsystem in subsystems
    ]
    places = {"own": str(api.tokens.claims()["sub"]), "connector": _own_client(api, ids)}
    results += [_must_be_refused(api, name, path.format(**places)) for name, path in FORBIDDEN_READS]
    return results


def _own_client(api: AdminApi, ids: dict[str, str]) -> str:
    return ids.get(str(api.tokens.claims().get("azp", "")), "unknown")


def _own_roles(api: AdminApi) -> ProbeResult:
    """The administrative roles in the own token are exactly the built-in ones of the realm as code."""
    access = api.tokens.claims().get("resource_access", {})
    held = frozenset(access.get("realm-management", {}).get("roles", ()))
    ok = held == frozenset(SERVICE_ACCOUNT_ROLES)
    return ProbeResult("hold exactly the built-in roles", ok, ", ".join(sorted(held)) or "none")


def _must_pass(api: AdminApi, name: str, path: str, **params: object) -> ProbeResult:
    try:
        api.get(path, **params)
    except KeycloakRefusedError as error:
        return ProbeResult(name, False, _told(error))
    return ProbeResult(name, True, "200")


def _must_be_refused(api: AdminApi, name: str, path: str) -> ProbeResult:
    try:
        api.get(path)
    except KeycloakRefusedError as error:
        return ProbeResult(f"refused: {name}", status_of(error) == 403, _told(error))
    return ProbeResult(f"refused: {name}", False, "200: answered")


def _told(error: ConnectorError) -> str:
    return str(error.facts.get("reason", ""))
