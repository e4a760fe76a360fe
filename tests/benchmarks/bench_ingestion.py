"""Ingestion of Keycloak's events into the mirror, against a bare paged read of the same events (ratio of one run)."""

import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

import connector.migrations.every_table  # noqa: F401  # brings every table into the metadata
from connector.adapters.realm_setup import realm_applier
from connector.bootstrap import Connector, build
from connector.settings import Settings
from connector.storage.tables import Base
from jobs import ingest_events
from tests.benchmarks.keycloak_realm import BenchRealm, bench_realm
from tests.servers.postgres import start_postgres

EVENTS = 20_000
PEOPLE = 20
PAGE = 1000
ROUNDS = 3
CLIENT = "login-of-benchmarks"


def run(report: Callable[[str, float, str], None]) -> None:
    with tempfile.TemporaryDirectory() as folder, bench_realm() as realm:
        settings = _settings(realm, Path(folder))
        connector = build(settings)
        realm_applier(settings, connector.rulebook).apply()
        _make_events(realm)
        server = start_postgres(Path(folder) / "postgres")
        try:
            for name, url in (("SQLite", ""), ("PostgreSQL", server.create_database("events"))):
                _compare(report, realm, settings, name, url)
        finally:
            assert server.process is not None
            server.process.stop()
            connector.close()


def _settings(realm: BenchRealm, folder: Path) -> Settings:
    return Settings(
        data_dir=folder,
        keycloak_url=realm.keycloak.url,
        keycloak_realm=realm.name,
        keycloak_admin_user=realm.keycloak.admin_user,
        keycloak_admin_password=realm.keycloak.admin_password,
    )


def _make_events(realm: BenchRealm) -> None:
    """People log in, and their tokens are refreshed until there are enough events."""
    eased = {"revokeRefreshToken": False, "passwordPolicy": "hashIterations(1)", "directGrantFlow": "direct grant"}
    realm.call("PUT", realm.url, json=eased)
    client = {"clientId": CLIENT, "publicClient": True, "directAccessGrantsEnabled": True}
    realm.call("POST", f"{realm.url}/clients", json=client)
    users = [
        {
            "username": f"user{n}",
            "enabled": True,
            "credentials": [{"type": "password", "value": "pw"}],
            "firstName": "n",
        }
        for n in range(PEOPLE)
    ]
    realm.call("POST", f"{realm.url}/partialImport", json={"ifResourceExists": "FAIL", "users": users})
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: _live(realm, f"user{n}", EVENTS // PEOPLE - 1), range(PEOPLE)))


def _live(realm: BenchRealm, user: str, refreshes: int) -> None:
    url = f"{realm.keycloak.url}/realms/{realm.name}/protocol/openid-connect/token"
    with httpx.Client(timeout=60) as http:
        form = {"client_id": CLIENT, "grant_type": "password", "username": user, "password": "pw"}
        token = http.post(url, data=form).raise_for_status().json()["refresh_token"]
        for _ in range(refreshes):
            form = {"client_id": CLIENT, "grant_type": "refresh_token", "refresh_token": token}
            http.post(url, data=form).raise_for_status()


def _compare(
    report: Callable[[str, float, str], None], realm: BenchRealm, settings: Settings, name: str, url: str
) -> None:
    """Bare reads and ingestions one after the other, so that both meet the same machine; medians."""
    bare, ingested, ratios = [], [], []
    for turn in range(ROUNDS):
        bare.append(_read_bare(realm))
        connector = _fresh(settings, url, turn)
        start = time.perf_counter()
        summary = ingest_events.run(connector, connector.clock.now())
        seconds = time.perf_counter() - start
        connector.close()
        ingested.append(summary["login"]["new"] / seconds)
        ratios.append(ingested[-1] / bare[-1])
    report(f"bare paged read of {EVENTS:,} events", statistics.median(bare), "events/s")
    report(f"ingestion into {name}", statistics.median(ingested), "events/s")
    report(f"ingestion into {name} / bare read", statistics.median(ratios), "ratio")


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
