"""The data directory remembers ports and log-ins, for its owner alone."""

import itertools
import stat
from pathlib import Path

import pytest

from connector.embedded import place as places
from connector.embedded.place import PORTS, Place


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Ports somebody else has; new ones are counted from 20000."""
    ports: set[int] = set()
    numbers = itertools.count(20000)
    monkeypatch.setattr(places, "free_port", lambda: next(numbers))
    monkeypatch.setattr(places, "is_port_free", lambda port: port not in ports)
    return ports


def test_ask_for_ports_again_gives_the_same(tmp_path: Path, taken: set[int]) -> None:
    first = Place(tmp_path).ports()
    assert set(first) == set(PORTS)
    assert len(set(first.values())) == len(PORTS)
    assert Place(tmp_path).ports() == first


def test_ask_for_ports_when_one_is_taken_changes_that_one_and_remembers_it(tmp_path: Path, taken: set[int]) -> None:
    first = Place(tmp_path).ports()
    taken.add(first["connector"])
    second = Place(tmp_path).ports()
    assert second["connector"] not in first.values()
    assert {name for name in PORTS if second[name] != first[name]} == {"connector"}
    taken.clear()
    assert Place(tmp_path).ports() == second


def test_remember_log_ins_only_the_owner_can_read_them(tmp_path: Path) -> None:
    place = Place(tmp_path)
    file = place.remember("logins", {"operator": {"password": "x"}})
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    place.remember("logins", {"operator": {"password": "y"}})
    assert Place(tmp_path).recall("logins") == {"operator": {"password": "y"}}
    assert [path.name for path in file.parent.iterdir()] == ["logins.json"]


def test_recall_what_was_never_remembered_gives_the_default(tmp_path: Path) -> None:
    assert Place(tmp_path).recall("city") is None
    assert Place(tmp_path).recall("plays", 0) == 0
