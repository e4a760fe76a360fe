"""Rows of a directory become entries, or are set aside with the reason; and what says that somebody has left."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from connector.adapters.ldap_rows import check_whole, mapped_attributes, parse_rows
from connector.adapters.ldap_values import expiry, is_below, moment, normal_dn
from connector.departures.errors import CanaryMissingError, DuplicateKeyError, NoReadableRowError
from connector.ports import DirectoryEntry
from connector.settings import DIRECTORY_DEFAULTS, DirectorySettings

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
BASE = "dc=example,dc=cn"
DN = f"uid=p1,ou=people,{BASE}"
NEVER = 0x7FFFFFFFFFFFFFFF


def settings(**changes: Any) -> DirectorySettings:
    return DirectorySettings(base=BASE, document_attribute="idCard", **changes)


def row(**values: str | bytes | list[Any]) -> dict[str, list[bytes]]:
    """Attributes of a readable row, with these changed."""
    fixed: dict[str, Any] = {"employeeNumber": "A1", "cn": "王某", "employeeType": "staff"}
    return {name: _values(value) for name, value in (fixed | values).items()}


def _values(value: Any) -> list[bytes]:
    values = value if isinstance(value, list) else [value]
    return [v if isinstance(v, bytes) else v.encode() for v in values]


def read(mapping: DirectorySettings | None = None, dn: str = DN, **values: Any) -> DirectoryEntry:
    entries, quarantined = parse_rows([(dn, row(**values))], mapping or settings(), now=NOW)
    assert quarantined == ()
    return entries[0]


def reason(mapping: DirectorySettings | None = None, **values: Any) -> str:
    entries, quarantined = parse_rows([(DN, row(**values))], mapping or settings(), now=NOW)
    assert entries == ()
    return quarantined[0][1]


def active_directory(**changes: Any) -> DirectorySettings:
    return settings(kind="active_directory", key_attribute="employeeNumber", name_attribute="cn", **changes)


def test_parse_row_with_every_value_gives_them_all() -> None:
    entry = read(
        departmentNumber=" 0007 ", title="科长", mobile="138", mail="a@example.cn", idCard="11010119900307001X",
        modifyTimestamp="20261122030405Z",
    )  # fmt: skip
    assert (entry.key, entry.dn, entry.name, entry.status, entry.departed) == ("A1", DN, "王某", "staff", False)
    assert (entry.unit_code, entry.post, entry.phone, entry.mail) == ("0007", "科长", "138", "a@example.cn")
    assert entry.document_number == "11010119900307001X"
    assert entry.changed_at == datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("value", [["1", "2"], [], [" "], [b"\xff\xfe"]])
def test_parse_row_with_other_than_one_value_knows_none_and_keeps_the_row(value: list[Any]) -> None:
    entry = read(departmentNumber=value, title=value, mobile=value, mail=value, idCard=value)
    assert (entry.unit_code, entry.post, entry.phone, entry.mail, entry.document_number) == (None,) * 5


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"employeeNumber": []}, "employeeNumber: 0 values"),
        ({"employeeNumber": ["A1", "A2"]}, "employeeNumber: 2 values"),
        ({"employeeNumber": "x" * 65}, "employeeNumber: not a key"),
        ({"employeeNumber": "A\x001"}, "employeeNumber: not a key"),
        ({"employeeNumber": b"\xff"}, "employeeNumber: not UTF-8"),
        ({"cn": "  "}, "cn: no value"),
        ({"employeeType": b"\xff"}, "employeeType: not UTF-8"),
        ({"employeeType": ["left", "staff"]}, "employeeType: values contradict"),
    ],
)
def test_parse_row_that_cannot_be_understood_is_set_aside_without_its_values(values: Any, why: str) -> None:
    assert reason(**values) == why


def test_parse_key_twice_in_other_case_is_refused() -> None:
    rows = [(DN, row()), (f"uid=p2,{BASE}", row(employeeNumber="a1"))]
    with pytest.raises(DuplicateKeyError) as caught:
        parse_rows(rows, settings(), now=NOW)
    assert caught.value.facts["count"] == 1


def test_check_whole_without_readable_row_or_canary_is_refused() -> None:
    mapping = settings(canaries=("a1", "A9"))
    with pytest.raises(NoReadableRowError) as none:
        check_whole(((), ((DN, "cn: no value"),)), mapping)
    assert none.value.facts["count"] == 1
    with pytest.raises(CanaryMissingError) as missing:
        check_whole(parse_rows([(DN, row())], mapping, now=NOW), mapping)
    assert missing.value.facts["count"] == 1


@pytest.mark.parametrize(
    ("control", "expires", "status", "departed"),
    [
        ("512", "0", "enabled", False),
        ("512", str(NEVER), "enabled", False),
        ("514", "0", "disabled", True),
        ("66050", str(NEVER), "disabled", True),  # password never expires, disabled
        ("528", "0", "enabled", False),  # locked out for a while is not left
        ("512", str(int((NOW - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10**7), "enabled, expired 2026-11-23", True),  # noqa: E501
        ("512", str((int((NOW - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) + 1) * 10**7), "enabled", False),
        (None, None, "", False),
    ],
)  # fmt: skip
def test_parse_account_state_says_whether_it_is_disabled_or_expired(
    control: str | None, expires: str | None, status: str, departed: bool
) -> None:
    values = {"userAccountControl": control or [], "accountExpires": expires or []}
    entry = read(active_directory(), **values)
    assert (entry.status, entry.departed) == (status, departed)


def test_parse_account_state_beside_a_status_value_says_both() -> None:
    mapping = active_directory(status_attribute="employeeType")
    entry = read(mapping, userAccountControl="514", employeeType="staff")
    assert (entry.status, entry.departed) == ("staff, disabled", True)
    left = read(mapping, userAccountControl="512", employeeType="离职")
    assert (left.status, left.departed) == ("离职, enabled", True)


@pytest.mark.parametrize("control", ["x", "5.5", ["512", "514"]])
def test_parse_account_state_that_is_no_number_sets_the_row_aside(control: Any) -> None:
    assert reason(active_directory(), userAccountControl=control) == "userAccountControl: not a number"


def test_parse_row_in_the_leavers_unit_counts_as_departed() -> None:
    mapping = settings(departed_base=f"OU=Leavers, {BASE}")
    inside = read(mapping, dn=f"uid=p1,ou=leavers,{BASE}")
    assert (inside.status, inside.departed) == ("staff, in the leavers' unit", True)
    assert not read(mapping, dn=f"uid=p1,ou=other leavers,{BASE}").departed
    assert not read(mapping, dn=f"uid=p1,ou=notleavers,{BASE}").departed


def test_parse_row_in_the_leavers_group_counts_as_departed() -> None:
    mapping = settings(departed_group=f"cn=leavers,{BASE}")
    left = frozenset({normal_dn(DN.upper())})
    rows = [(DN, row()), (f"uid=p2,{BASE}", row(employeeNumber="A2"))]
    entries, _ = parse_rows(rows, mapping, now=NOW, left=left)
    assert [(entry.key, entry.departed) for entry in entries] == [("A1", True), ("A2", False)]
    assert entries[0].status == "staff, in the leavers' group"


@pytest.mark.parametrize(
    ("ticks", "at"),
    [
        (0, None),
        (-1, None),
        (NEVER, None),
        (NEVER - 1, None),  # beyond the year 9999
        (10**7, datetime(1601, 1, 1, 0, 0, 1, tzinfo=UTC)),
        (133_801_632_000_000_000, datetime(2025, 1, 1, tzinfo=UTC)),
    ],
)
def test_read_expiry_of_account_knows_never(ticks: int, at: datetime | None) -> None:
    assert expiry(ticks) == at


@pytest.mark.parametrize("text", ["", "2026", "20261340000000Z", "not a time....."])
def test_read_moment_that_is_none_gives_none(text: str) -> None:
    assert moment({"modifyTimestamp": [text.encode()]}, "modifyTimestamp") is None


def test_read_moment_with_fraction_is_to_the_second() -> None:
    assert moment({"whenChanged": [b"20261123040000.0Z"]}, "whenChanged") == NOW


def test_compare_dns_without_case_and_spaces() -> None:
    assert normal_dn("OU=A , DC=Example,dc=CN") == "ou=a,dc=example,dc=cn"
    assert normal_dn(r"cn=a\, b,dc=cn") == r"cn=a\, b,dc=cn"
    assert is_below("ou=a,dc=cn", "ou=a,dc=cn")
    assert not is_below("ou=ba,dc=cn", "ou=a,dc=cn")


def test_set_kind_gives_its_defaults_and_what_is_set_wins() -> None:
    for kind, defaults in DIRECTORY_DEFAULTS.items():
        made = DirectorySettings(kind=kind)  # type: ignore[arg-type]
        assert {name: getattr(made, name) for name in defaults} == defaults
    made = DirectorySettings(kind="active_directory", key_attribute="sAMAccountName", unit_attribute="")
    assert (made.key_attribute, made.unit_attribute, made.name_attribute) == ("sAMAccountName", "", "displayName")
    assert ("status", "userAccountControl") in mapped_attributes(made)
    assert "unit" not in {purpose for purpose, _ in mapped_attributes(made)}


@pytest.mark.parametrize("unit", ["ou=leavers,dc=other", "ou=leavers,xdc=example,dc=cn"])
def test_set_leavers_unit_outside_the_base_is_refused(unit: str) -> None:
    with pytest.raises(ValidationError, match="departed_base"):
        settings(departed_base=unit)


def test_set_leavers_unit_below_the_base_is_accepted() -> None:
    assert settings(departed_base=f"OU=left, {BASE.upper()}").departed_base
