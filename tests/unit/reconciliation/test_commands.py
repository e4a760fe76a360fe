"""The commands and routes of the reconciliation over a connector with fakes."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from connector.cli import reconciliation as commands
from connector.cli import session
from connector.errors import ForbiddenError
from connector.reconciliation import routes
from connector.register.readers import RECONCILIATIONS
from connector.regulations.vocabulary import Office
from tests.fixtures_reconciliation import opened
from tests.town import Town


@pytest.fixture
def run(town: Town, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs one command and gives its JSON."""

    @contextmanager
    def connector_of_the_town() -> Iterator[Any]:
        yield town.connector

    monkeypatch.setattr(commands, "opened", connector_of_the_town)

    def call(*words: str) -> Any:
        result = CliRunner().invoke(commands.app, [*words, "--json"])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return call


def test_commands_compare_show_and_ask(town: Town, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    town.idp.give_by_hand(str(opened(town).keycloak_id), "centre", "experts.viewer")
    looked = run("run", "--no-propose")
    assert (looked["counts"], looked["plan"], looked["request_id"]) == ({"extra_role": 1}, "none", None)
    shown = run("show")
    assert shown == run("show", looked["run"])
    assert shown["differences"][0]["kind_zh"] == "未经审批的权限"
    asked = run("propose")
    assert asked["state"] == "pending"
    assert run("show")["run"]["request"] == asked["request"]
    monkeypatch.setattr(session, "out", Console(width=250))
    table = CliRunner().invoke(commands.app, ["show"])
    assert table.exit_code == 0
    assert "centre:experts.viewer" in table.stdout


@pytest.mark.parametrize("office", RECONCILIATIONS)
def test_routes_show_runs_to_those_who_answer_for_accounts(town: Town, run: Callable[..., Any], office: Office) -> None:
    summary = run("run")
    with town.connector.act(town.actor(office), reading=True) as act:
        assert [view.id for view in routes.runs(act)] == [summary["run"]]
        assert routes.run(act, summary["run"]).run.agrees


def test_routes_show_no_run_to_a_person_without_an_office(town: Town, run: Callable[..., Any]) -> None:
    summary = run("run")
    with town.connector.act(town.applicant(), reading=True) as act:
        for read in (lambda: routes.runs(act), lambda: routes.run(act, summary["run"])):
            with pytest.raises(ForbiddenError):
                read()
