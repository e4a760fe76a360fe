"""The commands of cases, sanctions and alarms over a connector with fakes: who may use each, and what it writes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from connector.bootstrap import Connector
from connector.cli import alarms as alarm_commands
from connector.cli import incidents as commands
from connector.cli import sanctions as sanction_commands
from connector.cli.session import refusals
from connector.incidents import cases
from connector.incidents.privilege_watch import known_administrators
from connector.register import accounts
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountClass, Office
from tests.factories import make_account
from tests.town import HOST, Town
from tests.unit.incidents.test_cases import in_keycloak, open_steps, restore, settle
from tests.unit.incidents.test_commands import token

SECURITY, PRINCIPAL, OPERATOR = Office.SECURITY_ADMINISTRATOR, Office.PRINCIPAL, Office.OPERATOR
SINCE, WHY = ("--since", "2026-03-08 08:30"), ("--reason", "口令疑似泄露")
WORDS = ("口令被钓鱼网站骗取", "未查到数据外泄", "更换口令并培训")


@pytest.fixture
def run(town: Town, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs one command of an application; its exit code, with its JSON or its words."""

    @contextmanager
    def opened() -> Iterator[Connector]:
        with refusals():
            yield town.connector

    for module in (commands, sanction_commands, alarm_commands):
        monkeypatch.setattr(module, "opened", opened)

    def call(app: Any, *words: str) -> tuple[int, Any]:
        answer = CliRunner().invoke(app, list(words))
        assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
        try:
            return answer.exit_code, json.loads(answer.stdout)
        except ValueError:
            return answer.exit_code, answer.output

    return call


@pytest.fixture
def account(town: Town) -> AccountRow:
    with town.connector.act(HOST) as act:
        made = make_account(act, "ywk", account_class=AccountClass.SYSTEM_ADMINISTRATOR)
    return in_keycloak(town, made)


def test_commands_take_a_case_from_opening_to_closing(
    town: Town, account: AccountRow, run: Any, tmp_path: Path
) -> None:
    guard, principal = (*token(town, SECURITY), "--json"), (*token(town, PRINCIPAL), "--json")
    app = commands.app
    code, case = run(app, "open", account.user_name, *SINCE, *WHY, *guard)
    assert (code, case["article"], case["since"]) == (0, "administrator", "2026-03-08T00:30:00Z")
    number = case["number"]
    assert run(app, "answer", number, "created", "no", *WHY, *guard)[0] == 1  # Reporting up comes first.
    assert run(app, "report-up", number, "省局系统管理员", "12号", *guard)[1]["reported_to"] == "省局系统管理员"
    assert run(app, "freeze-created", number, *guard)[1]["accounts"]["count"] == 0
    for question in ("created", "leaked", "key"):
        assert run(app, "answer", number, question, "no", *WHY, *guard)[0] == 0
    settle(town)
    assert run(app, "trace", number, *guard)[0] == 0
    assert run(app, "close", number, *guard)[0] == 1
    assert run(app, "tell", number, "restore", "--note", "已恢复", "--receipt", "1号", *guard)[0] == 1
    restore(town, account)
    code, report = run(app, "write", number, *WORDS, *guard)
    assert (code, report["version"], report["cause"]) == (0, 1, WORDS[0])
    sign = ("sign", number, "1", "--hash", report["hash"])
    assert run(app, *sign, *guard)[0] == 1  # Its writer.
    assert run(app, *sign, *principal)[1]["signed_at"]
    out = tmp_path / "report.pdf"
    assert run(app, "print", number, str(out), "--json")[1]["title"] == "安全事件分析报告"
    assert out.read_bytes().startswith(b"%PDF-1.7")
    assert run(app, "close", number, *guard)[1]["state"] == "closed"
    assert open_steps(town, _case(town, number)) == []
    assert [one["state"] for one in run(app, "list", "--json")[1]] == ["closed"]
    assert run(app, "show", number, "--json")[1]["number"] == number


def _case(town: Town, number: str) -> Any:
    with town.connector.act(HOST) as act:
        return cases.get_case(act, number)


def test_commands_of_a_case_without_a_person_open_and_read_but_handle_nothing(
    town: Town, account: AccountRow, run: Any
) -> None:
    number = run(commands.app, "open", account.user_name, *SINCE, *WHY, "--json")[1]["number"]
    assert run(commands.app, "show", number, "--json")[1]["opened_by"].startswith("host:")
    outsider = token(town, OPERATOR)
    for words in (
        ("report-up", number, "省局", "12号"),
        ("answer", number, "created", "no", *WHY),
        ("write", number, *WORDS),
        ("sign", number, "1", "--hash", "0" * 64),
        ("close", number),
    ):
        assert run(commands.app, *words)[0] == 1, words  # Nobody is signed in.
        assert run(commands.app, *words, *outsider)[0] == 1, words
    assert run(commands.app, "show", number, *outsider)[0] == 1
    assert run(commands.app, "open", account.user_name, *SINCE, *WHY, *outsider)[0] == 1


def test_suspect_by_command_raises_an_alarm_and_freezes_nothing(town: Town, account: AccountRow, run: Any) -> None:
    assert run(commands.app, "suspect", account.user_name, *WHY)[0] == 0
    (alarm,) = [one for one in run(alarm_commands.app, "list", "--json")[1] if one["event"] == "incident.suspected"]
    assert (alarm["subject"], alarm["count"]) == (f"account:{account.id}", 1)
    with town.connector.act(HOST) as act:
        assert accounts.get_account(act, account.id).status == "active"


def test_acknowledge_by_command_takes_a_person_of_office_and_the_count_that_was_shown(
    town: Town, account: AccountRow, run: Any
) -> None:
    run(commands.app, "suspect", account.user_name, *WHY)
    (alarm,) = [one for one in run(alarm_commands.app, "list", "--json")[1] if one["event"] == "incident.suspected"]
    ack = ("ack", alarm["id"], "--note", "已核实", "--json")
    guard, auditor = token(town, SECURITY), token(town, Office.AUDITOR)
    assert run(alarm_commands.app, *ack, "--seen", "1", *auditor)[0] == 1
    assert run(alarm_commands.app, *ack, "--seen", "2", *guard)[0] == 1
    assert run(alarm_commands.app, *ack, "--seen", "1")[0] == 1
    code, done = run(alarm_commands.app, *ack, "--seen", "1", *guard)
    assert (code, done["note"], bool(done["acknowledged_at"])) == (0, "已核实", True)
    left = [one["id"] for one in run(alarm_commands.app, "list", "--json")[1]]
    assert alarm["id"] not in left
    assert alarm["id"] in [one["id"] for one in run(alarm_commands.app, "list", "--all", "--json")[1]]


def test_know_by_command_registers_an_administrator_for_the_guard_alone(town: Town, run: Any) -> None:
    assert run(alarm_commands.app, "know", "kc-1", "省平台管理员", *token(town, Office.AUDITOR))[0] == 1
    assert run(alarm_commands.app, "know", "kc-2", "省平台管理员", *token(town, SECURITY))[0] == 0
    with town.connector.act(HOST) as act:
        assert {"kc-1", "kc-2"} & known_administrators(act) == {"kc-2"}


def test_sanction_by_command_is_proposed_listed_and_told(town: Town, run: Any) -> None:
    with town.connector.act(HOST) as act:
        user = make_account(act, "ywk")
    said = ("--impact", "moderate", "--violation", "将账号借给他人使用", "--json")
    assert run(sanction_commands.app, "propose", user.user_name, *said, *token(town, Office.AUDITOR))[0] == 1
    code, made = run(sanction_commands.app, "propose", user.user_name, *said, *token(town, SECURITY))
    assert (code, made["measure"], made["days"], made["state"]) == (0, "suspend", 30, "pending")
    assert [one["id"] for one in run(sanction_commands.app, "list", "--account", user.user_name, "--json")[1]] == [
        made["id"]
    ]
    told = ("informed", made["id"], "当面签收", "--json")
    assert run(sanction_commands.app, *told)[0] == 1
    assert run(sanction_commands.app, *told, *token(town, SECURITY))[1]["informed_by"]
