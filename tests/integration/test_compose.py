"""docker-compose.yml: read as data on every machine; asked of the real client wherever there is one."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.settings import DirectorySettings, Settings

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
SECRETS = (
    "CONNECTOR_DATABASE_PASSWORD",
    "KEYCLOAK_DATABASE_PASSWORD",
    "KEYCLOAK_ADMIN_PASSWORD",
    "LDAP_ADMIN_PASSWORD",
    "LDAP_READER_PASSWORD",
)


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    return found


def example_environment() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def client() -> list[str] | None:
    """The compose client of this machine: the plugin or the older program; None where there is neither."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) and not subprocess.run([*command, "version"], capture_output=True).returncode:
            return command
    return None


def ask_client(command: list[str], folder: Path, values: dict[str, str]) -> subprocess.CompletedProcess[str]:
    file = folder / "values.env"
    file.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    bare = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    asked = [*command, "--env-file", str(file), "-f", str(COMPOSE), "config", "--quiet"]
    return subprocess.run(asked, capture_output=True, text=True, env=bare, check=False)


def test_read_compose_has_every_part(services: dict[str, Any]) -> None:
    assert {"database", "keycloak", "directory", "mail", "connector", "jobs"} <= services.keys()
    assert services["connector"]["deploy"]["replicas"] == services["jobs"]["deploy"]["replicas"] == 2
    assert services["database"]["image"].startswith("postgres:16")
    assert services["keycloak"]["command"] == ["start"]


def test_read_compose_pins_every_image(services: dict[str, Any]) -> None:
    tags = {name: service["image"].rpartition(":")[2] for name, service in services.items()}
    assert all(re.fullmatch(r"v?\d+\.\d+.*", tag) for tag in tags.values()), tags


def test_read_compose_publishes_on_loopback_only(services: dict[str, Any]) -> None:
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_read_compose_checks_the_health_of_every_lasting_service(services: dict[str, Any]) -> None:
    assert {name for name, service in services.items() if "healthcheck" not in service} == {"setup"}


def test_read_compose_waits_for_services_that_exist(services: dict[str, Any]) -> None:
    awaited = {name for service in services.values() for name in service.get("depends_on", {})}
    assert awaited <= services.keys()


def test_read_compose_names_settings_that_exist(services: dict[str, Any]) -> None:
    known = {f"TRADING_IDP_{name}".upper() for name in Settings.model_fields}
    known |= {f"TRADING_IDP_LDAP_{name}".upper() for name in DirectorySettings.model_fields}
    named = {name for room in ("setup", "connector", "jobs") for name in services[room]["environment"]}
    assert named <= known


def test_read_compose_gives_the_master_password_to_the_setup_alone(services: dict[str, Any]) -> None:
    holders = {
        name for name, s in services.items() if "TRADING_IDP_KEYCLOAK_ADMIN_PASSWORD" in s.get("environment", {})
    }
    assert holders == {"setup"}


def test_read_compose_and_example_hold_no_secret_of_their_own() -> None:
    text = COMPOSE.read_text(encoding="utf-8")
    for line in text.splitlines():
        if "PASSWORD" in line:
            assert re.search(r"\$\{[A-Z_]*PASSWORD:\?", line), line
    example = example_environment()
    assert {name: example[name] for name in SECRETS} == dict.fromkeys(SECRETS, "")
    assert set(re.findall(r"\$\{([A-Z_]+):\?", text)) <= example.keys()


def test_ask_compose_client_accepts_the_file_and_wants_each_secret(tmp_path: Path) -> None:
    """Where there is no client, the files as data (above) are what is checked; CI prints which it was."""
    command = client()
    if command is None:
        print("no compose client on this machine: only the structure was checked")
        return
    values = {**example_environment(), **dict.fromkeys(SECRETS, "a1")}
    accepted = ask_client(command, tmp_path, values)
    assert accepted.returncode == 0, accepted.stderr
    for secret in SECRETS:
        refused = ask_client(command, tmp_path, {**values, secret: ""})
        assert refused.returncode != 0
        assert secret in refused.stderr or "set it in .env" in refused.stderr


def test_read_dockerfile_ends_as_an_unprivileged_user() -> None:
    lines = (ROOT / "connector" / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("USER ")][-1] == "USER 10001:10001"
    assert not [line for line in lines if line.startswith("FROM ") and ":latest" in line]
