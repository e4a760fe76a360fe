"""The OpenAPI document: complete, in two languages, and true about who may call what."""

import re
from typing import Any

import pytest

from connector.register import people, units
from connector.regulations.vocabulary import Office
from tests.factories import make_appointment, make_person
from tests.fixtures_api import PROBLEM, Api, check_problem
from tests.operations import OPERATIONS, READS_ONLY
from tests.town import HOST

UNSIGNED = {
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("POST", "/webhooks/{endpoint_id}/decisions"),
    ("GET", "/.well-known/ssf-configuration"),
    ("GET", "/signals/keys"),
}
SEPARATED = {Office.SYSTEM_ADMINISTRATOR, Office.SECURITY_ADMINISTRATOR, Office.AUDITOR}
ALONE, READS = (409, "administrator-alone"), (403, "auditor-reads-only")
REFUSED_BEFORE = {  # of these two nothing can be asked for at all, whoever asks (GS 9)
    (Office.SYSTEM_ADMINISTRATOR, True): ALONE,
    (Office.SYSTEM_ADMINISTRATOR, False): ALONE,
    (Office.AUDITOR, True): READS,
    (Office.AUDITOR, False): ALONE,
}
CHINESE = re.compile("[\u4e00-\u9fff]")


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(m.upper(), path): operation for path, found in document["paths"].items() for m, operation in found.items()}


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(references(each) for each in value.values()))
    return set().union(*(references(each) for each in value)) if isinstance(value, list) else set()


@pytest.fixture
def document(sqlite_api: Api) -> dict[str, Any]:
    answer = sqlite_api.call("GET", "/openapi.json")
    assert answer.status_code == 200
    return dict(answer.json())


@pytest.mark.req("K3")
def test_document_is_whole_and_refers_to_nothing_missing(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert CHINESE.search(document["info"]["title"])
    names = document["components"]["schemas"]
    assert references(document) <= {f"#/components/schemas/{name}" for name in names}
    used = {reference.rsplit("/", 1)[1] for reference in references(document)}
    assert set(names) - used == set()
    ids = [operation["operationId"] for operation in operations(document).values()]
    assert len(ids) == len(set(ids))


@pytest.mark.req("K3")
def test_each_operation_has_both_languages_and_its_problems(document: dict[str, Any]) -> None:
    for (method, path), operation in operations(document).items():
        zh, _, en = operation["summary"].partition("/")
        assert CHINESE.search(zh), (path, operation["summary"])
        assert re.search("[a-z]{2}", en), (path, operation["summary"])
        signed = (method, path) not in UNSIGNED
        assert bool(operation.get("security")) is signed, path
        problems = {s for s, answer in operation["responses"].items() if PROBLEM in answer.get("content", {})}
        needed = {"503"} | ({"401", "403"} if signed else set())
        needed |= {"404", "409", "422"} if "requestBody" in operation or "{" in path else set()
        assert problems >= needed, path
        for status in problems:
            assert operation["responses"][status]["content"][PROBLEM]["schema"]["$ref"].endswith("/Problem")


@pytest.mark.req("K3")
def test_problem_document_has_the_members_the_schema_names(document: dict[str, Any], sqlite_api: Api) -> None:
    described = document["components"]["schemas"]["Problem"]
    told = check_problem(sqlite_api.call("POST", "/units", by=Office.OPERATOR, json={}), 422)
    assert set(described["required"]) <= set(told) <= set(described["properties"])
    assert set(told["fields"][0]) == set(document["components"]["schemas"]["ProblemField"]["properties"])


@pytest.mark.req("B3", "B13", "K3")
def test_each_mutating_operation_needs_an_actor(sqlite_api: Api) -> None:
    """Without a token, with a false one, or by a stranger of a message: nothing is changed by any of them."""
    api = sqlite_api
    calls = {each: make(api) for each, make in OPERATIONS.items() if each[0] != "GET" and each not in READS_ONLY}
    before = api.snapshot("audit_entries")
    for (method, path), call in calls.items():
        for headers in (
            {},
            {"Authorization": "Bearer invented"},
            {"Authorization": f"Bearer {api.town.centre.unit.id}"},
        ):
            sent = {name: value for name, value in call.sent.items() if name != "headers"}
            if path == "/welcome/{token}":
                sent["data"] = {"suffix": "00000X"}
            status = api.together((method, call.path, {**sent, "headers": headers}))[0].status_code
            assert status in (401, 403), (path, status)
    after = api.snapshot("audit_entries")
    wrong_tries = [row for row in after.pop("initial_links") if row not in before["initial_links"]]
    before.pop("initial_links")
    assert len(wrong_tries) == 1  # The wrong answers at the one-time link are counted, and that is all.
    assert after == before


@pytest.mark.req("B3", "B13")
@pytest.mark.parametrize("office", list(Office))
def test_holder_of_any_office_cannot_decide_on_his_own_request_or_on_himself(sqlite_api: Api, office: Office) -> None:
    """Whatever office somebody holds, in whatever unit: his own request and one for him are never his to decide."""
    api, town = sqlite_api, sqlite_api.town
    holder = town.actor(office)
    with town.connector.act(holder) as act:
        unit = units.get_unit_by_id(act, people.get_person(act, str(holder.person_id)).unit_id).code
    with town.connector.act(HOST) as act:  # Others who could decide: without them nothing could be asked for.
        for other in {Office.UNIT_HEAD, office} - SEPARATED:
            make_appointment(act, make_person(act, unit), unit, other)
    right = {
        "kind": "grant",
        "unit_code": unit,
        "account": holder.name,
        "reason": "业务需要",
        "permissions": list(town.permissions(1)),
    }
    for applicant in (holder, town.applicant(unit)):
        answer = api.call("POST", "/requests", by=applicant, json=right)
        if before := REFUSED_BEFORE.get((office, applicant is holder)):
            check_problem(answer, *before)
            continue
        assert answer.status_code == 201, answer.text
        request = answer.json()
        for stage in request["stages"]:
            body = {"verdict": "approve", "digest": request["digest"], "reason": "同意"}
            refused = api.call("POST", f"/stages/{stage['id']}/decision", by=holder, json=body)
            wanted = "self-approval" if stage["state"] == "open" else "stage-closed"
            check_problem(refused, 403 if stage["state"] == "open" else 409, wanted)
        withdrawn = api.call("POST", f"/requests/{request['id']}/withdraw", by=applicant, json={})
        assert withdrawn.status_code == 200
