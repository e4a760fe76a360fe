"""The contract of Directory on real servers: OpenLDAP, Active Directory (Samba) and UnboundID."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connector.departures.errors import (
    AnswerTimeoutError,
    CredentialsRefusedError,
    TlsFailedError,
    UnknownAttributeError,
    UnreachableError,
)
from connector.embedded.process import free_port
from connector.ports import CursorLostError
from tests.contract_directory import DirectoryContract
from tests.servers.certificates import Authority
from tests.servers.directory_worlds import ServerWorld, active_directory_world, openldap_world, unboundid_world
from tests.servers.samba import Samba
from tests.servers.slapd import Slapd
from tests.servers.unboundid import UnboundId


class ServerContract(DirectoryContract):
    """What holds besides on a server that is reached over a network."""

    @pytest.fixture
    def ca_file(self, world: ServerWorld) -> Path:
        return Path(world.server.ca_file)

    @pytest.mark.parametrize("start_tls", [False, True])
    def test_read_over_tls_with_private_ca_is_complete(
        self, world: ServerWorld, ca_file: Path, start_tls: bool
    ) -> None:
        world.add("A1")
        url = world.server.url if start_tls else world.server.tls_url
        directory = world.open(url=url, start_tls=start_tls, ca_file=ca_file)
        assert [entry.key for entry in directory.read().entries] == ["A1"]
        assert not any("明文" in problem for problem in directory.probe().problems)

    @pytest.mark.parametrize("start_tls", [False, True])
    def test_read_over_tls_with_another_ca_is_refused(
        self, world: ServerWorld, tmp_path: Path, start_tls: bool
    ) -> None:
        url = world.server.url if start_tls else world.server.tls_url
        other = Authority(tmp_path / "other").file
        with pytest.raises(TlsFailedError):
            world.open(url=url, start_tls=start_tls, ca_file=other).read()

    def test_read_of_hanging_server_ends_in_time(self, world: ServerWorld) -> None:
        world.add("A1")
        directory = world.open(timeout_seconds=1)
        cursor = directory.read().cursor
        world.server.pause()
        try:
            started = time.monotonic()
            for call in (directory.read, directory.probe, lambda: directory.changes(cursor)):
                with pytest.raises(AnswerTimeoutError):
                    call()
            assert time.monotonic() - started < 10
        finally:
            world.server.resume()

    def test_read_of_hanging_tls_server_ends_in_time(self, world: ServerWorld, ca_file: Path) -> None:
        world.server.pause()
        try:
            with pytest.raises(AnswerTimeoutError):
                world.open(url=world.server.tls_url, ca_file=ca_file, timeout_seconds=1).read()
        finally:
            world.server.resume()

    def test_read_with_wrong_password_is_refused(self, world: ServerWorld) -> None:
        world.add("A1")
        with pytest.raises(CredentialsRefusedError):
            world.open(password="wrong").read()

    def test_read_of_nobody_listening_is_unreachable(self, world: ServerWorld) -> None:
        with pytest.raises(UnreachableError):
            world.open(url=f"ldap://127.0.0.1:{free_port()}").read()

    def test_read_with_attribute_unknown_to_the_schema_names_its_setting(self, world: ServerWorld) -> None:
        world.add("A1")
        directory = world.open(post_attribute="jobTitel")
        with pytest.raises(UnknownAttributeError) as caught:
            directory.read()
        assert caught.value.facts == {"attributes": "jobTitel", "settings": "TRADING_IDP_LDAP_POST_ATTRIBUTE"}
        (post,) = (a for a in directory.probe().attributes if a.purpose == "post")
        assert post.known is False

    def test_read_changes_after_mapping_changed_is_lost(self, world: ServerWorld) -> None:
        world.add("A1")
        cursor = world.open().read().cursor
        assert world.open().changes(cursor).cursor
        with pytest.raises(CursorLostError):
            world.open(departed_values=("gone",)).changes(cursor)

    def test_read_moved_to_the_leavers_unit_counts_as_departed(self, world: ServerWorld) -> None:
        dn, stays = world.add("A1"), world.add("A2")
        unit = world.make_unit("leavers")
        directory = world.open(departed_base=unit.upper())
        cursor = directory.read().cursor
        world.admin.rename(dn, dn.partition(",")[0], new_superior=unit)
        for entries in (directory.read().entries, directory.changes(cursor).entries):
            moved = next(entry for entry in entries if entry.key == "A1")
            assert moved.departed
            assert "leavers' unit" in moved.status
        assert not next(entry for entry in directory.read().entries if entry.dn == stays).departed

    def test_read_member_of_the_leavers_group_counts_as_departed(self, world: ServerWorld) -> None:
        dns = [world.add(f"A{number}") for number in range(3)]
        group = f"cn=leavers,{world.settings.base}"
        kind = "group" if world.settings.kind == "active_directory" else "groupOfNames"
        world.admin.add(group, [kind], {"member": dns[:1]})
        directory = world.open(departed_group=group)
        first = directory.read()
        assert {entry.key for entry in first.entries if entry.departed} == {"A0"}
        assert directory.changes(first.cursor).cursor
        world.admin.modify(group, {"member": dns[:2]})
        with pytest.raises(CursorLostError):
            directory.changes(first.cursor)
        assert {entry.key for entry in directory.read().entries if entry.departed} == {"A0", "A1"}


@pytest.mark.req("E5")
class TestOpenLdap(ServerContract):
    @pytest.fixture
    def world(self, slapd: Callable[..., Slapd], tmp_path: Path) -> Iterator[ServerWorld]:
        authority = Authority(tmp_path / "ca")
        world = openldap_world(slapd, tls=(authority.file, authority.issue_server()))
        yield world
        world.server.resume()

    @pytest.fixture
    def ca_file(self, world: ServerWorld, tmp_path: Path) -> Path:
        return tmp_path / "ca" / "ca.pem"


@pytest.mark.req("E5")
class TestActiveDirectory(ServerContract):
    @pytest.fixture
    def world(self, samba: Samba) -> ServerWorld:
        return active_directory_world(samba)


@pytest.mark.req("E5")
class TestUnboundId(ServerContract):
    @pytest.fixture
    def world(self, unboundid: UnboundId) -> ServerWorld:
        return unboundid_world(unboundid)
