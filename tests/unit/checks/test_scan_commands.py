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
from connector.bootstrap import build
from connector.cli import make_app
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
