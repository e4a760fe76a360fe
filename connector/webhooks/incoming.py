"""Takes decisions from approvers' systems (B11): signature, age, one use of each message, entitlement, then the rule.

A refusal is written down in a transaction of its own, because the one it happened in is rolled back.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth import signatures
from connector.auth.act import Act
from connector.auth.actor import Actor, ActorKind, person_actor
from connector.errors import ConnectorError, FieldProblem, NotFoundError, RefusedInputError
from connector.outbox.deliver import OpenAct
from connector.register import accounts, confine
from connector.regulations.vocabulary import AccountStatus
from connector.requests import service as requests
from connector.requests.entitlement import Override
from connector.requests.tables import RequestRow, StageRow
from connector.webhooks import service as webhooks
from connector.webhooks.errors import (
    DuplicateMessageError,
    EndpointDisabledError,
    EndpointNotEntitledError,
    UnknownDeciderError,
    UnknownEndpointError,
)
from connector.webhooks.schemas import Decision, DecisionMessage, DecisionTaken
from connector.webhooks.tables import EndpointRow, ReceiptRow

ACCEPTED = "accepted"
DIGEST_LENGTH = 64
FAULTS = 500  # From this status on the fault is ours: the sender may send the same message again.


def receive_decision(open_act: OpenAct, endpoint_id: str, headers: Mapping[str, str], body: bytes) -> DecisionTaken:
    """Decides a stage by a signed message. `headers` have lower-case names; `body` is as received.

    Raises UnknownEndpointError, EndpointDisabledError, SignatureRefusedError, StaleMessageError,
    DuplicateMessageError, EndpointNotEntitledError, UnknownDeciderError, RefusedInputError, and what
    `requests.service.decide` raises. Every refusal at a known endpoint is recorded with an alarm.
    """
    sender = Actor(kind=ActorKind.WEBHOOK, name=f"webhook:{endpoint_id}"[:64], via="webhook")
    with _refusals_recorded(open_act, sender, endpoint_id), open_act(sender, None) as act:
        message_id = _authenticate(act, webhooks.get_endpoint(act, endpoint_id), headers, body)
    with _refusals_recorded(open_act, sender, endpoint_id, message_id), open_act(sender, None) as act:
        return _decide(act, webhooks.get_endpoint(act, endpoint_id), message_id, body)


def _authenticate(act: Act, endpoint: EndpointRow, headers: Mapping[str, str], body: bytes) -> str:
    if not endpoint.active:
        raise EndpointDisabledError(name=endpoint.name)
    return signatures.verify(webhooks.incoming_secrets(act, endpoint), headers, body, act.now)


def _decide(act: Act, endpoint: EndpointRow, message_id: str, body: bytes) -> DecisionTaken:
    receipt = _take_once(act, endpoint, message_id)
    decision = _parsed(body)
    stage = act.session.get(StageRow, decision.task)
    if stage is None:
        raise NotFoundError(kind="审批任务/task", name=decision.task)
    receipt.stage_id = stage.id
    if not webhooks.is_entitled(act, endpoint, stage):
        raise EndpointNotEntitledError
    decider = replace(act, actor=_decider(act, decision.decided_by))
    confine.confine(decider)  # What he could not find by himself, a system does not find for him (GS 3, GS 5).
    request = requests.decide(
        decider,
        stage_id=stage.id,
        verdict=decision.verdict,
        reason=decision.reason,
        digest=decision.digest,
        override=_override(decision),
        compared=decision.compared,
    )
    audit.record(
        act, Event.WEBHOOK_ACCEPTED, f"endpoint:{endpoint.id}", request_id=request.id,
        message=message_id, stage=stage.id, verdict=decision.verdict.value,
    )  # fmt: skip
    return _taken(act, request, stage, decision.decided_by)


def _taken(act: Act, request: RequestRow, stage: StageRow, decided_by: str) -> DecisionTaken:
    """The answer, with both names where a deputy decided (HH 3)."""
    made = next(row for row in requests.decisions_of(act, request.id) if row.stage_id == stage.id)
    holder = accounts.find_by_person(act, made.stands_for_id) if made.stands_for_id else None
    return DecisionTaken(
        request=request.number,
        state=request.state,
        task=stage.id,
        decided_by=decided_by,
        capacity=made.capacity,
        stands_for=holder.user_name if holder else None,
    )


def _take_once(act: Act, endpoint: EndpointRow, message_id: str) -> ReceiptRow:
    """Writes the receipt first: of two deliveries at once, the second waits here for the first, and is refused."""
    receipt = ReceiptRow(endpoint_id=endpoint.id, message_id=message_id, at=act.now, outcome=ACCEPTED)
    try:
        with act.session.begin_nested():
            act.session.add(receipt)
    except IntegrityError:
        raise DuplicateMessageError(message=message_id) from None
    return receipt


def _decider(act: Act, user_name: str) -> Actor:
    account = accounts.find_by_user_name(act, user_name)
    if account is None or account.status != AccountStatus.ACTIVE:
        raise UnknownDeciderError
    return person_actor(account.person_id, account.user_name, account_id=account.id, via="webhook")


def _override(decision: Decision) -> Override | None:
    """What the signed message itself says: without it, no excess is approved from here (JC 11)."""
    sent = decision.override
    if sent is None:
        return None
    if len(sent.digest) != DIGEST_LENGTH:
        raise RefusedInputError(
            [FieldProblem("data.override.digest", "摘要长度不正确", "is no SHA-256 digest", "JC 11")]
        )
    return Override(permissions=sent.permissions, reason=sent.reason, digest=sent.digest)


def _parsed(body: bytes) -> Decision:
    try:
        return DecisionMessage.model_validate_json(body).data
    except ValidationError as error:
        # Only places and kinds of the faults: what was sent may hold anything.
        places = [(".".join(str(part) for part in fault["loc"]) or "body", fault["type"]) for fault in error.errors()]
        fields = [
            FieldProblem(place, f"内容不符合要求（{kind}）", f"not as asked for ({kind})") for place, kind in places
        ]
        raise RefusedInputError(fields) from None


@contextmanager
def _refusals_recorded(
    open_act: OpenAct, sender: Actor, endpoint_id: str, message_id: str | None = None
) -> Iterator[None]:
    try:
        yield
    except UnknownEndpointError:
        raise  # Anybody can invent ids: nothing is written for them.
    except ConnectorError as refusal:
        if refusal.status < FAULTS:
            with open_act(sender, None) as act:
                _write_refusal(act, endpoint_id, message_id, refusal)
        raise


def _write_refusal(act: Act, endpoint_id: str, message_id: str | None, refusal: ConnectorError) -> None:
    """`message_id` is None while the signature is not proved: an unproved message must not use up an id."""
    audit.record(
        act, Event.WEBHOOK_REFUSED, f"endpoint:{endpoint_id}", alarm=True, code=refusal.code,
        **({"message": message_id} if message_id else {}),
    )  # fmt: skip
    if message_id is None or isinstance(refusal, DuplicateMessageError):
        return
    try:
        with act.session.begin_nested():
            act.session.add(
                ReceiptRow(endpoint_id=endpoint_id, message_id=message_id, at=act.now, outcome=refusal.code)
            )
    except IntegrityError:
        return  # The same message was refused at the same moment by another worker.
