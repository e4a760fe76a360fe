"""The sender against real listening sockets: where connections really go, and what a hostile answer can do."""

import datetime as dt
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connector.adapters.http_sender import BODY_BYTES, AllowListSender
from connector.errors import UnavailableError
from connector.ports import ForbiddenTargetError

Answer = Callable[[BaseHTTPRequestHandler], None]


class Target:
    """A server on loopback that counts the connections it gets and keeps the requests."""

    def __init__(self, answer: Answer, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        target = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                target.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                answer(self)

            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def serve() -> Iterator[Callable[..., Target]]:
    started: list[Target] = []

    def start(answer: Answer, tls: ssl.SSLContext | None = None) -> Target:
        started.append(Target(answer, tls))
        return started[-1]

    yield start
    for target in started:
        target.stop()


def answer_ok(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(204)
    handler.end_headers()


def test_post_to_listed_loopback_arrives_unchanged(serve: Callable[..., Target]) -> None:
    target = serve(answer_ok)
    sender = AllowListSender([f"http://127.0.0.1:{target.port}"])
    answer = sender.post(f"http://127.0.0.1:{target.port}/tasks?a=1", b'{"x":1}', {"webhook-id": "m"})
    assert (answer.status, answer.body) == (204, "")
    ((path, headers, body),) = target.requests
    assert (path, body, headers["webhook-id"]) == ("/tasks?a=1", b'{"x":1}', "m")
    assert headers["host"] == f"127.0.0.1:{target.port}"


@pytest.mark.parametrize(
    "spelling",
    ["127.1", "0x7f000001", "2130706433", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"],  # noqa: S104
)
def test_post_to_loopback_by_another_spelling_connects_nowhere(serve: Callable[..., Target], spelling: str) -> None:
    target = serve(answer_ok)
    sender = AllowListSender([f"http://127.0.0.1:{target.port}"])
    with pytest.raises(ForbiddenTargetError):
        sender.post(f"http://{spelling}:{target.port}/", b"", {})
    assert target.requests == []


def test_post_to_listed_name_that_resolves_to_loopback_connects_nowhere(serve: Callable[..., Target]) -> None:
    target = serve(answer_ok)
    sender = AllowListSender([f"http://oa.test:{target.port}"], resolver=lambda _host, _port: ["127.0.0.1"])
    with pytest.raises(ForbiddenTargetError):
        sender.post(f"http://oa.test:{target.port}/", b"", {})
    assert target.requests == []


def test_post_resolves_once_and_connects_to_that_address(serve: Callable[..., Target]) -> None:
    target, asked = serve(answer_ok), []

    def rebinding(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    sender = AllowListSender([f"http://localhost:{target.port}"], resolver=rebinding)
    assert sender.post(f"http://localhost:{target.port}/", b"", {}).status == 204
    assert asked == ["localhost"]
    assert target.requests[0][1]["host"] == f"localhost:{target.port}"


def test_post_with_dead_first_address_uses_the_next(serve: Callable[..., Target]) -> None:
    target = serve(answer_ok)
    sender = AllowListSender([f"http://localhost:{target.port}"], resolver=lambda _h, _p: ["::1", "127.0.0.1"])
    assert sender.post(f"http://localhost:{target.port}/", b"", {}).status == 204


def test_post_answered_by_redirect_is_not_followed(serve: Callable[..., Target]) -> None:
    inner = serve(answer_ok)

    def redirect(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(307)
        handler.send_header("location", f"http://127.0.0.1:{inner.port}/")
        handler.end_headers()

    outer = serve(redirect)
    # Even to a target that is on the list: what was checked is the first one.
    sender = AllowListSender([f"http://127.0.0.1:{p}" for p in (outer.port, inner.port)])
    assert sender.post(f"http://127.0.0.1:{outer.port}/", b"", {}).status == 307
    assert inner.requests == []


def test_post_with_proxy_in_environment_ignores_it(
    serve: Callable[..., Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    target, proxy = serve(answer_ok), serve(answer_ok)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    sender = AllowListSender([f"http://127.0.0.1:{target.port}"])
    assert sender.post(f"http://127.0.0.1:{target.port}/", b"", {}).status == 204
    assert (len(target.requests), proxy.requests) == (1, [])


def test_post_answered_at_length_is_read_to_the_cap(serve: Callable[..., Target]) -> None:
    def flood(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(503)
        handler.send_header("retry-after", "30")
        handler.end_headers()
        try:
            for _ in range(10_000):
                handler.wfile.write(b"x" * 10_000)
        except OSError:
            return

    target = serve(flood)
    answer = AllowListSender([f"http://127.0.0.1:{target.port}"]).post(f"http://127.0.0.1:{target.port}/", b"", {})
    assert (answer.status, answer.retry_after, len(answer.body)) == (503, 30.0, BODY_BYTES)


def test_post_answered_drop_by_drop_ends_at_the_limit(serve: Callable[..., Target]) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(100):
                handler.wfile.write(b"x")
                handler.wfile.flush()
                time.sleep(0.1)
        except OSError:
            return

    target = serve(drip)
    sender = AllowListSender([f"http://127.0.0.1:{target.port}"], timeout=0.5)
    began = time.monotonic()
    assert sender.post(f"http://127.0.0.1:{target.port}/", b"", {}).status == 200
    assert time.monotonic() - began < 5


def test_post_never_answered_is_tried_again() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        sender = AllowListSender([f"http://127.0.0.1:{port}"], timeout=0.3)
        with pytest.raises(UnavailableError):
            sender.post(f"http://127.0.0.1:{port}/", b"", {})


def test_post_to_closed_port_is_tried_again() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(UnavailableError):
            AllowListSender([f"http://127.0.0.1:{port}"]).post(f"http://127.0.0.1:{port}/", b"", {})


def make_certificate(folder: Path, name: str) -> tuple[Path, ssl.SSLContext]:
    """A certificate that is its own authority: its file, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / f"{name}.pem"
    pem.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return pem, context


@pytest.mark.parametrize(("named", "passes"), [("localhost", True), ("oa.other.example", False)])
def test_post_by_tls_verifies_the_name_and_not_the_address(
    serve: Callable[..., Target], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str, passes: bool
) -> None:
    pem, context = make_certificate(tmp_path, named)
    target = serve(answer_ok, context)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    sender = AllowListSender([f"https://localhost:{target.port}"], resolver=lambda _h, _p: ["127.0.0.1"])
    if passes:
        assert sender.post(f"https://localhost:{target.port}/", b"", {}).status == 204
        return
    with pytest.raises(UnavailableError):
        sender.post(f"https://localhost:{target.port}/", b"", {})
    assert target.requests == []
