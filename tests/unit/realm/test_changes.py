"""Comparing representations: what counts as a difference, and what does not."""

from connector.adapters.realm_changes import Change, differences, merged


def test_differences_of_equal_representations_are_none() -> None:
    assert list(differences({"a": 1, "b": {"c": ["x", "y"]}}, {"a": 1, "b": {"c": ["y", "x"]}, "more": 2})) == []


def test_differences_name_the_path_and_both_values() -> None:
    found = list(differences({"a": {"b": True}, "list": ["x"]}, {"a": {"b": False}, "list": ["x", "z"]}))
    assert found == [("a.b", False, True), ("list", ["x", "z"], ["x"])]


def test_differences_of_a_missing_value_to_an_empty_one_are_none_but_false_is_a_value() -> None:
    assert list(differences({"a": "", "b": []}, {})) == []
    assert list(differences({"a": False}, {})) == [("a", None, False)]
    assert list(differences({"a": True}, {"a": False})) == [("a", False, True)]


def test_merged_keeps_what_is_not_desired() -> None:
    current = {"a": 1, "deep": {"kept": "k", "changed": 1}, "other": [1]}
    assert merged({"deep": {"changed": 2}, "new": 3}, current) == {
        "a": 1,
        "deep": {"kept": "k", "changed": 2},
        "other": [1],
        "new": 3,
    }
    assert current["deep"] == {"kept": "k", "changed": 1}


def test_show_change_of_a_key_leaves_the_long_value_out() -> None:
    assert str(Change("change", "client connector", "attributes.jwks.string", "x", "y")) == (
        "change client connector attributes.jwks.string"
    )
    assert str(Change("change", "realm", "a.b", 1, 2)) == "change realm a.b: 1 -> 2"
    assert str(Change("create", "client website")) == "create client website"
