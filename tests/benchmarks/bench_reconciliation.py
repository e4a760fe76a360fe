"""The whole register against a real Keycloak, beside a script that walks the Admin API user by user; and its growth."""

import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import insert, select, update

from connector.adapters.clock import SystemClock
from connector.adapters.keycloak_token import TokenSource, signed_tokens
from connector.ports import IdpUser
from connector.reconciliation import rules
from connector.reconciliation.compare import Comparison, Start, compare
from connector.register.tables import AccountRow, GrantRow, PersonRow, UnitRow
from connector.storage.tables import new_id
from tests.benchmarks.keycloak_realm import running_keycloak
from tests.fakes.clock import FakeClock
from tests.servers.realm import RealmUnderTest, make_realm
from tests.town import HOST, NOON, Town, open_town

SIZES = (1_000, 5_000)  # accounts on the real Keycloak
LARGE = (10_000, 300_000)  # accounts against a listing in memory: what the register's side costs
ROUNDS = 3
BATCH = 200
ROLES = 3  # permissions of each account

Report = Callable[[str, float, str], None]


def run(report: Report) -> None:
    rules.sample_size = lambda _accounts: 0  # The sample is paid for by the account, not by the listing.
    with running_keycloak() as keycloak:
        for size in SIZES:
            realm = make_realm(keycloak)
            try:
                _measure(report, realm, size)
            finally:
                realm.delete()
    for size in LARGE:
        _measure_register(report, size)


def _measure(report: Report, realm: RealmUnderTest, size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        town = open_town(Path(folder), idp=realm.provider, clock=SystemClock())
        try:
            held = _register(town, size)
            _import_users(realm, held)
            _write_ids(town, realm)
            ours, bare = [], []
            for _ in range(ROUNDS):
                started = time.perf_counter()
                done = compare(town.connector, Start(), lambda _done, _total: None)
                ours.append(time.perf_counter() - started)
                _check(done, size)
                bare.append(_walk(realm, held))
        finally:
            town.close()
    report(f"whole comparison of {size:,} accounts, {ROLES} permissions each", statistics.median(ours), "s")
    report(f"accounts compared per second, {size:,} accounts", size / statistics.median(ours), "/s")
    report(f"a script that asks for each user's roles, {size:,} accounts", statistics.median(bare), "s")
    ratio = statistics.median(b / a for a, b in zip(ours, bare, strict=True))
    report(f"faster than the script, {size:,} accounts", ratio, "×")


def _check(done: Comparison, size: int) -> None:
    assert done.users == size
    assert done.holdings == size * ROLES
    assert len([finding for finding in done.findings if finding.kind.value != "missing"]) == 0


def _register(town: Town, size: int) -> dict[str, list[str]]:
    """Adds accounts with permissions to the register in bulk; user names and the permissions of each."""
    permissions = town.permissions(20)
    with town.connector.act(HOST) as act:
        unit = act.session.scalars(select(UnitRow.id).where(UnitRow.code == "ywk")).one()
        act.session.execute(update(AccountRow).values(status="cancelled"))  # The centre's own stand in no Keycloak.
    held: dict[str, list[str]] = {}
    for first in range(0, size, 10_000):
        numbers = range(first, min(first + 10_000, size))
        accounts = [_account(number, act.now) for number in numbers]
        with town.connector.act(HOST) as act:
            act.session.execute(insert(PersonRow), [_person(a["person_id"], unit, act.now) for a in accounts])
            act.session.execute(insert(AccountRow), accounts)
            grants = []
            for number, account in zip(numbers, accounts, strict=True):
                held[account["user_name"]] = [permissions[(number + n) % len(permissions)] for n in range(ROLES)]
                grants += [
                    {"account_id": account["id"], "permission_id": p, "granted_by": "bench", "since": act.now}
                    for p in held[account["user_name"]]
                ]
            act.session.execute(insert(GrantRow), grants)
    return held


def _person(person_id: str, unit_id: str, now: Any) -> dict[str, Any]:
    return {
        "id": person_id, "name": "张三", "document_kind": "resident_id", "document_sealed": b"", "document_masked": "",
        "document_digest": person_id, "phone_sealed": b"", "phone_digest": "", "phone_masked": "", "unit_id": unit_id,
        "registered_at": now,
    }  # fmt: skip


def _account(number: int, now: Any) -> dict[str, Any]:
    return {
        "id": new_id(), "person_id": new_id(), "user_name": f"bench-{number:07d}", "account_class": "ordinary",
        "status": "active", "opened_at": now, "opened_by": "bench", "purpose": "ordinary",
    }  # fmt: skip


def _import_users(realm: RealmUnderTest, held: dict[str, list[str]]) -> None:
    names = iter(held)
    while batch := list(islice(names, BATCH)):
        users = [_representation(name, held[name]) for name in batch]
        realm.admin.post("/partialImport", {"ifResourceExists": "FAIL", "users": users})


def _representation(name: str, permissions: Sequence[str]) -> dict[str, Any]:
    roles: dict[str, list[str]] = {}
    for permission in permissions:
        subsystem, _, role = permission.partition(":")
        roles.setdefault(subsystem, []).append(role)
    return {
        "username": name, "enabled": True, "groups": ["/accounts"], "clientRoles": roles,
        "attributes": {"accountId": [name], "unitCode": ["ywk"]},
    }  # fmt: skip


def _write_ids(town: Town, realm: RealmUnderTest) -> None:
    listed = [{"name": user.user_name, "id": user.user_id} for user in realm.provider.list_accounts()]
    with town.connector.act(HOST) as act:
        for user in listed:
            row = update(AccountRow).where(AccountRow.user_name == user["name"])
            act.session.execute(row.values(keycloak_id=user["id"]))


def _walk(realm: RealmUnderTest, held: dict[str, list[str]]) -> float:
    """What people write today: list the users, then ask for the roles of each, on one kept connection."""
    tokens: TokenSource = signed_tokens(
        server_url=realm.server.url,
        realm=realm.name,
        client_id=realm.config.connector.id,
        key_pem=realm.key_pem,
        timeout=30,
    )
    base = f"{realm.server.url}/admin/realms/{realm.name}"
    group = realm.admin.get("/group-by-path/accounts")["id"]
    started, wrong = time.perf_counter(), 0
    with httpx.Client(timeout=30) as http:

        def get(path: str, **query: Any) -> Any:
            headers = {"Authorization": f"Bearer {tokens.token()}"}
            return http.get(base + path, params=query, headers=headers).raise_for_status().json()

        first = 0
        while page := get(f"/groups/{group}/members", first=first, max=1000, briefRepresentation="true"):
            for user in page:
                mappings = get(f"/users/{user['id']}/role-mappings").get("clientMappings", {})
                has = {f"{client}:{role['name']}" for client, at in mappings.items() for role in at["mappings"]}
                wrong += has != set(held[user["username"]])
            first += 1000
    assert not wrong
    return time.perf_counter() - started


class Listed:
    """Keycloak's side as a listing in memory: whatever time and memory is left is the register's."""

    def __init__(self, held: dict[str, list[str]]) -> None:
        self._held = held

    def list_accounts(self) -> Iterator[IdpUser]:
        return (IdpUser(user_id=f"kc-{name}", user_name=name, enabled=True) for name in self._held)

    def list_roles(self, subsystem: str) -> frozenset[str]:
        known = {p for permissions in self._held.values() for p in permissions}
        return frozenset(p.partition(":")[2] for p in known if p.startswith(f"{subsystem}:"))

    def list_role_holders(self, subsystem: str, role: str) -> Iterator[str]:
        permission = f"{subsystem}:{role}"
        return (f"kc-{name}" for name, held in self._held.items() if permission in held)


def _measure_register(report: Report, size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        town = open_town(Path(folder), clock=FakeClock(NOON))
        try:
            held = _register(town, size)
            with town.connector.act(HOST) as act:
                live = update(AccountRow).where(AccountRow.status == "active")
                act.session.execute(live.values(keycloak_id="kc-" + AccountRow.user_name))
            town.connector.idp = Listed(held)  # type: ignore[assignment]
            started = time.perf_counter()
            done = compare(town.connector, Start(), lambda _done, _total: None)
            seconds = time.perf_counter() - started
            tracemalloc.start()
            compare(town.connector, Start(), lambda _done, _total: None)
            peak = tracemalloc.get_traced_memory()[1] / 2**20
            tracemalloc.stop()
        finally:
            town.close()
    assert (done.users, done.holdings) == (size, size * ROLES)
    report(f"the register's side of a comparison, {size:,} accounts, SQLite", seconds, "s")
    report(f"memory of a comparison, {size:,} accounts", peak, "MB")
