"""A key with a certificate: bound by its serial number alone, told by it at each login, refused when it is lost."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from connector.embedded.browser import FormBrowser, LoginRefusedError, Tokens
from connector.keys import service as keys
from jobs import ingest_events
from tests.fixtures_key_holders import Holder, KeyTown, RunningClock
from tests.servers.certificates import Authority, Certificate
from tests.servers.keycloak_tls import TlsKeycloak, authority, tls_keycloak
from tests.servers.realm import RealmUnderTest, make_realm
from tests.town import open_town

__all__ = ["authority", "tls_keycloak"]


class CertificateBrowser(FormBrowser):
    """A browser that shows a certificate where the server asks for one."""

    def __init__(self, at: TlsKeycloak, realm: RealmUnderTest, shown: Certificate) -> None:
        super().__init__(at.https_url, realm.name, realm.redirect_uris)
        trust = ssl.create_default_context(cafile=str(at.authority.file))
        trust.load_cert_chain(shown.file, shown.key_file)
        self._http.close()
        self._http = httpx.Client(timeout=60.0, verify=trust, trust_env=False)


@pytest.fixture(scope="module")
def realm(tls_keycloak: TlsKeycloak) -> Iterator[RealmUnderTest]:
    made = make_realm(tls_keycloak.server)
    yield made
    made.delete()


@pytest.fixture
def keys_town(tmp_path: Path, realm: RealmUnderTest) -> Iterator[KeyTown]:
    opened = open_town(tmp_path, idp=realm.provider, clock=RunningClock())
    yield KeyTown(opened, realm)
    opened.close()


def log_in(holder: Holder, at: TlsKeycloak, shown: Certificate, client_id: str = "centre") -> tuple[list[str], Tokens]:
    with CertificateBrowser(at, holder.at.realm, shown) as browser:
        return browser.pages, browser.log_in(client_id, holder.person)


@pytest.mark.req("H1", "H2")
def test_certificate_of_an_issued_key_opens_and_is_told_by_its_serial_until_it_is_lost(
    keys_town: KeyTown, tls_keycloak: TlsKeycloak, authority: Authority
) -> None:
    first, second = authority.issue_person("密钥一", 0xA01), authority.issue_person("密钥二", 0xB02)
    keys_town.stock("C-1", aaguid="", cert_serial="0A:01")
    keys_town.stock("C-2", aaguid="", cert_serial="B02")
    holder = keys_town.hire_holder()
    keys_town.issue("C-1", holder.account)
    keys_town.settle()
    assert keys_town.key("C-1").status == "bound"
    holder.open_link()
    pages, _ = log_in(holder, tls_keycloak, first, "website")
    assert pages == ["login", "update-password"]
    pages, tokens = log_in(holder, tls_keycloak, first)
    assert (pages, tokens.level, tokens.methods) == (["login"], "mfa", ("pwd", "x509"))
    with pytest.raises(LoginRefusedError):
        log_in(holder, tls_keycloak, second)
    ingest_events.run(keys_town.town.connector, keys_town.town.clock.now())
    with keys_town.act() as act:
        use, *_ = keys.list_uses(act, "C-1")
    assert (use.user_name, use.client_id, use.error) == (holder.account.user_name, "centre", None)

    keys_town.lose("C-1")
    keys_town.approve(holder.account)
    keys_town.issue("C-2", holder.account)
    keys_town.settle()
    assert (keys_town.key("C-2").status, holder.account.status) == ("bound", "active")
    holder.open_link()
    log_in(holder, tls_keycloak, second, "website")
    with pytest.raises(LoginRefusedError):
        log_in(holder, tls_keycloak, first)
    assert log_in(holder, tls_keycloak, second)[1].methods == ("pwd", "x509")
