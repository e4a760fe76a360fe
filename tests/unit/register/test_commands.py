"""The commands of the register, against a database of their own."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connector.bootstrap import build
from connector.cli import make_app
from connector.cli.session import operator
from connector.outbox.tables import StepRow
from connector.settings import Settings
from connector.storage.tables import Base
from tests.factories import FOUNDING_LIST, resident_id


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of an installation with empty tables, in the environment."""
    monkeypatch.setenv("TRADING_IDP_DATA_DIR", str(tmp_path))
    settings = Settings()
    connector = build(settings)
    Base.metadata.create_all(connector.database.engine)
    connector.close()
    return settings


@pytest.mark.req("K2")
def test_founding_load_then_units_appointments_and_ledger_show_it(house: Settings, tmp_path: Path) -> None:
    file = tmp_path / "founding.toml"
    file.write_text(FOUNDING_LIST.format(resident_id(), resident_id()), encoding="utf-8")
    run = CliRunner()
    app = make_app()
    loaded = run.invoke(app, ["founding", "load", str(file), "--json"])
    assert loaded.exit_code == 0, loaded.output
    [name] = json.loads(loaded.output)["accounts"]
    units = json.loads(run.invoke(app, ["units", "list", "--json"]).output)
    assert [unit["code"] for unit in units] == ["371500", "jyzx"]
    held = json.loads(run.invoke(app, ["appointments", "list", "--json"]).output)
    assert {row["office"] for row in held} == {"principal", "security_administrator"}
    page = json.loads(run.invoke(app, ["ledger", "--json"]).output)
    assert [row["user_name"] for row in page["rows"]] == [name]
    people = json.loads(run.invoke(app, ["persons", "list", "--json"]).output)
    assert [(row["name"], row["user_name"]) for row in people["rows"]] == [("赵安全", name), ("钱主任", None)]
    without = run.invoke(app, ["persons", "list", "--without-account"])
    assert ("钱主任" in without.output, "赵安全" in without.output, "1 / 1" in without.output) == (True, False, True)
    subsystems = json.loads(run.invoke(app, ["subsystems", "list", "--json"]).output)
    assert {"id": "website", "name": "网站"} in subsystems
    past = json.loads(run.invoke(app, ["ledger", "--as-of", "2020-01-01", "--json"]).output)
    assert past["total"] == 0
    assert "赵安全" in run.invoke(app, ["ledger"]).output
    again = run.invoke(app, ["founding", "load", str(file)])
    assert again.exit_code == 1


@pytest.mark.req("C1")
def test_founding_load_enqueues_the_accounts_for_keycloak(house: Settings, tmp_path: Path) -> None:
    file = tmp_path / "founding.toml"
    file.write_text(FOUNDING_LIST.format(resident_id(), resident_id()), encoding="utf-8")
    assert CliRunner().invoke(make_app(), ["founding", "load", str(file)]).exit_code == 0
    connector = build(house)
    with connector.act(operator()) as act:
        kinds = [step.kind for step in act.session.query(StepRow).order_by(StepRow.id)]
    connector.close()
    assert kinds == ["keycloak.create_user", "keycloak.grant_roles"]
