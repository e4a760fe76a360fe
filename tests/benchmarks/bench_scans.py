"""Both scans over 1,000,000 mirrored accounts on PostgreSQL, beside a walk of Keycloak's Admin API over 2,000 users."""

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

import connector.migrations.every_table  # noqa: F401  # brings every table into the metadata
from connector.auth.act import Act
from connector.auth.actor import job_actor
from connector.checks import dormancy, passwords
from connector.regulations.loader import load_rulebook
from connector.storage.engine import Database
from connector.storage.tables import Base
from tests.benchmarks.keycloak_realm import BenchRealm, bench_realm
from tests.fakes.vault import FakeVault
from tests.servers.postgres import start_postgres

ACCOUNTS = 1_000_000
WALKED = 2_000
PACKS = ("LC", "JC", "GS", "HH", "GX")
NOW = datetime(2026, 11, 23, tzinfo=UTC)

# One in 200 is a zombie, one in 500 never used, one in 100 has a password that something is due for.
FILL = (
    "INSERT INTO units (id, code, name, kind, path, address, belongs_to, contact_name, user_serial, registered_at)"
    " VALUES ('u', 'jyzx', '中心', 'centre', '/jyzx/', '', '', '', 0, :now)",
    "INSERT INTO persons (id, name, document_kind, document_sealed, document_digest, document_masked, phone_sealed,"
    " phone_digest, phone_masked, mail, unit_id, post, registered_at)"
    " SELECT 'p' || n, 'n', 'other', '', 'd' || n, '', '', 'd' || n, '', 'p' || n || '@example.cn', 'u', '', :now"
    " FROM generate_series(1, :count) n",
    "INSERT INTO accounts (id, person_id, user_name, account_class, status, keycloak_id, opened_at, opened_by)"
    " SELECT 'a' || n, 'p' || n, 'u' || n, 'ordinary', 'active', 'k' || n,"
    " CAST(:now AS timestamptz) - interval '800 days', 'paper' FROM generate_series(1, :count) n",
    "INSERT INTO account_states (account_id, status, cause, since)"
    " SELECT id, 'active', 'grant', opened_at FROM accounts",
    "INSERT INTO account_activity (keycloak_id, last_used_at, last_login_at, password_set_at, password_evidence)"
    " SELECT 'k' || n,"
    " CAST(:now AS timestamptz) - CASE WHEN n % 200 = 0 THEN 400 ELSE n % 30 END * interval '1 day', NULL,"
    " CAST(:now AS timestamptz) - CASE WHEN n % 100 = 0 THEN 900 ELSE n % 60 END * interval '1 day', 'event'"
    " FROM generate_series(1, :count) n WHERE n % 500 <> 1",
    "INSERT INTO ingestion_cursors (kind, covers_since, read_at)"
    " VALUES ('login', CAST(:now AS timestamptz) - interval '900 days', :now)",
)


def run(report: Callable[[str, float, str], None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = start_postgres(Path(folder) / "postgres")
        try:
            scanned = _scan(report, server.create_database("scans"))
        finally:
            assert server.process is not None
            server.process.stop()
    with bench_realm() as realm:
        walked = _walk(realm)
    report(f"Admin API walk, {WALKED} users", walked, "s")
    report(f"Admin API walk, extrapolated to {ACCOUNTS:,}", walked * ACCOUNTS / WALKED, "s")
    report("walk / scan", walked * ACCOUNTS / WALKED / scanned, "times")


def _scan(report: Callable[[str, float, str], None], url: str) -> float:
    """Fills the mirror, scans it; returns the seconds of both scans together (the second run, caches warm)."""
    database = Database(url)
    Base.metadata.create_all(database.engine)
    with database.session() as session:
        for statement in FILL:
            session.execute(text(statement), {"now": NOW, "count": ACCOUNTS} if "count" in statement else {"now": NOW})
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    rulebook = load_rulebook(PACKS)
    total = 0.0
    for name in ("first", "warm"):
        with database.session() as session:
            act = Act(session=session, actor=job_actor("bench"), now=NOW, rulebook=rulebook, vault=FakeVault())
            zombies, found = _timed(lambda act=act: _dormant(act))
            ages, due = _timed(lambda act=act: _passwords(act))
        report(f"zombie scan, 1,000,000 accounts, {found:,} found, {name}", zombies, "s")
        report(f"password-age scan, 1,000,000 accounts, {due:,} due, {name}", ages, "s")
        total = zombies + ages
    report("both scans, warm", total, "s")
    database.close()
    return total


def _dormant(act: Act) -> int:
    rule = dormancy.rule_in_force(act)
    counts = dormancy.count_verdicts(act, rule)
    found = dormancy.list_dormant(act, rule)
    assert len(found) == counts[dormancy.DormancyVerdict.DORMANT] + counts[dormancy.DormancyVerdict.NEVER_USED]
    return len(found)


def _passwords(act: Act) -> int:
    passwords.count_verdicts(act)
    return len(passwords.list_due(act))


def _timed(work: Callable[[], int]) -> tuple[float, int]:
    start = time.perf_counter()
    answer = work()
    return time.perf_counter() - start, answer


def _walk(realm: BenchRealm) -> float:
    """What a scan without the mirror must do: list everybody, and ask for each one's last login and password date."""
    realm.add_users(WALKED)
    start = time.perf_counter()
    users: list[Any] = []
    while page := realm.get("/users", first=len(users), max=100, briefRepresentation="true"):
        users += page
    for user in users:
        realm.get("/events", user=user["id"], type="LOGIN", max=1)
        realm.get(f"/users/{user['id']}/credentials")
    assert len(users) == WALKED
    return time.perf_counter() - start
