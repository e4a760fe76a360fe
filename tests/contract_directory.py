"""What every Directory does, the real ones and the fake: subclass, and give the fixture `world`."""

from typing import Protocol

import pytest

from connector.departures.errors import (
    CanaryMissingError,
    DuplicateKeyError,
    EmptyDirectoryError,
    NoReadableRowError,
)
from connector.ports import CursorLostError, Directory


class World(Protocol):
    """A directory and the means to change it; purposes are those of the mapping: key, name, status, unit, post, …

    `add` returns the DN, `rename` the new one; `disable` does what says departed here without a status value; `open`
    gives the reader with these canaries. `shows_deleted` is whether changes count those who are gone.
    """

    shows_deleted: bool

    def add(self, key: str | list[str] | None, *, status: str = "active", **values: str) -> str: ...

    def change(self, dn: str, purpose: str, *values: str) -> None: ...

    def disable(self, dn: str) -> None: ...

    def rename(self, dn: str) -> str: ...

    def remove(self, dn: str) -> None: ...

    def open(self, *canaries: str) -> Directory: ...


class DirectoryContract:
    """One contract; `world` begins with nobody below its base."""

    def test_read_returns_everybody_with_status(self, world: World) -> None:
        world.add("A1")
        world.add("A2", status="left")
        entries = {entry.key: entry for entry in world.open().read().entries}
        assert {key: entry.departed for key, entry in entries.items()} == {"A1": False, "A2": True}
        assert entries["A2"].status.startswith("left")
        assert all(entry.name and entry.dn for entry in entries.values())

    def test_read_returns_every_mapped_value(self, world: World) -> None:
        world.add("A1", name="王某", unit="0007", post="科长", phone="13800000000", mail="a1@example.cn")
        (entry,) = world.open().read().entries
        assert (entry.name, entry.unit_code, entry.post) == ("王某", "0007", "科长")
        assert (entry.phone, entry.mail) == ("13800000000", "a1@example.cn")

    def test_read_without_values_knows_none(self, world: World) -> None:
        world.add("A1")
        (entry,) = world.open().read().entries
        assert (entry.unit_code, entry.post, entry.phone, entry.mail, entry.document_number) == (None,) * 5

    def test_read_status_in_other_case_counts_as_departed(self, world: World) -> None:
        world.add("A1", status="LEFT")
        assert world.open().read().entries[0].departed

    def test_read_disabled_counts_as_departed(self, world: World) -> None:
        world.disable(world.add("A1"))
        assert world.open().read().entries[0].departed

    def test_read_after_change_shows_the_change(self, world: World) -> None:
        dn = world.add("A1")
        gone = world.add("A2")
        directory = world.open()
        world.change(dn, "status", "left")
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

    def test_read_changes_shows_who_was_added_changed_disabled_or_renamed(self, world: World) -> None:
        dns = {key: world.add(key) for key in ("A1", "A2", "A3", "A4")}
        directory = world.open()
        cursor = directory.read().cursor
        world.change(dns["A2"], "status", "left")
        world.disable(dns["A3"])
        renamed = world.rename(dns["A4"])
        added = world.add("A5", unit="0007")
        entries = {entry.key: entry for entry in directory.changes(cursor).entries}
        assert {"A2", "A3", "A4", "A5"} <= entries.keys()
        assert {key: entry.departed for key, entry in entries.items() if key != "A1"} == {
            "A2": True,
            "A3": True,
            "A4": False,
            "A5": False,
        }
        assert (entries["A4"].dn, entries["A5"].dn, entries["A5"].unit_code) == (renamed, added, "0007")

    def test_read_changes_only_counts_who_is_gone(self, world: World) -> None:
        world.add("A1")
        dn = world.add("A2")
        directory = world.open()
        cursor = directory.read().cursor
        world.remove(dn)
        changes = directory.changes(cursor)
        assert changes.gone == (1 if world.shows_deleted else 0)
        assert "A2" not in {entry.key for entry in changes.entries}

    def test_read_changes_twice_goes_on_from_the_first(self, world: World) -> None:
        dn = world.add("A1")
        directory = world.open()
        first = directory.changes(directory.read().cursor)
        world.change(dn, "post", "科长")
        second = directory.changes(first.cursor)
        assert {entry.key: entry.post for entry in second.entries}["A1"] == "科长"
        assert (second.gone, second.quarantined) == (0, ())
        assert directory.changes(second.cursor).cursor

    def test_read_changes_with_broken_row_sets_it_aside(self, world: World) -> None:
        dn = world.add("A1")
        broken = world.add("A2")
        directory = world.open()
        cursor = directory.read().cursor
        world.change(broken, "key")
        world.change(dn, "status", "left")
        changes = directory.changes(cursor)
        assert [(entry.key, entry.departed) for entry in changes.entries] == [("A1", True)]
        assert [dn for dn, _ in changes.quarantined] == [broken]

    def test_read_changes_of_leaver_whose_key_is_on_another_row_is_refused(self, world: World) -> None:
        world.add("A1")
        directory = world.open()
        cursor = directory.read().cursor
        world.add("a1", status="left")
        with pytest.raises(DuplicateKeyError):
            directory.changes(cursor)

    @pytest.mark.parametrize("cursor", ["", "nonsense", "1:openldap:syncrepl", "9:fake:usn:0:1"])
    def test_read_changes_with_foreign_cursor_is_lost(self, world: World, cursor: str) -> None:
        world.add("A1")
        with pytest.raises(CursorLostError):
            world.open().changes(cursor)

    def test_probe_tells_what_would_be_read(self, world: World) -> None:
        world.add("A1", unit="0007")
        world.disable(world.add("A2"))
        found = world.open().probe()
        filled = {
            attribute.purpose: attribute.filled for attribute in found.attributes if attribute.purpose != "status"
        }
        assert (filled["key"], filled["unit"], filled["post"]) == (2, 1, 0)
        assert all(attribute.known for attribute in found.attributes)
        assert (found.sample, found.departed) == (2, 1)
        assert found.incremental

    def test_check_answers_one_line(self, world: World) -> None:
        assert "\n" not in world.open().check()
