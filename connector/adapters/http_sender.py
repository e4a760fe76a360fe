"""Posts to targets on an allow list and nowhere else. The only way webhooks leave; knows nothing of their content.

Approvers' systems live in private networks, so "block private ranges" would block them all: the list is deny by
default instead, and a listed name that resolves to this machine or to a metadata service is refused all the same.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

import httpx

from connector.errors import UnavailableError
from connector.ports import ForbiddenTargetError, HttpAnswer

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Sequence[str]]

BODY_BYTES: Final = 4096
TIMEOUT_SECONDS: Final = 15.0
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
METADATA: Final = frozenset(
    ipaddress.ip_address(a) for a in ("169.254.169.254", "100.100.100.200", "192.0.0.192", "fd00:ec2::254")
)
THIS_NETWORK: Final = ipaddress.ip_network("0.0.0.0/8")
NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class Target(NamedTuple):
    """Where a URL goes: scheme, host (lower case, no brackets) and port."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


def target_of(url: str) -> Target:
    """The target of `url`. Raises ForbiddenTargetError for what is no plain http(s) address without user info."""
    try:
        parsed = httpx.URL(url)
        port = parsed.port or DEFAULT_PORTS[parsed.scheme]
        host = parsed.raw_host.decode("ascii").lower()
    except (httpx.InvalidURL, KeyError, ValueError, TypeError):
        raise ForbiddenTargetError(target="?") from None
    if parsed.userinfo or not host:
        raise ForbiddenTargetError(target=f"{parsed.scheme}://{host}")
    return Target(parsed.scheme, host, port)


def resolve(host: str, port: int) -> list[str]:
    """The addresses of `host` by the machine's resolver; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_never_a_target(address: Address) -> bool:
    """Loopback, link-local, unspecified, multicast, reserved and metadata addresses, also when wrapped in IPv6."""
    inner = _unwrapped(address)
    if inner in METADATA or inner in THIS_NETWORK:
        return True
    return inner.is_loopback or inner.is_link_local or inner.is_unspecified or inner.is_multicast or inner.is_reserved


def _unwrapped(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)


class AllowListSender:
    """Posts with deny by default. `allowed` are `scheme://host:port`.

    The name is resolved once, every address of it is checked, and the connection goes to a checked address with the
    TLS certificate verified against the name (authorities: the machine's own store). An address of this machine is
    reached only when the list holds that very address or `localhost`, never by another name. `resolver` is a
    parameter for tests.
    """

    def __init__(
        self, allowed: Iterable[str], *, resolver: Resolver = resolve, timeout: float = TIMEOUT_SECONDS
    ) -> None:
        self._allowed = frozenset(target_of(entry) for entry in allowed)
        self._resolver = resolver
        self._timeout = timeout
        # No proxy and no .netrc from the environment: they would change where a message goes.
        self._client = httpx.Client(
            trust_env=False, follow_redirects=False, timeout=timeout, verify=ssl.create_default_context()
        )

    def check(self, url: str) -> Target:
        """The target of `url`, when it is on the list. Raises ForbiddenTargetError."""
        target = target_of(url)
        if target not in self._allowed:
            raise ForbiddenTargetError(target=str(target))
        return target

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> HttpAnswer:
        """Posts `body`. A 3xx is returned, never followed. Raises ForbiddenTargetError, UnavailableError."""
        target = self.check(url)
        last: Exception | None = None
        for address in self._addresses(target):
            try:
                return self._post_to(address, target, url, body, headers)
            except httpx.ConnectError as error:
                last = error
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise UnavailableError(part=str(target), reason=type(error).__name__) from error
        raise UnavailableError(part=str(target), reason=type(last).__name__) from last

    def close(self) -> None:
        self._client.close()

    def _addresses(self, target: Target) -> list[Address]:
        try:
            answers = [ipaddress.ip_address(a.partition("%")[0]) for a in self._resolver(target.host, target.port)]
        except (OSError, UnicodeError, ValueError) as error:
            raise UnavailableError(part=str(target), reason="name resolution") from error
        for address in answers:
            if is_never_a_target(address) and not _is_named_by(target.host, address):
                raise ForbiddenTargetError(target=str(target))
        return answers

    def _post_to(
        self, address: Address, target: Target, url: str, body: bytes, headers: Mapping[str, str]
    ) -> HttpAnswer:
        pinned = httpx.URL(url).copy_with(host=str(address))
        request = self._client.build_request(
            "POST",
            pinned,
            content=body,
            headers={**headers, "host": _host_header(target), "accept-encoding": "identity"},
            extensions={"sni_hostname": target.host},
        )
        ends = time.monotonic() + self._timeout
        response = self._client.send(request, stream=True)
        try:
            text = _capped(response, ends)
            return HttpAnswer(response.status_code, retry_after(response.headers.get("retry-after")), text)
        finally:
            response.close()


def _is_named_by(host: str, address: Address) -> bool:
    return host == str(address) or (host == "localhost" and address.is_loopback)


def _host_header(target: Target) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    return host if target.port == DEFAULT_PORTS[target.scheme] else f"{host}:{target.port}"


def _capped(response: httpx.Response, ends: float) -> str:
    received = b""
    for chunk in response.iter_raw():
        received += chunk
        if len(received) >= BODY_BYTES or time.monotonic() > ends:
            break
    return received[:BODY_BYTES].decode("utf-8", errors="replace")


def retry_after(value: str | None) -> float | None:
    """Seconds of a Retry-After header, as a number or as a date; None when absent, unreadable or negative."""
    if not value:
        return None
    try:
        seconds = float(value) if value.strip().isdigit() else parsedate_to_datetime(value).timestamp() - time.time()
    except (ValueError, TypeError):
        return None
    return seconds if seconds >= 0 else None
