"""The register over HTTP: who sees what, masked; refusals are problem documents."""

import asyncio
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError

from connector.auth.act import Act
from connector.auth.actor import Actor
from connector.errors import ConnectorError
from connector.http import problem_response, validation_refusal
from connector.keys.routes import router as with_keys
from connector.register.routes import router
from connector.regulations.vocabulary import Office
from tests.factories import Centre, make_centre, make_person, phone, resident_id
from tests.fixtures_register import Desk


@dataclass
class Reception:
    """Takes the name of an office as the token: its holder is signed in."""

    desk: Desk
    centre: Centre

    def act(self, actor: Actor, *, reading: bool = False, changing: bool = False) -> AbstractContextManager[Act]:
        return self.desk.act(actor)

    def actor_of(self, token: str) -> Actor:
        return self.centre.actor(Office(token))


@pytest.fixture
def centre(desk: Desk) -> Centre:
    with desk.act() as act:
        return make_centre(act)


class Client:
    """Calls the routes without a network."""

    def __init__(self, app: FastAPI) -> None:
        self.transport = httpx.ASGITransport(app)

    def get(self, path: str, **call: Any) -> httpx.Response:
        return asyncio.run(self._send("GET", path, **call))

    def post(self, path: str, **call: Any) -> httpx.Response:
        return asyncio.run(self._send("POST", path, **call))

    async def _send(self, method: str, path: str, **call: Any) -> httpx.Response:
        async with httpx.AsyncClient(transport=self.transport, base_url="http://connector.test") as client:
            return await client.request(method, path, **call)


@pytest.fixture
def client(desk: Desk, centre: Centre) -> Client:
    app = FastAPI()
    app.include_router(router)
    app.include_router(with_keys)
    app.add_exception_handler(ConnectorError, lambda _request, error: problem_response(error))  # type: ignore[arg-type]
    answer = lambda _request, error: problem_response(validation_refusal(error))  # noqa: E731
    app.add_exception_handler(RequestValidationError, answer)
    app.state.connector = Reception(desk, centre)
    return Client(app)


def by(office: Office) -> dict[str, str]:
    return {"Authorization": f"Bearer {office}"}


@pytest.mark.req("A3")
def test_units_are_registered_and_listed(client: Client) -> None:
    form = {"code": "dl02", "name": "代理二", "kind": "agency", "parent_code": "371500", "phone": "13912345678"}
    assert client.post("/units", json=form, headers=by(Office.AUDITOR)).status_code == 403
    made = client.post("/units", json=form, headers=by(Office.OPERATOR))
    assert (made.status_code, made.json()["code"]) == (201, "dl02")
    again = client.post("/units", json=form, headers=by(Office.OPERATOR))
    assert (again.status_code, [f["field"] for f in again.json()["fields"]]) == (422, ["code"])
    listed = client.get("/units", params={"below": "371500"}, headers=by(Office.AUDITOR))
    assert [unit["code"] for unit in listed.json()] == ["371500", "dl02", "dljg", "jyzx", "xxjsk", "ywk"]
    assert "13912345678" not in listed.text


def test_routes_without_a_token_are_refused(client: Client) -> None:
    for path in ("/units", "/subsystems", "/permissions", "/persons", "/ledger", "/appointments"):
        assert client.get(path).status_code == 401


@pytest.mark.req("C3")
def test_permissions_are_listed_by_subsystem(client: Client) -> None:
    found = client.get("/permissions", params={"subsystem": "bid-opening"}, headers=by(Office.UNIT_HEAD)).json()
    assert {row["subsystem_id"] for row in found} == {"bid-opening"}
    assert {row["id"] for row in found if row["sensitive"]} >= {"bid-opening:bidders.viewer"}


@pytest.mark.req("A5")
@pytest.mark.req("J5")
def test_ledger_shows_masked_numbers_only(client: Client, desk: Desk, centre: Centre) -> None:
    page = client.get("/ledger", params={"count": 3}, headers=by(Office.AUDITOR)).json()
    assert (page["total"], len(page["rows"])) == (len(centre.accounts), 3)
    assert all("*" in row["document_masked"] for row in page["rows"])
    early = client.get("/ledger", params={"as_of": "2020-01-01T00:00:00+08:00"}, headers=by(Office.AUDITOR)).json()
    assert early["total"] == 0
    naive = client.get("/ledger", params={"as_of": "2020-01-01T00:00:00"}, headers=by(Office.AUDITOR))
    assert (naive.status_code, naive.json()["fields"][0]["field"]) == (422, "as_of")
    assert client.get("/ledger", headers=by(Office.OPERATOR)).status_code == 403


@pytest.mark.req("J5")
def test_persons_are_listed_with_masked_numbers_and_without_an_account_too(client: Client, desk: Desk) -> None:
    number, mobile = resident_id(), phone()
    with desk.act() as act:
        make_person(act, "ywk", name="张无号", document_number=number, phone=mobile)
    asked = {"text": "无号", "account": False}
    answer = client.get("/persons", params=asked, headers=by(Office.AUDITOR))
    [row] = answer.json()["rows"]
    assert (row["name"], row["user_name"], row["unit_name"]) == ("张无号", None, "业务科")
    assert row["document_masked"] == f"{number[:4]}**********{number[-4:]}"
    assert row["phone_masked"] == f"{mobile[:3]}****{mobile[-4:]}"
    assert (number in answer.text, mobile in answer.text) == (False, False)
    assert client.get("/persons", headers=by(Office.OPERATOR)).status_code == 403
    assert client.get("/persons", params={"unit": "nirgends"}, headers=by(Office.AUDITOR)).status_code == 404


def test_subsystems_are_listed_by_name(client: Client) -> None:
    found = client.get("/subsystems", headers=by(Office.OPERATOR)).json()
    assert {"id": "bid-opening", "name": "开评标系统"} in found
    assert len(found) == 5


@pytest.mark.req("J5")
def test_reveal_tells_the_full_numbers_to_an_operator_with_a_reason(client: Client, desk: Desk) -> None:
    number, mobile = resident_id(), phone()
    with desk.act() as act:
        person = make_person(act, "ywk", document_number=number, phone=mobile)
    path = f"/persons/{person.id}/reveal"
    assert client.post(path, json={"reason": "看"}, headers=by(Office.OPERATOR)).status_code == 422
    assert client.post(path, json={"reason": "核对证件"}, headers=by(Office.AUDITOR)).status_code == 403
    told = client.post(path, json={"reason": "核对证件"}, headers=by(Office.OPERATOR))
    assert told.json() == {"document_kind": "resident_id", "document_number": number, "phone": mobile}


@pytest.mark.req("B13")
def test_appointment_is_made_confirmed_and_ended_by_two_people(client: Client, desk: Desk) -> None:
    with desk.act() as act:
        person = make_person(act, "ywk")
    form = {
        "person_id": person.id,
        "unit_code": "ywk",
        "office": "verifier",
        "valid_from": "2026-01-01",
        "paper": "9号",
    }
    made = client.post("/appointments", json=form, headers=by(Office.SECURITY_ADMINISTRATOR))
    assert (made.status_code, made.json()["confirmed_at"]) == (201, None)
    path = f"/appointments/{made.json()['id']}"
    own = client.post(f"{path}/confirm", headers=by(Office.SECURITY_ADMINISTRATOR))
    assert (own.status_code, own.json()["code"]) == (403, "self-confirmation")
    confirmed = client.post(f"{path}/confirm", headers=by(Office.PRINCIPAL))
    assert confirmed.json()["confirmed_at"]
    ended = client.post(f"{path}/end", headers=by(Office.PRINCIPAL))
    assert ended.json()["ended_at"]
    listed = client.get("/appointments", params={"unit": "ywk", "ended": True}, headers=by(Office.AUDITOR)).json()
    assert made.json()["id"] in {row["id"] for row in listed}
