"""The record at 1,000,000 entries: written by the service, sealed, exported, verified; beside bare SHA-256."""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from connector.adapters.signing import Ed25519NoteSigner
from connector.audit import service as audit
from connector.audit.events import Event
from connector.audit.export import export_log
from connector.audit.leaf import canonical_bytes
from connector.audit.note import VerifierKey
from connector.audit.seal import seal_pending
from connector.audit.sources import DatabaseSource, ExportSource
from connector.audit.verify import verify_log
from connector.auth.act import Act
from connector.auth.actor import job_actor
from connector.storage.engine import Database
from connector.storage.tables import Base

ENTRIES = 1_000_000
BATCH = 1_000
START = datetime(2026, 11, 23, tzinfo=UTC)


def run(report: Callable[[str, float, str], None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/audit.db")
        Base.metadata.create_all(database.engine)
        signer = Ed25519NoteSigner("bench.example/record", Path(folder, "log.pem"))
        key = VerifierKey.parse(signer.verifier_key())
        report("entries", ENTRIES, "")
        report("append (SQLite, 1,000 a commit)", timed(lambda: append(database)), "s")
        report("seal (10,000 a checkpoint)", timed(lambda: seal_pending(database, signer, START)), "s")
        report("database", Path(folder, "audit.db").stat().st_size / 1e6, "MB")
        export = Path(folder, "export")
        report("export", timed(lambda: export_log(DatabaseSource(database), key, export)), "s")
        bare = bare_sha256(ExportSource(export))
        report("bare SHA-256 of the same bytes", bare, "s")
        for name, place in (("database", f"{folder}/audit.db"), ("export", str(export))):
            seconds, busy, megabytes = verify_apart(place, str(key))
            report(f"verify the {name} (target ≤ 60)", seconds, "s")
            report(f"processor time of verifying the {name}", busy, "s")
            report(f"memory of verifying the {name} (target ≤ 300)", megabytes, "MB")
            report(f"verify the {name} / bare SHA-256", busy / bare, "×")
        database.close()


def timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def append(database: Database) -> None:
    for first in range(0, ENTRIES, BATCH):
        with database.session() as session:
            for number in range(first, first + BATCH):
                act = Act(
                    session=session,
                    actor=job_actor("bench"),
                    now=START + timedelta(seconds=number),
                    rulebook=cast(Any, None),
                    vault=cast(Any, None),
                )
                audit.record(
                    act,
                    Event.GRANT_ADDED,
                    f"account:{number:036d}",
                    account_id=f"{number:036d}",
                    request_id=f"{number // 3:036d}",
                    permission="bid-opening:project:handler",
                    stage=number % 5,
                )


def bare_sha256(source: ExportSource) -> float:
    """Seconds that hashing alone takes, over the canonical bytes of every entry."""
    spent = 0.0
    for entry in source.entries():
        content = canonical_bytes({**(entry.content or {}), "position": entry.position})
        begin = time.perf_counter()
        sha256(content).digest()
        spent += time.perf_counter() - begin
    return spent


def verify_apart(place: str, key: str) -> tuple[float, float, float]:
    """Seconds, processor seconds and peak MB of a process that verifies the log at `place`."""
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.bench_audit", place, key], check=True, capture_output=True, text=True
    )
    busy, megabytes = map(float, done.stdout.split())
    return time.perf_counter() - begin, busy, megabytes


def verify_here(place: str, key: str) -> tuple[float, float]:
    """Verifies in this process; returns its processor time in seconds and its peak memory in MB."""
    source = ExportSource(Path(place)) if Path(place).is_dir() else DatabaseSource(Database(f"sqlite:///{place}"))
    result = verify_log(source, VerifierKey.parse(key))
    if result.finding is not None or result.entries != ENTRIES:
        raise SystemExit(f"not as it was signed: {result}")
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


if __name__ == "__main__":
    print(*verify_here(*sys.argv[1:]))
