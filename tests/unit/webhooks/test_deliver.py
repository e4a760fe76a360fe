"""Messages and mails that go out: to whom, with what, and what becomes of each answer."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from connector.audit.tables import AuditEntryRow
from connector.auth import signatures
from connector.ports import ForbiddenTargetError, HttpAnswer
from connector.register import people
from connector.register.tables import PersonRow
from connector.regulations.vocabulary import Office
from connector.webhooks import service as webhooks
from tests.fakes.http_sender import FakeHttpSender
from tests.fixtures_webhooks import PUBLIC_URL, Town, make_endpoint_form

pytestmark = pytest.mark.req("B11")


def give_mail(town: Town, office: Office, unit_code: str, mail: str) -> str:
    person = town.centre.person(office, unit_code)
    with town.desk.act() as act:
        act.session.get_one(PersonRow, person.id).mail = mail
    return person.id


def test_deliver_opened_stage_sends_signed_thin_message(any_town: Town) -> None:
    http = FakeHttpSender()
    request, stage = any_town.submit()
    any_town.delivery(http).run_due(any_town.clock.now())
    (sent,) = http.posted
    assert sent.url == "https://oa.ywk.example:8443/tasks"
    signatures.verify([any_town.secrets.outgoing], sent.headers, sent.body, any_town.clock.now())
    message = json.loads(sent.body)
    assert message["type"] == "task.opened"
    assert message["data"] == {
        "task": stage.id,
        "request": request.number,
        "kind": "disable",
        "office": "unit_head",
        "unit": "ywk",
        "digest": request.digest,
        "due_at": stage.due_at.isoformat() if stage.due_at else None,
        "url": f"{PUBLIC_URL}/requests/{request.id}",
    }
    assert len(sent.body) < 20_000


@pytest.mark.req("J5")
def test_deliver_opened_stage_carries_no_personal_value(town: Town) -> None:
    http = FakeHttpSender()
    town.submit()
    town.delivery(http).run_due(town.clock.now())
    (sent,) = http.posted
    for person in town.rows(PersonRow):
        with town.desk.act() as act:
            number = act.vault.decrypt(person.document_sealed, f"{people.DOCUMENT_CONTEXT}:{person.id}")
        assert number.encode() not in sent.body
        assert person.name.encode() not in sent.body
    # Not within a digest or an id: about one in a hundred has eleven digits in a row that look like a phone.
    assert not re.search(rb"(?<![0-9a-f])(?:\d{17}[\dX]|1[3-9]\d{9})(?![0-9a-f])", sent.body)


def test_deliver_is_verified_by_the_reference_package(town: Town) -> None:
    town.clock.set(datetime.now(UTC))
    http = FakeHttpSender()
    town.submit()
    town.delivery(http).run_due(town.clock.now())
    (sent,) = http.posted
    assert Webhook(town.secrets.outgoing).verify(sent.body, dict(sent.headers))["type"] == "task.opened"


def test_announce_reaches_only_entitled_active_endpoints(town: Town) -> None:
    with town.open_act(town.actor(Office.SECURITY_ADMINISTRATOR)) as act:
        for name, unit, offices in (
            ("centre", "jyzx", (Office.UNIT_HEAD,)),
            ("region", "371500", (Office.UNIT_HEAD,)),
            ("other unit", "xxjsk", (Office.UNIT_HEAD,)),
            ("other office", "ywk", (Office.VERIFIER,)),
            ("disabled", "ywk", (Office.UNIT_HEAD,)),
        ):
            webhooks.register_endpoint(act, make_endpoint_form(name=name, unit_code=unit, offices=offices))
        webhooks.disable_endpoint(act, "disabled")
    town.submit()
    http = FakeHttpSender()
    town.delivery(http).run_due(town.clock.now())
    told = town.steps("webhook")
    with town.open_act(town.clerk) as act:
        reached = {webhooks.get_endpoint(act, step.payload["endpoint_id"]).name for step in told}
    assert reached == {"ywk-oa", "centre", "region"}
    assert len(http.posted) == 3


@pytest.mark.req("B6")
def test_announce_mails_approvers_without_personal_values(town: Town) -> None:
    give_mail(town, Office.UNIT_HEAD, "ywk", "head@centre.example")
    give_mail(town, Office.UNIT_HEAD, "xxjsk", "other@centre.example")
    request, _ = town.submit()
    town.delivery().run_due(town.clock.now(), limit=1)
    (step,) = town.steps("mail")
    assert step.payload["to"] == "head@centre.example"
    assert request.number in step.payload["subject"]
    assert f"{PUBLIC_URL}/requests/{request.id}" in step.payload["text"]
    assert "科室（单位）负责人" in step.payload["text"]
    assert town.leaver not in step.payload["text"]


def test_announce_stage_already_decided_says_nothing(town: Town) -> None:
    request, stage = town.submit()
    town.receive(town.message(request, stage, verdict="reject", reason="不同意"))
    http = FakeHttpSender()
    town.delivery(http).run_due(town.clock.now())
    assert http.posted == []
    assert {s.state for s in town.steps("stage.opened")} == {"done"}


def test_announce_of_next_stage_follows_a_decision(town: Town) -> None:
    request, stage = town.submit()
    http = FakeHttpSender()
    town.delivery(http).run_due(town.clock.now())
    town.receive(town.message(request, stage))
    town.delivery(http).run_due(town.clock.now())
    assert [json.loads(sent.body)["data"]["office"] for sent in http.posted] == ["unit_head", "leader_in_charge"]


@pytest.mark.parametrize("status", [301, 307, 400, 404, 408, 429, 500, 502, 503, 504])
def test_deliver_not_taken_is_sent_again_with_same_id_and_new_time(town: Town, status: int) -> None:
    http = FakeHttpSender(HttpAnswer(status, None, ""))
    town.submit()
    town.delivery(http).run_due(town.clock.now())
    (step,) = town.steps("webhook")
    assert (step.state, step.attempts) == ("pending", 1)
    assert step.due_at - town.clock.now() == timedelta(seconds=5)
    town.clock.advance(timedelta(seconds=5))
    town.delivery(http).run_due(town.clock.now())
    first, second = http.posted
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 5
    assert town.steps("webhook")[0].state == "done"


def test_deliver_never_taken_ends_dead_with_alarm_after_ten_tries(town: Town) -> None:
    http = FakeHttpSender(*[HttpAnswer(503, None, "")] * 20)
    town.submit()
    begun = town.clock.now()
    for _ in range(12):
        town.delivery(http).run_due(town.clock.now())
        town.clock.set(max(town.clock.now(), town.steps("webhook")[0].due_at))
    (step,) = town.steps("webhook")
    assert (step.state, len(http.posted)) == ("dead", 10)
    assert timedelta(hours=75) < town.clock.now() - begun < timedelta(hours=76)
    assert [e.alarm for e in town.rows(AuditEntryRow, event="step.failed")] == [True]


def test_deliver_answered_gone_disables_the_endpoint_at_once(town: Town) -> None:
    http = FakeHttpSender(HttpAnswer(410, None, ""))
    town.submit()
    town.delivery(http).run_due(town.clock.now())
    assert town.steps("webhook")[0].state == "dead"
    assert (town.endpoint().active, town.endpoint().disabled_cause) == (False, "gone")
    assert [e.alarm for e in town.rows(AuditEntryRow, event="endpoint.disabled")] == [True]


def test_deliver_to_target_off_the_list_is_dead_at_once(town: Town) -> None:
    http = FakeHttpSender(ForbiddenTargetError(target="https://oa.ywk.example:8443"))
    town.submit()
    town.delivery(http).run_due(town.clock.now())
    (step,) = town.steps("webhook")
    assert (step.state, step.attempts) == ("dead", 1)


def test_deliver_to_endpoint_disabled_meanwhile_sends_nothing(town: Town) -> None:
    http = FakeHttpSender()
    town.submit()
    town.delivery(http).run_due(town.clock.now(), limit=1)
    with town.open_act(town.actor(Office.SECURITY_ADMINISTRATOR)) as act:
        webhooks.disable_endpoint(act, "ywk-oa")
    town.delivery(http).run_due(town.clock.now())
    assert http.posted == []
    assert town.steps("webhook")[0].state == "dead"
