"""The commands of the freeze orders over a connector with fakes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from connector.bootstrap import Connector
from connector.cli import freezes as commands
from connector.cli.session import refusals
from connector.incidents import proof
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import Office
from jobs import settle_freezes
from tests.factories import make_account, make_unit
from tests.town import HOST, Town

REASON = ("--reason", "口令外泄")


@pytest.fixture
def run(town: Town, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs one command, and gives its exit code with its JSON, or with its words where there is none."""

    @contextmanager
    def opened() -> Iterator[Connector]:
        with refusals():
            yield town.connector

    monkeypatch.setattr(commands, "opened", opened)

    def call(*words: str) -> tuple[int, Any]:
        answer = CliRunner().invoke(commands.app, [*words, "--json"])
        try:
            return answer.exit_code, json.loads(answer.stdout)
        except ValueError:
            return answer.exit_code, answer.output

    return call


@pytest.fixture
def crew(town: Town) -> list[AccountRow]:
    with town.connector.act(HOST) as act:
        make_unit(act, "xm", parent="ywk")
        return [make_account(act, "xm") for _ in range(3)]


def token(town: Town, office: Office) -> tuple[str, str]:
    """The fake verifier takes a person's Keycloak id as his token."""
    actor = town.actor(office)
    with town.connector.act(HOST) as act:
        account = act.session.get_one(AccountRow, actor.account_id)
        account.keycloak_id = account.keycloak_id or f"kc-{account.user_name}"
        return "--token", account.keycloak_id


def settle(town: Town) -> None:
    for _ in range(2):
        town.clock.advance(timedelta(seconds=10))
        town.connector.deliver()
    settle_freezes.run(town.connector, town.clock.now())


def test_commands_of_the_operator_freeze_show_and_prove(town: Town, crew: list[AccountRow], run: Any) -> None:
    code, seen = run("preview", "unit", "xm")
    assert (code, seen["count"], seen["needs_second"]) == (0, 3, False)
    code, order = run("order", "unit", "xm", "--plan", seen["hash"], *REASON)
    assert (code, order["state"], order["counts"]) == (0, "started", {"pending": 3})
    assert run("proof", order["number"])[0] == 1  # The sweep is still to come.
    settle(town)
    code, shown = run("proof", order["number"])
    assert (code, shown["state"], shown["counts"]) == (0, "done", {"done": 3})
    assert [one["number"] for one in run("list")[1]] == [order["number"]]
    assert run("proof", order["number"], "--live") == (0, [])  # Keycloak has none of them.
    assert run("order", "unit", "xm", "--plan", seen["hash"], *REASON)[0] == 1


def test_commands_of_two_officers_confirm_and_undo(town: Town, crew: list[AccountRow], run: Any) -> None:
    town.connector.settings.freeze_alone = 2
    security, principal = token(town, Office.SECURITY_ADMINISTRATOR), token(town, Office.PRINCIPAL)
    _, seen = run("preview", "unit", "xm", *security)
    _, order = run("order", "unit", "xm", "--plan", seen["hash"], *REASON, *security)
    assert order["state"] == "waiting"
    assert run("confirm", order["number"], *principal)[1]["hash"] == seen["hash"]
    assert run("confirm", order["number"], "--plan", seen["hash"], *security)[0] == 1
    assert run("confirm", order["number"], "--plan", seen["hash"], *principal)[1]["state"] == "started"
    settle(town)
    _, back = run("undo", order["number"], *security)
    assert back["count"] == 3
    _, undone = run("undo", order["number"], "--plan", back["hash"], *REASON, *security)
    assert run("refuse", undone["number"], *REASON, *principal)[1]["state"] == "refused"
    _, undone = run("undo", order["number"], "--plan", back["hash"], *REASON, *security)
    assert run("confirm", undone["number"], "--plan", back["hash"], *principal)[0] == 0
    with town.connector.act(HOST) as act:
        assert {act.session.get_one(AccountRow, account.id).status for account in crew} == {"active"}


def test_show_without_json_draws_tables(town: Town, crew: list[AccountRow], run: Any) -> None:
    seen = run("preview", "unit", "xm")[1]
    number = run("order", "unit", "xm", "--plan", seen["hash"], *REASON)[1]["number"]
    runner = CliRunner()
    for words in (["preview", "unit", "xm"], ["proof", number], ["list"]):
        drawn = runner.invoke(commands.app, words)
        assert "xm" in drawn.output
        assert drawn.exception is None or isinstance(drawn.exception, SystemExit)


def test_job_without_an_order_writes_nothing(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "settle_orders", lambda _act: pytest.fail("nothing is open"))
    assert settle_freezes.run(town.connector, town.clock.now()) == {"finished": 0, "expired": 0}
