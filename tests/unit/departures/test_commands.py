"""The commands and routes of the departures over a connector with fakes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from connector.cli import departures as commands
from connector.departures import routes
from connector.http import get_act
from connector.regulations.vocabulary import Office
from tests.fixtures_departures import HOUR, DepartureDesk
from tests.fixtures_register import NOON


@pytest.fixture
def run(desk: DepartureDesk, monkeypatch: pytest.MonkeyPatch):
    """Runs one command and gives its JSON."""

    @contextmanager
    def opened() -> Iterator[DepartureDesk]:
        yield desk

    monkeypatch.setattr(commands, "opened", opened)

    def call(*words: str):
        result = CliRunner().invoke(commands.app, [*words, "--json"])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return call


@pytest.mark.req("E4")
def test_commands_show_what_a_run_would_do_and_did(desk: DepartureDesk, run) -> None:
    desk.leave("003")
    assert [item["key"] for item in run("preview")["items"]] == ["003"]
    assert desk.frozen() == set()
    assert run("run")["frozen"] == 1
    assert [case["account_status"] for case in run("cases")] == ["frozen"]
    assert [plan["state"] for plan in run("plans")] == ["executed"]
    assert run("probe")["departed"] == 1


@pytest.mark.req("E4")
def test_routes_show_cases_and_plans_to_office_holders_only(desk: DepartureDesk) -> None:
    desk.leave("001", "002", "003")
    held = desk.run(NOON + HOUR)

    def answers(office: Office) -> list[int]:
        app = FastAPI()
        app.include_router(routes.router)

        def act_of_holder():
            with desk.act(desk.centre.actor(office)) as act:
                yield act

        app.dependency_overrides[get_act] = act_of_holder
        client = TestClient(app, raise_server_exceptions=False)
        plan = client.get(f"/departures/plans/{held['plan_hash']}")
        if plan.status_code == 200:
            assert (plan.json()["state"], plan.json()["leavers"]) == ("held", 3)
        return [client.get("/departures/cases").status_code, plan.status_code]

    assert answers(Office.PRINCIPAL) == [200, 200]
    assert answers(Office.UNIT_HEAD) != [200, 200]
