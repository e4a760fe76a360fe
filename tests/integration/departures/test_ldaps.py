"""ldaps:// with a private CA: the certificate's chain and host name are checked before anything is sent."""

import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connector.adapters.ldap import LdapDirectory
from connector.departures.errors import StartTlsRefusedError, TlsFailedError
from tests.fakes.directory import make_settings
from tests.servers.slapd import Slapd


@pytest.mark.req("E4")
def test_read_over_tls_with_private_ca_is_complete(tmp_path: Path, slapd: Callable[..., Slapd]) -> None:
    certificate, key = make_certificate(tmp_path, "right", "IP:127.0.0.1")
    with tls_front(slapd(people=30).port, certificate, key) as url:
        directory = LdapDirectory(make_settings(url=url, ca_file=certificate, timeout_seconds=5))
        assert len(directory.read().entries) == 30


@pytest.mark.req("E4")
@pytest.mark.parametrize("names", ["IP:127.0.0.1", "DNS:elsewhere.example"])
def test_read_over_tls_with_wrong_certificate_is_refused(
    tmp_path: Path, slapd: Callable[..., Slapd], names: str
) -> None:
    """An unknown signer with the right name, and a known signer with another name."""
    certificate, key = make_certificate(tmp_path, "served", names)
    other, _ = make_certificate(tmp_path, "other", names)
    trusted = other if names == "IP:127.0.0.1" else certificate
    with tls_front(slapd(people=30).port, certificate, key) as url:
        directory = LdapDirectory(make_settings(url=url, ca_file=trusted, timeout_seconds=5))
        with pytest.raises(TlsFailedError):
            directory.read()


@pytest.mark.req("E4")
def test_read_over_tls_with_missing_ca_file_is_refused(tmp_path: Path) -> None:
    settings = make_settings(url="ldaps://127.0.0.1:636", ca_file=tmp_path / "missing.pem")
    with pytest.raises(TlsFailedError):
        LdapDirectory(settings).check()


@pytest.mark.req("E5")
def test_read_with_start_tls_on_a_server_without_it_is_refused(slapd: Callable[..., Slapd]) -> None:
    """The account's password is not sent: a wrong one makes no difference."""
    settings = make_settings(url=slapd(people=5).url, start_tls=True, bind_dn="cn=nobody", password="wrong")
    with pytest.raises(StartTlsRefusedError):
        LdapDirectory(settings).read()


def make_certificate(folder: Path, name: str, names: str) -> tuple[Path, Path]:
    """A self-signed certificate and its key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    asked = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    named = ["-subj", f"/CN={name}", "-addext", f"subjectAltName={names}"]
    subprocess.run([*asked, *named, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


@contextlib.contextmanager
def tls_front(port: int, certificate: Path, key: Path) -> Iterator[str]:
    """A TLS end before the directory at `port`; gives its address."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, context, port))
        thread.start()
        try:
            yield f"ldaps://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(listener: socket.socket, context: ssl.SSLContext, port: int) -> None:
    with contextlib.suppress(OSError):
        while True:
            raw, _ = listener.accept()
            with raw, contextlib.suppress(OSError), context.wrap_socket(raw, server_side=True) as client:
                _relay(client, port)


def _relay(client: ssl.SSLSocket, port: int) -> None:
    """One side answers while the other waits, as LDAP's requests and answers do."""
    with socket.create_connection(("127.0.0.1", port)) as server:
        back = threading.Thread(target=_pump, args=(server, client))
        back.start()
        _pump(client, server)
        server.shutdown(socket.SHUT_RDWR)
        back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
