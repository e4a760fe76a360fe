"""A real OpenLDAP server for one test: its limits, access rules and content are the test's to choose."""

import contextlib
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector.embedded.process import LOOPBACK, ServerProcess, answers, free_port, start_process
from connector.embedded.sample_people import BASE_DN, make_ldif
from tests.servers.certificates import Certificate
from tests.servers.needs import need_program

ADMIN_DN = f"cn=admin,{BASE_DN}"
PEOPLE_DN = f"ou=people,{BASE_DN}"
REPLICATION = "overlay syncprov\nsyncprov-sessionlog 1000"
OPEN_ACCESS = "access to attrs=userPassword by anonymous auth by * none\naccess to * by * read"
_START_SECONDS = 20.0

_CONFIG = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
attributetype ( 1.3.6.1.4.1.99999.1.1 NAME 'employeeStatus' EQUALITY caseIgnoreMatch
  SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.99999.2.1 NAME 'centrePerson' SUP top AUXILIARY MAY ( employeeStatus ) )
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload syncprov
pidfile {folder}/slapd.pid
sizelimit {size_limit}
timelimit {time_limit}
{extra_global}
database mdb
maxsize 1073741824
suffix "{base}"
rootdn "{admin_dn}"
rootpw {admin_password}
directory {folder}/db
index objectClass,uid,employeeNumber,employeeStatus,entryUUID,entryCSN eq
index modifyTimestamp eq
{replication}
{limits}
{access}
"""


@dataclass
class Slapd:
    """A running slapd. `url` is its address, `base` the suffix; `admin_*` is the root of the database."""

    folder: Path
    port: int
    admin_password: str
    process: ServerProcess
    base: str = BASE_DN
    people: str = PEOPLE_DN
    admin_dn: str = ADMIN_DN
    tls_port: int = 0
    url: str = field(init=False)

    def __post_init__(self) -> None:
        self.url = f"ldap://{LOOPBACK}:{self.port}"

    @property
    def tls_url(self) -> str:
        """The ldaps:// address of a server that was started with a certificate."""
        assert self.tls_port, "start it with tls="
        return f"ldaps://{LOOPBACK}:{self.tls_port}"

    @property
    def pid(self) -> int:
        return self.process.pid

    @contextlib.contextmanager
    def connection(self) -> Iterator[Any]:
        """An ldap3 connection bound as the root of the database, raising on every refusal."""
        import ldap3

        server = ldap3.Server(LOOPBACK, self.port, get_info=ldap3.NONE, connect_timeout=5)
        with ldap3.Connection(server, self.admin_dn, self.admin_password, raise_exceptions=True) as connection:
            yield connection

    def add(self, dn: str, object_classes: list[str], attributes: Mapping[str, Any]) -> None:
        with self.connection() as connection:
            connection.add(dn, object_classes, dict(attributes))

    def modify(self, dn: str, attributes: Mapping[str, Any]) -> None:
        """Replaces each attribute by its new value; None or an empty list removes it."""
        import ldap3

        changes = {name: [(ldap3.MODIFY_REPLACE, _values(value))] for name, value in attributes.items()}
        with self.connection() as connection:
            connection.modify(dn, changes)

    def delete(self, dn: str) -> None:
        with self.connection() as connection:
            connection.delete(dn)

    def rename(self, dn: str, new_name: str, new_superior: str | None = None) -> None:
        """Gives the entry another name (as `uid=p2`), and another place when one is named."""
        with self.connection() as connection:
            connection.modify_dn(dn, new_name, new_superior=new_superior)

    def person_dn(self, number: int) -> str:
        """DN of the person with this number (from 1) of the sample directory."""
        return f"employeeNumber={number:06d},{self.people}"

    def stop(self) -> None:
        self.process.resume()
        self.process.stop()

    def kill(self) -> None:
        """Ends it as a power cut would."""
        self.process.kill()

    def pause(self) -> None:
        """It keeps its connections and answers nothing (SIGSTOP), until `resume`."""
        self.process.pause()

    def resume(self) -> None:
        self.process.resume()


def _values(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def start_slapd(
    folder: Path,
    *,
    ldif: str | None = None,
    people: int = 20,
    size_limit: int | str = "unlimited",
    time_limit: int | str = "unlimited",
    access: str = OPEN_ACCESS,
    limits: str = "",
    extra_global: str = "",
    replication: str = REPLICATION,
    tls: tuple[Path, Certificate] | None = None,
) -> Slapd:
    """Starts slapd in `folder` with `ldif`, or with the sample directory of `people` people.

    `size_limit`, `time_limit`, `access`, `limits`, `extra_global` and `replication` are lines of slapd.conf(5): for
    example `size_limit=10`, or `access='access to dn.subtree="ou=people,…" by * none'`. `tls` is the file of the
    authority and the server's certificate; with it the server also answers ldaps:// and StartTLS.
    A referral is an LDIF entry of class `referral` (with `extensibleObject`).
    """
    slapd, slapadd = need_program("slapd", "slapd"), need_program("slapadd", "slapd")
    (folder / "db").mkdir(parents=True)
    config, content = folder / "slapd.conf", folder / "content.ldif"
    content.write_text(make_ldif(people) if ldif is None else ldif, encoding="utf-8")
    password = "directory-root"
    text = _CONFIG.format(
        folder=folder,
        base=BASE_DN,
        admin_dn=ADMIN_DN,
        admin_password=password,
        size_limit=size_limit,
        time_limit=time_limit,
        access=access,
        limits=limits,
        extra_global="\n".join([extra_global, *_tls_lines(tls)]),
        replication=replication,
    )
    config.write_text(text, encoding="utf-8")
    loaded = subprocess.run([slapadd, "-q", "-f", config, "-l", content], capture_output=True, text=True, check=False)
    assert loaded.returncode == 0, loaded.stderr
    port, tls_port = free_port(), free_port() if tls else 0
    addresses = [f"ldap://{LOOPBACK}:{port}", *([f"ldaps://{LOOPBACK}:{tls_port}"] if tls else [])]
    command = [slapd, "-f", config, "-h", " ".join(addresses), "-d", "0"]
    process = start_process("slapd", command, log_file=folder / "slapd.log")
    process.wait_ready(lambda: answers(port), _START_SECONDS)
    return Slapd(folder, port, password, process, tls_port=tls_port)


def _tls_lines(tls: tuple[Path, Certificate] | None) -> list[str]:
    if tls is None:
        return []
    authority, own = tls
    return [
        f"TLSCACertificateFile {authority}",
        f"TLSCertificateFile {own.file}",
        f"TLSCertificateKeyFile {own.key_file}",
    ]
