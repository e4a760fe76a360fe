"""What every test may ask for: a real Keycloak, slapd and PostgreSQL, and databases; and the record of the last run."""

import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connector.embedded.process import ServerProcess
from tests.servers.keycloak import Keycloak, from_environment, start_keycloak
from tests.servers.postgres import Postgres, start_postgres
from tests.servers.shared import Note, run_folder, share, stop_shared
from tests.servers.slapd import Slapd, start_slapd

MEMORY = Path("/dev/shm")
MEMORY_NEEDED = 4 * 2**30  # Bytes: two databases of servers, and those of the tests. A container often has 64 MB.
if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= MEMORY_NEEDED:
    # SQLite waits for the disk at every commit, as it must in service; here that is most of the time of a unit test.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

LAST_RUN = Path(__file__).parent / ".last-run.json"
_outcomes: dict[str, str] = {}


@pytest.fixture(scope="session")
def keycloak(tmp_path_factory: pytest.TempPathFactory) -> Keycloak:
    """The Keycloak of this run, shared by all workers. Make a realm of your own name in it, and delete it."""
    if named := from_environment():
        return named
    note = share(run_folder(tmp_path_factory), "keycloak", start_keycloak)
    return Keycloak(note["url"], note["admin_user"], note["admin_password"])


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Postgres:
    """The PostgreSQL of this run, shared by all workers."""

    def start(folder: Path) -> tuple[Note, ServerProcess | None]:
        # Not in pytest's own folder: each start of a pytest makes that one private to its owner again, and the
        # account that runs PostgreSQL is another.
        own = Path(tempfile.mkdtemp(prefix="trading-idp-postgres-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")))
        started = start_postgres(own / "cluster")
        return {"port": started.port, "folder": str(own)}, started.process

    return Postgres(share(run_folder(tmp_path_factory), "postgres", start)["port"])


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """SQLAlchemy URL of a new, empty PostgreSQL database; dropped after the test."""
    name = f"t{uuid.uuid4().hex}"
    yield postgres.create_database(name)
    postgres.drop_database(name)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """SQLAlchemy URL of a new SQLite database that does not exist yet."""
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The test runs twice: on a new SQLite database and on a new PostgreSQL one."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def slapd(tmp_path: Path) -> Iterator[Callable[..., Slapd]]:
    """A maker of real OpenLDAP servers: `slapd(people=50, size_limit=10)`; see `start_slapd`. All end with the test."""
    started: list[Slapd] = []

    def make(**options: object) -> Slapd:
        server = start_slapd(tmp_path / f"slapd-{len(started)}", **options)  # type: ignore[arg-type]
        started.append(server)
        return server

    yield make
    for server in started:
        server.stop()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remembers each test's outcome: any failed phase is a failure."""
    if report.failed:
        _outcomes[report.nodeid] = "failed"
    elif report.when == "call" or report.skipped:
        _outcomes.setdefault(report.nodeid, report.outcome)
    elif report.when == "setup":
        _outcomes.pop(report.nodeid, None)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In the controller alone: stops the shared servers and merges the outcomes into the last run's file."""
    if hasattr(session.config, "workerinput"):
        return
    stop_shared(session.config._tmp_path_factory.getbasetemp())  # type: ignore[attr-defined]
    if _outcomes:
        before = json.loads(LAST_RUN.read_text(encoding="utf-8")) if LAST_RUN.exists() else {}
        whole = LAST_RUN.with_suffix(f".{os.getpid()}")  # Written beside and moved, so that no reader finds half of it.
        whole.write_text(json.dumps(before | _outcomes, indent=0, sort_keys=True), encoding="utf-8")
        whole.replace(LAST_RUN)
