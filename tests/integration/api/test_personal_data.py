"""Document numbers and phones over a whole road: nowhere in the clear but before the eyes of whoever gave a reason."""

import json
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import select

from connector.app import create_app
from connector.audit.export import export_log
from connector.audit.note import VerifierKey
from connector.audit.seal import seal_pending
from connector.audit.sources import DatabaseSource
from connector.audit.tables import AuditEntryRow
from connector.register.identifiers import holds_number
from connector.register.tables import PersonRow
from connector.regulations.vocabulary import Office, RequestKind, Verdict
from connector.requests import service as requests
from tests.factories import make_person, make_person_form, resident_id
from tests.fakes.identity_provider import FakeIdentityProvider
from tests.fixtures_api import Api, check_problem
from tests.operations import endpoint, form_json, link, receive_decision
from tests.town import HOST, open_town

PERSONS = 200
ROADS = 6


class Eavesdropper:
    """Notes everything that an identity provider is given."""

    def __init__(self) -> None:
        self.inner = FakeIdentityProvider()
        self.heard: list[str] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        if not callable(found):
            return found

        def call(*args: Any, **named: Any) -> Any:
            self.heard.append(f"{name} {args!r} {named!r}")
            return found(*args, **named)

        return call


def found_in(text: str | bytes, numbers: set[str]) -> set[str]:
    raw = text.encode() if isinstance(text, str) else text
    return {number for number in numbers if number.encode() in raw}


def walk_the_road(api: Api) -> None:
    """Grants with mail and link, a second account, a webhook decision, a return, a freeze, and a wrong input."""
    town = api.town
    endpoint(api)
    for n in range(ROADS):
        form = town.form(person=make_person_form("ywk", mail=f"w{n}@centre.example"))
        made = api.call("POST", "/requests", by=town.applicant("ywk"), json=form_json(form))
        assert made.status_code == 201
        with town.connector.act(HOST) as act:
            request = requests.get_request(act, made.json()["id"])
        town.connector.deliver()
        town.approve(request)
        town.connector.deliver()
        again = api.call("POST", "/requests", by=town.applicant("ywk"), json=form_json(form))
        check_problem(again, 409, "second-account")
        for by in (Office.AUDITOR, Office.OPERATOR, Office.PRINCIPAL):
            api.call("GET", f"/requests/{request.id}", by=by)
    town.decide(town.submit(), Verdict.RETURN, reason="请补充说明")
    message = receive_decision(api)
    assert api.call("POST", message.path, **message.sent).status_code == 200
    path, suffix = link(api)
    assert api.call("POST", path, data={"suffix": "000000"}).status_code == 403
    assert api.call("POST", path, data={"suffix": suffix}).status_code == 200
    wrong = form_json(town.form(person=make_person_form("ywk", phone="12")))
    check_problem(api.call("POST", "/requests", by=town.applicant("ywk"), json=wrong), 422)
    for each in ("/ledger", "/persons", "/audit/entries", "/appointments", "/audit/alarms"):
        assert api.call("GET", each, by=Office.AUDITOR, params={"count": 500}).status_code in (200, 422)
    town.connector.deliver()


@pytest.mark.req("J5")
def test_whole_road_of_200_persons_leaves_no_number_in_the_clear(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    idp = Eavesdropper()
    town = open_town(tmp_path / "data", idp=idp)
    api = Api(town, create_app(town.connector))
    with town.connector.act(HOST) as act:
        for _ in range(PERSONS):
            make_person(act, "ywk")
    with structlog.testing.capture_logs() as logged:
        walk_the_road(api)
    connector = town.connector
    seal_pending(connector.database, connector.signer, connector.clock.now())
    export = tmp_path / "export"
    export_log(DatabaseSource(connector.database), VerifierKey.parse(connector.signer.verifier_key()), export)
    numbers = api.numbers()
    assert len(numbers) >= 2 * (PERSONS + ROADS)
    places: dict[str, str | bytes] = {
        "answers": "\n".join(api.bodies),
        "mails": repr(town.mailer.sent),
        "webhooks": repr(connector.http.posted),
        "identity provider": "\n".join(idp.heard),
        "log": json.dumps(logged, default=str) + "".join(capfd.readouterr()),
        **{file.name: file.read_bytes() for file in export.rglob("*") if file.is_file()},
        **{file.name: file.read_bytes() for file in tmp_path.glob("data/trading-idp.db*")},
    }
    assert all(places[name] for name in places if name != "log")
    assert "trading-idp.db-wal" in places
    assert {name: len(found_in(content, numbers)) for name, content in places.items()} == dict.fromkeys(places, 0)
    with town.connector.act(HOST) as act:
        names = set(act.session.scalars(select(PersonRow.name)))
    stored = b"".join(p for name, p in places.items() if name.startswith("trading-idp.db") and isinstance(p, bytes))
    assert found_in(stored, names) == names  # What is stored in the clear is found, so the search can find.
    town.close()


@pytest.mark.req("J5")
def test_each_reveal_leaves_one_entry_with_its_reason(sqlite_api: Api) -> None:
    api = sqlite_api
    number = resident_id()
    with api.town.connector.act(HOST) as act:
        person = make_person(act, "ywk", document_number=number)
    for reason in ("核对证件原件", "电话回访核实"):
        told = api.call("POST", f"/persons/{person.id}/reveal", by=Office.OPERATOR, json={"reason": reason})
        assert told.json()["document_number"] == number
    check_problem(api.call("POST", f"/persons/{person.id}/reveal", by=Office.OPERATOR, json={"reason": ""}), 422)
    check_problem(api.call("POST", f"/persons/{person.id}/reveal", by=Office.AUDITOR, json={"reason": "审计抽查"}), 403)
    with api.town.connector.act(HOST) as act:
        entries = act.session.scalars(select(AuditEntryRow).where(AuditEntryRow.event == "person.revealed")).all()
        told_by = api.town.actor(Office.OPERATOR).person_id
        assert [(e.data["reason"], e.person_id, e.actor_person_id) for e in entries] == [
            ("核对证件原件", person.id, told_by),
            ("电话回访核实", person.id, told_by),
        ]


@pytest.mark.req("J5")
@pytest.mark.parametrize("said", ["身份证{0}", "电话１３９12345678", "tel 13912345678."])
def test_free_text_with_a_number_is_refused(sqlite_api: Api, said: str) -> None:
    api, said = sqlite_api, said.format(resident_id())
    body = form_json(api.town.form(kind=RequestKind.GRANT)) | {"reason": said}
    problem = check_problem(api.call("POST", "/requests", by=api.town.applicant("ywk"), json=body), 422)
    assert [field["field"] for field in problem["fields"]] == ["reason"]
    request = api.town.submit()
    stage = api.town.open_stage(request)
    decision = {"verdict": "approve", "digest": request.digest, "reason": said}
    by = api.town.holder(stage)
    check_problem(api.call("POST", f"/stages/{stage.id}/decision", by=by, json=decision), 422)
    refused = api.call("POST", f"/requests/{request.id}/withdraw", by=api.town.applicant("ywk"), json={"reason": said})
    check_problem(refused, 422)


def test_find_number_in_texts_without_one_finds_none() -> None:
    right = resident_id()
    wrong = right[:-1] + ("1" if right[-1] != "1" else "2")  # The check digit is not that of an ID number.
    texts = (wrong, "聊公资〔2026〕123号", "项目 37150020260310001234", "2026-03-10 12:00", "费用 13912345678900 元")
    assert [text for text in texts if holds_number(text)] == []
    assert holds_number(right)
