"""Every scan over a growing register on PostgreSQL, with its memory, beside a walk of Keycloak's Admin API.

Sizes: `BENCH_ACCOUNTS=10000,300000,1000000`; the default stays within about two minutes. Ten events an account.
"""

import os
import resource
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connector.auth.act import Act
from connector.auth.actor import job_actor
from connector.checks import acceptance, expiry, passwords, weak
from connector.checks import service as checks
from connector.checks.proposal import LIMIT
from connector.checks.scan import Scan
from connector.regulations.loader import load_rulebook
from connector.storage.engine import Database
from tests.benchmarks.keycloak_realm import BenchRealm, bench_realm
from tests.benchmarks.mirrored_city import EVENTS_EACH, fill
from tests.fakes.vault import FakeVault
from tests.servers.postgres import start_postgres

SIZES = tuple(int(size) for size in os.environ.get("BENCH_ACCOUNTS", "10000,100000,300000").split(","))
WALKED = 2_000
PACKS = ("LC", "JC", "GS", "HH", "GX")
NOW = datetime(2026, 11, 23, tzinfo=UTC)
MEGABYTE = 1 << 20
Report = Callable[[str, float, str], None]


def run(report: Report) -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = start_postgres(Path(folder) / "postgres")
        try:
            seconds = [_scan(report, server.create_database(f"scans_{size}"), size) for size in SIZES]
        finally:
            assert server.process is not None
            server.process.stop()
    report(f"all scans, {SIZES[-1]:,} / {SIZES[0]:,} accounts", seconds[-1] / seconds[0], "times")
    with bench_realm() as realm:
        walked = _walk(realm) * SIZES[-1] / WALKED
    report(f"Admin API walk, {WALKED:,} users, extrapolated to {SIZES[-1]:,}", walked, "s")
    report("walk / all scans", walked / seconds[-1], "times")


def _scan(report: Report, url: str, size: int) -> float:
    """Fills a database and runs every scan twice; returns the seconds of all of them together, caches warm."""
    database = Database(url)
    start = time.perf_counter()
    fill(database, NOW, size)
    report(f"filled: {size:,} accounts, {size * EVENTS_EACH:,} events", time.perf_counter() - start, "s")
    rulebook = load_rulebook(PACKS)
    work = {f"scan {scan.name}": _runner(scan) for scan in checks.SCANS.values()} | {
        "scan passwords": _passwords,
        "warnings of weak passwords, 500": lambda act: weak.warn_next(act, count=500),
        "ends and notices of temporary accounts": _expiry,
        "acceptance, register and events": _acceptance,
    }
    total = 0.0
    for name, do in work.items():
        for _ in range(2):
            with database.session() as session:
                act = Act(session=session, actor=job_actor("bench"), now=NOW, rulebook=rulebook, vault=FakeVault())
                seconds, found = _timed(do, act)
                session.rollback()
        report(f"{size:,} accounts: {name}, {found:,} found", seconds, "s")
        total += seconds
    _memory(report, database, rulebook, size, work)
    database.close()
    return total


def _runner(scan: Scan[Any]) -> Callable[[Act], int]:
    def do(act: Act) -> int:
        rule = scan.rule(act)
        counts = scan.count(act, rule)
        scan.list_proposable(act, rule, LIMIT)
        return sum(number for verdict, number in counts.verdicts.items() if verdict in scan.found)

    return do


def _passwords(act: Act) -> int:
    counts = passwords.count_verdicts(act)
    passwords.list_due(act, limit=500)
    passwords.list_initial(act, limit=LIMIT)
    return counts[passwords.PasswordVerdict.EXPIRED] + counts[passwords.PasswordVerdict.NOTICE]


def _expiry(act: Act) -> int:
    return expiry.end_expired(act, limit=100) + expiry.send_notices(act, limit=500)


def _acceptance(act: Act) -> int:
    left = acceptance.list_left(act, "website", act.rulebook.test_words())
    return len(left) + sum(1 for _ in acceptance.list_made_outside(act))


def _memory(
    report: Report, database: Database, rulebook: Any, size: int, work: dict[str, Callable[[Act], int]]
) -> None:
    """The most that Python held at once while it did all of it, and the most the process ever had."""
    tracemalloc.start()
    for do in work.values():
        with database.session() as session:
            do(Act(session=session, actor=job_actor("bench"), now=NOW, rulebook=rulebook, vault=FakeVault()))
            session.rollback()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    report(f"{size:,} accounts: most memory of Python at once", peak / MEGABYTE, "MiB")
    report(f"{size:,} accounts: process, ever", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MiB")


def _timed(work: Callable[[Act], int], act: Act) -> tuple[float, int]:
    start = time.perf_counter()
    answer = work(act)
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
