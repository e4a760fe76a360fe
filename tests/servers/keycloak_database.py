"""A Keycloak of its own that keeps its data in a PostgreSQL, as in service: for what reads that database."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from connector.embedded.artifacts import KEYCLOAK, default_cache, locked
from connector.embedded.java import find_java_home
from connector.embedded.keycloak import is_answering, prepare_keycloak
from connector.embedded.process import LOOPBACK, ServerProcess, free_port, start_process
from tests.servers.keycloak import Keycloak
from tests.servers.postgres import Postgres
from tests.servers.shared import Note, run_folder, share

_HEAP = "-Xms64m -Xmx700m"
_READY_SECONDS, _BUILD_SECONDS = 240.0, 300.0


@dataclass(frozen=True)
class StoredKeycloak:
    """A running Keycloak, and the SQLAlchemy URL of its database."""

    server: Keycloak
    database_url: str


@pytest.fixture(scope="session")
def stored_keycloak(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> StoredKeycloak:
    """Started once for the run; most tests take the one that keeps its data in a file."""

    def start(folder: Path) -> tuple[Note, ServerProcess]:
        started, process = start_stored_keycloak(folder, postgres.create_database("keycloak"))
        return {"url": started.server.url, "database_url": started.database_url}, process

    note = share(run_folder(tmp_path_factory), "keycloak-stored", start)
    return StoredKeycloak(Keycloak(note["url"], "admin", "admin"), note["database_url"])


def start_stored_keycloak(folder: Path, database_url: str) -> tuple[StoredKeycloak, ServerProcess]:
    """Starts one on the empty database at `database_url` and returns when it answers."""
    home, java_home, port = _prepare(default_cache()), find_java_home(), free_port()
    login, _, place = database_url.removeprefix("postgresql+psycopg://").partition("@")
    user, _, password = login.partition(":")
    command = [
        home / "bin" / "kc.sh", "start", "--optimized", f"--http-host={LOOPBACK}", "--http-enabled=true",
        f"--http-port={port}", "--hostname-strict=false", "--cache=local", f"--db-url=jdbc:postgresql://{place}",
        f"--db-username={user}",
    ]  # fmt: skip
    environment = {
        "JAVA_HOME": str(java_home), "JAVA_OPTS_KC_HEAP": _HEAP, "KC_DB_PASSWORD": password,
        "KC_BOOTSTRAP_ADMIN_USERNAME": "admin", "KC_BOOTSTRAP_ADMIN_PASSWORD": "admin",
    }  # fmt: skip
    process = start_process("Keycloak (PostgreSQL)", command, log_file=folder / "keycloak.log", environment=environment)
    server = Keycloak(f"http://localhost:{port}", "admin", "admin")
    process.wait_ready(lambda: is_answering(server.url), _READY_SECONDS)
    return StoredKeycloak(server, database_url), process


def _prepare(cache_dir: Path) -> Path:
    """A copy of the embedded Keycloak, built for PostgreSQL: Keycloak chooses its database when it is built."""
    java_home = find_java_home()
    plain, folder = prepare_keycloak(cache_dir, java_home), cache_dir / f"keycloak-{KEYCLOAK.version}-postgres"
    mark = folder / ".built-postgres"
    with locked(cache_dir / "keycloak-postgres.lock"):
        if not mark.exists():
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(plain, folder)
            command = [folder / "bin" / "kc.sh", "build", "--db=postgres"]
            log = cache_dir / "keycloak-postgres-build.log"
            build = start_process("Keycloak build", command, log_file=log, environment={"JAVA_HOME": str(java_home)})
            build.wait_done(_BUILD_SECONDS)
            mark.touch()
    return folder
