"""Changes since a cursor, where the three kinds of directory differ; and when a cursor must not be gone on from."""

import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.adapters.ldap import LdapDirectory
from connector.adapters.ldap_connection import connect
from connector.adapters.ldap_cursor import make_cursor
from connector.adapters.ldap_group import read_left, read_ranges
from connector.adapters.ldap_syncrepl import SyncReplication
from connector.adapters.ldap_timestamps import OVERLAP
from connector.departures.errors import DuplicateKeyError, LeaversGroupMissingError, UnknownAttributeError
from connector.ports import CursorLostError
from tests.servers.directory_worlds import (
    READER_DN,
    ServerWorld,
    active_directory_world,
    openldap_world,
    unboundid_world,
)
from tests.servers.samba import DOMAIN_DN, Samba
from tests.servers.slapd import OPEN_ACCESS, Slapd
from tests.servers.unboundid import UnboundId

MakeSlapd = Callable[..., Slapd]
FILETIME_ORIGIN = datetime(1601, 1, 1, tzinfo=UTC)
NEVER = 0x7FFFFFFFFFFFFFFF


def filetime(moment: datetime) -> str:
    return str((moment - FILETIME_ORIGIN) // timedelta(microseconds=1) * 10)


def cursor_at(world: ServerWorld, way: str, position: str) -> str:
    return make_cursor(world.settings, frozenset(), way, position)


def cookie(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode()


@pytest.mark.req("E5")
def test_sync_replication_shows_exactly_what_changed(slapd: MakeSlapd) -> None:
    world = openldap_world(slapd)
    dns = [world.add(f"A{number}") for number in range(20)]
    directory = world.open()
    cursor = directory.read().cursor
    assert cursor.startswith("1:openldap:syncrepl:")
    unchanged = directory.changes(cursor)
    assert (unchanged.entries, unchanged.gone, unchanged.cursor) == ((), 0, cursor)
    world.change(dns[3], "post", "科长")
    for dn in dns[10:13]:
        world.remove(dn)
    changes = directory.changes(cursor)
    assert ([entry.key for entry in changes.entries], changes.gone) == (["A3"], 3)
    assert changes.cursor != cursor
    assert directory.changes(changes.cursor).gone == 0


@pytest.mark.req("E5")
@pytest.mark.parametrize("replication", ["overlay syncprov", "overlay syncprov\nsyncprov-sessionlog 3"])
def test_sync_replication_that_lists_who_is_present_loses_the_cursor(slapd: MakeSlapd, replication: str) -> None:
    """The log of deletions is missing or too short; the next whole read is followed by timestamps instead."""
    world = openldap_world(slapd, replication=replication)
    dns = [world.add(f"A{number}") for number in range(20)]
    directory = world.open()
    cursor = directory.read().cursor
    for dn in dns[:10]:
        world.remove(dn)
    world.change(dns[15], "status", "left")
    with pytest.raises(CursorLostError):
        directory.changes(cursor)
    followed = directory.read().cursor
    assert followed.startswith("1:openldap:timestamp:")
    changes = directory.changes(followed)
    assert {entry.key for entry in changes.entries if entry.departed} == {"A15"}
    assert changes.gone == 0


@pytest.mark.req("E5")
@pytest.mark.parametrize(
    "text",
    [
        "rid=000,csn=20200101000000.000000Z#000000#000#000000",  # from before the log: e-syncRefreshRequired
        "rid=000,csn=20400101000000.000000Z#000000#000#000000",  # from before the server was restored
        "nonsense",  # not understood: the server tells everything
    ],
)
def test_sync_replication_with_a_cookie_the_server_cannot_use_is_lost(slapd: MakeSlapd, text: str) -> None:
    log = "overlay syncprov\nsyncprov-sessionlog 1000\nsyncprov-reloadhint TRUE"
    world = openldap_world(slapd, replication=log)
    world.remove(world.add("A1"))
    world.add("A2")
    with pytest.raises(CursorLostError):
        world.open().changes(cursor_at(world, "syncrepl", cookie(text)))


@pytest.mark.req("E5")
def test_sync_replication_over_the_size_limit_is_lost_and_a_whole_read_is_not(slapd: MakeSlapd) -> None:
    limits = f'limits dn.exact="{READER_DN}" size.soft=5 size.hard=5 size.pr=500 size.prtotal=unlimited'
    world = openldap_world(slapd, limits=limits)
    world.add("A0")
    directory = world.open()
    cursor = directory.read().cursor
    for number in range(1, 10):
        world.add(f"A{number}")
    with pytest.raises(CursorLostError):
        directory.changes(cursor)
    assert len(directory.read().entries) == 10


@pytest.mark.req("E5")
def test_leavers_are_looked_up_by_pages_as_everybody_is(slapd: MakeSlapd) -> None:
    """One leaver whose key stands on four rows, of an account that is shown two entries where it does not page."""
    limits = f'limits dn.exact="{READER_DN}" size.soft=2 size.hard=2 size.pr=500 size.prtotal=unlimited'
    world = openldap_world(slapd, limits=limits)
    dns = [world.add(key) for key in ("A1", "A2", "A3", "A4")]
    directory = world.open()
    for dn in dns[1:]:
        world.change(dn, "key", "a1")
    with connect(world.settings) as link:
        position = SyncReplication().start(link, world.settings, datetime.now(UTC))
    world.change(dns[0], "status", "left")
    with pytest.raises(DuplicateKeyError) as caught:
        directory.changes(cursor_at(world, "syncrepl", position))
    assert caught.value.facts["count"] == 3


@pytest.mark.req("E5")
@pytest.mark.parametrize(
    "options",
    [
        {"replication": ""},
        {"access": f'access to attrs=entryCSN by dn.exact="{READER_DN}" none by * read\n{OPEN_ACCESS}'},
    ],
)
def test_openldap_without_replication_for_the_account_is_followed_by_timestamps(
    slapd: MakeSlapd, options: dict[str, Any]
) -> None:
    world = openldap_world(slapd, **options)
    world.add("A1")
    directory = world.open()
    assert directory.probe().incremental == "timestamp"
    cursor = directory.read().cursor
    world.add("A2", status="left")
    assert {e.key for e in directory.changes(cursor).entries if e.departed} == {"A2"}


@pytest.mark.req("E5")
def test_openldap_that_hides_timestamps_too_gives_no_cursor(slapd: MakeSlapd) -> None:
    hidden = f'access to attrs=entryCSN,modifyTimestamp by dn.exact="{READER_DN}" none by * read\n{OPEN_ACCESS}'
    world = openldap_world(slapd, access=hidden)
    world.add("A1")
    directory = world.open()
    assert directory.read().cursor == ""
    assert directory.probe().incremental == ""
    assert any("增量" in problem for problem in directory.probe().problems)


@pytest.mark.req("E5")
def test_timestamps_show_only_what_is_younger_than_the_position(unboundid: UnboundId) -> None:
    world = unboundid_world(unboundid)
    world.add("A1")
    directory = world.open()
    now = datetime.now(UTC)
    for moment, keys in ((now - OVERLAP, ["A1"]), (now + OVERLAP, [])):
        changes = directory.changes(cursor_at(world, "timestamp", f"{moment:%Y%m%d%H%M%SZ}"))
        assert [entry.key for entry in changes.entries] == keys


@pytest.mark.req("E5")
@pytest.mark.parametrize("position", ["", "Z", "yesterday", "20261123)(uid=*", "2026-11-23Z"])
def test_timestamps_with_a_position_that_is_none_are_lost(unboundid: UnboundId, position: str) -> None:
    world = unboundid_world(unboundid)
    world.add("A1")
    with pytest.raises(CursorLostError):
        world.open().changes(cursor_at(world, "timestamp", position))


@pytest.mark.req("E5")
def test_update_numbers_show_exactly_what_changed(samba: Samba) -> None:
    world = active_directory_world(samba)
    dns = [world.add(f"A{number}") for number in range(5)]
    directory = world.open()
    cursor = directory.read().cursor
    assert cursor.startswith("1:active_directory:usn:")
    assert directory.changes(cursor).entries == ()
    world.change(dns[3], "post", "科长")
    assert [entry.key for entry in directory.changes(cursor).entries] == ["A3"]


@pytest.mark.req("E5")
@pytest.mark.parametrize("kind", ["openldap", "active_directory"])
def test_change_during_a_whole_read_is_among_the_changes_since(kind: str, slapd: MakeSlapd, samba: Samba) -> None:
    world = openldap_world(slapd) if kind == "openldap" else active_directory_world(samba)
    dns = [world.add(f"A{number}") for number in range(25)]
    seen: list[float] = []

    def change_after_the_first_page() -> float:
        seen.append(time.monotonic())
        if len(seen) == 2:  # Once when the pages begin, once after the first.
            for dn in dns:
                world.change(dn, "status", "left")
        return seen[-1]

    directory = LdapDirectory(
        world.settings.model_copy(update={"page_size": 10}), monotonic=change_after_the_first_page
    )
    reading = directory.read()
    assert 0 < sum(1 for entry in reading.entries if not entry.departed) < 25
    assert sum(1 for entry in directory.changes(reading.cursor).entries if entry.departed) == 25


@pytest.mark.req("E5")
def test_update_numbers_read_by_an_administrator_count_the_deleted(samba: Samba) -> None:
    world = active_directory_world(samba)
    dn = world.add("A1")
    world.add("A2")
    directory = world.open(bind_dn=world.admin.user, password=world.admin.password)
    cursor = directory.read().cursor
    world.remove(dn)
    changes = directory.changes(cursor)
    assert (changes.entries, changes.gone) == ((), 1)


@pytest.mark.req("E5")
@pytest.mark.parametrize("position", ["{other}/{number}", "{life}/{beyond}", "{life}/", "{number}"])
def test_update_numbers_of_another_controller_or_before_a_restore_are_lost(samba: Samba, position: str) -> None:
    world = active_directory_world(samba)
    world.add("A1")
    directory = world.open()
    life, _, number = directory.read().cursor.rpartition(":")[2].partition("/")
    assert directory.changes(cursor_at(world, "usn", f"{life}/{number}")).entries == ()
    wrong = position.format(other="0" * 32, life=life, number=number, beyond=int(number) + 10_000)
    with pytest.raises(CursorLostError):
        directory.changes(cursor_at(world, "usn", wrong))


@pytest.mark.req("E5")
def test_active_directory_accounts_count_as_departed_when_disabled_or_expired(samba: Samba) -> None:
    world = active_directory_world(samba)
    now = datetime.now(UTC)
    moments = {
        "past": filetime(now - timedelta(days=1)),
        "future": filetime(now + timedelta(days=1)),
        "zero": "0",
        "never": str(NEVER),
    }
    for key, ticks in moments.items():
        world.admin.modify(world.add(key), {"accountExpires": ticks})
    world.disable(world.add("disabled"))
    entries = {entry.key: entry for entry in world.open().read().entries}
    assert {key for key, entry in entries.items() if entry.departed} == {"past", "disabled"}
    assert entries["past"].status == f"active, enabled, expired {now - timedelta(days=1):%Y-%m-%d}"
    assert entries["disabled"].status == "active, disabled"
    assert entries["never"].status == "active, enabled"


@pytest.mark.req("E5")
def test_active_directory_group_is_read_range_by_range(samba: Samba) -> None:
    world = active_directory_world(samba)
    dns = [world.add(f"A{number}") for number in range(25)]
    full, empty = (f"CN={name},{world.settings.base}" for name in ("full", "empty"))
    world.admin.add(full, ["group"], {"member": dns})
    world.admin.add(empty, ["group"], {})
    with connect(world.settings) as link:
        for step in (10, 24, 25, 26):
            assert sorted(read_ranges(link, full, step)) == sorted(dns)
        assert read_ranges(link, empty) == []
        with pytest.raises(LeaversGroupMissingError):
            read_ranges(link, f"CN=none,{world.settings.base}")


@pytest.mark.req("E5")
def test_group_of_leavers_that_is_not_there_is_refused(slapd: MakeSlapd) -> None:
    world = openldap_world(slapd)
    world.add("A1")
    settings = world.settings.model_copy(update={"departed_group": f"cn=none,{world.settings.base}"})
    with connect(settings) as link, pytest.raises(LeaversGroupMissingError):
        read_left(link, settings)


@pytest.mark.req("E5")
def test_active_directory_is_read_from_the_root_of_its_domain(samba: Samba) -> None:
    """The controller refers to its own configuration from there; those references hide no person."""
    world = active_directory_world(samba)
    world.add("A1")
    directory = world.open(base=DOMAIN_DN, key_attribute="sAMAccountName", name_attribute="cn")
    reading = directory.read()
    assert {"Administrator", "reader"} <= {entry.key for entry in reading.entries}
    assert directory.changes(reading.cursor).cursor


@pytest.mark.req("E5")
def test_kind_that_the_server_is_not_names_the_setting(slapd: MakeSlapd) -> None:
    world = openldap_world(slapd)
    world.add("A1")
    with pytest.raises(UnknownAttributeError) as caught:
        world.open(kind="active_directory").read()
    assert caught.value.facts["settings"] == "TRADING_IDP_LDAP_KIND"


@pytest.mark.req("E5")
def test_schema_that_is_hidden_is_told_and_does_not_stop_a_read(slapd: MakeSlapd) -> None:
    world = openldap_world(slapd, extra_global='access to dn.base="cn=Subschema" by * none\naccess to * by * read')
    world.add("A1")
    directory = world.open(post_attribute="jobTitel")
    assert len(directory.read().entries) == 1
    found = directory.probe()
    assert {attribute.known for attribute in found.attributes} == {None}
    assert any("架构" in problem for problem in found.problems)
