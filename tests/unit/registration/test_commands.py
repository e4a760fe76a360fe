"""The commands of the registration and of its verification, over a connector with fakes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from connector.auth.actor import Actor
from connector.bootstrap import Connector
from connector.cli import registration as lists
from connector.cli import verifying as commands
from connector.cli.session import refusals
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import Office
from tests.factories import make_account, make_person_form, resident_id
from tests.town import HOST, NOON, Town

AGREED = [f"{item}=agrees" for item in ("document_seen", "directory_agrees", "unit_confirms")]


@pytest.fixture
def run(town: Town, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs one command, and gives its exit code with its JSON, or with its words where there is none."""

    @contextmanager
    def opened() -> Iterator[Connector]:
        with refusals():
            yield town.connector

    for module in (commands, lists):
        monkeypatch.setattr(module, "opened", opened)

    def call(area: Any, *words: str) -> tuple[int, Any]:
        answer = CliRunner().invoke(area.app, [*words, "--json"])
        try:
            return answer.exit_code, json.loads(answer.stdout)
        except ValueError:
            return answer.exit_code, answer.output

    return call


def token(town: Town, actor: Actor) -> tuple[str, str]:
    """The fake verifier takes a person's Keycloak id as his token."""
    with town.connector.act(HOST) as act:
        account = act.session.get_one(AccountRow, actor.account_id)
        account.keycloak_id = account.keycloak_id or f"kc-{account.user_name}"
        return "--token", account.keycloak_id


def test_command_shows_the_numbers_to_the_verifier_alone(town: Town, run: Any) -> None:
    form = make_person_form("ywk")
    request = town.submit(town.form(person=form))
    while town.open_stage(request).office != Office.VERIFIER:
        request = town.decide(request)
    verifier = token(town, town.actor(Office.VERIFIER, "jyzx"))
    code, shown = run(commands, "numbers", request.number, *verifier)
    assert (code, shown["document_number"], shown["phone"]) == (0, form.document_number, form.phone)
    code, said = run(commands, "numbers", request.number, *token(town, town.actor(Office.OPERATOR)))
    assert (code, form.document_number in str(said)) == (1, False)


def test_commands_correct_and_verify_a_case(town: Town, run: Any, tmp_path: Path) -> None:
    account = town.account_of(town.approve(town.submit()))
    security, head = token(town, town.actor(Office.SECURITY_ADMINISTRATOR)), town.actor(Office.UNIT_HEAD, "ywk")
    said = ("--field", "document_number", "--reason", "证件与本人不符")
    _, case = run(lists, "open-mismatch", account.user_name, *said, *security)
    number, file = resident_id(40_501), tmp_path / "right.json"
    file.write_text(json.dumps({"document_number": number}), encoding="utf-8")
    code, sent = run(commands, "correct", case["case_id"], str(file), *token(town, head))
    assert (code, sent["state"]) == (0, "waiting")
    assert number not in str(run(commands, "case", case["case_id"])[1])
    verifier = token(town, town.actor(Office.VERIFIER, "jyzx"))
    _, shown = run(commands, "correction", sent["correction_id"], *verifier)
    assert shown["new"]["document_number"] == number
    bound = (sent["correction_id"], "--digest", shown["digest"], *verifier)
    assert run(commands, "verdict", *bound, "--approve")[0] == 1  # Nothing was compared.
    compared = [word for item in AGREED for word in ("--compared", item)]
    assert run(commands, "verdict", *bound, "--approve", *compared)[0] == 0
    _, found = run(commands, "case", case["case_id"])
    assert [each["state"] for each in found["corrections"]] == ["verified"]
    file.write_text(json.dumps({"document_kind": "passport", "document_number": "E12345678"}), encoding="utf-8")
    code, documents = run(commands, "add-document", account.person_id, str(file), *verifier)
    assert (code, "E12345678" in str(documents), "passport" in str(documents)) == (0, False, True)


def test_commands_of_a_change_name_a_successor_add_and_withdraw(town: Town, run: Any) -> None:
    with town.connector.act(HOST) as act:
        first, second = make_account(act, "ywk"), make_account(act, "ywk")
    head = token(town, town.actor(Office.UNIT_HEAD, "ywk"))
    day = (NOON + timedelta(days=30)).date().isoformat()
    _, record = run(lists, "announce", "ywk", "contact", first.user_name, day, *head)
    change = record["change_id"]
    assert run(lists, "successor", change, second.user_name, *head)[0] == 0
    _, record = run(lists, "add-item", change, "other", "档案柜钥匙两把", *head)
    assert [item["name"] for item in record["items"]] == ["档案柜钥匙两把"]
    assert run(lists, "withdraw-change", change, *head) == (0, {"change_id": change, "state": "withdrawn"})
