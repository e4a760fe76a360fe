"""The commands of the mirror: baseline from Keycloak or from its database, imports, what is known of one account."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from connector.activity.tables import CursorRow
from connector.bootstrap import build
from connector.cli import make_app
from connector.ports import AccountSnapshot, IdpCredential
from connector.register.tables import AccountRow
from tests.fakes.identity_provider import FakeIdentityProvider
from tests.town import open_town

NOW = datetime.now(UTC).replace(microsecond=0)
SET_AT = NOW - timedelta(days=40)


class Idp(FakeIdentityProvider):
    """Everybody has a password and a key."""

    def list_credentials(self, user_id: str) -> list[IdpCredential]:
        return [
            IdpCredential(id=f"{user_id}-1", type="password", label="", created_at=SET_AT),
            IdpCredential(id=f"{user_id}-2", type="webauthn", label="", created_at=SET_AT, key_id=f"key-{user_id}"),
        ]


class Archive:
    def __init__(self, users: list[str]) -> None:
        self.users = users

    def check(self) -> str:
        return ""

    def count(self) -> int:
        return len(self.users)

    def read(self, after: str, limit: int) -> list[AccountSnapshot]:
        found = [user for user in sorted(self.users) if user > after][:limit]
        return [
            AccountSnapshot(user_id=user, enabled=True, last_used_at=SET_AT, uses={"centre": SET_AT}) for user in found
        ]


@pytest.fixture
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """User names of a centre; Keycloak's database is not set up."""
    town = open_town(tmp_path)
    with town.connector.database.session() as session:
        session.add(CursorRow(kind="login", covers_since=NOW - timedelta(days=1), read_at=NOW))
        rows = session.query(AccountRow).order_by(AccountRow.user_name).all()
        for number, account in enumerate(rows):
            account.keycloak_id = f"k-{number:02}"
        names = [row.user_name for row in rows]
    town.close()
    monkeypatch.setenv("TRADING_IDP_DATA_DIR", str(tmp_path))
    monkeypatch.setattr("connector.cli.session.build", lambda settings: build(settings, idp=Idp()))
    return names


def run(*words: str, code: int = 0) -> Any:
    done = CliRunner().invoke(make_app(), ["activity", *words, "--json"])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def test_baseline_asks_everybody_once_and_shows_what_is_known(users: list[str]) -> None:
    assert run("baseline") == {"asked": len(users), "known": len(users), "finished": True}
    assert run("baseline") == {"asked": 0, "known": 0, "finished": True}
    told = run("show", users[0])
    assert (told["password_set_at"], told["password_known_from"]) == (SET_AT.isoformat(), "baseline")
    assert (told["last_used_at"], told["unknown"], bool(told["why"])) == (None, "older-than-events", True)
    assert [(one["factor"], one["credential"]) for one in told["factors"]] == [("key", "key-k-00")]


@pytest.mark.parametrize(("options", "asked_of"), [((), "database"), (("--from-keycloak",), "keycloak")])
def test_baseline_is_read_from_keycloaks_database_where_one_is_set(
    users: list[str], monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], asked_of: str
) -> None:
    def opened(settings: Any) -> Any:
        connector = build(settings, idp=Idp())
        connector.archive = Archive([f"k-{number:02}" for number in range(len(users))])
        return connector

    monkeypatch.setattr("connector.cli.session.build", opened)
    assert run("baseline", *options)["asked"] == len(users)
    told = run("show", users[0])
    if asked_of == "database":
        assert (told["last_used_at"], told["source"]) == (SET_AT.isoformat(), "baseline")
        assert told["subsystems"] == {"centre": SET_AT.isoformat()}
    else:
        assert told["last_used_at"] is None


def test_import_prints_counts_and_refused_lines_and_lists_the_file(users: list[str], tmp_path: Path) -> None:
    used_at = NOW - timedelta(hours=1)
    log = tmp_path / "door.csv"
    log.write_text(f"account,moment\n{users[0]},{used_at.isoformat()}\nnobody,{used_at.isoformat()}\n")
    words = ("import", str(log), "--subsystem", "door-access", "--user-column", "account", "--at-column", "moment")
    done = run(*words, code=1)
    assert (done["lines"], done["moved"], done["refused"], done["again"]) == (2, 1, 1, False)
    assert [one["line"] for one in done["reasons"]] == [3]
    assert "nobody" not in json.dumps(done), "what a refused line says is not repeated"
    assert run(*words)["again"] is True
    told = run("show", users[0])
    assert (told["source"], told["unknown"]) == ("log", None)
    assert told["subsystems"] == {"door-access": used_at.isoformat()}
    (listed,) = run("imports")
    assert (listed["file_name"], listed["sha256"], listed["refused"]) == ("door.csv", done["sha256"], 1)


def test_import_of_a_file_without_its_columns_says_which(users: list[str], tmp_path: Path) -> None:
    log = tmp_path / "door.csv"
    log.write_text("who,when\n")
    done = CliRunner().invoke(make_app(), ["activity", "import", str(log), "--subsystem", "door-access"])
    assert done.exit_code == 1
    assert "user_name, at" in done.stderr
