"""Answers of a real OpenLDAP that are partial, wrong or missing: nobody is frozen, and each is told by its own code."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from connector.adapters.ldap import LdapDirectory
from connector.departures import errors
from connector.departures.tables import DirectoryReadRow
from connector.embedded.process import free_port
from connector.embedded.sample_people import BASE_DN, make_ldif
from connector.ports import DirectoryReadError
from connector.settings import Settings
from tests.fakes.directory import make_settings
from tests.fixtures_departures import HOUR, DepartureDesk
from tests.fixtures_register import NOON, open_desk
from tests.servers.slapd import ADMIN_DN, PEOPLE_DN, Slapd

READER_DN = f"cn=reader,{BASE_DN}"
READER = f"""
dn: {READER_DN}
objectClass: person
cn: reader
sn: reader
userPassword: reader
"""
REFERRAL = f"""
dn: ou=branch,{BASE_DN}
objectClass: referral
objectClass: extensibleObject
ou: branch
ref: ldap://127.0.0.1:9/ou=branch,{BASE_DN}
"""
MakeSlapd = Callable[..., Slapd]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[DepartureDesk]:
    opened = open_desk(tmp_path)
    made = DepartureDesk(opened, Settings(data_dir=tmp_path))
    made.hire("000001", "000002", "000003")
    yield made
    opened.close()


def reader(server: Slapd, **changes: object) -> LdapDirectory:
    """The reading side, as an ordinary account that the server's limits and access rules bind."""
    fixed = {"url": server.url, "bind_dn": READER_DN, "password": "reader", "timeout_seconds": 5, "page_size": 100}
    return LdapDirectory(make_settings(**(fixed | changes)))


def refused(desk: DepartureDesk, directory: LdapDirectory) -> DirectoryReadError:
    """Two runs, an interval apart, after a good one: both are refused with one error, recorded, and freeze nobody."""
    desk.directory = directory
    for moment in (NOON + HOUR, NOON + 3 * HOUR):
        with pytest.raises(DirectoryReadError) as caught:
            desk.run(moment)
    error = caught.value
    assert desk.frozen() == set()
    assert desk.urgent == []
    assert [alarm["code"] for alarm in desk.alarms("directory.read_refused")] == [error.code] * 2
    with desk.desk.act() as act:
        newest = select(DirectoryReadRow).order_by(DirectoryReadRow.id.desc())
        row = act.session.scalars(newest).first()
        assert row is not None
        assert (row.complete, row.good, row.error_code) == (False, False, error.code)
    return error


def read_well(desk: DepartureDesk, server: Slapd) -> None:
    """A complete read first, so that everybody is known and could be missed."""
    desk.directory = reader(server, bind_dn=ADMIN_DN, password=server.admin_password)
    assert desk.run(NOON)["state"] == "nothing"


@pytest.mark.req("E4")
def test_read_cut_by_size_limit_freezes_nobody(desk: DepartureDesk, slapd: MakeSlapd) -> None:
    server = slapd(ldif=make_ldif(800) + READER, size_limit=500)
    read_well(desk, server)
    error = refused(desk, reader(server))
    assert isinstance(error, errors.SizeLimitError)
    assert error.facts["count"] == 500


@pytest.mark.req("E4")
def test_read_with_paged_total_lifted_reads_everybody(slapd: MakeSlapd) -> None:
    lifted = f'limits dn.exact="{READER_DN}" size.soft=500 size.hard=500 size.pr=500 size.prtotal=unlimited'
    server = slapd(ldif=make_ldif(2000) + READER, size_limit=500, limits=lifted)
    reading = reader(server, page_size=500).read()
    assert len({entry.key for entry in reading.entries}) == 2000
    assert reading.quarantined == ()


@pytest.mark.req("E4")
def test_read_over_time_limit_freezes_nobody(desk: DepartureDesk, slapd: MakeSlapd) -> None:
    # slapd looks at its clock between candidates; this filter has no index, much to compare, and matches late.
    server = slapd(ldif=make_ldif(12000) + READER, limits=f'limits dn.exact="{READER_DN}" time=1')
    read_well(desk, slapd(ldif=make_ldif(100) + READER))
    slow = "(|" + "".join(f"(mail=*{n}*no*)(cn=*{n}*no*)" for n in range(1000)) + "(employeeNumber=000001))"
    error = refused(desk, reader(server, filter=slow, page_size=5000, timeout_seconds=60))
    assert isinstance(error, errors.TimeLimitError)


@pytest.mark.req("E4")
def test_read_with_referral_freezes_nobody(desk: DepartureDesk, slapd: MakeSlapd) -> None:
    server = slapd(ldif=make_ldif(150) + READER + REFERRAL)
    read_well(desk, slapd(ldif=make_ldif(150) + READER))
    assert isinstance(refused(desk, reader(server)), errors.ReferralError)


@pytest.mark.req("E4")
def test_read_of_base_on_another_server_freezes_nobody(desk: DepartureDesk, slapd: MakeSlapd) -> None:
    server = slapd(ldif=make_ldif(150) + READER + REFERRAL)
    read_well(desk, slapd(ldif=make_ldif(150) + READER))
    assert isinstance(refused(desk, reader(server, base=f"ou=branch,{BASE_DN}")), errors.ReferralError)


@pytest.mark.req("E4")
def test_read_of_hidden_people_freezes_nobody(desk: DepartureDesk, slapd: MakeSlapd) -> None:
    hidden = (
        "access to attrs=userPassword by anonymous auth by * none\n"
        f'access to dn.subtree="{PEOPLE_DN}" by dn.exact="{READER_DN}" none by * read\naccess to * by * read'
    )
    server = slapd(ldif=make_ldif(50) + READER, access=hidden)
    read_well(desk, server)
    assert isinstance(refused(desk, reader(server, base=PEOPLE_DN)), errors.NoSuchBaseError)


@pytest.mark.req("E4")
def test_read_with_disclosed_refusal_freezes_nobody(desk: DepartureDesk, slapd: MakeSlapd) -> None:
    disclosed = (
        "access to attrs=userPassword by anonymous auth by * none\n"
        f'access to dn.subtree="{PEOPLE_DN}" by dn.exact="{READER_DN}" disclose by * read\naccess to * by * read'
    )
    server = slapd(ldif=make_ldif(50) + READER, access=disclosed)
    read_well(desk, server)
    assert isinstance(refused(desk, reader(server, base=PEOPLE_DN)), errors.InsufficientAccessError)


@pytest.mark.req("E4")
def test_read_with_a_part_hidden_misses_its_canary_and_freezes_nobody(desk: DepartureDesk, slapd: MakeSlapd) -> None:
    hidden = (
        "access to attrs=userPassword by anonymous auth by * none\n"
        f'access to filter="(departmentNumber=0007)" by dn.exact="{READER_DN}" none by * read\naccess to * by * read'
    )
    ldif = make_ldif(50, units=("0001", "0007")) + READER
    server = slapd(ldif=ldif, access=hidden)
    read_well(desk, server)
    with server.connection() as connection:
        connection.search(BASE_DN, "(departmentNumber=0007)", attributes=["employeeNumber"])
        canary = str(connection.entries[0].employeeNumber)
    assert isinstance(refused(desk, reader(server, canaries=(canary,))), errors.CanaryMissingError)


@pytest.mark.req("E4")
def test_read_with_key_attribute_hidden_freezes_nobody(desk: DepartureDesk, slapd: MakeSlapd) -> None:
    hidden = (
        "access to attrs=userPassword by anonymous auth by * none\n"
        f'access to attrs=employeeNumber by dn.exact="{READER_DN}" none by * read\naccess to * by * read'
    )
    server = slapd(ldif=make_ldif(50) + READER, access=hidden)
    read_well(desk, server)
    assert isinstance(refused(desk, reader(server)), errors.NoReadableRowError)


@pytest.mark.req("E4")
def test_read_of_emptied_directory_freezes_nobody(desk: DepartureDesk, slapd: MakeSlapd) -> None:
    read_well(desk, slapd(ldif=make_ldif(50) + READER))
    error = refused(desk, reader(slapd(ldif=make_ldif(0) + READER), base=PEOPLE_DN))
    assert isinstance(error, errors.EmptyDirectoryError)


@pytest.mark.req("E4")
def test_read_with_wrong_base_freezes_nobody(desk: DepartureDesk, slapd: MakeSlapd) -> None:
    server = slapd(ldif=make_ldif(50) + READER)
    read_well(desk, server)
    assert isinstance(refused(desk, reader(server, base=f"ou=peple,{BASE_DN}")), errors.NoSuchBaseError)


@pytest.mark.req("E4")
def test_read_with_misspelt_filter_freezes_nobody(desk: DepartureDesk, slapd: MakeSlapd) -> None:
    server = slapd(ldif=make_ldif(50) + READER)
    read_well(desk, server)
    error = refused(desk, reader(server, filter="(objectClass=inetOrgPersn)"))
    assert isinstance(error, errors.FilterMatchesNothingError)


@pytest.mark.req("E4")
def test_read_with_broken_filter_freezes_nobody(desk: DepartureDesk, slapd: MakeSlapd) -> None:
    server = slapd(ldif=make_ldif(50) + READER)
    read_well(desk, server)
    assert isinstance(refused(desk, reader(server, filter="(objectClass=inetOrgPerson")), errors.FilterSyntaxError)


@pytest.mark.req("E4")
def test_read_with_wrong_password_freezes_nobody(desk: DepartureDesk, slapd: MakeSlapd) -> None:
    server = slapd(ldif=make_ldif(50) + READER)
    read_well(desk, server)
    assert isinstance(refused(desk, reader(server, password="wrong")), errors.CredentialsRefusedError)


@pytest.mark.req("E4")
def test_read_killed_between_pages_freezes_nobody(desk: DepartureDesk, slapd: MakeSlapd) -> None:
    server = slapd(ldif=make_ldif(800) + READER)
    read_well(desk, server)
    directory = reader(server)
    reads_of_clock: list[float] = []

    def kill_after_two_pages() -> float:
        reads_of_clock.append(time.monotonic())
        if len(reads_of_clock) == 3:  # At the start, then once after each page.
            server.kill()
        return reads_of_clock[-1]

    directory._monotonic = kill_after_two_pages
    desk.directory = directory
    with pytest.raises(errors.CutOffError) as caught:
        desk.run(NOON + HOUR)
    assert caught.value.facts["count"] == 200
    assert desk.frozen() == set()
    assert [alarm["code"] for alarm in desk.alarms("directory.read_refused")] == ["directory-cut-off"]
    with pytest.raises(errors.UnreachableError):
        desk.run(NOON + 2 * HOUR)


@pytest.mark.req("E4")
def test_read_of_hanging_server_ends_in_time_and_freezes_nobody(desk: DepartureDesk, slapd: MakeSlapd) -> None:
    server = slapd(ldif=make_ldif(800) + READER)
    read_well(desk, server)
    server.pause()
    started = time.monotonic()
    error = refused(desk, reader(server, timeout_seconds=1))
    assert isinstance(error, errors.AnswerTimeoutError)
    assert time.monotonic() - started < 10


@pytest.mark.req("E4")
def test_read_hanging_between_pages_freezes_nobody(desk: DepartureDesk, slapd: MakeSlapd) -> None:
    server = slapd(ldif=make_ldif(800) + READER)
    read_well(desk, server)
    directory = reader(server, timeout_seconds=1)
    paused = threading.Event()

    def pause_after_a_page() -> float:
        if paused.is_set():
            server.pause()
        paused.set()
        return time.monotonic()

    directory._monotonic = pause_after_a_page
    assert isinstance(refused(desk, directory), errors.AnswerTimeoutError)


@pytest.mark.req("E4")
def test_read_with_key_on_two_rows_freezes_nobody(desk: DepartureDesk, slapd: MakeSlapd) -> None:
    server = slapd(ldif=make_ldif(50) + READER)
    read_well(desk, server)
    twin = {"cn": "张某", "sn": "张", "employeeNumber": "000002", "employeeStatus": "left"}
    server.add(f"uid=twin,{PEOPLE_DN}", ["inetOrgPerson", "centrePerson"], twin)
    assert isinstance(refused(desk, reader(server)), errors.DuplicateKeyError)


@pytest.mark.req("E4")
def test_read_of_nobody_listening_is_unreachable(desk: DepartureDesk) -> None:
    directory = LdapDirectory(make_settings(url=f"ldap://127.0.0.1:{free_port()}", timeout_seconds=1))
    assert isinstance(refused(desk, directory), errors.UnreachableError)


@pytest.mark.req("E4")
def test_codes_and_messages_of_all_cases_differ() -> None:
    cases = DirectoryReadError.__subclasses__()
    for told in (
        [case.code for case in cases],
        [case.says.zh for case in cases],
        [case.says.en for case in cases],
        [case.remedy.zh for case in cases if case is not errors.UnexpectedAnswerError],
    ):
        assert len(told) == len(set(told)) >= 17
    assert DirectoryReadError.code not in [case.code for case in cases]
