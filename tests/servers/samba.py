"""A real Active Directory domain controller (Samba) on a loopback address of its own; only its LDAP service runs.

Samba does not let its LDAP ports be chosen (389, 636), so that each one gets another address of 127.0.0.0/8; ports
below 1024 need root, or net.ipv4.ip_unprivileged_port_start=0.
"""

import os
import random
import signal
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from connector.embedded.process import ServerProcess, start_process
from tests.servers.certificates import Authority
from tests.servers.ldap_admin import LdapAdmin
from tests.servers.needs import need_program
from tests.servers.shared import Note

REALM = "example.lan"
DOMAIN_DN = "DC=example,DC=lan"
_PASSWORD = "Adm1n-Passw0rd"
_READER, _READER_PASSWORD = "reader", "Read3r-Passw0rd"
_START_SECONDS = 60.0
_PLAIN, _SECURE = 389, 636


@dataclass(frozen=True)
class Samba:
    """A running domain controller. `reader` is an ordinary account of the domain, without any right of its own."""

    address: str
    pid: int
    ca_file: Path
    base: str = DOMAIN_DN
    reader: str = f"{_READER}@{REALM}"
    reader_password: str = _READER_PASSWORD

    @property
    def url(self) -> str:
        return f"ldap://{self.address}"

    @property
    def tls_url(self) -> str:
        return f"ldaps://{self.address}"

    @property
    def admin(self) -> LdapAdmin:
        return LdapAdmin(self.address, _SECURE, f"Administrator@{REALM}", _PASSWORD, secure=True)

    def pause(self) -> None:
        """It keeps its connections and answers nothing, until `resume`."""
        os.killpg(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.killpg(self.pid, signal.SIGCONT)


def start_samba(folder: Path, ldif: str = "") -> tuple[Note, ServerProcess]:
    """Makes a domain in `folder` and starts its controller, as `share` of tests/servers/shared.py wants it.

    `ldif` is added to the database before; some hundred entries a second.
    """
    samba, tool = need_program("samba", "samba"), need_program("samba-tool", "samba")
    folder.mkdir(parents=True)
    address = _free_address()
    authority = Authority(folder / "ca")
    own = authority.issue_server(address)
    _provision(tool, folder, address)
    if ldif:
        _load(folder, ldif)
    options = {
        "server services": "ldap",
        "interfaces": f"{address}/8",
        "bind interfaces only": "yes",
        "ldap server require strong auth": "no",
        "tls cafile": authority.file,
        "tls certfile": own.file,
        "tls keyfile": own.key_file,
        "log file": folder / "log.%m",
        "pid directory": folder,
    }
    own.key_file.chmod(0o600)  # Samba refuses a key that others may read.
    given = [f"--option={name}={value}" for name, value in options.items()]
    command = [samba, "-i", "-M", "single", "-s", folder / "domain/etc/smb.conf", "--debug-stdout", *given]
    process = start_process("samba", command, log_file=folder / "samba.log")
    process.wait_ready(lambda: _answers(address, _SECURE), _START_SECONDS)
    server = Samba(address, process.pid, authority.file)
    _add_reader(server)
    return {"address": address, "ca_file": str(authority.file)}, process


def from_note(note: Note) -> Samba:
    return Samba(note["address"], note["pid"], Path(note["ca_file"]))


def _provision(tool: Path, folder: Path, address: str) -> None:
    kept = ["vfs objects = dfs_samba4 acl_xattr xattr_tdb", f"xattr_tdb:file={folder / 'xattr.tdb'}"]
    command = [
        tool, "domain", "provision", f"--targetdir={folder / 'domain'}", f"--realm={REALM}", "--domain=EXAMPLE",
        f"--adminpass={_PASSWORD}", "--server-role=dc", "--dns-backend=NONE", "--host-name=dc1", f"--host-ip={address}",
        # Only this store has an ordered index of uSNChanged, as Active Directory has; the other one looks at everybody.
        "--backend-store=mdb", "--backend-store-size=4Gb",
        "--option=interfaces=lo", "--option=bind interfaces only=yes", *(f"--option={line}" for line in kept),
    ]  # fmt: skip
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr[-2000:]


def _load(folder: Path, ldif: str) -> None:
    content = folder / "content.ldif"
    content.write_text(ldif, encoding="utf-8")
    command = [need_program("ldbadd", "ldb-tools"), "-H", folder / "domain/private/sam.ldb", content]
    added = subprocess.run(command, capture_output=True, text=True, check=False)
    assert added.returncode == 0, added.stderr[-2000:]


def _add_reader(server: Samba) -> None:
    """An account like any other; its password must come over TLS."""
    attributes = {
        "sAMAccountName": _READER,
        "userPrincipalName": server.reader,
        "userAccountControl": "512",
        "unicodePwd": f'"{_READER_PASSWORD}"'.encode("utf-16-le"),
    }
    server.admin.add(f"CN={_READER},CN=Users,{DOMAIN_DN}", ["user"], attributes)


def _free_address() -> str:
    """A loopback address on which nobody listens to LDAP's ports."""
    chance = random.SystemRandom()
    for _ in range(100):
        address = f"127.{chance.randint(1, 254)}.{chance.randint(0, 254)}.{chance.randint(2, 254)}"
        if not _answers(address, _PLAIN) and not _answers(address, _SECURE):
            return address
    raise AssertionError("no loopback address is free")


def _answers(address: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((address, port), timeout=1):
        return True
    return False
