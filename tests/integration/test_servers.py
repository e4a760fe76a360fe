"""The fixtures themselves: each real server starts, does what it is for, and keeps to loopback."""

import os
import signal
from collections.abc import Callable

import pytest
from sqlalchemy import create_engine, text

from connector.embedded.process import answers
from tests.servers.slapd import Slapd


def count_people(server: Slapd) -> int:
    with server.connection() as connection:
        connection.search(server.people, "(objectClass=inetOrgPerson)", attributes=["cn"])
        return len(connection.response)


def test_start_slapd_with_sample_people_holds_them(slapd: Callable[..., Slapd]) -> None:
    assert count_people(slapd(people=7)) == 7


def test_change_directory_by_admin_is_seen(slapd: Callable[..., Slapd]) -> None:
    server = slapd(people=3)
    server.modify(server.person_dn(1), {"employeeStatus": "left"})
    server.delete(server.person_dn(2))
    with server.connection() as connection:
        connection.search(server.people, "(employeeStatus=left)", attributes=["employeeNumber"])
        assert [entry["attributes"]["employeeNumber"] for entry in connection.response] == [["000001"]]
    assert count_people(server) == 2


def test_kill_slapd_ends_it_at_once(slapd: Callable[..., Slapd]) -> None:
    server = slapd(people=1)
    server.kill()
    assert not answers(server.port)
    assert server.process.process.returncode == -signal.SIGKILL


def test_open_database_of_each_kind_answers(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (a INTEGER)"))
        connection.execute(text("INSERT INTO t VALUES (41 + 1)"))
        assert connection.execute(text("SELECT a FROM t")).scalar_one() == 42
    engine.dispose()


def test_find_program_of_a_missing_package_fails_and_names_it() -> None:
    from tests.servers.needs import need_program

    with pytest.raises(pytest.fail.Exception, match="apt-get install no-such-package"):
        need_program(f"no-such-program-{os.getpid()}", "no-such-package")
