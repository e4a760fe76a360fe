"""Whole reads of the HR directory and the changes since one, against a bare ldap3 read of the same in the same run.

`python -m tests.benchmarks.bench_directory 10000 300000` takes these numbers of people.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import ldap3

from connector.adapters.ldap import LdapDirectory
from connector.adapters.ldap_pages import read_attributes
from connector.embedded.sample_people import make_ldif, sample_people
from connector.settings import DirectorySettings
from tests.benchmarks.employed_town import employ_everybody, phone_of
from tests.fixtures_register import NOON
from tests.servers import samba, unboundid
from tests.servers.directory_worlds import READER, READER_DN, READER_PASSWORD
from tests.servers.ldap_admin import LdapAdmin
from tests.servers.postgres import Postgres, start_postgres
from tests.servers.slapd import start_slapd

SIZES = (10_000, 100_000)
OTHERS = 5_000  # people in Active Directory and in UnboundID; Samba takes minutes to make 10,000
ROUNDS, CHANGED = 3, 100
HOUR = timedelta(hours=1)

Report = Callable[[str, float, str], None]


@dataclass
class Place:
    """A running directory: how it is read, who changes it, and the DNs of its people."""

    name: str
    settings: DirectorySettings
    admin: LdapAdmin
    dns: Sequence[str]

    @property
    def of(self) -> str:
        return f"{self.name}, {len(self.dns):,} people"


def run(report: Report, sizes: Sequence[int] = SIZES) -> None:
    seconds: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as folder, _postgres(Path(folder) / "postgres") as postgres:
        for size in sizes:
            with _openldap(Path(folder) / f"openldap-{size}", size) as place:
                seconds[size] = _whole(report, place)
                for name, url in (("SQLite", ""), ("PostgreSQL", postgres.create_database(f"d{size}"))):
                    _whole_and_compared(report, place, Path(folder) / f"{name}-{size}", name, url)
                _changes(report, place)
        with _active_directory(Path(folder) / "samba", min(OTHERS, *sizes)) as place:
            _whole(report, place)
            _changes(report, place)
        with _unboundid(Path(folder) / "unboundid", min(OTHERS, *sizes)) as place:
            _whole(report, place)  # Its changes are everybody who was added within the overlap of the timestamps.
    small, large = min(seconds), max(seconds)
    if large > small:
        growth = seconds[large] / seconds[small]
        report(f"whole read, {small:,} to {large:,} people (×{large / small:.0f})", growth, "× time")


def _whole(report: Report, place: Place) -> float:
    """Bare reads and whole ones in turn, so that both meet the same machine; seconds of a whole one."""
    directory = LdapDirectory(place.settings)
    bare, whole = zip(
        *((_timed(lambda: _read_bare(place)), _timed(lambda: directory.read())) for _ in range(ROUNDS)), strict=True
    )
    report(f"{place.of}: bare ldap3 read", statistics.median(bare), "s")
    report(f"{place.of}: whole read, parsed and judged", statistics.median(whole), "s")
    report(f"{place.of}: whole / bare", statistics.median(w / b for w, b in zip(whole, bare, strict=True)), "ratio")
    return statistics.median(whole)


def _whole_and_compared(report: Report, place: Place, folder: Path, name: str, url: str) -> None:
    """A run of departures in which nobody has left, when everybody is known already."""
    town = employ_everybody(folder, url, list(sample_people(len(place.dns))))
    town.directory = LdapDirectory(place.settings)
    first = _timed(lambda: town.run(NOON))
    bare, runs = [], []
    for turn in range(1, ROUNDS + 1):
        now = NOON + turn * HOUR
        bare.append(_timed(lambda: _read_bare(place)))
        runs.append(_timed(lambda at=now: town.run(at)))  # type: ignore[misc]
    town.desk.close()
    report(f"{place.of}: first run of departures, {name}", first, "s")
    report(f"{place.of}: run of departures, {name}", statistics.median(runs), "s")
    ratio = statistics.median(r / b for r, b in zip(runs, bare, strict=True))
    report(f"{place.of}: run of departures / bare ldap3 read, {name}", ratio, "ratio")


def _changes(report: Report, place: Place) -> None:
    """What `CHANGED` changes cost to read, from the connection to the parsed entries."""
    directory = LdapDirectory(place.settings)
    cursor = directory.changes(directory.read().cursor).cursor
    taken = []
    for turn in range(ROUNDS):
        with place.admin.connection() as connection:
            for dn in place.dns[:CHANGED]:
                connection.modify(dn, {"title": [(ldap3.MODIFY_REPLACE, [f"岗位{turn}"])]})
        start = time.perf_counter()
        changes = directory.changes(cursor)
        taken.append(time.perf_counter() - start)
        assert len(changes.entries) >= CHANGED
        cursor = changes.cursor
    report(f"{place.of}: {CHANGED} changes since the last look", statistics.median(taken) * 1000, "ms")


def _read_bare(place: Place) -> None:
    """What a script does with ldap3 alone: every page, every entry, nothing judged."""
    settings = place.settings
    server = ldap3.Server(settings.url, get_info=ldap3.NONE)
    with ldap3.Connection(server, settings.bind_dn, settings.password, auto_referrals=False) as connection:
        found = connection.extend.standard.paged_search(
            settings.base,
            settings.filter,
            attributes=read_attributes(settings),
            paged_size=settings.page_size,
            generator=True,
        )
        people = [entry for entry in found if entry["type"] == "searchResEntry"]
    assert len(people) >= len(place.dns)


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _people_ldif(count: int) -> str:
    """The sample directory with a phone number for everybody."""
    phones = iter([phone_of(person) for person in sample_people(count)])
    lines = make_ldif(count).splitlines()
    return "\n".join(f"{line}\nmobile: {next(phones)}" if line.startswith("title:") else line for line in lines) + "\n"


def _active_directory_ldif(count: int) -> str:
    unit = f"OU=people,{samba.DOMAIN_DN}"
    records = [f"dn: {unit}\nobjectClass: organizationalUnit\n"]
    for person in sample_people(count):
        values = {
            "sAMAccountName": f"p{person.number}", "employeeID": person.number, "displayName": f"P {person.number}",
            "department": person.unit_code, "title": "clerk", "mobile": phone_of(person),
            "mail": f"p{person.number}@example.cn", "userAccountControl": "544",
        }  # fmt: skip
        lines = "\n".join(f"{name}: {value}" for name, value in values.items())
        records.append(f"dn: CN=p{person.number},{unit}\nobjectClass: user\n{lines}\n")
    return "\n".join(records)


@contextmanager
def _postgres(folder: Path) -> Iterator[Postgres]:
    server = start_postgres(folder)
    try:
        yield server
    finally:
        assert server.process is not None
        server.process.stop()


@contextmanager
def _openldap(folder: Path, count: int) -> Iterator[Place]:
    server = start_slapd(folder, ldif=_people_ldif(count) + READER)
    settings = DirectorySettings(
        url=server.url,
        bind_dn=READER_DN,
        password=READER_PASSWORD,
        base=server.people,
        status_attribute="employeeStatus",
    )
    admin = LdapAdmin("127.0.0.1", server.port, server.admin_dn, server.admin_password)
    try:
        yield Place("OpenLDAP", settings, admin, [person.dn for person in sample_people(count)])
    finally:
        server.stop()


@contextmanager
def _active_directory(folder: Path, count: int) -> Iterator[Place]:
    note, process = samba.start_samba(folder, _active_directory_ldif(count))
    server = samba.from_note(note | {"pid": process.pid})
    unit = f"OU=people,{server.base}"
    settings = DirectorySettings(
        kind="active_directory", url=server.url, bind_dn=server.reader, password=server.reader_password, base=unit
    )
    dns = [f"CN=p{person.number},{unit}" for person in sample_people(count)]
    try:
        yield Place("Active Directory (Samba)", settings, server.admin, dns)
    finally:
        process.stop()


@contextmanager
def _unboundid(folder: Path, count: int) -> Iterator[Place]:
    note, process = unboundid.start_unboundid(folder, count)
    server = unboundid.from_note(note | {"pid": process.pid})
    settings = DirectorySettings(
        kind="unboundid",
        url=server.url,
        bind_dn=server.reader,
        password=server.reader_password,
        base=f"ou=people,{server.base}",
        status_attribute="employeeStatus",
        timeout_seconds=120,
    )
    try:
        yield Place("UnboundID", settings, server.admin, [person.dn for person in sample_people(count)])
    finally:
        process.stop()


if __name__ == "__main__":
    run(lambda what, value, unit: print(f"{what}: {value:,.3f} {unit}"), [int(size) for size in sys.argv[1:]] or SIZES)
