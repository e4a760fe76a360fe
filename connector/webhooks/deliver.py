"""Sends messages to endpoints: the handlers of the outbox steps "webhook" and "stage.opened"."""

import hashlib
import json
from typing import NamedTuple

from connector.auth import signatures
from connector.auth.act import Act
from connector.auth.actor import job_actor
from connector.outbox.deliver import Handler, OpenAct, Settle
from connector.outbox.tables import StepRow
from connector.ports import HttpSender
from connector.requests.tables import RequestRow, StageRow
from connector.webhooks import service as webhooks
from connector.webhooks.announce import announce_stage
from connector.webhooks.errors import EndpointDisabledError, EndpointGoneError, WebhookNotTakenError

SENDER = job_actor("deliver_outbox")
GONE = 410


class _Message(NamedTuple):
    name: str  # of the endpoint
    url: str
    body: bytes
    headers: dict[str, str]


class WebhookHandlers:
    """A message keeps its id and body over every try; its time and signatures are of the try."""

    def __init__(self, http: HttpSender, open_act: OpenAct, *, public_url: str) -> None:
        self._http = http
        self._open_act = open_act
        self._public_url = public_url

    def table(self) -> dict[str, Handler]:
        return {"webhook": self.send, "stage.opened": self.announce}

    def announce(self, step: StepRow) -> Settle:
        """Enqueues messages and mails in the transaction that ends this step: all of them once, or none."""

        def settle(act: Act) -> None:
            stage = act.session.get_one(StageRow, step.payload["stage_id"])
            request = act.session.get_one(RequestRow, stage.request_id)
            announce_stage(act, stage, request, public_url=self._public_url)

        return settle

    def send(self, step: StepRow) -> None:
        """Posts one message. Only 2xx is success, a redirect is not followed; 410 switches the endpoint off.

        Raises WebhookNotTakenError (tried again), EndpointGoneError, EndpointDisabledError, ForbiddenTargetError.
        """
        message = self._message(step)
        answer = self._http.post(message.url, message.body, message.headers)
        if answer.status == GONE:
            self._switch_off(step)
            raise EndpointGoneError(name=message.name)
        if not 200 <= answer.status < 300:
            error = WebhookNotTakenError(name=message.name, reason=f"HTTP {answer.status}")
            error.retry_after = answer.retry_after
            raise error

    def _message(self, step: StepRow) -> _Message:
        with self._open_act(SENDER, None) as act:
            endpoint = webhooks.get_endpoint(act, step.payload["endpoint_id"])
            if not endpoint.active:
                raise EndpointDisabledError(name=endpoint.name)
            body = encode(step)
            headers = signatures.signed_headers(
                webhooks.outgoing_secrets(act, endpoint), message_id(step), act.now, body
            )
            return _Message(endpoint.name, endpoint.url, body, {**headers, "content-type": "application/json"})

    def _switch_off(self, step: StepRow) -> None:
        with self._open_act(SENDER, None) as act:
            webhooks.switch_off(act, webhooks.get_endpoint(act, step.payload["endpoint_id"]), cause="gone")


def message_id(step: StepRow) -> str:
    """The id of a message: the same for every try, also after a person has put the step back in line."""
    return "msg_" + hashlib.sha256(step.key.encode()).hexdigest()[:32]


def encode(step: StepRow) -> bytes:
    """The body of a message: type, the moment it was enqueued, and the data; the same bytes for every try."""
    content = {
        "type": step.payload["type"],
        "timestamp": step.enqueued_at.isoformat(),
        "data": step.payload["data"],
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
