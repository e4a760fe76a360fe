"""Bringing the service account's rights to exactly what realm-config/ lists, and finding other administrators."""

from collections.abc import Mapping
from typing import Any

from connector.adapters.realm_clients import Reconciler, reconcile_role_mappings
from connector.realm_config import FineGrainedPermission, RealmConfig

POLICY = "connector: service account"


def reconcile_service_account(run: Reconciler, config: RealmConfig, ids: Mapping[str, str], group_id: str) -> None:
    """Built-in roles and fine-grained permissions: missing ones are given, all others are taken away."""
    if config.connector.id not in ids:
        return
    user = run.api.get(f"/clients/{ids[config.connector.id]}/service-account-user")["id"]
    clients = run.client_ids()
    reconcile_role_mappings(
        run,
        "service account",
        f"/users/{user}/role-mappings",
        {clients["realm-management"]: config.service_account_roles},
        keep=frozenset({f"default-roles-{run.api.realm.lower()}"}),
    )
    for group in run.api.get(f"/users/{user}/groups"):
        if run.note("remove", "service account", f"group {group['path']}"):
            run.api.delete(f"/users/{user}/groups/{group['id']}")
    server = f"/clients/{clients['admin-permissions']}/authz/resource-server"
    things = {
        "": [],
        "accounts": [group_id] if group_id else [],
        "subsystems": [ids[name] for name in config.subsystem_ids if name in ids],
        "catalogue": _catalogue_role_ids(run, config, ids),
    }
    policy = _reconcile_policy(run, server, user)
    _reconcile_permissions(run, config, server, policy, things)
    _find_administrators(run, clients["realm-management"], allowed=user)


def _catalogue_role_ids(run: Reconciler, config: RealmConfig, ids: Mapping[str, str]) -> list[str]:
    return [
        role["id"]
        for subsystem in config.subsystems
        if subsystem.id in ids
        for role in run.api.get(f"/clients/{ids[subsystem.id]}/roles")
        if role["name"] in {permission.role for permission in subsystem.permissions}
    ]


def _reconcile_policy(run: Reconciler, server: str, user: str) -> str:
    """The one policy: "it is the service account". Returns its id, or "" while there is none."""
    path = f"{server}/policy/user"
    desired = {"name": POLICY, "users": [user], "logic": "POSITIVE"}
    policies = {p["name"]: p for p in run.api.get(f"{server}/policy", permission="false", max=-1)}
    for name in sorted(policies.keys() - {POLICY}):
        run.note("unexpected", "permissions", f"policy {name}")
    if POLICY not in policies:
        return str(run.api.post(path, desired)["id"]) if run.note("create", "permissions", POLICY) else ""
    policy_id = str(policies[POLICY]["id"])
    current = run.api.get(f"{path}/{policy_id}")
    run.settle("permissions policy", desired, current, f"{path}/{policy_id}")
    return policy_id


def _reconcile_permissions(
    run: Reconciler, config: RealmConfig, server: str, policy: str, things: Mapping[str, list[str]]
) -> None:
    path = f"{server}/permission/scope"
    present = {permission["name"]: permission for permission in run.api.get(path, max=-1)}
    for wanted in config.permissions:
        body = _permission_body(wanted, policy, things[wanted.resources])
        current = present.pop(wanted.name, None)
        if current is None:
            if run.note("create", "permissions", wanted.name):
                run.api.post(path, body)
            continue
        read = _read_permission(run, server, current)
        run.settle(f"permissions {wanted.name}", body, read, f"{path}/{current['id']}", body)
    for name, permission in present.items():
        if run.note("remove", "permissions", name):
            run.api.delete(f"{path}/{permission['id']}")


def _permission_body(wanted: FineGrainedPermission, policy: str, resources: list[str]) -> dict[str, Any]:
    return {
        "name": wanted.name,
        "resourceType": wanted.type,
        "scopes": list(wanted.scopes),
        "policies": [policy],
        "resources": resources,
        "logic": "POSITIVE",
        "decisionStrategy": "UNANIMOUS",
    }


def _read_permission(run: Reconciler, server: str, permission: Mapping[str, Any]) -> dict[str, Any]:
    """The permission with names of its scopes, its resources and its policies, as it is written."""
    parts = {
        part: run.api.get(f"{server}/policy/{permission['id']}/{part}")
        for part in ("scopes", "resources", "associatedPolicies")
    }
    return {
        **permission,
        "scopes": [scope["name"] for scope in parts["scopes"]],
        "policies": [policy["id"] for policy in parts["associatedPolicies"]],
        # "All of a type" is kept as one resource with the type's own name.
        "resources": [r["name"] for r in parts["resources"] if r["name"] != permission["resourceType"]],
    }


def _find_administrators(run: Reconciler, realm_management: str, *, allowed: str) -> None:
    """Nobody in the business realm holds an administrative role (C9): it is administered from master."""
    for role in run.api.get(f"/clients/{realm_management}/roles"):
        path = f"/clients/{realm_management}/roles/{role['name']}"
        for user in run.api.get(f"{path}/users", max=100):
            if user["id"] != allowed:
                run.note("unexpected", f"user {user['username']}", f"holds {role['name']}")
        for group in run.api.get(f"{path}/groups", max=100):
            run.note("unexpected", f"group {group['name']}", f"holds {role['name']}")
