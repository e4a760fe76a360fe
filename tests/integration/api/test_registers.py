"""The four registers that the clause asks for, each over HTTP: subsystems, units, people, keys (GX 10)."""

from typing import Any

import pytest

from connector.regulations.vocabulary import Office
from tests.factories import make_person, phone, resident_id
from tests.fixtures_api import Api, check_problem
from tests.operations import key_issued
from tests.town import HOST

SUBSYSTEMS = {"website", "bid-opening", "member", "centre", "door-access"}
UNITS = ["371500", "dljg", "jyzx", "xxjsk", "ywk"]


def read(api: Api, path: str, by: Office = Office.AUDITOR, unit: str = "", **wanted: Any) -> Any:
    answer = api.call("GET", path, by=by, unit=unit, params=wanted)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.req("J3")
def test_read_registers_shows_subsystems_units_people_and_keys(api: Api) -> None:
    """A newly registered one of each kind appears, also a person without an account, and no number in the clear."""
    number, mobile = resident_id(), phone()
    form = {"code": "dlnew", "name": "新代理机构", "kind": "agency", "parent_code": "371500"}
    assert api.call("POST", "/units", by=Office.OPERATOR, json=form).status_code == 201
    with api.town.connector.act(HOST) as act:
        make_person(
            act, "dlnew", name="张无号", document_number=number, phone=mobile, directory_key="HR-0077", post="专员"
        )
    serial = key_issued(api)

    assert {row["id"] for row in read(api, "/subsystems") if row["name"]} == SUBSYSTEMS
    assert sorted(row["code"] for row in read(api, "/units")) == sorted([*UNITS, "dlnew"])
    key = next(row for row in read(api, "/keys")["rows"] if row["serial"] == serial)
    assert (key["status"], bool(key["account"])) == ("issued", True)

    everybody = read(api, "/persons", count=1000)
    with_account, without = (read(api, "/persons", account=asked, count=1000) for asked in (True, False))
    assert everybody["total"] == with_account["total"] + without["total"] == len(everybody["rows"])
    assert with_account["total"] == read(api, "/ledger", count=1000)["total"]
    assert {row["user_name"] for row in without["rows"]} == {None}
    [person] = read(api, "/persons", text="HR-0077")["rows"]
    assert (person["name"], person["unit_name"], person["post"]) == ("张无号", "新代理机构", "专员")
    assert (person["document_masked"][-4:], "*" in person["phone_masked"]) == (number[-4:], True)
    assert [found for found in api.numbers() if any(found in body for body in api.bodies)] == []


def test_read_register_of_persons_as_unit_head_shows_his_subtree_alone(api: Api) -> None:
    with api.town.connector.act(HOST) as act:
        make_person(act, "ywk", name="张本科")
        make_person(act, "xxjsk", name="张别科")
    found = read(api, "/persons", by=Office.UNIT_HEAD, unit="ywk", count=1000)
    assert {row["unit_code"] for row in found["rows"]} == {"ywk"}
    assert [row["name"] for row in read(api, "/persons", Office.UNIT_HEAD, "ywk", text="张")["rows"]] == ["张本科"]
    check_problem(api.call("GET", "/persons", by=Office.OPERATOR), 403, "forbidden")
