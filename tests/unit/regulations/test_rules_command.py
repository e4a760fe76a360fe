"""trading-idp rules: what it prints for people and for machines, and how it refuses (K2, K4)."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from connector.cli.rules import app

pytestmark = [pytest.mark.req("K2"), pytest.mark.req("K4")]


def run(*words: str, packs: str = "LC,JC,GS,HH,GX") -> Any:
    return CliRunner().invoke(app, words, env={"TRADING_IDP_RULE_PACKS": packs, "COLUMNS": "200"})


def test_command_rules_explain_prints_the_clause_that_won() -> None:
    answer = run("explain", "password.max_age_days", "--json")
    assert answer.exit_code == 0
    first = json.loads(answer.stdout)[0]
    assert (first["value"], first["won"][0]["clause"]) == (90, "JC 25")
    assert {c["clause"] for c in first["others"]} == {"GS 10(4)", "HOUSE 2"}
    table = run("explain", "span.dormancy_days")
    assert table.exit_code == 0
    assert "LC 7(2)" in table.stdout


def test_command_rules_list_says_which_packs_are_in_force() -> None:
    answer = run("list", "--json", packs="LC,GX")
    assert answer.exit_code == 0
    in_force = {row["id"]: row["in_force"] for row in json.loads(answer.stdout)}
    assert in_force == {"LC": True, "GX": True, "HOUSE": True, "JC": False, "GS": False, "HH": False}


@pytest.mark.parametrize(("words", "packs"), [(("explain", "nonsense"), "LC"), (("list",), "LC,XX")])
def test_command_rules_with_a_wrong_name_ends_with_1_and_says_what_to_do(words: tuple[str, ...], packs: str) -> None:
    answer = run(*words, packs=packs)
    assert answer.exit_code == 1
    assert "→" in answer.stderr
