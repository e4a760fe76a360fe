"""Decisions by signed message: one counts, and every other is refused, recorded and alarmed (B11)."""

import json
from datetime import timedelta
from typing import Any

import pytest

from connector.audit.tables import AuditEntryRow
from connector.auth import signatures
from connector.auth.signatures import SignatureRefusedError, StaleMessageError
from connector.errors import NotFoundError, RefusedInputError, UnavailableError
from connector.register import accounts
from connector.regulations.vocabulary import AccountStatus, Office
from connector.requests.errors import (
    ContentChangedError,
    SelfApprovalError,
    StageClosedError,
    WrongOfficeError,
)
from connector.webhooks import incoming
from connector.webhooks import service as webhooks
from connector.webhooks.errors import (
    DuplicateMessageError,
    EndpointDisabledError,
    EndpointNotEntitledError,
    UnknownDeciderError,
    UnknownEndpointError,
)
from tests.fixtures_webhooks import Town, make_endpoint_form
from tests.province import CITY, make_province

pytestmark = pytest.mark.req("B11")


def test_receive_signed_approval_decides_the_stage(any_town: Town) -> None:
    request, stage = any_town.submit()
    body = any_town.message(request, stage)
    taken = any_town.receive(body, any_town.headers(body, message_id="oa_first"))
    assert (taken.request, taken.state, taken.task) == (request.number, "pending", stage.id)
    (decision,) = any_town.decisions()
    assert (decision.via, decision.verdict, decision.stage_id) == ("webhook", "approve", stage.id)
    assert decision.person_id == any_town.actor(Office.UNIT_HEAD, "ywk").person_id
    assert any_town.receipts() == {"oa_first": "accepted"}
    assert any_town.refusals() == []


def test_receive_rejection_closes_the_request(town: Town) -> None:
    request, stage = town.submit()
    assert town.receive(town.message(request, stage, verdict="reject", reason="材料不符")).state == "rejected"


def test_receive_same_id_twice_is_refused(any_town: Town) -> None:
    request, stage = any_town.submit()
    body = any_town.message(request, stage)
    headers = any_town.headers(body)
    any_town.receive(body, headers)
    with pytest.raises(DuplicateMessageError):
        any_town.receive(body, headers)
    assert any_town.refusals() == [("webhook-duplicate", True)]
    assert len(any_town.decisions()) == 1
    assert list(any_town.receipts().values()) == ["accepted"]


def test_receive_older_than_five_minutes_is_refused_and_may_be_signed_again(any_town: Town) -> None:
    request, stage = any_town.submit()
    body = any_town.message(request, stage)
    late = any_town.headers(body, message_id="oa_late", age=timedelta(minutes=5, seconds=1))
    with pytest.raises(StaleMessageError):
        any_town.receive(body, late)
    assert any_town.refusals() == [("webhook-stale", True)]
    assert any_town.decisions() == []
    assert any_town.receive(body, any_town.headers(body, message_id="oa_late")).task == stage.id


def test_receive_from_the_future_is_refused(town: Town) -> None:
    body = town.message(*town.submit())
    with pytest.raises(StaleMessageError):
        town.receive(body, town.headers(body, age=-timedelta(minutes=5, seconds=1)))


@pytest.mark.parametrize("broken", ["unsigned", "other secret", "other body", "outgoing secret"])
def test_receive_with_bad_signature_is_refused_and_uses_up_no_id(any_town: Town, broken: str) -> None:
    body = any_town.message(*any_town.submit())
    right = any_town.headers(body, message_id="oa_1")
    signed_with = {"other secret": signatures.new_secret(), "outgoing secret": any_town.secrets.outgoing}.get(broken)
    if signed_with and not signed_with.startswith("whpk_"):
        wrong = signatures.signed_headers([signed_with], "oa_1", any_town.clock.now(), body)
    else:
        wrong = {k: v for k, v in right.items() if k != "webhook-signature"}
    with pytest.raises(SignatureRefusedError):
        any_town.receive(body + b" " if broken == "other body" else body, right if broken == "other body" else wrong)
    assert any_town.refusals() == [("webhook-signature", True)]
    assert any_town.decisions() == []
    assert any_town.receipts() == {}
    any_town.receive(body, right)


def test_receive_second_decision_of_a_stage_is_refused(town: Town) -> None:
    request, stage = town.submit()
    town.receive(town.message(request, stage))
    with pytest.raises(StageClosedError):
        town.receive(town.message(request, stage, verdict="reject", reason="反悔"))
    assert town.refusals() == [("stage-closed", True)]
    assert len(town.decisions()) == 1


def test_receive_from_person_without_the_office_is_refused(town: Town) -> None:
    request, stage = town.submit()
    body = town.message(request, stage, decided_by=town.user_name(Office.LEADER_IN_CHARGE, "ywk"))
    headers = town.headers(body, message_id="oa_wrong")
    with pytest.raises(WrongOfficeError):
        town.receive(body, headers)
    assert town.refusals() == [("wrong-office", True)]
    assert town.receipts() == {"oa_wrong": "wrong-office"}
    with pytest.raises(DuplicateMessageError):
        town.receive(body, headers)


def test_receive_from_the_applicant_is_refused(town: Town) -> None:
    request, stage = town.submit()
    with pytest.raises(SelfApprovalError):
        town.receive(town.message(request, stage, decided_by=town.clerk.name))
    assert town.decisions() == []


def test_receive_for_office_the_endpoint_does_not_answer_for_is_refused(town: Town) -> None:
    request, stage = town.submit()
    with town.open_act(town.actor(Office.SECURITY_ADMINISTRATOR)) as act:
        webhooks.get_endpoint(act, town.secrets.endpoint.id).offices = [Office.LEADER_IN_CHARGE.value]
    with pytest.raises(EndpointNotEntitledError):
        town.receive(town.message(request, stage))
    assert town.refusals() == [("webhook-not-entitled", True)]


def test_receive_from_endpoint_of_another_unit_is_refused(town: Town) -> None:
    request, stage = town.submit()
    with town.open_act(town.actor(Office.SECURITY_ADMINISTRATOR)) as act:
        town.secrets = webhooks.register_endpoint(act, make_endpoint_form(name="xxjsk-oa", unit_code="xxjsk"))
    with pytest.raises(EndpointNotEntitledError):
        town.receive(town.message(request, stage))
    assert town.decisions() == []


def test_receive_from_endpoint_of_the_centre_decides(town: Town) -> None:
    request, stage = town.submit()
    with town.open_act(town.actor(Office.SECURITY_ADMINISTRATOR)) as act:
        town.secrets = webhooks.register_endpoint(act, make_endpoint_form(name="jyzx-oa", unit_code="jyzx"))
    assert town.receive(town.message(request, stage)).task == stage.id


def test_receive_signed_by_another_endpoint_is_refused(town: Town) -> None:
    request, stage = town.submit()
    body = town.message(request, stage)
    headers = town.headers(body)
    with town.open_act(town.actor(Office.SECURITY_ADMINISTRATOR)) as act:
        other = webhooks.register_endpoint(act, make_endpoint_form(name="second-oa"))
    with pytest.raises(SignatureRefusedError):
        town.receive(body, headers, endpoint_id=other.endpoint.id)


def test_receive_on_changed_content_is_refused(town: Town) -> None:
    request, stage = town.submit()
    with pytest.raises(ContentChangedError):
        town.receive(town.message(request, stage, digest="0" * 64))
    assert town.refusals() == [("content-changed", True)]


@pytest.mark.parametrize("status", [AccountStatus.FROZEN, AccountStatus.DISABLED, AccountStatus.SUSPENDED])
def test_receive_from_decider_whose_account_is_not_active_is_refused(town: Town, status: AccountStatus) -> None:
    request, stage = town.submit()
    with town.desk.act() as act:
        account = accounts.find_by_user_name(act, town.user_name(Office.UNIT_HEAD, "ywk"))
        assert account is not None
        accounts.set_status(act, account, status, cause="violation")
    with pytest.raises(UnknownDeciderError):
        town.receive(town.message(request, stage))
    assert town.refusals() == [("webhook-unknown-decider", True)]


@pytest.mark.parametrize(
    "changed",
    [
        {"task": "00000000-0000-0000-0000-000000000000"},
        {"task": ""},
        {"task": "x" * 65},
        {"task": "\x00"},
        {"task": None},
        {"decided_by": "nobody"},
        {"decided_by": "a\x00b"},
        {"verdict": "maybe"},
        {"verdict": "reject", "reason": ""},
        {"reason": "x" * 501},
        {"reason": "a\x00b"},
        {"digest": ""},
        {"digest": "\ud800"},
    ],
)
def test_receive_with_wrong_member_is_refused(town: Town, changed: dict[str, Any]) -> None:
    request, stage = town.submit()
    body = town.message(request, stage).decode()
    body = json.dumps({**json.loads(body), "data": {**json.loads(body)["data"], **changed}})
    with pytest.raises((RefusedInputError, NotFoundError, UnknownDeciderError)):
        town.receive(body.encode())
    assert [alarm for _, alarm in town.refusals()] == [True]
    assert town.decisions() == []


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b"\xff", b"{", b'{"type":"task.opened","data":{}}'])
def test_receive_what_is_no_decision_is_refused_without_echo(town: Town, body: bytes) -> None:
    with pytest.raises(RefusedInputError) as caught:
        town.receive(body)
    assert caught.value.fields
    assert town.refusals() == [("refused-input", True)]


def test_receive_at_unknown_endpoint_writes_nothing(town: Town) -> None:
    body = town.message(*town.submit())
    with pytest.raises(UnknownEndpointError):
        town.receive(body, endpoint_id="x" * 4000)
    assert town.refusals() == []


def test_receive_at_disabled_endpoint_is_refused(town: Town) -> None:
    body = town.message(*town.submit())
    with town.open_act(town.actor(Office.SECURITY_ADMINISTRATOR)) as act:
        webhooks.disable_endpoint(act, "ywk-oa")
    with pytest.raises(EndpointDisabledError):
        town.receive(body)
    assert town.refusals() == [("webhook-endpoint-disabled", True)]


def test_receive_after_fault_of_ours_may_be_sent_again(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    body = town.message(*town.submit())
    headers = town.headers(body)

    def fails(*_: object, **__: object) -> None:
        raise UnavailableError(part="database")

    with monkeypatch.context() as patch:
        patch.setattr(incoming.requests, "decide", fails)
        with pytest.raises(UnavailableError):
            town.receive(body, headers)
    assert town.refusals() == []
    assert town.receive(body, headers).state == "pending"


def test_refusals_hold_neither_reason_nor_name(town: Town) -> None:
    request, stage = town.submit()
    with pytest.raises(SelfApprovalError):
        town.receive(town.message(request, stage, decided_by=town.clerk.name, reason="含个人信息：住址"))
    (entry,) = town.rows(AuditEntryRow, event="webhook.refused")
    assert set(entry.data) == {"code", "message"}


@pytest.mark.req("G2")
def test_decider_of_another_tree_finds_no_request_through_a_system_either(town: Town) -> None:
    """A signed message opens to nobody what he could not find by himself; elsewhere the same rule says it of an API."""
    request, stage = town.submit()
    with town.desk.act() as act:
        province = make_province(act)
    stranger = province.accounts[CITY, Office.PRINCIPAL].user_name
    with pytest.raises(NotFoundError):
        town.receive(town.message(request, stage, decided_by=stranger))
    assert town.decisions() == []
