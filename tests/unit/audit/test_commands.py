"""The commands of the record; the offline form opens nothing but the export and the key."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connector.adapters.signing import Ed25519NoteSigner
from connector.audit.export import export_log
from connector.audit.note import VerifierKey
from connector.audit.seal import seal_pending
from connector.audit.sources import DatabaseSource
from connector.audit.verify import Kind
from connector.cli import session
from connector.cli.audit import KINDS, app
from connector.storage.engine import Database
from connector.storage.tables import Base
from tests.unit.audit.conftest import START, write_entries

RUN = CliRunner()


@pytest.fixture
def exported(database: Database, signer: Ed25519NoteSigner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An export of 20 entries, on a machine that has no connector."""
    write_entries(database, 20)
    seal_pending(database, signer, START)
    export_log(DatabaseSource(database), VerifierKey.parse(signer.verifier_key()), tmp_path / "export")
    database.close()
    monkeypatch.setattr(session, "build", lambda *_: pytest.fail("a connector was built"))
    monkeypatch.setenv("TRADING_IDP_RETENTION_DAYS", "not a number")
    return tmp_path / "export"


@pytest.mark.req("J2")
@pytest.mark.req("K2")
def test_verify_export_with_the_key_alone_finds_a_changed_byte(exported: Path, signer: Ed25519NoteSigner) -> None:
    arguments = ["verify", "--export", str(exported), "--json", "--checkpoint", str(exported / "checkpoint"), "--key"]
    for key in (signer.verifier_key(), str(exported / "log.vkey")):
        done = RUN.invoke(app, [*arguments, key])
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["entries"] == 20
    entries = exported / "entries.jsonl"
    entries.write_text(entries.read_text().replace('"subject":"account:13"', '"subject":"account:14"'))
    done = RUN.invoke(app, [*arguments, signer.verifier_key()])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["ok"] is False
    assert json.loads(done.stdout)["finding"]["position"] == 13
    told = RUN.invoke(app, ["verify", "--export", str(exported), "--key", signer.verifier_key()])
    assert "记录被修改：第 13 条" in told.stderr
    assert told.exit_code == 1


@pytest.mark.req("J2")
def test_verify_export_with_another_key_or_none_is_refused(exported: Path, tmp_path: Path) -> None:
    other = Ed25519NoteSigner("log.example/record", tmp_path / "other.pem").verifier_key()
    assert RUN.invoke(app, ["verify", "--export", str(exported), "--key", other]).exit_code == 1
    assert RUN.invoke(app, ["verify", "--export", str(exported), "--key", str(tmp_path / "none")]).exit_code == 1
    assert RUN.invoke(app, ["verify", "--export", str(exported)]).exit_code == 2
    assert RUN.invoke(app, ["verify", "--export", str(tmp_path), "--key", other]).exit_code == 1


@pytest.mark.req("K2")
def test_commands_on_the_database_seal_export_and_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADING_IDP_DATA_DIR", str(tmp_path))
    database = Database(f"sqlite:///{tmp_path / 'trading-idp.db'}")
    Base.metadata.create_all(database.engine)
    write_entries(database, 12)
    assert json.loads(invoke("seal", "--json")) == {"sealed": 12}
    assert json.loads(invoke("verify", "--json"))["entries"] == 12
    found = json.loads(invoke("search", "--account", "a7", "--json"))
    assert [entry["subject"] for entry in found] == ["account:7"]
    assert "account:7" in invoke("search", "--account", "a7")
    assert json.loads(invoke("export", str(tmp_path / "export"), "--json"))["entries"] == 12
    assert invoke("checkpoint") == (tmp_path / "export" / "checkpoint").read_text()
    assert invoke("key") == (tmp_path / "export" / "log.vkey").read_text()
    last = json.loads(invoke("search", "--count", "1", "--json"))
    assert last[0]["event"] == "record.exported"
    assert RUN.invoke(app, ["export", str(tmp_path / "export")]).exit_code == 1
    database.close()


def invoke(*arguments: str) -> str:
    done = RUN.invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    return done.stdout


def test_every_kind_of_finding_has_its_words() -> None:
    assert set(KINDS) == set(Kind)
