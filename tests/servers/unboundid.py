"""A real UnboundID directory (in memory) on loopback, plain and with TLS under a private authority."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12PrivateKeyTypes, serialize_key_and_certificates

from connector.embedded.artifacts import DIRECTORY, SCRIPTING, default_cache, fetch
from connector.embedded.java import find_java_home
from connector.embedded.process import LOOPBACK, ServerProcess, answers, free_port, start_process
from connector.embedded.sample_people import BASE_DN, SCHEMA_LDIF, make_ldif
from tests.servers.certificates import Authority, Certificate
from tests.servers.ldap_admin import LdapAdmin
from tests.servers.shared import Note

_ADMIN_DN, _PASSWORD = "cn=admin", "directory-root"
_READER_DN, _READER_PASSWORD = f"cn=reader,{BASE_DN}", "reader"
_READER = f"\ndn: {_READER_DN}\nobjectClass: person\ncn: reader\nsn: reader\nuserPassword: {_READER_PASSWORD}\n"
_START_SECONDS = 60.0


@dataclass(frozen=True)
class UnboundId:
    """A running directory. `reader` is an entry of the directory like any other; this server has no access rules."""

    port: int
    tls_port: int
    pid: int
    ca_file: Path
    base: str = BASE_DN
    reader: str = _READER_DN
    reader_password: str = _READER_PASSWORD

    @property
    def url(self) -> str:
        return f"ldap://{LOOPBACK}:{self.port}"

    @property
    def tls_url(self) -> str:
        return f"ldaps://{LOOPBACK}:{self.tls_port}"

    @property
    def admin(self) -> LdapAdmin:
        return LdapAdmin(LOOPBACK, self.port, _ADMIN_DN, _PASSWORD)

    def pause(self) -> None:
        """It keeps its connections and answers nothing, until `resume`."""
        os.killpg(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.killpg(self.pid, signal.SIGCONT)


def start_unboundid(folder: Path, people: int = 0) -> tuple[Note, ServerProcess]:
    """Starts one in `folder`, with that many sample people, as `share` of tests/servers/shared.py wants it."""
    folder.mkdir(parents=True)
    jars = [str(fetch(part, default_cache())) for part in (DIRECTORY, SCRIPTING)]
    authority = Authority(folder / "ca")
    ldif, schema, store = folder / "content.ldif", folder / "schema.ldif", folder / "server.p12"
    ldif.write_text(make_ldif(people) + _READER, encoding="utf-8")
    schema.write_text(SCHEMA_LDIF, encoding="utf-8")
    store.write_bytes(_key_store(authority.issue_server()))
    port, tls_port = free_port(), free_port()
    script = Path(__file__).with_name("unboundid.bsh")
    program = [find_java_home() / "bin/java", "-Xmx768m", "-cp", ":".join(jars), "bsh.Interpreter", script]
    arguments = [str(port), str(tls_port), ldif, schema, _ADMIN_DN, _PASSWORD, BASE_DN, store, _PASSWORD]
    process = start_process("unboundid", [*program, *arguments], log_file=folder / "unboundid.log")
    process.wait_ready(lambda: answers(port) and answers(tls_port), _START_SECONDS)
    return {"port": port, "tls_port": tls_port, "ca_file": str(authority.file)}, process


def from_note(note: Note) -> UnboundId:
    return UnboundId(note["port"], note["tls_port"], note["pid"], Path(note["ca_file"]))


def _key_store(own: Certificate) -> bytes:
    """PKCS #12, which Java reads."""
    key = load_pem_private_key(own.key_file.read_bytes(), None)
    assert isinstance(key, PKCS12PrivateKeyTypes)
    certificate = x509.load_pem_x509_certificate(own.file.read_bytes())
    return serialize_key_and_certificates(
        b"server", key, certificate, None, BestAvailableEncryption(_PASSWORD.encode())
    )
