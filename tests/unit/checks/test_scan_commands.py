"""The scans' commands as of another day: they count from that day, write nothing, and are dry runs only."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from connector.activity.tables import ActivityRow, CursorRow
from connector.audit.tables import AuditEntryRow
from connector.auth.actor import host_actor
from connector.bootstrap import build
from connector.cli import make_app
from connector.register import accounts
from connector.register.tables import AccountRow
from connector.settings import Settings
from tests.fakes.identity_provider import FakeIdentityProvider
from tests.town import open_town

NOW = datetime.now(UTC)


def run(*arguments: str) -> Any:
    return CliRunner().invoke(make_app(), ["scans", *arguments])


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A centre whose accounts all chose a password and logged in just now; the mirror covers the time before."""
    town = open_town(tmp_path)
    with town.connector.database.session() as session:
        session.add(CursorRow(kind="login", covers_since=NOW - timedelta(days=1), read_at=NOW))
        for number, account in enumerate(session.query(AccountRow)):
            account.keycloak_id = f"k-{number}"
            session.add(
                ActivityRow(keycloak_id=f"k-{number}", last_used_at=NOW, password_set_at=NOW, password_evidence="event")
            )
        session.execute(update(AccountRow).values(opened_at=NOW))
    town.close()
    monkeypatch.setenv("TRADING_IDP_DATA_DIR", str(tmp_path))
    monkeypatch.setattr("connector.cli.session.build", lambda settings: build(settings, idp=FakeIdentityProvider()))
    return tmp_path


@pytest.mark.parametrize("scan", ["dormant", "passwords"])
def test_scan_as_of_another_day_without_dry_run_is_refused(data_dir: Path, scan: str) -> None:
    done = run(scan, "--at", "2030-01-01", "--json")
    assert done.exit_code == 2
    assert done.stdout == ""


@pytest.mark.req("E1")
@pytest.mark.parametrize("scan", ["dormant", "passwords"])
def test_scan_as_of_a_later_day_finds_what_today_does_not_and_writes_nothing(data_dir: Path, scan: str) -> None:
    later = (NOW + timedelta(days=200)).strftime("%Y-%m-%d")
    before = count_entries(data_dir)
    today, then = (json.loads(run(scan, "--dry-run", *at, "--json").stdout) for at in ((), ("--at", later)))
    assert today["accounts"] == []
    assert len(then["accounts"]) == 14
    assert count_entries(data_dir) == before


def count_entries(data_dir: Path) -> int:
    connector = build(Settings(data_dir=data_dir), idp=FakeIdentityProvider())
    with connector.database.session() as session:
        count = session.query(AuditEntryRow).count()
    connector.close()
    return count


@pytest.mark.req("F1")
@pytest.mark.parametrize("scan", ["dormant", "weak_password", "test_account", "orphaned", "expired"])
def test_show_each_scan_is_a_dry_run_that_writes_nothing(data_dir: Path, scan: str) -> None:
    before = count_entries(data_dir)
    shown = json.loads(run("show", scan, "--json").stdout)
    assert (shown["scan"], shown["accounts"]) == (scan, [])
    assert count_entries(data_dir) == before


def test_run_then_list_report_and_clean_up_tell_of_the_proposal(data_dir: Path, tmp_path: Path) -> None:
    with_test_account(data_dir)
    ran = json.loads(run("run", "test_account", "--json").stdout)
    assert (ran["found"], ran["proposed"], ran["left"]) == (1, 1, 0)
    [listed] = json.loads(run("list", "--json").stdout)
    assert (listed["scan_id"], listed["request"]) == (ran["scan_id"], ran["request"])
    report = json.loads(run("report", ran["scan_id"], "--json").stdout)
    assert report["counts"]["proposed"] == 1
    assert report["accounts"][0]["outcome"] == "proposed"
    [row] = json.loads(run("cleanup-list", ran["scan_id"], "--json").stdout)
    assert (row["treatment"], row["user_name"]) == ("拟禁用", report["accounts"][0]["user_name"])
    sheet = tmp_path / "list.xlsx"
    assert json.loads(run("cleanup-list", ran["scan_id"], "--out", str(sheet), "--json").stdout)["rows"] == 1
    assert sheet.read_bytes()[:2] == b"PK"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("show", "nothing"), 1),
        (("run", "expired"), 2),
        (("run", "nothing"), 1),
        (("report", "none"), 1),
        (("cleanup-list", "none"), 1),
        (("flag", "nobody", "--source", "x"), 1),
        (("acceptance", "nothing"), 1),
    ],
)
def test_command_with_a_wrong_name_is_refused(data_dir: Path, words: tuple[str, ...], code: int) -> None:
    before = count_entries(data_dir)
    done = run(*words, "--json")
    assert (done.exit_code, done.stdout) == (code, "")
    assert count_entries(data_dir) == before


@pytest.mark.req("F3")
def test_flag_notes_the_hint_and_the_scan_finds_it(data_dir: Path) -> None:
    connector = build(Settings(data_dir=data_dir), idp=FakeIdentityProvider())
    with connector.database.session() as session:
        name = session.query(AccountRow.user_name).order_by(AccountRow.user_name).first()[0]  # type: ignore[index]
        session.execute(update(ActivityRow).values(password_set_at=NOW - timedelta(days=1)))
    connector.close()
    assert run("flag", name, "--source", "口令检查").exit_code == 0
    [found] = json.loads(run("show", "weak_password", "--json").stdout)["accounts"]
    assert (found["user_name"], found["evidence"]["source"]) == (name, "口令检查")


@pytest.mark.req("F4")
def test_acceptance_ends_with_1_while_a_test_account_is_left_and_with_0_after(data_dir: Path) -> None:
    name = with_test_account(data_dir)
    refused = run("acceptance", "website", "--json")
    assert refused.exit_code == 1
    told = json.loads(refused.stdout)
    assert (told["passed"], [left["user_name"] for left in told["left"]]) == (False, [name])
    assert told["checked_by"].startswith("host:")
    with_test_account(data_dir, status="cancelled")
    passed = run("acceptance", "website", "--json")
    assert (passed.exit_code, json.loads(passed.stdout)["passed"]) == (0, True)


def with_test_account(data_dir: Path, status: str = "active") -> str:
    """Makes one account of the centre a test account without an end, with a permission of the website."""
    connector = build(Settings(data_dir=data_dir), idp=FakeIdentityProvider())
    with connector.act(host_actor("tests")) as act:
        account = act.session.query(AccountRow).order_by(AccountRow.user_name).first()
        assert account is not None
        account.purpose = "test"
        accounts.add_grants(act, account, ["website:notice.editor"], granted_by="paper:1")
        account.status = status
        name = account.user_name
    connector.close()
    return name
