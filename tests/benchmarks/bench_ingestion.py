"""Ingestion of Keycloak's events against a bare paged read of the same, and what it costs those who log in meanwhile.

Keycloak keeps its data in a PostgreSQL, as in service; the events are laid there, as days of outage would have. Every
ratio is of one run, in turns, so that both sides meet the same machine.
"""

import multiprocessing
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import create_engine, text

import connector.migrations.every_table  # noqa: F401  # brings every table into the metadata
from connector.activity import reader
from connector.activity.alarms import LoginWatch
from connector.adapters.realm_setup import realm_applier
from connector.auth.actor import job_actor
from connector.bootstrap import Connector, build
from connector.settings import Settings
from connector.storage.tables import Base
from jobs.ingest_events import REST
from tests.benchmarks.keycloak_realm import BenchRealm
from tests.servers.keycloak_database import StoredKeycloak, start_stored_keycloak
from tests.servers.postgres import Postgres, start_postgres

SIZES = (10_000, 40_000)
PEOPLE = 2_000
PAGE = 1000
ROUNDS = 3
LOGINS = 60
CLIENT, USER, PASSWORD = "login-of-benchmarks", "user0", "Kaoshi-2026-hen-chang!"
LAY = """
    INSERT INTO event_entity (id, realm_id, user_id, client_id, session_id, type, event_time, ip_address, details_json)
    SELECT gen_random_uuid()::text, (SELECT id FROM realm WHERE name = :realm), 'u' || (n / 4) % :people, 'website',
        's' || n / 4, (ARRAY['LOGIN', 'CODE_TO_TOKEN', 'REFRESH_TOKEN', 'REFRESH_TOKEN'])[n % 4 + 1],
        (extract(epoch FROM now()) * 1000)::bigint - (:count - n) * 500, '127.0.0.1',
        '{"auth_method":"openid-connect","grant_type":"authorization_code","scope":"openid profile","code_id":"c"}'
    FROM generate_series(0, :count - 1) AS n
"""


def run(report: Callable[[str, float, str], None]) -> None:
    with tempfile.TemporaryDirectory() as name, _servers(Path(name)) as (postgres, stored), httpx.Client() as http:
        realm = BenchRealm(stored.server, f"bench-{uuid.uuid4().hex[:8]}", http)
        settings = _settings(realm, Path(name) / "connector")
        connector = build(settings)
        realm_applier(settings, connector.rulebook).apply()
        connector.close()
        _add_login(realm)
        mirror = postgres.create_database("mirror")
        for count in SIZES:
            _lay(stored, realm, count)
            for kind, url in (("SQLite", ""), ("PostgreSQL", mirror)):
                _compare(report, realm, settings, (kind, url), count)
        _measure_logins(report, realm, settings.model_copy(update={"database_url": mirror}))


@contextmanager
def _servers(folder: Path) -> Iterator[tuple[Postgres, StoredKeycloak]]:
    postgres = start_postgres(folder / "postgres")
    assert postgres.process is not None
    try:
        stored, process = start_stored_keycloak(folder / "keycloak", postgres.create_database("keycloak"))
        try:
            yield postgres, stored
        finally:
            process.stop()
    finally:
        postgres.process.stop()


def _settings(realm: BenchRealm, folder: Path) -> Settings:
    folder.mkdir()
    return Settings(
        data_dir=folder,
        keycloak_url=realm.keycloak.url,
        keycloak_realm=realm.name,
        keycloak_admin_user=realm.keycloak.admin_user,
        keycloak_admin_password=realm.keycloak.admin_password,
    )


def _add_login(realm: BenchRealm) -> None:
    """One person, and a client by which he logs in with one call."""
    # The guard against brute force now and then refuses one who logs in ten times a second with the right password.
    realm.call("PUT", realm.url, json={"directGrantFlow": "direct grant", "bruteForceProtected": False})
    client = {"clientId": CLIENT, "publicClient": True, "directAccessGrantsEnabled": True}
    realm.call("POST", f"{realm.url}/clients", json=client)
    credential = {"type": "password", "value": PASSWORD}
    user = {"username": USER, "enabled": True, "firstName": "n", "credentials": [credential]}
    realm.call("POST", f"{realm.url}/users", json=user)


def _lay(stored: StoredKeycloak, realm: BenchRealm, count: int) -> None:
    engine = create_engine(stored.database_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DELETE FROM event_entity"))
        connection.execute(text(LAY), {"realm": realm.name, "people": PEOPLE, "count": count})
        connection.execute(text("ANALYZE event_entity"))
    engine.dispose()


def _compare(
    report: Callable[[str, float, str], None],
    realm: BenchRealm,
    settings: Settings,
    database: tuple[str, str],
    count: int,
) -> None:
    """Bare reads and ingestions in turns; medians. Without rests: what the work itself costs."""
    kind, url = database
    bare, ingested = [], []
    for turn in range(ROUNDS):
        bare.append(_read_bare(realm))
        connector = _fresh(settings, url, turn)
        start = time.perf_counter()
        caught = _ingest(connector, rest=0.0)
        ingested.append(caught.new / (time.perf_counter() - start))
        connector.close()
    report(f"bare paged read, {count:,} events", statistics.median(bare), "events/s")
    report(f"ingestion into {kind}, {count:,} events", statistics.median(ingested), "events/s")
    ratios = [one / other for one, other in zip(ingested, bare, strict=True)]
    report(f"ingestion into {kind} / bare read, {count:,} events", statistics.median(ratios), "ratio")


def _ingest(connector: Connector, *, rest: float) -> reader.Caught:
    now = connector.clock.now()
    return reader.catch_up(
        connector.idp,
        lambda: connector.act(job_actor("ingest_events"), now=now),
        "login",
        now=now,
        page=PAGE,
        rest=rest,
        watch=LoginWatch(),
    )


def _fresh(settings: Settings, url: str, turn: int) -> Connector:
    """A connector on an empty database."""
    database = url or f"sqlite:///{settings.data_dir / f'{uuid.uuid4().hex}-{turn}.db'}"
    connector = build(settings.model_copy(update={"database_url": database}))
    Base.metadata.drop_all(connector.database.engine)
    Base.metadata.create_all(connector.database.engine)
    return connector


def _read_bare(realm: BenchRealm) -> float:
    """Events a second of a client that only reads the pages and parses them."""
    start, count = time.perf_counter(), 0
    while page := realm.get("/events", first=count, max=PAGE, direction="asc"):
        count += len(page)
    return count / (time.perf_counter() - start)


def _measure_logins(report: Callable[[str, float, str], None], realm: BenchRealm, settings: Settings) -> None:
    """Log-ins one after the other, idle and during an ingestion in another process, in turns."""
    idle: list[float] = []
    busy: list[float] = []
    _log_in(realm, LOGINS // 2)  # Until Keycloak is warm.
    for _ in range(ROUNDS):
        idle += _log_in(realm, LOGINS)
        with _ingesting(settings):
            busy += _log_in(realm, LOGINS)
    for name, at in (("median", 0.5), ("95th percentile", 0.95)):
        alone, beside = (sorted(times)[int(len(times) * at)] for times in (idle, busy))
        report(f"log-in, {name}, Keycloak idle", alone * 1000, "ms")
        report(f"log-in, {name}, while ingesting", beside * 1000, "ms")
        report(f"log-in, {name}, while ingesting / idle", beside / alone, "ratio")


def _log_in(realm: BenchRealm, times: int) -> list[float]:
    url = f"{realm.keycloak.url}/realms/{realm.name}/protocol/openid-connect/token"
    form = {"client_id": CLIENT, "grant_type": "password", "username": USER, "password": PASSWORD}
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        answer = realm.http.post(url, data=form)
        assert answer.is_success, answer.text
        taken.append(time.perf_counter() - start)
    return taken


@contextmanager
def _ingesting(settings: Settings) -> Iterator[None]:
    """Another process ingests everything, with the rests of the job, again and again until the block ends."""
    context = multiprocessing.get_context("spawn")
    begun = context.Event()
    process = context.Process(target=_ingest_on, args=(settings.model_dump(), begun), daemon=True)
    process.start()
    begun.wait(60)
    try:
        yield
    finally:
        process.kill()
        process.join()


def _ingest_on(given: dict[str, Any], begun: Any) -> None:
    settings = Settings(**given)
    while True:
        connector = _fresh(settings, settings.database_url, 0)
        begun.set()
        _ingest(connector, rest=REST)
        connector.close()
