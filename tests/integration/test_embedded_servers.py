"""The embedded Keycloak and directory: they start without a container, keep to loopback, and keep their data."""

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import ldap3
import pytest

from connector.embedded.artifacts import default_cache
from connector.embedded.directory import RunningDirectory, start_directory
from connector.embedded.errors import DirectoryChangeError
from connector.embedded.process import free_port
from connector.embedded.sample_people import make_ldif
from tests.servers.keycloak import Keycloak


def open_directory(folder: Path) -> RunningDirectory:
    return start_directory(data_dir=folder, cache_dir=default_cache(), ldif=make_ldif(30), port=free_port())


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[RunningDirectory]:
    running = open_directory(tmp_path)
    yield running
    running.process.stop()


def leavers(directory: RunningDirectory) -> list[str]:
    server = ldap3.Server(directory.url, get_info=ldap3.NONE)
    with ldap3.Connection(server, directory.admin_dn, directory.admin_password, raise_exceptions=True) as connection:
        connection.search(directory.people, "(employeeStatus=left)", attributes=["employeeNumber"])
        return sorted(entry["attributes"]["employeeNumber"][0] for entry in connection.response)


def test_log_in_to_keycloak_of_this_run_as_its_administrator_gives_a_token(keycloak: Keycloak) -> None:
    form = {
        "grant_type": "password",
        "client_id": "admin-cli",
        "username": keycloak.admin_user,
        "password": keycloak.admin_password,
    }
    address = f"{keycloak.url}/realms/master/protocol/openid-connect/token"
    assert httpx.post(address, data=form, timeout=30).json()["token_type"] == "Bearer"
    assert keycloak.url.startswith("http://localhost:")


def test_change_directory_and_restart_keeps_the_change(tmp_path: Path) -> None:
    running = open_directory(tmp_path)
    running.set_statuses({"000003": "left", "000004": "left"})
    before = leavers(running)
    running.process.stop()
    again = open_directory(tmp_path)
    after = leavers(again)
    again.process.stop()
    assert before == after == ["000003", "000004"]


def test_change_unknown_person_of_the_directory_is_refused(directory: RunningDirectory) -> None:
    with pytest.raises(DirectoryChangeError, match="no such object"):
        directory.set_statuses({"999999": "left"})


def test_start_directory_listens_on_loopback_only(directory: RunningDirectory) -> None:
    """What listens is read from the kernel's own list, not tried: another address may not exist on this machine."""
    wanted = f"{directory.port:04X}"
    listening = [
        address
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if (address := line.split()[1]).endswith(f":{wanted}") and line.split()[3] == "0A"
    ]
    loopback = socket.inet_aton("127.0.0.1")[::-1].hex().upper()
    assert listening
    assert all(address.split(":")[0].endswith(loopback) for address in listening)
