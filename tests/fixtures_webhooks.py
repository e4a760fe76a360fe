"""A centre whose business department has its own approval system: endpoint, secrets, an open task, signed messages."""

import itertools
import json
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from connector.audit.tables import AuditEntryRow
from connector.auth import signatures
from connector.auth.act import Act
from connector.auth.actor import Actor, person_actor
from connector.outbox.deliver import Delivery
from connector.outbox.tables import StepRow
from connector.ports import HttpSender
from connector.regulations.vocabulary import Office
from connector.requests import service as requests
from connector.requests.tables import DecisionRow, RequestRow, StageRow
from connector.webhooks import incoming
from connector.webhooks import service as webhooks
from connector.webhooks.deliver import WebhookHandlers
from connector.webhooks.schemas import DecisionTaken
from connector.webhooks.tables import EndpointRow, ReceiptRow
from tests.factories import Centre, make_account, make_centre
from tests.fakes.clock import FakeClock
from tests.fakes.http_sender import FakeHttpSender
from tests.fixtures_register import NOON, Desk, open_desk

PUBLIC_URL = "https://idp.centre.example"
OFFICES = (Office.UNIT_HEAD, Office.LEADER_IN_CHARGE)
_messages = itertools.count(1)


@dataclass
class Town:
    """`clock` is the time of every act that names none. `secrets` are those of the endpoint "ywk-oa"."""

    desk: Desk
    centre: Centre
    secrets: webhooks.EndpointSecrets
    clerk: Actor
    leaver: str  # user name of the account the request is about
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOON))

    def open_act(self, actor: Actor, now: datetime | None = None) -> AbstractContextManager[Act]:
        return self.desk.act(actor, now or self.clock.now())

    def actor(self, office: Office, unit_code: str = "") -> Actor:
        return self.centre.actor(office, unit_code)

    def user_name(self, office: Office, unit_code: str = "") -> str:
        return self.actor(office, unit_code).name

    def submit(self) -> tuple[RequestRow, StageRow]:
        """A request to disable the leaver's account, and its first stage: the unit head's."""
        form = requests.RequestForm(
            kind="disable", unit_code="ywk", account=self.leaver, reason="调离", cause="transfer"
        )
        with self.open_act(self.clerk) as act:
            request = requests.submit_request(act, form)
            return request, requests.stages_of(act, request)[0]

    def message(self, request: RequestRow, stage: StageRow, **changed: Any) -> bytes:
        """The body of an approval by the unit head, with members of its data changed."""
        data = {
            "task": stage.id,
            "decided_by": self.user_name(Office.UNIT_HEAD, "ywk"),
            "verdict": "approve",
            "reason": "同意",
            "digest": request.digest,
            **changed,
        }
        return json.dumps({"type": "task.decided", "data": data}, ensure_ascii=False).encode()

    def headers(self, body: bytes, *, message_id: str = "", age: timedelta = timedelta(0)) -> dict[str, str]:
        message_id = message_id or f"oa_{next(_messages)}"
        return signatures.signed_headers([self.secrets.incoming], message_id, self.clock.now() - age, body)

    def receive(self, body: bytes, headers: dict[str, str] | None = None, endpoint_id: str = "") -> DecisionTaken:
        return incoming.receive_decision(
            self.open_act, endpoint_id or self.secrets.endpoint.id, headers or self.headers(body), body
        )

    def delivery(self, http: HttpSender | None = None, **others: Any) -> Delivery:
        handlers = WebhookHandlers(http or FakeHttpSender(), self.open_act, public_url=PUBLIC_URL).table()
        return Delivery(self.open_act, {**handlers, **others}, timedelta(seconds=60), threads=1)

    def rows(self, table: type[Any], **equal: Any) -> list[Any]:
        with self.open_act(self.clerk) as act:
            return list(act.session.scalars(select(table).filter_by(**equal)))

    def refusals(self) -> list[tuple[str, bool]]:
        """(code, alarm) of every recorded refusal of a message."""
        return [(e.data["code"], e.alarm) for e in self.rows(AuditEntryRow, event="webhook.refused")]

    def decisions(self) -> list[DecisionRow]:
        return self.rows(DecisionRow)

    def receipts(self) -> dict[str, str]:
        return {r.message_id: r.outcome for r in self.rows(ReceiptRow)}

    def steps(self, kind: str) -> list[StepRow]:
        return self.rows(StepRow, kind=kind)

    def endpoint(self) -> EndpointRow:
        (found,) = self.rows(EndpointRow, id=self.secrets.endpoint.id)
        return found


def open_town(tmp_path: Path, url: str | None = None, *, scheme: str = "v1") -> Town:
    """A town on a new SQLite database, or on the empty database at `url`; close its desk afterwards."""
    desk = open_desk(tmp_path, url)
    with desk.act() as act:
        centre = make_centre(act)
        clerk = make_account(act, "ywk")
        leaver = make_account(act, "ywk")
    with desk.act(centre.actor(Office.SECURITY_ADMINISTRATOR)) as act:
        secrets = webhooks.register_endpoint(act, make_endpoint_form(scheme=scheme))
    actor = person_actor(clerk.person_id, clerk.user_name, account_id=clerk.id, acr="mfa")
    return Town(desk, centre, secrets, actor, leaver.user_name)


def make_endpoint_form(**changed: Any) -> webhooks.EndpointForm:
    right = {"unit_code": "ywk", "name": "ywk-oa", "url": "https://oa.ywk.example:8443/tasks", "offices": OFFICES}
    return webhooks.EndpointForm(**{**right, **changed})
