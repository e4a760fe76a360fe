"""What the API refuses, how it says so, and who wins when two come at once."""

import json
from typing import Any

import pytest
from sqlalchemy import func, select

from connector.auth.actor import Actor, person_actor
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import Office, Verdict
from connector.requests.tables import DecisionRow, RequestRow
from connector.storage.tables import Base
from tests.factories import make_account, make_appointment, make_person, make_person_form, resident_id
from tests.fixtures_api import JSON, Api, check_problem
from tests.operations import form_json
from tests.town import HOST

ROUNDS = 4


def count(api: Api, table: type[Base]) -> int:
    with api.town.connector.act(HOST) as act:
        return int(act.session.scalar(select(func.count()).select_from(table)) or 0)


def second_holder(api: Api, office: Office, unit: str) -> Actor:
    """Another person appointed to the office of a unit."""
    with api.town.connector.act(HOST) as act:
        person = make_person(act, unit)
        make_appointment(act, person, unit, office)
        account = make_account(act, unit, person=person)
        return person_actor(person.id, account.user_name, account_id=account.id, acr="mfa")


def decision(api: Api, request: RequestRow, by: Actor, **changed: Any) -> tuple[str, str, dict[str, Any]]:
    stage = api.town.open_stage(request)
    body = {"verdict": "approve", "reason": "同意", "digest": request.digest, **changed}
    return "POST", f"/stages/{stage.id}/decision", {"json": body, "headers": api.token_of(by)}


@pytest.mark.req("B3", "K3")
def test_two_approvers_at_once_one_wins_and_the_other_is_told(api: Api) -> None:
    other = second_holder(api, Office.UNIT_HEAD, "ywk")
    first = api.town.actor(Office.UNIT_HEAD, "ywk")
    for _ in range(ROUNDS):
        request, decided = api.town.submit(), count(api, DecisionRow)
        answers = api.together(decision(api, request, first), decision(api, request, other))
        won, lost = sorted(answers, key=lambda answer: answer.status_code)
        assert won.status_code == 200, won.text
        check_problem(lost, 409, "stage-closed")
        assert count(api, DecisionRow) == decided + 1


@pytest.mark.req("B3", "K3")
def test_one_approver_twice_at_once_decides_once(api: Api) -> None:
    head = api.town.actor(Office.UNIT_HEAD, "ywk")
    for _ in range(ROUNDS):
        request, decided = api.town.submit(), count(api, DecisionRow)
        call = decision(api, request, head)
        assert sorted(answer.status_code for answer in api.together(call, call)) == [200, 409]
        assert count(api, DecisionRow) == decided + 1


@pytest.mark.req("A2", "K3")
def test_two_requests_for_one_person_at_once_one_wins(api: Api) -> None:
    token = api.token_of(api.town.applicant("ywk"))
    for _ in range(ROUNDS):
        body = form_json(api.town.form())
        persons, requests = count(api, PersonRow), count(api, RequestRow)
        won, lost = sorted(
            api.together(*[("POST", "/requests", {"json": body, "headers": token})] * 2), key=lambda a: a.status_code
        )
        assert won.status_code == 201, won.text
        check_problem(lost, 409, "open-request")
        assert (count(api, PersonRow), count(api, RequestRow)) == (persons + 1, requests + 1)


@pytest.mark.req("B1", "K3")
def test_two_requests_for_one_account_at_once_one_wins(api: Api) -> None:
    token = api.token_of(api.town.applicant("ywk"))
    with api.town.connector.act(HOST) as act:
        account = make_account(act, "ywk")
    body = form_json(api.town.form(account=account.user_name))
    answers = api.together(*[("POST", "/requests", {"json": body, "headers": token})] * 3)
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]


@pytest.mark.req("B3", "K3")
def test_self_approval_second_part_and_wrong_office_are_named(api: Api) -> None:
    town = api.town
    head = town.actor(Office.UNIT_HEAD, "ywk")
    second_holder(api, Office.UNIT_HEAD, "ywk")  # Without another holder the request would have no approver.
    own = town.submit(actor=head)
    check_problem(api.together(decision(api, own, head))[0], 403, "self-approval")
    check_problem(api.together(decision(api, own, town.actor(Office.KEY_CUSTODIAN)))[0], 403, "wrong-office")
    check_problem(api.together(decision(api, own, town.actor(Office.AUDITOR)))[0], 403, "auditor-reads-only")
    request = town.submit()
    assert api.together(decision(api, request, head))[0].status_code == 200
    problem = check_problem(api.together(decision(api, request, head))[0], 403, "second-part")
    assert problem["clause"] == "JC 7, HH 3"


@pytest.mark.req("B12", "K3")
def test_decision_on_other_content_or_on_a_closed_request_conflicts(api: Api) -> None:
    town = api.town
    head = town.actor(Office.UNIT_HEAD, "ywk")
    request = town.submit()
    check_problem(api.together(decision(api, request, head, digest="0" * 64))[0], 409, "content-changed")
    late = decision(api, request, head)
    town.decide(request, Verdict.REJECT, reason="材料不实")
    check_problem(api.together(late)[0], 409, "request-closed")


@pytest.mark.req("B7", "K3")
def test_refuse_without_a_reason_is_asked_for_one(api: Api) -> None:
    request = api.town.submit()
    head = api.town.actor(Office.UNIT_HEAD, "ywk")
    problem = check_problem(api.together(decision(api, request, head, verdict="reject", reason=""))[0], 422)
    assert [field["field"] for field in problem["fields"]] == ["reason"]


@pytest.mark.req("J5", "K3")
def test_wrong_fields_are_all_named_and_no_value_is_repeated(api: Api) -> None:
    number = resident_id()
    wrong = make_person_form("ywk").model_copy(update={"document_number": number[:-1] + "Q", "phone": "139000"})
    answer = api.call(
        "POST", "/requests", by=api.town.applicant("ywk"), json=form_json(api.town.form()) | {"person": dict(wrong)}
    )
    problem = check_problem(answer, 422, "refused-input")
    assert {field["field"] for field in problem["fields"]} == {"document_number", "phone"}
    assert all(field["zh"] and field["en"] and field["clause"] for field in problem["fields"])
    typed = {"kind": number, "unit_code": {number: 1}, number: number, "urgent": number, "event_on": number}
    answer = api.call("POST", "/requests", by=api.town.applicant("ywk"), json=typed)
    assert len(check_problem(answer, 422, "refused-input")["fields"]) == 5
    assert all(value not in body for body in api.bodies for value in (number, number[:-1], "139000"))


@pytest.mark.req("A2", "K3")
def test_second_account_for_a_document_names_the_unit_alone(api: Api) -> None:
    body = form_json(api.town.form())
    api.town.approve(api.town.submit(api.town.form(person=body["person"])))
    problem = check_problem(
        api.call("POST", "/requests", by=api.town.applicant("ywk"), json=body), 409, "second-account"
    )
    assert problem["facts"].keys() == {"unit", "status", "status_zh"}


@pytest.mark.req("E1", "K3")
@pytest.mark.parametrize("status", ["frozen", "suspended", "disabled", "cancelled"])
def test_token_of_a_person_out_of_use_is_refused_at_once(sqlite_api: Api, status: str) -> None:
    auditor = sqlite_api.town.actor(Office.AUDITOR)
    token = sqlite_api.token_of(auditor)
    assert sqlite_api.call("GET", "/units", headers=token).status_code == 200
    sqlite_api.set_status(auditor, status)
    answer = sqlite_api.call("GET", "/units", headers=token)
    check_problem(answer, 401, "not-signed-in")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.req("B13", "K3")
def test_office_that_ended_counts_no_longer(sqlite_api: Api) -> None:
    api = sqlite_api
    operator = api.town.actor(Office.OPERATOR)
    listed = api.call("GET", "/appointments", by=Office.AUDITOR).json()
    (mine,) = [row["id"] for row in listed if row["person_id"] == operator.person_id]
    assert api.call("GET", "/steps", by=operator).status_code == 200
    assert api.call("POST", f"/appointments/{mine}/end", by=Office.PRINCIPAL).status_code == 200
    check_problem(api.call("GET", "/steps", by=operator), 403, "forbidden")


@pytest.mark.req("K3")
def test_addresses_methods_and_bodies_that_are_wrong_are_problem_documents(sqlite_api: Api) -> None:
    api = sqlite_api
    check_problem(api.call("GET", "/no/such/address"), 404, "wrong-address")
    answer = api.call("DELETE", "/units")
    check_problem(answer, 405, "wrong-method")
    assert "GET" in answer.headers["allow"]
    for body in (b"{", b"\xff\xfe", b"[" * 100_000, b"null", b""):
        check_problem(
            api.call("POST", "/requests", by=Office.OPERATOR, headers=JSON, content=body), 422, "refused-input"
        )
    for header in ("Bearer", "Bearer ", "Basic YTpi", "Bearer a b", ""):
        check_problem(api.call("GET", "/units", headers={"Authorization": header}), 401, "not-signed-in")


@pytest.mark.req("K3")
def test_control_characters_and_bodies_without_measure_are_refused_at_the_door(sqlite_api: Api) -> None:
    api = sqlite_api
    form = {"code": "dl9", "name": "甲\x00乙", "kind": "agency", "parent_code": "371500"}
    body = json.dumps(form).encode()
    answer = api.call("POST", "/units", by=Office.OPERATOR, headers=JSON, content=body)
    assert check_problem(answer, 422, "refused-input")["fields"][0]["field"] == "body"
    for path in ("/units?below=%00", "/requests/%1b%5b"):
        check_problem(api.call("GET", path, by=Office.OPERATOR), 422, "refused-input")
    large = json.dumps(form | {"address": "x" * (1 << 20)}).encode()
    check_problem(api.call("POST", "/units", by=Office.OPERATOR, headers=JSON, content=large), 413, "body-too-large")
    right = json.dumps(form | {"name": "甲\n乙😀"}).encode()
    assert api.call("POST", "/units", by=Office.OPERATOR, headers=JSON, content=right).status_code == 201


@pytest.mark.req("K3")
@pytest.mark.parametrize("field", ["event_on", "until"])
def test_day_that_no_calendar_holds_is_refused(sqlite_api: Api, field: str) -> None:
    api = sqlite_api
    with api.town.connector.act(HOST) as act:
        leaver = make_account(act, "ywk").user_name
    form = {"kind": "suspend", "unit_code": "ywk", "account": leaver, "reason": "停职", field: "9999-12-31"}
    problem = check_problem(api.call("POST", "/requests", by=api.town.applicant("ywk"), json=form), 422)
    assert [wrong["field"] for wrong in problem["fields"]] == [field]


@pytest.mark.req("K3")
def test_evidence_in_a_form_that_is_no_proposal_is_refused(sqlite_api: Api) -> None:
    body = form_json(sqlite_api.town.form()) | {"evidence": {"anything": [1, 2]}}
    check_problem(sqlite_api.call("POST", "/requests", by=sqlite_api.town.applicant("ywk"), json=body), 422)


@pytest.mark.req("K3")
def test_defect_inside_is_a_problem_document_that_tells_nothing_of_it(
    sqlite_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr("connector.register.units.list_units", broken)
    answer = sqlite_api.call("GET", "/units", by=Office.AUDITOR)
    check_problem(answer, 500, "fault")
    assert "secret" not in answer.text


@pytest.mark.req("K3")
def test_database_that_is_away_makes_the_application_unready_but_alive(sqlite_api: Api) -> None:
    api = sqlite_api
    token = api.token_of(api.town.actor(Office.AUDITOR))
    database = api.town.connector.settings.data_dir / "trading-idp.db"
    api.town.connector.database.engine.dispose()
    database.rename(database.with_suffix(".away"))
    database.mkdir()
    assert api.call("GET", "/health/live").status_code == 200
    assert api.call("GET", "/health/ready").status_code == 503
    check_problem(api.call("GET", "/units", headers=token), 503, "unavailable")


@pytest.mark.req("B13", "K3")
def test_role_in_the_token_gives_no_office(sqlite_api: Api) -> None:
    """The offices are rows of the register: whoever has none may read lists of his own and nothing else."""
    api = sqlite_api
    for path in (
        "/ledger", "/persons", "/appointments", "/audit/entries", "/audit/alarms", "/requests/overdue", "/steps",
    ):  # fmt: skip
        check_problem(api.call("GET", path, by=api.nobody), 403, "forbidden")
    number = api.town.submit().number
    check_problem(api.call("GET", f"/requests/{number}", by=api.nobody), 404, "not-found")
    with api.town.connector.act(HOST) as act:
        assert act.session.get_one(AccountRow, api.nobody.account_id).status == "active"


@pytest.mark.req("K3")
def test_more_writers_than_threads_at_once_all_get_their_turn(api: Api) -> None:
    """Writers wait for each other holding a thread each; the one whose turn it is must still find one."""
    token = api.token_of(api.town.actor(Office.OPERATOR))
    forms = [{"code": f"m{n}", "name": f"单位{n}", "kind": "agency", "parent_code": "371500"} for n in range(60)]
    answers = api.together(*(("POST", "/units", {"json": form, "headers": token}) for form in forms))
    assert [answer.status_code for answer in answers] == [201] * len(forms)
