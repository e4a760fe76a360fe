"""Second factors in a real Chromium: security keys and one-time codes, and whose key opens what."""

from collections.abc import Iterator
from dataclasses import replace

import pyotp
import pytest

from connector.embedded.browser import Person
from connector.embedded.soft_key import SoftKey
from tests.browser import sign_in
from tests.browser.chromium import Windows
from tests.browser.landing import Landing
from tests.browser.site import Site, landed_realm
from tests.servers.keycloak import Keycloak
from tests.servers.realm import RealmUnderTest

FIRST_LOGIN = ["login", "update-password", "webauthn-register"]


@pytest.fixture(scope="module")
def realm(keycloak: Keycloak, landing: Landing) -> Iterator[RealmUnderTest]:
    with landed_realm(keycloak, landing) as made:
        yield made


@pytest.fixture
def site(realm: RealmUnderTest, landing: Landing, windows: Windows) -> Site:
    return Site(realm, landing, windows)


@pytest.mark.req("D4", "D5")
def test_enrol_key_at_the_first_login_opens_the_clients_that_demand_it(realm: RealmUnderTest, site: Site) -> None:
    user_id, person = realm.new_person(actions=("UPDATE_PASSWORD", "webauthn-register"))
    window = site.open("website")
    assert sign_in.go_through(window, person) == FIRST_LOGIN
    assert site.proofs(window) == ("pwd", ("pwd",))
    assert person.key is not None
    (held,) = [c for c in realm.provider.list_credentials(user_id) if c.type == "webauthn"]
    assert held.key_id == person.key.key_id
    assert held.label == window.usb.label
    site.open("centre", window=window)
    assert sign_in.go_through(window, person) == ["webauthn-authenticate"]
    assert site.proofs(window) == ("mfa", ("hwk", "pwd"))
    site.open("bid-opening", window=window)
    assert site.has_reached(window, "bid-opening")
    assert window.faults == []
    assert window.hosts == {"localhost"}


@pytest.mark.req("D5")
def test_log_in_with_password_and_key_at_once_reaches_the_client(realm: RealmUnderTest, site: Site) -> None:
    _, person = realm.ready_person()
    window = site.open("centre")
    assert sign_in.go_through(window, person) == ["login", "webauthn-authenticate"]
    assert site.proofs(window) == ("mfa", ("hwk", "pwd"))


def refused_with(site: Site, person: Person, key: SoftKey | None) -> str:
    """Logs in at a client that demands a key with this key in the port, or a blank one; what the page then says."""
    window = site.open("centre", person)
    if key is None:
        window.usb.insert_blank()
    else:
        window.usb.insert(key)
    sign_in.use_key(window)
    assert not site.has_reached(window, "centre")
    site.open("centre", window=window)
    assert not site.has_reached(window, "centre")
    return sign_in.page_name(window.page)


@pytest.mark.req("D5")
def test_log_in_with_a_cloned_key_that_fell_behind_is_refused(realm: RealmUnderTest, site: Site) -> None:
    _, person = realm.ready_person()
    assert person.key is not None
    clone = SoftKey.from_dict(person.key.to_dict())
    for _ in range(2):
        with realm.browser() as browser:
            browser.log_in("centre", person)
    refused_with(site, person, clone)
    errors = realm.admin.get("/events", type="LOGIN_ERROR")  # Keycloak names no user in it.
    assert any("counter" in str(event["details"]) for event in errors), errors
    window = site.open("centre")
    sign_in.go_through(window, person)
    assert site.has_reached(window, "centre")


@pytest.mark.req("D5")
def test_log_in_with_a_blank_key_is_refused(realm: RealmUnderTest, site: Site) -> None:
    _, person = realm.ready_person()
    refused_with(site, person, None)


@pytest.mark.req("D5")
def test_log_in_with_the_key_of_another_person_is_refused(realm: RealmUnderTest, site: Site) -> None:
    (_, person), (_, other) = realm.ready_person(), realm.ready_person()
    refused_with(site, person, other.key)


@pytest.mark.req("D5")
def test_log_in_with_a_deleted_key_is_refused_and_offers_no_enrolment(realm: RealmUnderTest, site: Site) -> None:
    user_id, person = realm.ready_person()
    for credential in realm.provider.list_credentials(user_id):
        if credential.type == "webauthn":
            realm.provider.delete_credential(user_id, credential.id)
    window = site.open("centre", person)
    assert not site.has_reached(window, "centre")
    assert sign_in.page_name(window.page) not in {"webauthn-register", "configure-totp", "webauthn-authenticate"}
    by_password = site.open("website", person, kc_action="webauthn-register")
    assert sign_in.page_name(by_password.page) == "unknown"
    assert not site.has_reached(by_password, "website")


@pytest.mark.req("D4", "D5")
def test_log_in_with_codes_where_the_account_allows_them_takes_each_code_once(
    realm: RealmUnderTest, site: Site
) -> None:
    _, person = realm.new_person(actions=("UPDATE_PASSWORD", "CONFIGURE_TOTP"), second_factor="otp")
    window = site.open("website")
    assert sign_in.go_through(window, person) == ["login", "update-password", "configure-totp"]
    window = site.open("centre", person)
    code = sign_in.next_code(person)
    sign_in.type_code(window, code)
    assert site.proofs(window) == ("mfa", ("otp", "pwd"))
    second = site.open("centre", person)
    for wrong in (code, pyotp.TOTP(pyotp.random_base32()).now()):
        sign_in.type_code(second, wrong)
        assert sign_in.page_name(second.page) == "otp"
        assert not site.has_reached(second, "centre")


@pytest.mark.req("D5")
def test_log_in_with_codes_where_the_account_demands_a_key_is_refused(realm: RealmUnderTest, site: Site) -> None:
    user_id, person = realm.ready_person(second_factor="otp")
    realm.provider.update_user(user_id, attributes={"secondFactor": ["key"]})
    window = site.open("centre", person)
    assert sign_in.page_name(window.page) != "otp"
    assert not site.has_reached(window, "centre")


@pytest.mark.req("D5")
def test_log_in_to_an_account_with_both_lets_the_person_try_another_way(realm: RealmUnderTest, site: Site) -> None:
    user_id, person = realm.ready_person(second_factor="otp")
    realm.provider.require_actions(user_id, ["webauthn-register"])
    window = site.open("website")
    assert sign_in.go_through(window, person) == ["login", "webauthn-register"]
    by_key = site.open("centre")
    assert sign_in.go_through(by_key, person)[-1] == "webauthn-authenticate"
    assert site.proofs(by_key) == ("mfa", ("hwk", "pwd"))
    by_code = site.open("centre")
    seen = sign_in.go_through(by_code, replace(person, key=None))
    assert seen[-1] == "otp"
    assert site.proofs(by_code) == ("mfa", ("otp", "pwd"))
