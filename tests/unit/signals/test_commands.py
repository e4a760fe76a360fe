"""The commands of the signals over a connector with fakes."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from typer.testing import CliRunner

from connector.bootstrap import Connector
from connector.cli import signals as commands
from connector.ports import HttpAnswer
from tests.fixtures_signals import SignalTown

Run = Callable[..., Any]


@pytest.fixture
def run(hearing: SignalTown, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs one command and gives its JSON, or the exit code it is expected to end with."""

    @contextmanager
    def opened() -> Iterator[Connector]:
        yield hearing.town.connector

    monkeypatch.setattr(commands, "opened", opened)

    def call(*words: str, exit_code: int = 0) -> Any:
        result = CliRunner().invoke(commands.app, [*words, "--json"])
        assert result.exit_code == exit_code, result.output
        printed = "\n".join(
            line for line in result.stdout.splitlines() if not line.startswith("20")
        )  # Without the log.
        return json.loads(printed)

    return call


def test_register_verify_and_disable_by_commands(hearing: SignalTown, run: Run) -> None:
    made = run("register", "centre", "https://centre.example/set", "--authorization", "Bearer x", "--audience", "c")
    assert made["question"] == "http://localhost:8460/signals/accounts/"
    assert len(made["token"]) > 40
    assert run("verify", "centre")["state"] == "done"
    assert hearing.receivers.heard[-1].claims["aud"] == "c"
    rows = {row["subsystem_id"]: row for row in run("streams")}
    assert rows["centre"]["accepted_at"]
    assert not rows["website"]["accepted_at"]
    assert not run("disable", "centre")["enabled"]


def test_verify_a_stream_that_is_not_taken_ends_with_an_error(hearing: SignalTown, run: Run) -> None:
    hearing.receivers.answers["website"] = HttpAnswer(503, None, "")
    told = run("verify", "website", exit_code=1)
    assert (told["state"], "HTTP 503" in told["error"]) == ("pending", True)


def test_rotate_the_key_and_the_next_signal_is_signed_with_the_new_one(hearing: SignalTown, run: Run) -> None:
    before = hearing.town.connector.token_signer.sign({}, "secevent+jwt")
    key_id = run("rotate-key")["key"]
    hearing.announce("sessions-revoked")
    assert hearing.receivers.heard[-1].head["kid"] == key_id
    jwt.decode(before, KeySet.import_key_set(hearing.receivers.keys()), algorithms=["ES256"])  # type: ignore[arg-type]
    assert [entry.subject for entry in hearing.entries("signal_key.rotated")] == [f"key:{key_id}"]
