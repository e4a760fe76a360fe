"""Signals keep their order under any weather, on both databases: who is frozen last is told to be frozen last."""

import hashlib
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connector.adapters.clock import SystemClock
from connector.ports import HttpAnswer
from connector.provisioning import service as provisioning
from connector.signals import deliver
from tests.fixtures_signals import SignalTown, open_signal_town

ROUNDS = 12


@pytest.fixture
def hearing(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[SignalTown]:
    monkeypatch.setattr(deliver, "REST_SECONDS", 0.0)
    made = open_signal_town(tmp_path, database_url, clock=SystemClock())
    made.register("website")
    made.register("centre")
    yield made
    made.town.close()


@contextmanager
def workers(hearing: SignalTown, count: int) -> Iterator[None]:
    """Workers of the outbox while the block runs, and until nothing is left to do."""
    ends = threading.Event()

    def work() -> None:
        while not ends.wait(0.02):
            hearing.town.connector.deliver()

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    yield
    while any(step.state in ("pending", "leased") for step in hearing.steps()):
        ends.wait(0.1)
    ends.set()
    for thread in threads:
        thread.join()


def freeze(hearing: SignalTown) -> None:
    with hearing.act() as act:
        provisioning.freeze_account(act, hearing.account(act), cause="departure")


def enable(hearing: SignalTown) -> None:
    with hearing.act() as act:
        provisioning.enable_account(act, hearing.account(act), cause="request", request_id=None)


@pytest.mark.req("I3")
def test_signals_of_many_freezes_with_a_moody_receiver_and_two_workers_arrive_in_order(hearing: SignalTown) -> None:
    dice = random.Random(4)  # noqa: S311  The weather.

    def weather(_subsystem: str) -> None:
        hearing.receivers.answers["website"] = HttpAnswer(dice.choice((202, 202, 503)), None, "")

    hearing.receivers.before = weather
    with workers(hearing, 2):
        for _ in range(ROUNDS):
            freeze(hearing)
            enable(hearing)
        freeze(hearing)
    places = {hashlib.sha256(step.key.encode()).hexdigest()[:32]: step.id for step in hearing.steps()}
    for subsystem in ("website", "centre"):
        order = [places[heard.claims["jti"]] for heard in hearing.receivers.heard if heard.subsystem == subsystem]
        assert order == sorted(order)
        assert hearing.receivers.events(subsystem)[-2:] == ["account-disabled", "session-revoked"]
        assert hearing.receivers.events(subsystem).count("account-disabled") == ROUNDS + 1
    assert {step.state for step in hearing.steps()} == {"done"}
