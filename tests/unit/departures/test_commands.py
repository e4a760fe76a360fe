"""The commands and routes of the departures over a connector with fakes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from connector.cli import departures as commands
from connector.cli import rotations
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

    for module in (commands, rotations):
        monkeypatch.setattr(module, "opened", opened)

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


def test_probe_shows_the_mapping_as_json_and_as_a_table(desk: DepartureDesk, run) -> None:
    found = run("probe")
    lines = {line["purpose"]: (line["attribute"], line["known"], line["filled"]) for line in found["attributes"]}
    assert lines["key"] == ("employeeNumber", True, 20)
    assert lines["phone"][2] == 0
    assert (found["people"], found["changes_by"], found["problems"]) == (20, "fake", [])
    assert "people" not in run("probe", "--quick")
    shown = CliRunner().invoke(commands.app, ["probe"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert "employeeNumber" in shown.stdout


def test_preview_shows_moves_without_their_values(desk: DepartureDesk, run) -> None:
    desk.move("003", phone="13912345678", post="科长")
    found = run("preview")
    assert [move["fields"] for move in found["moves"]] == [["phone", "post"]]
    assert "13912345678" not in json.dumps(found)
    shown = CliRunner().invoke(commands.app, ["preview"], env={"COLUMNS": "200"})
    assert desk.account("003").user_name in shown.stdout


def test_commands_list_movers_and_hints_and_link_a_key(desk: DepartureDesk, run) -> None:
    desk.move("003", unit="xxjsk", post="运维")
    desk.fake.add("J-1", unit="ywk")
    desk.leave("004")
    assert run("run")["moved"] == 1
    assert [(case["to_unit"], case["problem"]) for case in run("movers")] == [("xxjsk", "no-matrix")]
    assert [(hint["kind"], hint["key"]) for hint in run("hints")] == [("joiner", "J-1")]
    assert run("watch")["state"] == "nothing"
    assert run("handovers") == []
    assert run("link", "J-1", desk.account("004").user_name)["status"] == "frozen"
    for command in ("movers", "hints", "handovers", "cases", "plans"):
        shown = CliRunner().invoke(commands.app, [command], env={"COLUMNS": "250"})
        assert shown.exit_code == 0, shown.output


def test_commands_keep_the_register_of_secrets_and_note_what_was_changed(
    desk: DepartureDesk, run, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = desk.account("003").user_name
    assert run("secrets", "add", "pg", "--kind", "database", "--opens", "db1")["kind"] == "database"
    run("secrets", "knows", "pg", name)
    assert [secret["known_by"] for secret in run("secrets", "list")] == [[name]]
    desk.leave("003")
    run("run")
    (case,) = run("rotations", "list")
    assert [item["name"] for item in case["items"] if item["kind"] == "database"] == ["pg"]
    operator = desk.centre.actor(Office.OPERATOR)
    monkeypatch.setattr(desk, "actor_of", lambda _token: operator, raising=False)
    for item in case["items"]:
        ended = run("rotations", "done", item["item_id"], "--note", "已更换", "--token", "t")
    assert ended["case_closed"]
    assert run("rotations", "list") == []
    assert not run("secrets", "forget", "pg", name, "--reason", "已更换")["ended"]
    for words in (["secrets", "list"], ["rotations", "list", "--all"]):
        shown = CliRunner().invoke(commands.app, words, env={"COLUMNS": "250"})
        assert "pg" in shown.stdout


@pytest.mark.req("E4")
def test_routes_show_cases_and_plans_to_office_holders_only(desk: DepartureDesk) -> None:
    desk.leave("001", "002", "003")
    held = desk.run(NOON + HOUR)

    def let_in(office: Office) -> list[bool]:
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
        return [client.get("/departures/cases").status_code == 200, plan.status_code == 200]

    assert let_in(Office.PRINCIPAL) == [True, True]
    assert let_in(Office.UNIT_HEAD) == [True, False]  # The cases of his own people, no plan about everybody.
    assert let_in(Office.VERIFIER) == [False, False]
