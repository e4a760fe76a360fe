"""`trading-idp doctor` with one thing broken after another: it says which, what to do, and ends with exit code 1."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from connector import bootstrap
from connector.cli import doctor
from connector.migrations import upgrade
from connector.settings import Settings
from connector.storage.engine import Database
from tests.fakes.clock import FakeClock
from tests.fakes.identity_provider import FakeIdentityProvider
from tests.servers.keycloak import Keycloak
from tests.town import NOON

CHECKED = {
    "settings",
    "database",
    "keycloak",
    "keycloak version",
    "clock",
    "service account",
    "directory",
    "mail",
    "calendar",
    "keys",
    "disk",
}


class Realm(BaseHTTPRequestHandler):
    """Stands for Keycloak where only an answer and its date are looked at."""

    status = 200
    behind = 0.0

    def do_GET(self) -> None:
        self.send_response_only(self.status)
        now = datetime.now(UTC).timestamp()
        self.send_header("Date", formatdate(now - self.behind, usegmt=True))
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def realm() -> Iterator[type[Realm]]:
    handler = type("ThisRealm", (Realm,), {})
    server = HTTPServer(("127.0.0.1", 0), handler)
    handler.port = server.server_port  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield handler
    server.shutdown()
    thread.join()
    server.server_close()


Examine = Callable[..., dict[str, Any]]


@pytest.fixture
def examine(realm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Examine:
    """Runs the doctor in an installation where all is well but what the caller breaks; gives its findings by name."""
    monkeypatch.setenv("TRADING_IDP_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("TRADING_IDP_ENVIRONMENT", "demo")
    monkeypatch.setenv("TRADING_IDP_KEYCLOAK_URL", f"http://127.0.0.1:{realm.port}")
    database = Database(Settings().database_url)
    upgrade(database)
    database.close()

    def run(*, code: int = 1, **parts: Any) -> dict[str, Any]:
        parts = {"idp": FakeIdentityProvider(), "clock": FakeClock(NOON), **parts}
        monkeypatch.setattr(doctor, "build", lambda settings: bootstrap.build(settings, **parts))
        done = CliRunner().invoke(doctor.app, ["--json"])
        assert done.exit_code == code, done.output
        return {finding["check"]: finding for finding in json.loads(done.stdout)}

    return run


def only_wrong(findings: dict[str, Any], *names: str) -> None:
    wrong = {name for name, finding in findings.items() if finding["state"] == "wrong"}
    assert wrong == set(names), findings
    assert all(findings[name]["says"] and findings[name]["do"] for name in wrong)


@pytest.mark.req("K5")
def test_sound_installation_is_found_sound(examine: Examine) -> None:
    findings = examine(code=0)
    assert set(findings) == CHECKED
    off = {name for name, finding in findings.items() if finding["state"] == "off"}
    assert off == {"keycloak version", "directory", "mail"}


@pytest.mark.req("K5")
def test_http_in_production_is_found(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADING_IDP_ENVIRONMENT", "production")
    only_wrong(examine(), "settings")


@pytest.mark.req("K5")
def test_database_behind_or_away_is_found(examine: Examine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADING_IDP_DATABASE_URL", f"sqlite:///{tmp_path / 'empty.db'}")
    findings = examine()
    only_wrong(findings, "database")
    assert findings["database"]["do"] == "trading-idp database upgrade"
    monkeypatch.setenv("TRADING_IDP_DATABASE_URL", f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}")
    only_wrong(examine(), "database")
    monkeypatch.setenv("TRADING_IDP_DATABASE_URL", "postgresql+psycopg://nobody:secret-word@127.0.0.1:9/none")
    findings = examine()
    only_wrong(findings, "database")
    assert "secret-word" not in json.dumps(findings)


@pytest.mark.req("K5")
def test_keycloak_away_is_found(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADING_IDP_KEYCLOAK_URL", "http://127.0.0.1:9")
    idp = FakeIdentityProvider()
    idp.fail("probe")
    only_wrong(examine(idp=idp), "keycloak", "clock", "service account")


@pytest.mark.req("K5")
def test_missing_realm_is_found(examine: Examine, realm: Any) -> None:
    realm.status = 404
    findings = examine()
    only_wrong(findings, "keycloak")
    assert findings["keycloak"]["do"] == "trading-idp realm apply"


@pytest.mark.req("K5")
def test_realm_missing_on_a_real_keycloak_is_found(
    examine: Examine, keycloak: Keycloak, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADING_IDP_KEYCLOAK_URL", keycloak.url)
    monkeypatch.setenv("TRADING_IDP_KEYCLOAK_REALM", "no-such-realm")
    findings = examine(idp=None)
    only_wrong(findings, "keycloak", "service account")
    assert findings["keycloak"]["do"] == "trading-idp realm apply"


@pytest.mark.req("K5")
def test_clocks_that_disagree_are_found(examine: Examine, realm: Any) -> None:
    realm.behind = 60.0
    findings = examine()
    only_wrong(findings, "clock")
    assert "NTP" in findings["clock"]["do"]


@pytest.mark.req("K5")
def test_service_account_with_other_permissions_is_found(examine: Examine) -> None:
    idp = FakeIdentityProvider()
    idp.probes_ok = False
    findings = examine(idp=idp)
    only_wrong(findings, "service account")
    assert findings["service account"]["do"] == "trading-idp realm apply"


@pytest.mark.req("K5")
def test_directory_and_mail_server_that_do_not_answer_are_found(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADING_IDP_LDAP_URL", "ldap://127.0.0.1:9")
    monkeypatch.setenv("TRADING_IDP_LDAP_BASE", "dc=example,dc=cn")
    monkeypatch.setenv("TRADING_IDP_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("TRADING_IDP_SMTP_PORT", "9")
    only_wrong(examine(), "directory", "mail")


@pytest.mark.req("K5")
def test_year_without_a_calendar_is_found(examine: Examine) -> None:
    findings = examine(clock=FakeClock(datetime(2031, 3, 1, tzinfo=UTC)))
    only_wrong(findings, "calendar")
    assert "2031" in findings["calendar"]["says"]


@pytest.mark.req("K5")
def test_key_that_others_can_read_is_found(examine: Examine, tmp_path: Path) -> None:
    examine(code=0)
    loose = tmp_path / "keys" / "record.pem"
    loose.chmod(0o644)
    findings = examine()
    if "keys" in findings:
        only_wrong(findings, "keys")
        assert "record.pem" in findings["keys"]["says"]
    loose.chmod(0o600)
    (tmp_path / "keys" / "ring.json").chmod(0o640)
    findings = examine()
    only_wrong(findings, "start")
    assert "0600" in findings["start"]["do"]
