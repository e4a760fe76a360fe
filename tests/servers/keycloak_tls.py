"""A Keycloak of its own behind TLS that asks browsers for certificates: for logins with the certificate on a key."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from connector.embedded.artifacts import KEYCLOAK, default_cache, locked
from connector.embedded.java import find_java_home
from connector.embedded.keycloak import is_answering, prepare_keycloak
from connector.embedded.process import LOOPBACK, ServerProcess, free_port, start_process
from tests.servers.certificates import Authority
from tests.servers.keycloak import Keycloak

_HEAP = "-Xms64m -Xmx700m"
_READY_SECONDS, _BUILD_SECONDS = 240.0, 300.0


@dataclass(frozen=True)
class TlsKeycloak:
    """`server.url` is plain HTTP, for the Admin API; people go to `https_url` and may show a certificate there.

    `authority` issued the server's certificate, and those of people are believed when they come from it.
    """

    server: Keycloak
    https_url: str
    authority: Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The certificate authority of this worker: its key stays in memory."""
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def tls_keycloak(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[TlsKeycloak]:
    """Started for the module that asks; the run's shared Keycloak listens without TLS."""
    started, process = start_tls_keycloak(tmp_path_factory.mktemp("keycloak-tls"), authority)
    yield started
    process.stop()


def start_tls_keycloak(folder: Path, authority: Authority) -> tuple[TlsKeycloak, ServerProcess]:
    """Starts one with its data in `folder` and returns when it answers."""
    home, java_home = prepare_tls_keycloak(default_cache()), find_java_home()
    port, https_port, shown = free_port(), free_port(), authority.issue_server()
    command = [
        home / "bin" / "kc.sh", "start", "--optimized", f"--http-host={LOOPBACK}", "--http-enabled=true",
        f"--http-port={port}", f"--https-port={https_port}", "--hostname-strict=false", "--cache=local",
        f"--https-certificate-file={shown.file}", f"--https-certificate-key-file={shown.key_file}",
        f"--truststore-paths={authority.file}",
        f"--db-url=jdbc:h2:file:{folder / 'db'};NON_KEYWORDS=VALUE;DB_CLOSE_ON_EXIT=FALSE",
    ]  # fmt: skip
    environment = {
        "JAVA_HOME": str(java_home), "JAVA_OPTS_KC_HEAP": _HEAP,
        "KC_BOOTSTRAP_ADMIN_USERNAME": "admin", "KC_BOOTSTRAP_ADMIN_PASSWORD": "admin",
    }  # fmt: skip
    process = start_process("Keycloak (TLS)", command, log_file=folder / "keycloak.log", environment=environment)
    server = Keycloak(f"http://localhost:{port}", "admin", "admin")
    process.wait_ready(lambda: is_answering(server.url), _READY_SECONDS)
    return TlsKeycloak(server, f"https://localhost:{https_port}", authority), process


def prepare_tls_keycloak(cache_dir: Path) -> Path:
    """A copy of the embedded Keycloak, built to ask for client certificates: Keycloak decides that when it is built."""
    java_home = find_java_home()
    plain, folder = prepare_keycloak(cache_dir, java_home), cache_dir / f"keycloak-{KEYCLOAK.version}-tls"
    mark = folder / ".built-tls"
    with locked(cache_dir / "keycloak-tls.lock"):
        if not mark.exists():
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(plain, folder)
            command = [folder / "bin" / "kc.sh", "build", "--db=dev-file", "--https-client-auth=request"]
            log = cache_dir / "keycloak-tls-build.log"
            build = start_process("Keycloak build", command, log_file=log, environment={"JAVA_HOME": str(java_home)})
            build.wait_done(_BUILD_SECONDS)
            mark.touch()
    return folder
