"""Every operation of the API once as it should be and once as it should not; and none of them without its record."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import OperationalError

from connector.audit.events import Event
from connector.audit.tables import AuditEntryRow
from tests.fixtures_api import PROBLEM, Api, check_problem
from tests.operations import OPERATIONS, READS_ONLY, Call
from tests.town import HOST

MUTATING = [each for each in OPERATIONS if each[0] != "GET" and each not in READS_ONLY]

# The answers that tell whole numbers: each time is in the record, with its reason.
DISCLOSE = {
    ("POST", "/persons/{person_id}/reveal"),
    ("POST", "/registrations/{request_id}/numbers"),
    ("GET", "/mismatches/corrections/{correction_id}"),
}


def disclosures(api: Api) -> int:
    with api.town.connector.act(HOST) as act:
        told = select(func.count()).where(AuditEntryRow.event == Event.PERSON_REVEALED)
        return int(act.session.scalar(told) or 0)


def send(api: Api, method: str, call: Call, **changed: Any) -> Any:
    return api.call(method, call.path, **{"by": call.by, "unit": call.unit, **call.sent, **changed})


def routes(api: Api) -> set[tuple[str, str]]:
    described = {
        (method.upper(), path) for path, operations in api.app.openapi()["paths"].items() for method in operations
    }
    pages = {("GET", "/static/app.css"), ("GET", "/welcome/{token}"), ("POST", "/welcome/{token}")}
    return described | pages


@pytest.mark.req("K3")
def test_list_operations_against_the_application_misses_none(sqlite_api: Api) -> None:
    assert set(OPERATIONS) == routes(sqlite_api)
    own = [route for route in sqlite_api.app.routes if isinstance(route, APIRoute) and "pages" not in route.tags]
    assert all(route.path in {path for _, path in OPERATIONS} for route in own)


@pytest.mark.req("K3", "J5")
def test_call_each_operation_answers_the_holder_and_refuses_others(api: Api) -> None:
    for (method, path), make in OPERATIONS.items():
        call = make(api)
        if call.by is not None:
            check_problem(send(api, method, call, by=None), 401, "not-signed-in")
            if call.refused >= 400:
                check_problem(send(api, method, call, by=api.nobody), call.refused)
        told = disclosures(api)
        answer = send(api, method, call)
        assert answer.status_code == call.status, (path, answer.text)
        if call.by is None and call.refused != 200:
            again = send(api, method, call)
            assert again.status_code == call.refused, (path, again.text)
        if (method, path) in DISCLOSE:
            api.bodies.pop()
            assert disclosures(api) == told + 1, path
    found = [number for number in api.numbers() for body in api.bodies if number in body]
    assert found == []
    assert "13811112222" not in "".join(api.bodies)


def refuse_inserts(api: Api, how: str) -> None:
    """Makes the record unwritable: its table is gone, or every insert into it is refused."""
    engine = api.town.connector.database.engine
    with engine.begin() as connection:
        if how == "dropped":
            connection.execute(text("ALTER TABLE audit_entries RENAME TO audit_entries_gone"))
        elif engine.dialect.name == "sqlite":
            connection.execute(
                text(
                    "CREATE TRIGGER no_record BEFORE INSERT ON audit_entries BEGIN SELECT RAISE(ABORT, 'no space'); END"
                )
            )
        else:
            connection.execute(
                text(
                    "CREATE FUNCTION no_record() RETURNS trigger LANGUAGE plpgsql AS "
                    "$$ BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = 'disk_full'; END $$"
                )
            )
            connection.execute(
                text(
                    "CREATE TRIGGER no_record BEFORE INSERT ON audit_entries FOR EACH ROW EXECUTE FUNCTION no_record()"
                )
            )


def check_all_refused(api: Api, calls: dict[tuple[str, str], Call], headers: dict[tuple[str, str], Any]) -> None:
    wrong = {}
    for (method, path), call in calls.items():
        sent = {**call.sent, "headers": {**headers[method, path], **call.sent.get("headers", {})}}
        answer = api.together((method, call.path, sent))[0]
        kind = "text/html; charset=utf-8" if path.startswith("/welcome") else PROBLEM
        if (answer.status_code, answer.headers["content-type"]) != (503, kind):
            wrong[method, path] = (answer.status_code, answer.text[:200])
    assert wrong == {}


@pytest.mark.req("J1", "K3")
@pytest.mark.parametrize("how", ["dropped", "refused"])
def test_write_anything_while_the_record_cannot_be_written_changes_nothing(api: Api, how: str) -> None:
    calls = {each: OPERATIONS[each](api) for each in MUTATING}
    headers = {each: api.token_of(call.by, call.unit) if call.by else {} for each, call in calls.items()}
    refuse_inserts(api, how)
    asked, before = list(api.town.idp.calls), api.snapshot("audit_entries")
    check_all_refused(api, calls, headers)
    assert api.snapshot("audit_entries") == before
    assert api.town.idp.calls == asked


@contextmanager
def commits_failing(api: Api) -> Iterator[None]:
    """Within the block every commit of a transaction that wrote something fails; those that only read go on."""
    engine = api.town.connector.database.engine

    def note(connection: Any, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            connection.info["wrote"] = True

    def fail(connection: Any) -> None:
        if connection.info.pop("wrote", False):
            raise OperationalError("COMMIT", {}, Exception("database or disk is full"))

    def forget(connection: Any) -> None:
        connection.info.pop("wrote", None)

    listeners = {"before_cursor_execute": note, "commit": fail, "rollback": forget}
    for name, listener in listeners.items():
        event.listen(engine, name, listener)
    yield
    for name, listener in listeners.items():
        event.remove(engine, name, listener)


@pytest.mark.req("J1", "K3")
def test_commit_that_fails_never_answers_success(api: Api) -> None:
    calls = {each: OPERATIONS[each](api) for each in MUTATING}
    headers = {each: api.token_of(call.by, call.unit) if call.by else {} for each, call in calls.items()}
    asked, before = list(api.town.idp.calls), api.snapshot()

    with commits_failing(api):
        check_all_refused(api, calls, headers)
    assert api.snapshot() == before
    assert api.town.idp.calls == asked
