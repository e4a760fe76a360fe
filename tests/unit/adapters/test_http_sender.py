"""What the sender refuses before it opens a connection: hostile targets, by spelling and by resolution."""

import ipaddress
from collections.abc import Sequence

import pytest

from connector.adapters.http_sender import AllowListSender, is_never_a_target, retry_after, target_of
from connector.errors import UnavailableError
from connector.ports import ForbiddenTargetError

ALLOWED = ("https://oa.centre.example:8443", "http://10.20.30.40:8080", "https://oa2.centre.example:443")

# Spellings that are not on the list, however a parser or a resolver may read them.
HOSTILE_URLS = [
    "http://127.0.0.1/",
    "http://127.0.0.1:8080/",
    "http://127.1/",
    "http://127.1:8080/",
    "http://0x7f000001/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://2130706433/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://0/",
    "http://0.0.0.0:8080/",
    "http://localhost:8080/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://metadata.google.internal/computeMetadata/v1/",
    "http://100.100.100.200/latest/meta-data/",
    "http://instance-data/latest/",
    "http://127。0。0。1/",
    "http://１２７.0.0.1/",
    "http://oa。centre。example:8443/",
    "https://oa.centre.example:8443@evil.example/",
    "https://evil.example@oa.centre.example:8443/",
    "https://user:secret@oa.centre.example:8443/",
    "https://oa.centre.example:8443.evil.example/",
    "https://oa.centre.example.:8443/",
    "https://oa.centre.example/",
    "https://oa.centre.example:5432/",
    "http://oa.centre.example:8443/",
    "https://evil.example#@oa.centre.example:8443/",
    "https://evil.example\\@oa.centre.example:8443/",
    "https://oa.centre.example%2eevil.example:8443/",
    "https://oa.centre.example:8443\r\nHost: evil.example/",
    "//oa.centre.example:8443/",
    "oa.centre.example:8443",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "ftp://oa.centre.example:8443/",
    "https://",
    "",
    "http://10.20.30.40:5432/",
    "http://10.20.30.40:9000/",
    "http://10.20.30.41:8080/",
    "https://10.20.30.40:8080/",
]

# Addresses that a listed name must not lead to.
HOSTILE_ADDRESSES = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104
    "0.1.2.3",
    "169.254.169.254",
    "169.254.1.1",
    "100.100.100.200",
    "192.0.0.192",
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "fe80::1",
    "fe80::1%eth0",
    "ff02::1",
    "fd00:ec2::254",
]


def refusing_resolver(host: str, port: int) -> Sequence[str]:
    raise AssertionError(f"{host}:{port} was resolved")


@pytest.mark.parametrize("url", HOSTILE_URLS)
def test_post_to_hostile_url_is_refused_before_resolution(url: str) -> None:
    sender = AllowListSender(ALLOWED, resolver=refusing_resolver)
    with pytest.raises(ForbiddenTargetError):
        sender.post(url, b"{}", {})


@pytest.mark.parametrize("address", HOSTILE_ADDRESSES)
def test_post_to_listed_name_with_hostile_address_is_refused(address: str) -> None:
    sender = AllowListSender(ALLOWED, resolver=lambda _host, _port: [address])
    with pytest.raises(ForbiddenTargetError):
        sender.post("https://oa.centre.example:8443/tasks", b"{}", {})


def test_post_to_listed_name_with_one_hostile_address_among_others_is_refused() -> None:
    sender = AllowListSender(ALLOWED, resolver=lambda _host, _port: ["10.1.1.1", "127.0.0.1"])
    with pytest.raises(ForbiddenTargetError):
        sender.post("https://oa.centre.example:8443/tasks", b"{}", {})


def test_post_with_name_that_changes_its_address_uses_the_checked_one() -> None:
    answers = iter([["127.0.0.1"]])
    sender = AllowListSender(ALLOWED, resolver=lambda _host, _port: next(answers))
    with pytest.raises(ForbiddenTargetError):
        sender.post("https://oa.centre.example:8443/tasks", b"{}", {})
    assert list(answers) == []


def test_post_to_name_without_address_is_tried_again() -> None:
    def fails(_host: str, _port: int) -> Sequence[str]:
        raise OSError("no such name")

    with pytest.raises(UnavailableError):
        AllowListSender(ALLOWED, resolver=fails).post("https://oa.centre.example:8443/", b"", {})


def test_post_with_empty_list_is_refused() -> None:
    with pytest.raises(ForbiddenTargetError):
        AllowListSender((), resolver=refusing_resolver).post("https://oa.centre.example:8443/", b"", {})


@pytest.mark.parametrize("entry", ["oa.centre.example", "ftp://oa.centre.example:21", "https://u@oa.example", ""])
def test_make_sender_with_malformed_entry_is_refused(entry: str) -> None:
    with pytest.raises(ForbiddenTargetError):
        AllowListSender([entry])


@pytest.mark.parametrize(
    "url",
    [
        "https://oa.centre.example:8443/tasks?x=1",
        "HTTPS://OA.CENTRE.EXAMPLE:8443/tasks",
        "http://10.20.30.40:8080/tasks",
        "https://oa2.centre.example/tasks",
    ],
)
def test_check_listed_target_passes(url: str) -> None:
    assert AllowListSender(ALLOWED).check(url)


@pytest.mark.parametrize("address", ["10.0.0.1", "192.168.1.1", "172.16.3.4", "8.8.8.8", "fd12::1", "2400:3200::1"])
def test_private_and_public_addresses_may_be_targets(address: str) -> None:
    assert not is_never_a_target(ipaddress.ip_address(address))


def test_target_of_default_port_is_explicit() -> None:
    assert str(target_of("https://oa.centre.example/x")) == "https://oa.centre.example:443"


@pytest.mark.parametrize(
    ("value", "expected"), [("120", 120.0), (None, None), ("", None), ("soon", None), ("-5", None), ("0", 0.0)]
)
def test_retry_after_reads_seconds(value: str | None, expected: float | None) -> None:
    assert retry_after(value) == expected


def test_retry_after_reads_date() -> None:
    assert retry_after("Fri, 01 Jan 2100 00:00:00 GMT") is not None
    assert retry_after("Fri, 01 Jan 2010 00:00:00 GMT") is None
