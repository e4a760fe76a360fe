"""Illegal access on a real Keycloak: told on the page, by mail and webhook, until a person acknowledges it (GX 11)."""

import json
import time
from datetime import time as clock_time
from datetime import timedelta
from typing import Any

import httpx
import pytest

from connector.app import create_app
from connector.embedded.browser import LoginRefusedError
from connector.regulations.vocabulary import Office
from connector.webhooks import service as webhooks
from jobs import ingest_events, mail_alarms
from tests.fakes.http_sender import FakeHttpSender
from tests.fixtures_api import Api
from tests.fixtures_key_holders import Holder
from tests.integration.incidents.test_compromised import do, make_administrator
from tests.integration.provenance.conftest import GateTown

MAIL = "alarms@example.cn"
KINDS = {
    "login.locked", "administrator.unknown_found", "privilege.used_out_of_hours", "webhook.refused", "provenance.found",
}  # fmt: skip


@pytest.fixture
def api(town: GateTown, monkeypatch: pytest.MonkeyPatch) -> Api:
    """The connector's application; its town has no office hours, so that the test means the same at every hour."""
    rules = town.town.connector.rulebook.incidents
    closed = rules.alarms().model_copy(update={"office_from": clock_time(0), "office_to": clock_time(0)})
    monkeypatch.setattr(rules, "alarms", lambda: closed)
    town.town.connector.settings.alarm_mail_to = MAIL
    return Api(town.town, create_app(town.town.connector))


def listed(api: Api, *, closed: bool = False) -> dict[str, dict[str, Any]]:
    asked = "?with_closed=true" if closed else ""
    return {one["event"]: one for one in api.call("GET", f"/alarms{asked}", by=Office.SECURITY_ADMINISTRATOR).json()}


def forge(api: Api, endpoint: str) -> int:
    """Somebody who does not have the secret sends a decision."""
    body = json.dumps({"type": "task.decided", "data": {"task": "1", "verdict": "approve"}}).encode()
    headers = {"webhook-id": "oa_1", "webhook-timestamp": str(int(time.time())), "webhook-signature": "v1,Zm9yZ2Vk"}
    return api.call("POST", f"/webhooks/{endpoint}/decisions", content=body, headers=headers).status_code


def lock(who: Holder) -> None:
    for number in range(5):
        with pytest.raises(LoginRefusedError):
            who.log_in("website", who.copy(password=f"Falsch#{number}00x"))


def told(town: GateTown) -> tuple[int, int]:
    """(rows in a mail, messages to endpoints) of one run of the job."""
    done = mail_alarms.run(town.town.connector, town.town.clock.now())
    town.settle()
    return done["told"], done["sent"]


@pytest.mark.req("I6")
def test_illegal_access_is_told_on_page_by_mail_and_webhook_once_until_acknowledged(town: GateTown, api: Api) -> None:
    form = webhooks.EndpointForm(
        unit_code="jyzx", name="soc", url="https://soc.test/hook", offices=(Office.SECURITY_ADMINISTRATOR,)
    )
    endpoint = do(town, webhooks.register_endpoint, form).endpoint.id
    told(town)
    victim, administrator = town.newcomer(), town.newcomer()
    make_administrator(town, administrator)
    administrator.log_in("website")
    lock(victim)
    town.by_hand.post("/users", {"username": "ghost-four", "enabled": True})
    assert forge(api, endpoint) == httpx.codes.UNAUTHORIZED
    until = time.monotonic() + 20  # Keycloak counts failures beside the request.
    while True:
        town.judge()
        ingest_events.run(town.town.connector, town.town.clock.now())
        mails = len(town.town.mailer.sent)
        mailed, sent = told(town)
        if listed(api).keys() >= KINDS:
            break
        assert time.monotonic() < until, listed(api).keys()
    shown = listed(api)
    assert mailed
    assert sent
    texts = "\n".join(mail.text for mail in town.town.mailer.sent if mail.to == MAIL)
    sender = town.town.connector.http
    assert isinstance(sender, FakeHttpSender)
    messages = [json.loads(one.body) for one in sender.posted if one.url == form.url]
    assert {kind for kind in KINDS if kind in texts} == KINDS
    assert {one["data"]["kind"] for one in messages} >= KINDS
    assert len(town.town.mailer.sent) > mails
    forge(api, endpoint)
    assert told(town) == (0, 0)  # The rate: the same alarm, grown within the window, is not told again.
    town.town.clock.advance(timedelta(hours=2))
    row = listed(api)["webhook.refused"]
    assert row["count"] == shown["webhook.refused"]["count"] + 1
    answer = {"note": "已核实：伪造消息，来源已封堵", "seen": row["count"]}
    acked = api.call("POST", f"/alarms/{row['id']}/ack", by=Office.SECURITY_ADMINISTRATOR, json=answer)
    assert acked.status_code == httpx.codes.OK, acked.text
    assert "webhook.refused" not in listed(api)
    assert listed(api, closed=True)["webhook.refused"]["note"] == answer["note"]
