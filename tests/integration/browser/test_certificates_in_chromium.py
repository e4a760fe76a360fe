"""The certificate on a key as second factor: in a real Chromium, at a Keycloak that asks for certificates."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Error as PlaywrightError

from connector.embedded.browser import Person
from tests.browser import sign_in
from tests.browser.chromium import Windows
from tests.browser.landing import Landing
from tests.browser.site import Site, landed_realm
from tests.servers.certificates import Authority, Certificate
from tests.servers.keycloak_tls import TlsKeycloak, authority, tls_keycloak
from tests.servers.realm import RealmUnderTest

__all__ = ["authority", "tls_keycloak"]


@pytest.fixture(scope="module")
def realm(tls_keycloak: TlsKeycloak, landing: Landing) -> Iterator[RealmUnderTest]:
    with landed_realm(tls_keycloak.server, landing) as made:
        yield made


class CertificateSite(Site):
    """Windows in which the person shows a certificate when the server asks."""

    def __init__(self, realm: RealmUnderTest, landing: Landing, windows: Windows, server: TlsKeycloak) -> None:
        super().__init__(realm, landing, windows, server.https_url)
        self._origin = server.https_url

    def enter(self, client_id: str, person: Person, shown: Certificate | None) -> bool:
        """Types the password in a new window with this certificate; whether the client was reached without more."""
        certificate = (self._origin, shown.file, shown.key_file) if shown else None
        self.window = self.windows.open(certificate=certificate, ignore_https_errors=True)
        self.open(client_id, person, self.window)
        return self.has_reached(self.window, client_id)


@pytest.fixture
def site(realm: RealmUnderTest, landing: Landing, windows: Windows, tls_keycloak: TlsKeycloak) -> CertificateSite:
    return CertificateSite(realm, landing, windows, tls_keycloak)


def holder_of(realm: RealmUnderTest, *certificates: Certificate) -> tuple[str, Person]:
    """Somebody who has chosen his password, and whose key carries these certificates; nothing else is enrolled."""
    user_id, person = realm.new_person(actions=("UPDATE_PASSWORD",))
    with realm.browser() as browser:
        browser.log_in("website", person)
    realm.provider.log_out(user_id)
    realm.provider.update_user(user_id, attributes={"keySerial": [shown.serial for shown in certificates]})
    return user_id, person


@pytest.mark.req("D5")
def test_log_in_with_the_bound_certificate_reaches_the_client(
    realm: RealmUnderTest, site: CertificateSite, authority: Authority
) -> None:
    own, second = authority.issue_person("密钥一", 0xA01), authority.issue_person("密钥二")
    _, person = holder_of(realm, own, second)
    for certificate in (own, second):
        assert site.enter("centre", person, certificate), site.window.text()
        assert site.proofs(site.window) == ("mfa", ("pwd", "x509"))


@pytest.mark.req("D5")
def test_log_in_with_a_certificate_that_is_not_the_persons_is_refused(
    realm: RealmUnderTest, site: CertificateSite, authority: Authority
) -> None:
    own, others, unknown = (authority.issue_person(name) for name in ("自己", "他人", "未登记"))
    _, person = holder_of(realm, own)
    holder_of(realm, others)
    for certificate in (others, unknown, None):
        assert not site.enter("centre", person, certificate)
        assert sign_in.page_name(site.window.page) in {"login", "unknown"}, site.window.text()
    assert site.enter("centre", person, own)


@pytest.mark.req("D5")
def test_log_in_with_a_certificate_that_was_taken_away_is_refused(
    realm: RealmUnderTest, site: CertificateSite, authority: Authority
) -> None:
    own = authority.issue_person("丢失")
    user_id, person = holder_of(realm, own)
    assert site.enter("centre", person, own)
    realm.provider.update_user(user_id, attributes={"keySerial": []})
    realm.provider.log_out(user_id)
    assert not site.enter("centre", person, own)


@pytest.mark.req("D5")
def test_log_in_with_the_certificate_of_another_authority_is_refused(
    realm: RealmUnderTest, site: CertificateSite, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> None:
    own = authority.issue_person("自己", 0xB0B)
    _, person = holder_of(realm, own)
    forged = Authority(tmp_path_factory.mktemp("rogue")).issue_person("自己", 0xB0B)
    with contextlib.suppress(PlaywrightError):  # The server breaks the connection off.
        site.enter("centre", person, forged)
    assert not site.has_reached(site.window, "centre")
    assert site.enter("centre", person, own)


@pytest.mark.req("D5")
def test_log_in_with_the_certificate_and_a_wrong_password_is_refused(
    realm: RealmUnderTest, site: CertificateSite, authority: Authority
) -> None:
    own = authority.issue_person("自己")
    _, person = holder_of(realm, own)
    assert not site.enter("centre", replace(person, password="Falsch#12345"), own)
    assert sign_in.page_name(site.window.page) == "login"
