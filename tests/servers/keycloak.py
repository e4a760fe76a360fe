"""Finds the Keycloak of this run: by address in the environment, else in a container, else the embedded one."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from connector.embedded.artifacts import default_cache
from connector.embedded.keycloak import start_keycloak as start_embedded
from connector.embedded.process import ServerProcess
from tests.servers.shared import Note

ADDRESS = "TRADING_IDP_TEST_KEYCLOAK_URL"
IMAGE = "quay.io/keycloak/keycloak:26.7.4"
_CONTAINER_SECONDS = 180


@dataclass(frozen=True)
class Keycloak:
    """A running Keycloak. `url` says localhost, never an address: WebAuthn and the links it makes depend on it."""

    url: str
    admin_user: str
    admin_password: str


def from_environment() -> Keycloak | None:
    """The Keycloak that TRADING_IDP_TEST_KEYCLOAK_URL (_USER, _PASSWORD; admin/admin when unset) names, if it does."""
    url = os.environ.get(ADDRESS, "")
    if not url:
        return None
    user = os.environ.get(f"{ADDRESS.removesuffix('_URL')}_USER", "admin")
    password = os.environ.get(f"{ADDRESS.removesuffix('_URL')}_PASSWORD", "admin")
    return Keycloak(url.rstrip("/").replace("//127.0.0.1", "//localhost"), user, password)


def start_keycloak(folder: Path) -> tuple[Note, ServerProcess | None]:
    """Starts one in a container where an engine answers, else embedded; returns the note for the other workers."""
    return _start_container() if _engine_answers() else _start_embedded(folder)


def _engine_answers() -> bool:
    if not shutil.which("docker"):
        return False
    asked = subprocess.run(
        ["docker", "version", "--format", "{{.Server.Version}}"], capture_output=True, timeout=20, check=False
    )
    return asked.returncode == 0


def _start_embedded(folder: Path) -> tuple[Note, ServerProcess]:
    running = start_embedded(data_dir=folder, cache_dir=default_cache())
    note = {"url": running.url, "admin_user": running.admin_user, "admin_password": running.admin_password}
    return note, running.process


def _start_container() -> tuple[Note, None]:
    """The container is removed by testcontainers' reaper when the run has ended."""
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import HttpWaitStrategy

    container = (
        DockerContainer(IMAGE)
        .with_env("KC_BOOTSTRAP_ADMIN_USERNAME", "admin")
        .with_env("KC_BOOTSTRAP_ADMIN_PASSWORD", "admin")
        .with_command("start-dev --hostname-strict=false")
        .with_exposed_ports(8080)
        .waiting_for(HttpWaitStrategy(8080, "/realms/master").with_startup_timeout(_CONTAINER_SECONDS))
    )
    container.start()
    url = f"http://localhost:{container.get_exposed_port(8080)}"
    return {"url": url, "admin_user": "admin", "admin_password": "admin"}, None
