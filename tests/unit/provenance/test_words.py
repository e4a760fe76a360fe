"""Findings as people see them: on the command line, and in words of two languages for every kind."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connector.cli import make_app
from connector.provenance.kinds import ACTION_NAMES, SEVERITY_NAMES, TABLE, Action, Entry, Severity
from tests.fixtures_provenance import Gate
from tests.town import open_town


@pytest.mark.parametrize("entry", TABLE.values())
def test_say_a_kind_in_both_languages_with_what_to_do_and_who_can(entry: Entry) -> None:
    for text in (entry.name, entry.to_do, entry.who):
        assert any("\u4e00" <= character <= "\u9fff" for character in text.zh)
        assert text.en.isascii()
    assert len({entry.name.zh for entry in TABLE.values()}) == len(TABLE)


def test_say_every_action_and_severity() -> None:
    assert (set(ACTION_NAMES), set(SEVERITY_NAMES)) == (set(Action), set(Severity))


def test_list_and_show_findings_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    town = open_town(tmp_path)
    desk = Gate(town)
    account = desk.hire()
    desk.read(desk.reset(account))
    desk.judge()
    town.close()
    monkeypatch.setenv("TRADING_IDP_DATA_DIR", str(tmp_path))
    run, app = CliRunner(), make_app()
    (listed,) = json.loads(run.invoke(app, ["provenance", "list", "--json"]).stdout)
    assert (listed["kind"], listed["user_name"], listed["address"]) == (
        "password_reset",
        account.user_name,
        "192.0.2.7",
    )
    table = run.invoke(app, ["provenance", "list"])
    assert (table.exit_code, listed["id"][:8] in table.stdout) == (0, True)
    shown = run.invoke(app, ["provenance", "show", listed["id"][:8]])
    assert (shown.exit_code, "启用申请" in shown.stdout) == (0, True)
    missing = run.invoke(app, ["provenance", "show", "00000000"])
    assert missing.exit_code == 1
    refused = run.invoke(app, ["provenance", "close", listed["id"], "--reason", "x"])
    assert refused.exit_code == 1  # Nobody is signed in.
