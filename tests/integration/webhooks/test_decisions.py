"""Tasks and decisions over real HTTP with a sample OA system, and messages that arrive at the same moment (B11)."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from connector.adapters.clock import SystemClock
from connector.adapters.http_sender import AllowListSender
from connector.app import create_app
from connector.auth.act import Act
from connector.auth.actor import Actor
from connector.embedded.process import free_port
from connector.embedded.sample_oa import SampleOa
from connector.errors import ConnectorError, NotSignedInError
from connector.regulations.vocabulary import Office
from connector.webhooks import service as webhooks
from tests.fixtures_webhooks import Town, make_endpoint_form, open_town

pytestmark = pytest.mark.req("B11")


@pytest.fixture
def town(tmp_path: Path, database_url: str) -> Iterator[Town]:
    made = open_town(tmp_path, database_url)
    yield made
    made.desk.close()


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """The result of each call, or the error it raised; all begin at the same moment."""
    begin, results = threading.Barrier(len(calls)), [None] * len(calls)

    def run(place: int, call: Callable[[], Any]) -> None:
        begin.wait()
        try:
            results[place] = call()
        except ConnectorError as error:
            results[place] = error.code

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_receive_same_message_twice_at_once_counts_once(town: Town) -> None:
    for _ in range(5):
        request, stage = town.submit()
        body = town.message(request, stage, verdict="reject", reason="不同意")
        headers = town.headers(body)
        results = at_once(*[lambda b=body, h=headers: town.receive(b, h)] * 4)
        assert sorted(r for r in results if isinstance(r, str)) == ["webhook-duplicate"] * 3
        assert len([d for d in town.decisions() if d.stage_id == stage.id]) == 1
        assert town.receipts()[headers["webhook-id"]] == "accepted"
    assert len(town.refusals()) == 15


def test_receive_two_decisions_of_one_stage_at_once_counts_one(town: Town) -> None:
    for _ in range(5):
        request, stage = town.submit()
        results = at_once(
            lambda r=request, s=stage: town.receive(town.message(r, s, verdict="reject", reason="不同意")),
            lambda r=request, s=stage: town.receive(town.message(r, s, verdict="reject", reason="材料不符")),
        )
        assert [r for r in results if isinstance(r, str)] == ["request-closed"]
        assert len([d for d in town.decisions() if d.stage_id == stage.id]) == 1


def test_receive_with_text_the_database_cannot_hold_is_refused(town: Town) -> None:
    request, stage = town.submit()
    for changed in ({"task": "a\x00"}, {"decided_by": "a\x00"}, {"reason": "a\x00"}, {"digest": "\x00"}):
        with pytest.raises(ConnectorError) as caught:
            town.receive(town.message(request, stage, **changed))
        assert caught.value.code == "refused-input"


class Desk:
    """The part of the composition root that the routes of webhooks need."""

    def __init__(self, town: Town) -> None:
        self._town = town

    def act(
        self, actor: Actor, *, now: datetime | None = None, reading: bool = False, changing: bool = False
    ) -> AbstractContextManager[Act]:
        return self._town.open_act(actor, now)

    def actor_of(self, token: str) -> Actor:
        for office in Office:
            if token == office.value:
                return self._town.actor(office)
        raise NotSignedInError


@pytest.fixture
def address(town: Town) -> Iterator[str]:
    """Address of the connector's web application, on a real socket with the real time."""
    town.clock = SystemClock()  # type: ignore[assignment]
    port = free_port()
    app = create_app(Desk(town))  # type: ignore[arg-type]
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(params=["v1", "v1a"])
def oa(request: pytest.FixtureRequest, town: Town, address: str) -> Iterator[SampleOa]:
    """The unit's own system, registered as "oa"; the endpoint the town came with is switched off."""
    with SampleOa() as system:
        with town.open_act(town.actor(Office.SECURITY_ADMINISTRATOR)) as act:
            webhooks.disable_endpoint(act, "ywk-oa")
            form = make_endpoint_form(name="oa", url=system.url, scheme=request.param)
            town.secrets = webhooks.register_endpoint(act, form)
        system.trust(
            f"{address}/webhooks/{town.secrets.endpoint.id}/decisions",
            verifying=town.secrets.outgoing,
            signing=town.secrets.incoming,
        )
        yield system


def deliver(town: Town, oa: SampleOa) -> None:
    sender = AllowListSender([oa.origin])
    town.delivery(sender).run_due()
    sender.close()


def test_oa_hears_of_a_task_and_decides_it(town: Town, oa: SampleOa) -> None:
    request, stage = town.submit()
    deliver(town, oa)
    assert oa.tasks[stage.id]["request"] == request.number
    answer = oa.decide(stage.id, decided_by=town.user_name(Office.UNIT_HEAD, "ywk"), reason="同意")
    assert (answer.status_code, answer.json()["state"]) == (200, "pending")
    deliver(town, oa)
    second = next(task for task in oa.tasks.values() if task["office"] == "leader_in_charge")
    answer = oa.decide(second["task"], decided_by=town.user_name(Office.LEADER_IN_CHARGE, "ywk"))
    assert answer.status_code == 200
    assert [d.via for d in town.decisions()] == ["webhook", "webhook"]
    assert (oa.refused, oa.repeated) == (0, 0)


def test_oa_hears_a_repeated_message_once(town: Town, oa: SampleOa) -> None:
    town.submit()
    deliver(town, oa)
    (step,) = town.steps("webhook")
    with town.open_act(town.clerk) as act:
        act.session.get_one(type(step), step.id).state = "pending"
    deliver(town, oa)
    assert (len(oa.tasks), oa.repeated) == (1, 1)


def test_oa_refuses_what_the_connector_did_not_sign(town: Town, oa: SampleOa) -> None:
    sender = AllowListSender([oa.origin])
    answer = sender.post(oa.url, b'{"type":"task.opened","data":{"task":"x"}}', town.headers(b"other"))
    sender.close()
    assert (answer.status, oa.refused, oa.tasks) == (401, 1, {})


def test_oa_is_answered_with_a_problem_for_every_refusal(town: Town, oa: SampleOa) -> None:
    request, stage = town.submit()
    deliver(town, oa)
    head = town.user_name(Office.UNIT_HEAD, "ywk")
    data = {"task": stage.id, "decided_by": head, "verdict": "approve", "reason": "", "digest": request.digest}
    right = {"type": "task.decided", "data": data}
    other_office = town.user_name(Office.VERIFIER, "ywk")
    answers = [
        oa.send(right, at=datetime.now(UTC) - timedelta(minutes=6)),
        oa.send({**right, "data": {**data, "decided_by": other_office}}, message_id="oa_other"),
        oa.send({**right, "data": {**data, "digest": "0" * 64}}),
        oa.send({"type": "nonsense"}),
        oa.send(right, message_id="oa_right"),
        oa.send(right, message_id="oa_right"),
        oa.send(right),
        oa.send({"type": "x" * 21_000}),
    ]
    assert [(a.status_code, a.json()["code"] if a.status_code != 200 else "") for a in answers] == [
        (401, "webhook-stale"),
        (403, "wrong-office"),
        (409, "content-changed"),
        (422, "refused-input"),
        (200, ""),
        (409, "webhook-duplicate"),
        (409, "stage-closed"),
        (413, "webhook-too-large"),
    ]
    for answer in answers:
        if answer.status_code != 200:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["remedy"]
            assert answer.json()["en"]["title"]
    recorded = [code for code, alarm in town.refusals() if alarm]
    assert recorded == [a.json()["code"] for a in answers if a.status_code != 200][:-1]
    assert len(town.decisions()) == 1


def test_endpoints_are_kept_by_the_security_administrator_alone(town: Town, address: str) -> None:
    form = {"unit_code": "ywk", "name": "neu", "url": "https://oa.example/t", "offices": ["unit_head"]}
    with httpx.Client(base_url=address, trust_env=False) as client:
        assert client.post("/endpoints", json=form).status_code == 401
        wrong = {"authorization": "Bearer system_administrator"}
        assert client.post("/endpoints", json=form, headers=wrong).status_code == 403
        assert client.get("/endpoints", headers={"authorization": "Bearer operator"}).status_code == 403
        right = {"authorization": "Bearer security_administrator"}
        made = client.post("/endpoints", json=form, headers=right)
        assert made.status_code == 201
        assert made.json()["outgoing"].startswith("whsec_")
        rotated = client.post("/endpoints/neu/rotate", json={}, headers=right)
        assert rotated.json()["outgoing"] != made.json()["outgoing"]
        assert client.post("/endpoints/neu/disable", headers=right).json()["active"] is False
        listed = client.get("/endpoints", headers={"authorization": "Bearer auditor"})
        assert {e["name"]: e["active"] for e in listed.json()} == {"neu": False, "ywk-oa": True}
        assert "whsec_" not in listed.text
