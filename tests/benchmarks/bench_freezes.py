"""Freeze of a unit on a real Keycloak: until every door is shut, until all is verified, and bare calls beside it."""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread

from connector.adapters.clock import SystemClock
from connector.incidents import freezes
from connector.incidents.scopes import Scope, ScopeKind
from connector.ports import NewUser
from connector.regulations.vocabulary import Office
from tests.benchmarks.keycloak_realm import running_keycloak
from tests.factories import make_account, make_unit
from tests.servers.realm import RealmUnderTest, make_realm
from tests.town import HOST, Town, open_town

PEOPLE = 200
THREADS = 4  # As many as the worker has.
ROUNDS = 3

Report = Callable[[str, float, str], None]


def run(report: Report) -> None:
    with tempfile.TemporaryDirectory() as folder, running_keycloak() as keycloak:
        realm = make_realm(keycloak)
        town = open_town(Path(folder) / "town", idp=realm.provider, clock=SystemClock())
        try:
            shut, verified, bare = [], [], []
            for number in range(ROUNDS):
                unit, users = _hire(town, realm, number)
                doors, whole = _freeze(town, realm, unit, users)
                shut.append(doors)
                verified.append(whole)
                bare.append(_bare(realm, users))
        finally:
            town.close()
            realm.delete()
    report(f"freeze of {PEOPLE} people: until the last is disabled", statistics.median(shut), "s")
    report(f"freeze of {PEOPLE} people: until all sessions are ended and read back", statistics.median(verified), "s")
    report("the same, accounts per second", PEOPLE / statistics.median(verified), "/s")
    report("bare disable and log-out, accounts per second", PEOPLE / statistics.median(bare), "/s")


def _hire(town: Town, realm: RealmUnderTest, number: int) -> tuple[str, list[str]]:
    unit = f"xm{number}"

    def make(serial: int) -> str:
        name = f"371500-{unit}-{serial:04d}"
        return realm.provider.create_user(
            NewUser(
                user_name=name, display_name="张三", account_id=name, request_id=name, unit_code=unit,
                account_class="ordinary", required_actions=(),
            )
        )  # fmt: skip

    with ThreadPoolExecutor(THREADS) as pool:
        users = list(pool.map(make, range(PEOPLE)))
    with town.connector.act(HOST) as act:
        make_unit(act, unit, parent="ywk")
        for user in users:
            make_account(act, unit).keycloak_id = user
    return unit, users


def _freeze(town: Town, realm: RealmUnderTest, unit: str, users: Sequence[str]) -> tuple[float, float]:
    """Seconds until the last account is disabled, and until the order's urgent steps are done."""
    scope, officer = Scope(ScopeKind.UNIT, unit), town.actor(Office.SECURITY_ADMINISTRATOR)
    with town.connector.act(officer) as act:
        plan = freezes.preview(act, scope, alone=10_000).hash
    ended, disabled = Event(), [0.0]
    watch = Thread(target=_watch, args=(realm, set(users), ended, disabled))
    started = time.perf_counter()
    watch.start()
    with town.connector.act(officer) as act:
        freezes.order_freeze(act, scope, reason="演练", plan_hash=plan, alone=10_000)
    whole = time.perf_counter() - started
    ended.set()
    watch.join()
    return disabled[0] - started, whole


def _watch(realm: RealmUnderTest, users: set[str], ended: Event, disabled: list[float]) -> None:
    """Counts the disabled by one query a turn, so that looking costs the freeze little."""
    while True:
        shut = realm.admin.get("/users", enabled="false", briefRepresentation="true", max=10_000)
        if users <= {user["id"] for user in shut}:
            disabled[0] = time.perf_counter()
            return
        if ended.wait(0.1):
            disabled[0] = time.perf_counter()
            return


def _bare(realm: RealmUnderTest, users: Sequence[str]) -> float:
    """The same service account and no product around it: disable, log out."""

    def freeze(user: str) -> None:
        realm.provider.set_enabled(user, False)
        realm.provider.log_out(user)

    started = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(freeze, users))
    return time.perf_counter() - started
