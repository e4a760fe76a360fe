"""Administrators of three levels call every operation about people of another tree: to them it does not exist (G2)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.app import create_app
from connector.register.tables import AccountRow, PersonRow, UnitRow
from connector.regulations.vocabulary import Office
from tests.fixtures_api import Api
from tests.operations import OPERATIONS, Call
from tests.province import CITY, COUNTY, PROVINCE, Province, make_province
from tests.town import HOST, open_town

LEVELS = (PROVINCE, CITY, COUNTY)
# Who does these makes something of his own, or is told what names nobody.
HARMLESS = {("POST", "/keys"), ("GET", "/self-checks/{checklist}")}


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Api, Province]]:
    """A town, and a province of three levels beside it: neither administers the other."""
    town = open_town(tmp_path)
    with town.connector.act(HOST) as act:
        province = make_province(act)
    yield Api(town, create_app(town.connector)), province
    town.close()


def foreign_words(api: Api, province: Province) -> set[str]:
    """Every unit's name and code, every person's name and user name of the town, and the numbers of its papers."""
    own_units = {code for code, _ in province.people} | {f"c{c}" for c, _ in province.people}
    with api.town.connector.act(HOST) as act:
        units = [unit for unit in act.session.query(UnitRow) if unit.path.startswith("/371500/")]
        inside = {unit.id for unit in units}
        persons = [person for person in act.session.query(PersonRow) if person.unit_id in inside]
        ids = {person.id for person in persons}
        names = {account.user_name for account in act.session.query(AccountRow) if account.person_id in ids}
        words = {unit.name for unit in units} | {unit.code for unit in units} | {person.name for person in persons}
    return (words | names) - own_units - {"信息技术科"}  # Every refusal names it as the one who can help.


def office_for(call: Call) -> Office:
    return call.by if isinstance(call.by, Office) and call.by is not Office.UNIT_HEAD else Office.SECURITY_ADMINISTRATOR


def said_by(call: Call) -> str:
    return f"{call.path} {call.sent}"


@pytest.mark.req("G2")
def test_call_each_operation_about_another_tree_tells_and_changes_nothing(sqlite_api: Api) -> None:
    api = sqlite_api
    calls = {each: make(api) for each, make in OPERATIONS.items()}
    with api.town.connector.act(HOST) as act:
        province = make_province(act)
    words, leaks = foreign_words(api, province), {}
    for (method, path), call in calls.items():
        for level in LEVELS if call.by is not None else ():
            answer = api.call(method, call.path, by=province.actor(level, office_for(call)), **call.sent)
            told = sorted(word for word in words if word in answer.text and word not in said_by(call))
            about_one = method != "GET" or "{" in path
            done = about_one and answer.status_code < 300 and (method, path) not in HARMLESS and "template" not in path
            if told or done or answer.status_code >= 500:
                leaks[method, path, level] = (answer.status_code, told[:3], answer.text[:150])
    assert leaks == {}


@pytest.mark.req("G2")
def test_object_outside_the_scope_answers_like_one_that_does_not_exist(both: tuple[Api, Province]) -> None:
    api, province = both
    request = api.town.submit()
    with api.town.connector.act(HOST) as act:
        foreign = act.session.get_one(PersonRow, request.person_id)
    by = province.actor(CITY, Office.SECURITY_ADMINISTRATOR)
    pairs = [
        ("GET", f"/requests/{request.id}", f"/requests/{'0' * 36}", {}),
        ("GET", "/units?below=ywk", "/units?below=nowhere", {}),
        ("GET", "/ledger?unit=ywk", "/ledger?unit=nowhere", {}),
        ("POST", f"/persons/{foreign.id}/reveal", f"/persons/{'0' * 36}/reveal", {"json": {"reason": "核对证件"}}),
    ]
    for method, there, nowhere, sent in pairs:
        real, none = (api.call(method, path, by=by, **sent) for path in (there, nowhere))
        assert (real.status_code, real.json()["code"]) == (none.status_code, none.json()["code"]) == (404, "not-found")


@pytest.mark.req("G2")
@pytest.mark.parametrize(
    ("level", "seen"),
    [(PROVINCE, {"370000", "370100", "370200"}), (CITY, {"370100", "370101", "370102"}), (COUNTY, {"370101"})],
)
def test_counts_and_lists_hold_the_own_level_and_the_next_and_no_more(
    both: tuple[Api, Province], level: str, seen: set[str]
) -> None:
    api, province = both
    by = province.actor(level, Office.SECURITY_ADMINISTRATOR)
    units = {unit["code"] for unit in api.call("GET", "/units", by=by).json()}
    assert units == {f"{kind}{code}" for code in seen for kind in ("", "c", "d")}
    ledger = api.call("GET", "/ledger?count=1000", by=by).json()
    persons = api.call("GET", "/persons?count=1000", by=by).json()
    per_level = sum(code == level for code, _ in province.people) + 1
    assert ledger["total"] == len(ledger["rows"]) == persons["total"] == len(persons["rows"]) == per_level * len(seen)
    assert {row["unit_code"][1:] for row in ledger["rows"]} == seen
    named = {row["unit_code"] for row in api.call("GET", "/appointments", by=by).json()}
    assert named == {f"c{code}" for code in seen}


@pytest.mark.req("G2")
def test_leaders_and_auditors_see_every_level_below_their_own(both: tuple[Api, Province]) -> None:
    api, province = both
    for office in (Office.PRINCIPAL, Office.AUDITOR):
        by = province.actor(PROVINCE, office)
        assert len(api.call("GET", "/units", by=by).json()) == 21
        assert len(api.call("GET", "/units", by=province.actor(CITY, office)).json()) == 9
