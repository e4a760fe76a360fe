"""Bringing clients and their roles, mappers and scopes to the desired state. Writes only when told to."""

from collections.abc import Iterable, Mapping
from typing import Any

from connector.adapters.keycloak_calls import AdminApi
from connector.adapters.realm_changes import Change, Kind, differences, merged
from connector.adapters.realm_state import BUILT_IN_CLIENTS, DesiredClient
from connector.realm_config import RealmConfig, Subsystem


class Reconciler:
    """Compares, notes, and (if `write`) puts right. One per run of the applier."""

    def __init__(self, api: AdminApi, *, write: bool) -> None:
        self.api = api
        self.write = write
        self.changes: list[Change] = []

    def note(self, kind: Kind, what: str, field: str = "", before: Any = None, after: Any = None) -> bool:
        """Notes a difference; returns whether to put it right."""
        self.changes.append(Change(kind, what, field, before, after))
        return self.write and kind != "unexpected"

    def settle(
        self,
        what: str,
        desired: Mapping[str, Any],
        current: Mapping[str, Any],
        place: str,
        body: Mapping[str, Any] | None = None,
    ) -> None:
        """Notes each value of `current` that is not as desired, and puts the merged representation, or `body`."""
        found = list(differences(desired, current))
        noted = [self.note("change", what, path, before, after) for path, before, after in found]
        if any(noted):
            self.api.put(place, body or merged(desired, current))

    def client_ids(self) -> dict[str, str]:
        return {client["clientId"]: client["id"] for client in self.api.get("/clients", max=-1)}


def reconcile_clients(run: Reconciler, config: RealmConfig, desired: Iterable[DesiredClient]) -> dict[str, str]:
    """All clients; returns the ids of the ones this product owns that exist now."""
    wanted = list(desired)
    present = run.client_ids()
    for client in wanted:
        if client.client_id not in present:
            if not run.note("create", f"client {client.client_id}"):
                continue
            run.api.post("/clients", dict(client.body))
        reconcile_client(run, client, fresh=client.client_id not in present)
    for client_id in sorted(config.built_in.keys() & present.keys()):
        path, what = f"/clients/{present[client_id]}", f"client {client_id}"
        run.settle(what, config.built_in[client_id], run.api.get(path), path)
        _reconcile_scopes(run, what, f"{path}/optional-client-scopes", ())
    for client_id in sorted(present.keys() - {c.client_id for c in wanted} - BUILT_IN_CLIENTS):
        run.note("unexpected", f"client {client_id}")
    ids = run.client_ids()
    for subsystem in config.subsystems:
        if subsystem.id in ids:
            _reconcile_roles(run, subsystem, ids[subsystem.id], fresh=subsystem.id not in present)
    return {client.client_id: ids[client.client_id] for client in wanted if client.client_id in ids}


def reconcile_client(run: Reconciler, client: DesiredClient, *, fresh: bool) -> None:
    """One existing client. What Keycloak adds to a fresh one is put right without being called a difference."""
    inner = Reconciler(run.api, write=run.write) if fresh else run
    current = run.api.get("/clients", clientId=client.client_id)[0]
    uuid, what = current["id"], f"client {client.client_id}"
    inner.settle(what, client.body, current, f"/clients/{uuid}")
    _reconcile_mappers(inner, what, uuid, client.mappers)
    for kind, names in (("default", client.scopes), ("optional", ())):
        _reconcile_scopes(inner, what, f"/clients/{uuid}/{kind}-client-scopes", names)
    _reconcile_scope_roles(inner, what, uuid, client.scope_roles)


def _reconcile_mappers(run: Reconciler, what: str, uuid: str, desired: Iterable[Mapping[str, Any]]) -> None:
    path = f"/clients/{uuid}/protocol-mappers/models"
    present = {mapper["name"]: mapper for mapper in run.api.get(path)}
    for mapper in desired:
        current = present.pop(mapper["name"], None)
        if current is None:
            if run.note("create", what, f"mapper {mapper['name']}"):
                run.api.post(path, dict(mapper))
            continue
        run.settle(f"{what} mapper", mapper, current, f"{path}/{current['id']}")
    for name, mapper in present.items():
        if run.note("remove", what, f"mapper {name}"):
            run.api.delete(f"{path}/{mapper['id']}")


def _reconcile_scopes(run: Reconciler, what: str, path: str, names: Iterable[str]) -> None:
    present = {scope["name"]: scope["id"] for scope in run.api.get(path)}
    wanted = set(names)
    for name in sorted(present.keys() - wanted):
        if run.note("remove", what, f"scope {name}"):
            run.api.delete(f"{path}/{present[name]}")
    if missing := sorted(wanted - present.keys()):
        known = {scope["name"]: scope["id"] for scope in run.api.get("/client-scopes")}
        for name in missing:
            if run.note("create", what, f"scope {name}"):
                run.api.put(f"{path}/{known[name]}")


def _reconcile_scope_roles(run: Reconciler, what: str, uuid: str, names: Iterable[str]) -> None:
    """Which roles of others its tokens may carry: the listed built-in ones, and no other."""
    path = f"/clients/{uuid}/scope-mappings"
    built_in = run.client_ids()["realm-management"]
    reconcile_role_mappings(run, f"{what} scope", path, {built_in: tuple(names)})


def reconcile_role_mappings(
    run: Reconciler, what: str, path: str, wanted: Mapping[str, tuple[str, ...]], keep: frozenset[str] = frozenset()
) -> None:
    """Role mappings at `path`: exactly `wanted` (names by client's uuid), and of realm roles only those in `keep`."""
    held = run.api.get(path)
    extra = [role for role in held.get("realmMappings", ()) if role["name"] not in keep]
    for role in extra:
        if run.note("remove", what, f"role {role['name']}"):
            run.api.delete(f"{path}/realm", [role])
    by_client = {entry["id"]: entry["mappings"] for entry in held.get("clientMappings", {}).values()}
    for uuid in by_client.keys() | wanted.keys():
        names = set(wanted.get(uuid, ()))
        present = {role["name"]: role for role in by_client.get(uuid, ())}
        for name in sorted(present.keys() - names):
            if run.note("remove", what, f"role {name}"):
                run.api.delete(f"{path}/clients/{uuid}", [present[name]])
        for name in sorted(names - present.keys()):
            if run.note("create", what, f"role {name}"):
                run.api.post(f"{path}/clients/{uuid}", [run.api.get(f"/clients/{uuid}/roles/{name}")])


def _reconcile_roles(run: Reconciler, subsystem: Subsystem, uuid: str, *, fresh: bool) -> None:
    """The permission catalogue of one subsystem. A role that is not in it is told and left: people may hold it."""
    path, what = f"/clients/{uuid}/roles", f"subsystem {subsystem.id}"
    present = {role["name"]: role for role in run.api.get(path, briefRepresentation="false")}
    for permission in subsystem.permissions:
        body = {"name": permission.role, "description": permission.description}
        current = present.pop(permission.role, None)
        if current is None:
            if fresh or run.note("create", what, f"role {permission.role}"):
                run.api.post(path, body)
            continue
        place = f"{path}/{permission.role}"
        run.settle(f"{what} role {permission.role}", body, current, place)
        if current["composite"] and run.note("remove", what, f"composites of role {permission.role}"):
            run.api.delete(f"{place}/composites", run.api.get(f"{place}/composites"))
    for name in sorted(present):
        run.note("unexpected", what, f"role {name}")
