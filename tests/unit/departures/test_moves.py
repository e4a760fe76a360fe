"""What counts as a change of a person, and what a directory cannot change."""

import pytest

from connector.departures.moves import Move, Staff, find_moves
from connector.ports import DirectoryEntry
from connector.register.people import PHONE_CONTEXT
from tests.fakes.vault import FakeVault

VAULT = FakeVault()
UNITS = {"ywk": "u-1", "xxjsk": "u-2"}
PERSON = Staff(
    key="1",
    person_id="p",
    name="王某",
    phone_digest=VAULT.digest("13900000001", PHONE_CONTEXT),
    mail="old@example.cn",
    unit_id="u-1",
    post="科员",
    account_id="a",
    account_class="ordinary",
    status="active",
    cause=None,
)


def moves(**values: object) -> list[Move]:
    fields: dict[str, object] = {"name": "王某", "status": "active", "departed": False, "unit_code": "ywk"} | values
    entry = DirectoryEntry(key="1", dn="uid=1", **fields)  # type: ignore[arg-type]
    return find_moves([entry], {"1": PERSON}, UNITS, VAULT).moves


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"post": "科员", "mail": "old@example.cn", "phone": "13900000001"},
        {"phone": "+86 139-0000-0001"},
        {"post": None, "mail": None, "phone": None, "unit_code": None},
        {"unit_code": "YWK"},
        {"name": " 王某 "},
        {"name": "王某", "departed": True, "unit_code": "xxjsk"},
    ],
)
def test_compare_same_person_changes_nothing(values: dict[str, object]) -> None:
    assert moves(**values) == []


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"unit_code": "xxjsk"}, ("unit",)),
        ({"unit_code": "XXJSK", "post": "科长"}, ("post", "unit")),
        ({"name": "王新"}, ("name",)),
        ({"phone": "13900000002"}, ("phone",)),
        ({"mail": "new@example.cn"}, ("mail",)),
    ],
)
def test_compare_changed_person_names_the_fields(values: dict[str, object], fields: tuple[str, ...]) -> None:
    (move,) = moves(**values)
    assert move.fields == fields


@pytest.mark.parametrize(
    "values",
    [{"phone": "no phone"}, {"mail": "no mail"}, {"post": "长" * 65}, {"name": "王" * 65}, {"name": "王\u202e某"}],
)
def test_compare_unusable_value_leaves_the_register_as_it_is(values: dict[str, object]) -> None:
    assert moves(**values) == []


def test_compare_unknown_unit_is_a_finding_and_no_move() -> None:
    entry = DirectoryEntry(key="1", dn="uid=1", name="王某", status="", departed=False, unit_code="nowhere")
    found = find_moves([entry], {"1": PERSON}, UNITS, VAULT)
    assert found.moves == []
    assert [each.unit_code for each in found.unknown_units] == ["nowhere"]


def test_mark_differs_with_the_values_and_shows_none() -> None:
    (first,), (second,) = moves(phone="13900000002"), moves(phone="13900000003")
    assert first.mark != second.mark
    assert "139" not in str(first.as_json())
    assert "13900000002" not in repr(first.as_json())


def test_show_move_hides_personal_values() -> None:
    (move,) = moves(phone="13900000002", name="王新", mail="new@example.cn")
    assert "13900000002" not in repr(move)
    assert "王新" not in repr(move)
