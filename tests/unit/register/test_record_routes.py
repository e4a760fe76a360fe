"""The record's routes: for auditors and security administrators, and for nobody else."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from connector.adapters.signing import Ed25519NoteSigner
from connector.audit.seal import seal
from connector.auth.actor import Actor
from connector.errors import ConnectorError
from connector.http import get_act, get_actor, problem_response
from connector.ports import NoteSigner
from connector.register import record_routes
from connector.regulations.vocabulary import Office
from tests.factories import Centre, make_centre
from tests.fixtures_register import Desk


class Caller:
    """The routes as one centre's people see them; `actor` is who calls."""

    def __init__(self, desk: Desk) -> None:
        with desk.act() as act:
            self.centre: Centre = make_centre(act)
        self.desk = desk
        self.actor: Actor = self.centre.actor(Office.AUDITOR)
        app = FastAPI()
        app.include_router(record_routes.router)
        app.dependency_overrides[get_actor] = lambda: self.actor
        app.dependency_overrides[get_act] = self._act
        app.add_exception_handler(ConnectorError, _refuse)
        self.transport = httpx.ASGITransport(app)

    def _act(self) -> Iterator[Any]:
        with self.desk.act(self.actor) as act:
            yield act

    def get(self, path: str, **query: Any) -> httpx.Response:
        async def call() -> httpx.Response:
            async with httpx.AsyncClient(transport=self.transport, base_url="http://connector.test") as client:
                return await client.get(path, params=query)

        return asyncio.run(call())


def _refuse(_request: Request, error: Exception) -> JSONResponse:
    return problem_response(cast(ConnectorError, error))


@pytest.fixture
def signer(tmp_path: Path) -> NoteSigner:
    return Ed25519NoteSigner("log.example/record", tmp_path / "log.pem")


@pytest.fixture
def caller(desk: Desk) -> Caller:
    return Caller(desk)


@pytest.mark.req("J1")
def test_read_record_by_each_office_is_for_two_of_them(caller: Caller) -> None:
    for office in Office:
        caller.actor = caller.centre.actor(office)
        may = office in (Office.AUDITOR, Office.SECURITY_ADMINISTRATOR)
        for path in ("/audit/entries", "/audit/alarms"):
            answer = caller.get(path)
            assert answer.status_code == (200 if may else 403), (office, path)
            assert may or "审计管理员" in answer.json()["who"]
        assert caller.get("/audit/checkpoints/latest").status_code == (404 if may else 403), office


@pytest.mark.req("J1")
def test_search_entries_by_account_and_page_finds_them(caller: Caller) -> None:
    account = next(iter(caller.centre.accounts.values()))
    found = caller.get("/audit/entries", account_id=account.id).json()
    assert {entry["account_id"] for entry in found} == {account.id}
    first = caller.get("/audit/entries", count=2).json()
    second = caller.get("/audit/entries", count=2, before_id=first[-1]["id"]).json()
    assert len({entry["id"] for entry in first + second}) == 4


@pytest.mark.parametrize("query", [{"count": 501}, {"since": "2026-11-23T08:00:00"}, {"unknown": "x"}])
def test_search_entries_with_bad_condition_is_refused(query: dict[str, Any], caller: Caller) -> None:
    assert caller.get("/audit/entries", **query).status_code == 422


@pytest.mark.req("J2")
def test_read_latest_checkpoint_gives_the_note(caller: Caller, signer: NoteSigner) -> None:
    with caller.desk.act() as act:
        sealed = seal(act.session, signer, act.now)
    assert sealed is not None
    assert caller.get("/audit/checkpoints/latest").text == sealed.note
