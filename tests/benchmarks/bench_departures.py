"""Leavers of a real OpenLDAP found and frozen in a real Keycloak, on PostgreSQL; bare calls and a script beside it.

`python -m tests.benchmarks.bench_departures 1000` takes so many leavers.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select

from connector.adapters.clock import SystemClock
from connector.adapters.ldap import LdapDirectory
from connector.departures.sync import sync_departures
from connector.embedded.sample_people import make_ldif, sample_people
from connector.outbox.tables import StepRow
from connector.ports import NewUser
from tests.benchmarks.keycloak_realm import running_keycloak
from tests.factories import make_account, make_person
from tests.fakes.directory import make_settings
from tests.servers.postgres import start_postgres
from tests.servers.realm import RealmUnderTest, make_realm
from tests.servers.slapd import Slapd, start_slapd
from tests.town import HOST, Town, open_town

PEOPLE, LEAVERS = 5000, 300
THREADS = 8  # As many as the product's own.

Report = Callable[[str, float, str], None]


def run(report: Report, leavers: int = LEAVERS) -> None:
    with _servers() as (town, realm, slapd):
        _employ(town, realm, leavers)
        sync_departures(town.connector)
        _leave(slapd, leavers)
        waiting = [_users(realm, leavers, f"{name}-") for name in ("bare", "proved", "script")]
        spent: dict[str, float] = {}
        _time(town.connector, "run_steps", spent)
        _time(town.connector.directory, "read", spent)
        product, swept = _product(town, leavers)
        bare, proved, script = (
            work(realm, users) for work, users in zip((_bare, _proved, _script), waiting, strict=True)
        )
    of = f"{leavers} leavers of {PEOPLE} people"
    report(f"{of}: directory read, planned, disabled, logged out, read back", leavers / product, "/s")
    report("of that, the directory read", spent["read"], "s")
    report("of that, freezes tried and read back", spent["run_steps"], "s")
    report("of that, compared, planned, cases opened and stored", product - spent["read"] - spent["run_steps"], "s")
    report(f"{of}: looked at once more two seconds later", leavers / swept, "/s")
    report(f"bare calls, {THREADS} at once: disable and log out only", leavers / bare, "/s")
    report(f"bare calls, {THREADS} at once: the same proof (consents, sessions, user)", leavers / proved, "/s")
    report("a script that walks the Admin API, one call after another, without proof", leavers / script, "/s")
    report("product against bare calls with the same proof", proved / product, "×")
    report("freezes alone against bare calls with the same proof", proved / spent["run_steps"], "×")
    report("product against bare disable and log-out", bare / product, "×")
    report("product against the script", script / product, "×")


@contextmanager
def _servers() -> Iterator[tuple[Town, RealmUnderTest, Slapd]]:
    with tempfile.TemporaryDirectory() as folder, running_keycloak() as keycloak:
        place = Path(folder)
        postgres = start_postgres(place / "postgres")
        slapd = start_slapd(place / "slapd", ldif=make_ldif(PEOPLE))
        realm = make_realm(keycloak)
        # Name and status alone are read: nobody moves, everybody stays under the same name.
        mapping = {f"{name}_attribute": "" for name in ("unit", "post", "phone", "mail")}
        town = open_town(
            place / "town",
            url=postgres.create_database("bench"),
            idp=realm.provider,
            directory=LdapDirectory(make_settings(url=slapd.url, timeout_seconds=30, **mapping)),
            clock=SystemClock(),
        )
        town.connector.settings.breaker_count, town.connector.settings.breaker_share = PEOPLE, 1.0
        try:
            yield town, realm, slapd
        finally:
            town.close()
            realm.delete()
            slapd.stop()
            if postgres.process is not None:
                postgres.process.stop()


def _employ(town: Town, realm: RealmUnderTest, leavers: int) -> None:
    """An account for everybody of the directory; those who will leave have theirs in Keycloak too."""
    people = list(sample_people(PEOPLE))
    known = [*_users(realm, leavers, "leaver-"), *([None] * (PEOPLE - leavers))]
    for first in range(0, PEOPLE, 500):
        with town.connector.act(HOST) as act:
            for person, user in zip(people[first : first + 500], known[first : first + 500], strict=True):
                row = make_person(act, "ywk", name=person.name)
                row.directory_key = person.number
                make_account(act, "ywk", person=row).keycloak_id = user


def _users(realm: RealmUnderTest, count: int, beginning: str) -> list[str]:
    def make(number: int) -> str:
        name = f"{beginning}{number:04d}"
        return realm.provider.create_user(
            NewUser(
                user_name=name, display_name="张三", account_id=name, request_id=name, unit_code="ywk",
                account_class="ordinary", required_actions=(),
            )
        )  # fmt: skip

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(make, range(count)))


def _leave(slapd: Slapd, count: int) -> None:
    with slapd.connection() as connection:
        for number in range(1, count + 1):
            connection.modify(slapd.person_dn(number), {"employeeStatus": [("MODIFY_REPLACE", ["left"])]})


def _product(town: Town, leavers: int) -> tuple[float, float]:
    """Seconds of the run until every freeze is read back, and of the second look at all of them."""
    started = time.perf_counter()
    summary = sync_departures(town.connector)
    taken = time.perf_counter() - started
    assert summary["frozen"] == leavers, summary
    assert _done(town, "keycloak.freeze") == leavers
    time.sleep(2.5)
    started = time.perf_counter()
    town.connector.deliver(limit=10 * leavers)
    assert _done(town, "keycloak.sweep") == leavers
    return taken, time.perf_counter() - started


def _time(part: Any, name: str, spent: dict[str, float]) -> None:
    """Adds up the seconds of every call of this method."""
    call = getattr(part, name)
    spent[name] = 0.0

    def timed(*values: Any, **named: Any) -> Any:
        started = time.perf_counter()
        try:
            return call(*values, **named)
        finally:
            spent[name] += time.perf_counter() - started

    setattr(part, name, timed)


def _done(town: Town, kind: str) -> int:
    done = select(func.count()).where(StepRow.kind == kind, StepRow.state == "done")
    with town.connector.database.reading() as session:
        return session.scalars(done).one()


@dataclass
class BareApi:
    """The Admin API by a plain HTTP client that keeps its connections, with the product's own service account."""

    realm: RealmUnderTest
    http: httpx.Client

    def call(self, method: str, user: str, path: str = "", body: Any = None) -> Any:
        url = f"{self.realm.server.url}/admin/realms/{self.realm.name}/users/{user}{path}"
        token = self.realm.provider._tokens.token()  # The bare caller has to have some token, too.
        headers = {"Authorization": f"Bearer {token}"}
        answer = self.http.request(method, url, headers=headers, json=body).raise_for_status()
        return answer.json() if answer.content else None

    def shut(self, user: str) -> None:
        self.call("PUT", user, body={"enabled": False})
        self.call("POST", user, "/logout")

    def shut_and_prove(self, user: str) -> None:
        """With the reads that show it: no offline session, no session, not enabled."""
        self.shut(user)
        assert not self.call("GET", user, "/consents")
        assert not self.call("GET", user, "/sessions")
        assert not self.call("GET", user)["enabled"]


def _bare(realm: RealmUnderTest, users: Sequence[str]) -> float:
    with httpx.Client(timeout=60) as http:
        return _at_once(BareApi(realm, http).shut, users)


def _proved(realm: RealmUnderTest, users: Sequence[str]) -> float:
    with httpx.Client(timeout=60) as http:
        return _at_once(BareApi(realm, http).shut_and_prove, users)


def _at_once(work: Callable[[str], None], users: Sequence[str]) -> float:
    started = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, users))
    return time.perf_counter() - started


def _script(realm: RealmUnderTest, users: Sequence[str]) -> float:
    """What is done by hand today: the list of leavers, and for each a search by name, a disabling, a log-out."""
    admin = realm.admin.admin
    names = [f"script-{number:04d}" for number in range(len(users))]
    started = time.perf_counter()
    for name in names:
        user = admin.get_user_id(name)
        admin.update_user(user, {"enabled": False})
        admin.user_logout(user)
    return time.perf_counter() - started


if __name__ == "__main__":
    run(lambda what, value, unit: print(f"{what}: {value:,.2f} {unit}"), int(sys.argv[1]) if sys.argv[1:] else LEAVERS)
