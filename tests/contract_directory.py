"""What every Directory does, the real one and the fake: subclass, and give the fixture `world`."""

from typing import Protocol

import pytest

from connector.departures.errors import (
    CanaryMissingError,
    DuplicateKeyError,
    EmptyDirectoryError,
    NoReadableRowError,
)
from connector.ports import Directory


class World(Protocol):
    """A directory and the means to change it. `add` returns the DN; `open` gives the reader with these canaries."""

    def add(self, key: str | list[str] | None, *, status: str = "active") -> str: ...

    def change(self, dn: str, attribute: str, *values: str) -> None: ...

    def remove(self, dn: str) -> None: ...

    def open(self, *canaries: str) -> Directory: ...


class DirectoryContract:
    """One contract; `world` begins with an empty ou=people."""

    def test_read_returns_everybody_with_status(self, world: World) -> None:
        world.add("A1")
        world.add("A2", status="left")
        entries = {entry.key: entry for entry in world.open().read().entries}
        assert {key: entry.departed for key, entry in entries.items()} == {"A1": False, "A2": True}
        assert entries["A2"].status == "left"
        assert all(entry.name and entry.dn for entry in entries.values())

    def test_read_status_in_other_case_counts_as_departed(self, world: World) -> None:
        world.add("A1", status="LEFT")
        assert world.open().read().entries[0].departed

    def test_read_after_change_shows_the_change(self, world: World) -> None:
        dn = world.add("A1")
        gone = world.add("A2")
        directory = world.open()
        world.change(dn, "employeeStatus", "left")
        world.remove(gone)
        assert [(entry.key, entry.departed) for entry in directory.read().entries] == [("A1", True)]

    def test_read_row_without_key_is_set_aside_and_the_rest_read(self, world: World) -> None:
        world.add("A1")
        broken = world.add(None)
        reading = world.open().read()
        assert [entry.key for entry in reading.entries] == ["A1"]
        assert [dn for dn, _ in reading.quarantined] == [broken]

    def test_read_row_with_two_keys_is_set_aside(self, world: World) -> None:
        world.add("A1")
        broken = world.add(["A2", "A3"])
        reading = world.open().read()
        assert [entry.key for entry in reading.entries] == ["A1"]
        assert [dn for dn, _ in reading.quarantined] == [broken]

    def test_read_same_key_twice_is_refused(self, world: World) -> None:
        world.add("A1")
        world.add("a1")
        with pytest.raises(DuplicateKeyError):
            world.open().read()

    def test_read_without_canary_is_refused(self, world: World) -> None:
        world.add("A1")
        assert world.open("A1").read().entries
        with pytest.raises(CanaryMissingError):
            world.open("A1", "A9").read()

    def test_read_of_broken_rows_alone_is_refused(self, world: World) -> None:
        world.add(None)
        with pytest.raises(NoReadableRowError):
            world.open().read()

    def test_read_of_nobody_is_refused(self, world: World) -> None:
        dn = world.add("A1")
        world.remove(dn)
        with pytest.raises(EmptyDirectoryError):
            world.open().read()

    def test_check_answers_one_line(self, world: World) -> None:
        assert "\n" not in world.open().check()
