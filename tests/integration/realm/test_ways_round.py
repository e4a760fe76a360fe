"""Each way round the second factor that we could think of (D5): none of them gets in.

The thief knows the password of somebody who has a key, and has no key, or the wrong one.
"""

import secrets
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from connector.embedded.browser import FormBrowser, LoginRefusedError, Person
from connector.embedded.soft_key import SoftKey
from tests.servers.realm import RealmUnderTest, realm

__all__ = ["realm"]
pytestmark = pytest.mark.req("D5")
STRONG = ("bid-opening", "centre", "connector")  # by OpenID Connect; member speaks SAML
PUBLIC = ("website", "bid-opening", "centre", "door-access", "connector-cli")


def endpoint(realm: RealmUnderTest, name: str) -> str:
    return f"{realm.server.url}/realms/{realm.name}/protocol/openid-connect/{name}"


def enters(realm: RealmUnderTest, browser: FormBrowser, client_id: str, person: Person | None, **ask: str) -> bool:
    """Whether Keycloak sends the browser back to the client with a code; the client's own checks are left out."""
    place = realm.redirect_uris[client_id]
    query = {
        "client_id": client_id, "redirect_uri": place, "response_type": "code", "scope": "openid",
        "code_challenge": secrets.token_urlsafe(32), "code_challenge_method": "S256", **ask,
    }  # fmt: skip
    return "code" in query_of(browser, f"{endpoint(realm, 'auth')}?{urlencode(query)}", place, person)


def query_of(browser: FormBrowser, url: str, target: str, person: Person | None = None) -> dict[str, list[str]]:
    """What Keycloak tells `target` in the end; nothing when it refuses on a page of its own."""
    try:
        return parse_qs(urlsplit(browser.go(url, target, person)).query)
    except LoginRefusedError:
        return {}


def thief_of(person: Person, key: SoftKey | None = None) -> Person:
    return Person(person.user_name, person.password, key=key)


def credentials(realm: RealmUnderTest, user_id: str) -> list[str]:
    """Types of the factors an account has, sorted; former passwords left out."""
    held = (credential["type"] for credential in realm.admin.get(f"/users/{user_id}/credentials"))
    return sorted(kind for kind in held if kind != "password-history")


LOWER: list[dict[str, str]] = [
    {},
    {"acr_values": "pwd"},
    {"acr_values": "1"},
    {"acr_values": "0"},
    {"acr_values": "-1"},
    {"acr_values": "2"},
    {"acr_values": "no-such-level"},
    {"claims": '{"id_token": {"acr": {"essential": true, "values": ["pwd"]}}}'},
    {"claims": '{"id_token": {"acr": {"value": "pwd"}}}'},
    {"prompt": "login"},
    {"max_age": "0"},
    {"kc_action": "UPDATE_PASSWORD"},
]


def refused_at_once(ask: dict[str, str]) -> bool:
    return "essential" in ask.get("claims", "") or ask.get("prompt") == "none"


@pytest.mark.parametrize("ask", LOWER, ids=str)
def test_ask_a_client_for_less_than_its_level_is_asked_for_the_key(realm: RealmUnderTest, ask: dict[str, str]) -> None:
    _, person = realm.ready_person()
    for client_id in STRONG:
        with realm.browser() as browser:
            assert not enters(realm, browser, client_id, thief_of(person), **ask)
            assert browser.pages == ([] if refused_at_once(ask) else ["login", "webauthn-authenticate"])
    with realm.browser() as browser:
        assert enters(realm, browser, "centre", person)


@pytest.mark.parametrize("ask", [*LOWER[:-3], {"max_age": "36000"}, {"prompt": "none"}], ids=str)
def test_use_the_login_of_the_website_elsewhere_is_asked_for_the_key(
    realm: RealmUnderTest, ask: dict[str, str]
) -> None:
    _, person = realm.ready_person()
    for client_id in STRONG:
        with realm.browser() as browser:
            assert browser.log_in("website", thief_of(person)).level == "pwd"
            assert not enters(realm, browser, client_id, thief_of(person), **ask)
            assert browser.pages[1:] == ([] if refused_at_once(ask) else ["webauthn-authenticate"])
            assert browser.log_in("website").level == "pwd"


def test_log_in_after_the_key_was_deleted_is_refused_and_offers_no_enrolment(realm: RealmUnderTest) -> None:
    user_id, person = realm.ready_person()
    key = next(c for c in realm.admin.get(f"/users/{user_id}/credentials") if c["type"] == "webauthn")
    realm.admin.delete(f"/users/{user_id}/credentials/{key['id']}")
    for client_id in STRONG:
        with realm.browser() as browser:
            assert not enters(realm, browser, client_id, person)
            assert browser.pages == ["login"]
    assert credentials(realm, user_id) == ["password"]


def test_log_in_without_ever_having_had_a_factor_is_refused(realm: RealmUnderTest) -> None:
    user_id, person = realm.new_person(actions=("UPDATE_PASSWORD",))
    with realm.browser() as browser:
        assert browser.log_in("website", person).level == "pwd"
        for client_id in STRONG:
            assert not enters(realm, browser, client_id, person)
    assert credentials(realm, user_id) == ["password"]


@pytest.mark.parametrize("factor", ["key", ""], ids=["attribute says key", "no attribute"])
def test_log_in_by_code_where_the_account_wants_a_key_is_refused(realm: RealmUnderTest, factor: str) -> None:
    user_id, person = realm.ready_person(second_factor="otp")
    with realm.browser() as browser:
        assert browser.log_in("centre", person).methods == ("otp", "pwd")
    user = realm.admin.get(f"/users/{user_id}")
    attributes = {**user["attributes"], "secondFactor": [factor] if factor else []}
    realm.admin.put(f"/users/{user_id}", {**user, "attributes": attributes})
    for client_id in STRONG:
        with realm.browser() as browser:
            assert not enters(realm, browser, client_id, person)
            assert browser.pages == ["login"]


def test_log_in_with_the_key_of_somebody_else_is_refused(realm: RealmUnderTest) -> None:
    _, victim = realm.ready_person()
    _, other = realm.ready_person()
    for key in (other.key, SoftKey.make()):
        with realm.browser() as browser:
            assert not enters(realm, browser, "centre", thief_of(victim, key))
            assert browser.pages == ["login", "webauthn-authenticate"]


def test_log_in_with_a_copy_of_the_key_that_fell_behind_is_refused(realm: RealmUnderTest) -> None:
    _, person = realm.ready_person()
    assert person.key is not None
    copy = SoftKey.from_dict(person.key.to_dict())
    for _ in range(3):
        with realm.browser() as browser:
            browser.log_in("centre", person)
    with realm.browser() as browser:
        assert not enters(realm, browser, "centre", thief_of(person, copy))


ENROL = (
    "webauthn-register",
    "webauthn-register:skip_if_exists",
    "CONFIGURE_TOTP",
    "webauthn-register-passwordless",
    "CONFIGURE_RECOVERY_AUTHN_CODES",
)


@pytest.mark.parametrize("action", ENROL)
def test_enrol_a_further_factor_with_the_password_alone_is_refused(realm: RealmUnderTest, action: str) -> None:
    for fresh in (True, False):
        user_id, person = realm.ready_person()  # Two refusals within a second would lock one person out.
        with realm.browser() as browser:
            if not fresh:
                browser.log_in("website", thief_of(person))
            enters(realm, browser, "website", thief_of(person), kc_action=action)
            assert not {"webauthn-register", "configure-totp"} & set(browser.pages)
        assert credentials(realm, user_id) == ["password", "webauthn"]


@pytest.mark.parametrize("action", ENROL)
@pytest.mark.parametrize("certificate", [False, True], ids=["no factor", "certificate only"])
def test_enrol_a_first_factor_that_nobody_told_the_account_to_is_refused(
    realm: RealmUnderTest, action: str, certificate: bool
) -> None:
    """A lost key, and an account that logs in by certificate: Keycloak sees no factor, and would let anybody enrol."""
    user_id, person = realm.new_person(actions=("UPDATE_PASSWORD",), second_factor="otp")
    if certificate:
        user = realm.admin.get(f"/users/{user_id}")
        realm.admin.put(f"/users/{user_id}", {**user, "attributes": {**user["attributes"], "keySerial": ["0a01"]}})
    with realm.browser() as browser:
        browser.log_in("website", person)
        enters(realm, browser, "website", person, kc_action=action)
    with realm.browser() as browser:
        enters(realm, browser, "website", person, kc_action=action)
        assert browser.pages == ["login"]
    assert credentials(realm, user_id) == ["password"]


def test_enrol_a_further_key_after_showing_the_first_is_possible(realm: RealmUnderTest) -> None:
    user_id, person = realm.ready_person()
    with realm.browser() as browser:
        browser.log_in("website", person)
        person.new_key = SoftKey.make()
        assert enters(realm, browser, "website", person, kc_action="webauthn-register")
        assert browser.pages == ["login", "webauthn-authenticate", "webauthn-register"]
    assert credentials(realm, user_id) == ["password", "webauthn", "webauthn"]


def test_delete_a_credential_by_oneself_is_not_offered(realm: RealmUnderTest) -> None:
    user_id, person = realm.ready_person()
    key = next(c["id"] for c in realm.admin.get(f"/users/{user_id}/credentials") if c["type"] == "webauthn")
    with realm.browser() as browser:
        browser.log_in("centre", person)
        enters(realm, browser, "centre", person, kc_action=f"delete_credential:{key}")
    assert credentials(realm, user_id) == ["password", "webauthn"]


def test_change_the_password_opens_no_higher_level(realm: RealmUnderTest) -> None:
    """What remains: who knows the password may change it, as its owner may. It gets him nowhere else."""
    _, person = realm.ready_person()
    thief = thief_of(person)
    thief.new_password = f"Danach?{secrets.token_hex(4)}9"
    with realm.browser() as browser:
        browser.log_in("website", thief)
        assert enters(realm, browser, "website", thief, kc_action="UPDATE_PASSWORD")
        assert not enters(realm, browser, "centre", thief)


def test_use_the_second_factor_of_half_an_hour_ago_is_asked_for_it_again(realm: RealmUnderTest) -> None:
    rows = realm.admin.get("/authentication/flows/step-up second factor/executions")
    path = f"/authentication/config/{rows[0]['authenticationConfig']}"
    held = realm.admin.get(path)
    assert held["config"]["loa-max-age"] == "1800"
    realm.admin.put(path, {**held, "config": {**held["config"], "loa-max-age": "2"}})
    _, person = realm.ready_person()
    with realm.browser() as browser:
        browser.log_in("centre", person)
        assert enters(realm, browser, "bid-opening", None)  # One login for all, while it lasts.
        time.sleep(3.1)
        assert not enters(realm, browser, "connector", thief_of(person))
        assert not enters(realm, browser, "centre", None, prompt="none")
        assert browser.log_in("centre", person).level == "mfa"
        assert browser.pages == ["login", *["webauthn-authenticate"] * 3]
    realm.applier.apply()
