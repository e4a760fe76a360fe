"""Runs Keycloak on this machine without a container: fetched, built once, its data in the caller's directory.

Reachable from loopback only. The database is a file: for one machine and demonstrations, never for production.
"""

import secrets
import shutil
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from connector.embedded.artifacts import KEYCLOAK, Artifact, Progress, fetch, ignore_progress, locked, unpack
from connector.embedded.java import find_java_home
from connector.embedded.process import LOOPBACK, ServerProcess, free_port, start_process

ADMIN_USER = "admin"
_READY_SECONDS = 240.0
_BUILD_SECONDS = 300.0
_PROBE_SECONDS = 5.0
_HEAP = "-Xms128m -Xmx1536m"  # Keycloak's own 512 MB ended in OutOfMemoryError under an hour of tests (measured).


@dataclass(frozen=True)
class RunningKeycloak:
    """A started Keycloak. `url` says localhost: WebAuthn accepts no address there, and links must match."""

    url: str
    admin_user: str
    admin_password: str
    process: ServerProcess


def start_keycloak(
    *,
    data_dir: Path,
    cache_dir: Path,
    port: int | None = None,
    progress: Progress = ignore_progress,
    artifact: Artifact = KEYCLOAK,
) -> RunningKeycloak:
    """Starts Keycloak and returns when it answers; data, log and password stay in `data_dir` for the next start.

    The first start on a machine fetches and builds it (half a minute), later ones take about ten seconds.
    Raises ServerFileMissingError, JavaMissingError or ServerNotStartedError.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    java_home = find_java_home()
    program = prepare_keycloak(cache_dir, java_home, progress, artifact) / "bin" / "kc.sh"
    password = _admin_password(data_dir / "keycloak-admin-password")
    port = port or free_port()
    environment = {
        "JAVA_HOME": str(java_home),
        "KC_BOOTSTRAP_ADMIN_USERNAME": ADMIN_USER,  # Used only by the start that makes the database.
        "KC_BOOTSTRAP_ADMIN_PASSWORD": password,
        "JAVA_OPTS_KC_HEAP": _HEAP,
    }
    command = [str(program), "start", "--optimized", *_start_options(data_dir, port)]
    process = start_process("Keycloak", command, log_file=data_dir / "keycloak.log", environment=environment)
    url = f"http://localhost:{port}"
    process.wait_ready(lambda: is_answering(url), _READY_SECONDS)
    return RunningKeycloak(url, ADMIN_USER, password, process)


def _start_options(data_dir: Path, port: int) -> list[str]:
    database = data_dir.resolve() / "keycloak-db" / "keycloak"
    return [
        f"--http-host={LOOPBACK}",
        f"--http-port={port}",
        "--http-enabled=true",
        "--hostname-strict=false",
        "--cache=local",  # The default looks for other servers, on every network of the machine.
        f"--db-url=jdbc:h2:file:{database};NON_KEYWORDS=VALUE;DB_CLOSE_ON_EXIT=FALSE",
    ]


def prepare_keycloak(
    cache_dir: Path, java_home: Path, progress: Progress = ignore_progress, artifact: Artifact = KEYCLOAK
) -> Path:
    """This version's folder in `cache_dir`: fetched, unpacked, built. The mark comes last: half a build is redone."""
    folder = cache_dir / f"keycloak-{artifact.version}"
    mark = folder / ".built"
    with locked(cache_dir / "keycloak.lock"):
        if not mark.exists():
            shutil.rmtree(folder, ignore_errors=True)
            unpack(fetch(artifact, cache_dir, progress), folder)
            _build(folder, java_home, cache_dir / "keycloak-build.log")
            mark.touch()
    return folder


def _build(folder: Path, java_home: Path, log_file: Path) -> None:
    command = [str(folder / "bin" / "kc.sh"), "build", "--db=dev-file"]
    build = start_process("Keycloak build", command, log_file=log_file, environment={"JAVA_HOME": str(java_home)})
    build.wait_done(_BUILD_SECONDS)


def _admin_password(file: Path) -> str:
    """The password of the master administrator: made once, readable by this account alone."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(24), encoding="ascii")
    return file.read_text(encoding="ascii")


def is_answering(url: str) -> bool:
    """Whether Keycloak at `url` answers for its master realm: it listens earlier than it works."""
    try:
        with urllib.request.urlopen(f"{url}/realms/master", timeout=_PROBE_SECONDS) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
