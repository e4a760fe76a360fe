"""Account hygiene at the login (D6): locks after wrong tries, ends of sessions, one session per person."""

import time
from collections.abc import Iterator

import httpx
import pytest

from connector.embedded.browser import FormBrowser, LoginRefusedError, Person
from tests.servers.keycloak import Keycloak
from tests.servers.realm import RealmUnderTest, make_realm, realm

__all__ = ["realm"]
pytestmark = pytest.mark.req("D6")
IDLE, LONGEST = 1800, 36000


def fail(realm: RealmUnderTest, client_id: str, person: Person) -> None:
    """A wrong try as a person makes it: two within a second lock at once, for a minute."""
    time.sleep(1.1)
    with realm.browser() as browser, pytest.raises(LoginRefusedError):
        browser.log_in(client_id, person)


def events_of(realm: RealmUnderTest, user_id: str, kind: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = realm.admin.get("/events", user=user_id, type=kind)
    return found


def is_locked(realm: RealmUnderTest, user_id: str) -> bool:
    return bool(realm.admin.get(f"/attack-detection/brute-force/users/{user_id}")["disabled"])


def test_guess_five_passwords_locks_the_account_for_a_while_and_is_in_the_events(realm: RealmUnderTest) -> None:
    user_id, person = realm.ready_person()
    for tries in range(5):
        assert not is_locked(realm, user_id), tries
        fail(realm, "website", Person(person.user_name, f"Wrong#password{tries}x"))
    assert is_locked(realm, user_id)
    fail(realm, "website", person)
    assert realm.provider.get_user(user_id).enabled  # For a while, not for ever: nobody can shut another out.
    errors = {event["error"] for event in events_of(realm, user_id, "LOGIN_ERROR")}
    assert errors == {"invalid_user_credentials", "user_temporarily_disabled"}
    assert len(events_of(realm, user_id, "USER_DISABLED_BY_TEMPORARY_LOCKOUT")) == 1
    realm.admin.delete(f"/attack-detection/brute-force/users/{user_id}")
    with realm.browser() as browser:
        browser.log_in("website", person)


def test_guess_the_second_factor_locks_the_account_too(realm: RealmUnderTest) -> None:
    user_id, person = realm.ready_person(second_factor="otp")
    for _ in range(5):
        fail(realm, "centre", Person(person.user_name, person.password, totp_key=b"not the right key 01"))
    assert is_locked(realm, user_id)
    fail(realm, "centre", person)


def test_right_password_forgives_the_wrong_ones_before(realm: RealmUnderTest) -> None:
    user_id, person = realm.ready_person()
    for _ in range(2):
        for _ in range(3):
            fail(realm, "website", Person(person.user_name, "Wrong#password1x"))
        with realm.browser() as browser:
            browser.log_in("website", person)
    assert not is_locked(realm, user_id)


def test_tokens_tell_the_ends_of_the_session_in_force(realm: RealmUnderTest) -> None:
    _, person = realm.ready_person()
    with realm.browser() as browser:
        tokens = browser.log_in("centre", person)
    answer = httpx.post(
        f"{realm.server.url}/realms/{realm.name}/protocol/openid-connect/token",
        data={"grant_type": "refresh_token", "client_id": "centre", "refresh_token": tokens.refresh_token},
    ).json()
    assert answer["refresh_expires_in"] == IDLE
    assert tokens.claims["exp"] - tokens.claims["iat"] <= 300
    assert realm.admin.get("")["ssoSessionMaxLifespan"] == LONGEST


@pytest.fixture(scope="module")
def brief_realm(keycloak: Keycloak) -> Iterator[RealmUnderTest]:
    made = make_realm(keycloak)
    yield made
    made.delete()


@pytest.mark.parametrize("setting", ["ssoSessionIdleTimeout", "ssoSessionMaxLifespan"])
def test_session_that_is_over_gives_no_tokens_and_no_login(brief_realm: RealmUnderTest, setting: str) -> None:
    _, person = brief_realm.ready_person()
    usual = {"ssoSessionIdleTimeout": IDLE, "ssoSessionMaxLifespan": LONGEST}
    brief_realm.admin.put("", {**brief_realm.admin.get(""), **usual, setting: 3})
    with brief_realm.browser() as browser:
        tokens = browser.log_in("centre", person)
        time.sleep(4.5)
        with pytest.raises(LoginRefusedError):
            browser.refresh(tokens)
        if setting == "ssoSessionMaxLifespan":  # Keycloak lets an idle cookie live two minutes longer.
            with pytest.raises(LoginRefusedError, match="asks for a person"):
                browser.log_in("centre")


def renews(browser: FormBrowser, tokens: object) -> bool:
    try:
        browser.refresh(tokens)  # type: ignore[arg-type]
    except LoginRefusedError:
        return False
    return True


def test_second_login_ends_the_first_where_the_account_has_one_session(realm: RealmUnderTest) -> None:
    user_id, person = realm.ready_person(one_session=True)
    with realm.browser() as office, realm.browser() as home:
        first = office.log_in("website", person)
        stronger = office.log_in("centre", person)  # A step up is no second login.
        assert len(realm.admin.get(f"/users/{user_id}/sessions")) == 1
        second = home.log_in("website", person)
        assert len(realm.admin.get(f"/users/{user_id}/sessions")) == 1
        assert not renews(office, first)
        assert not renews(office, stronger)
        with pytest.raises(LoginRefusedError, match="asks for a person"):
            office.log_in("website")
        assert renews(home, second)


def test_login_of_a_program_ends_the_first_too(realm: RealmUnderTest) -> None:
    _, person = realm.ready_person(one_session=True)
    with realm.browser() as office, realm.browser() as other:
        first = office.log_in("website", person)
        other.log_in_device("connector-cli", person)
        assert not renews(office, first)


def test_log_in_again_in_the_same_browser_keeps_the_one_session(realm: RealmUnderTest) -> None:
    user_id, person = realm.ready_person(one_session=True)
    with realm.browser() as office:
        office.log_in("website", person)
        again = office.log_in("website", person, prompt="login")
        assert renews(office, again)
    assert len(realm.admin.get(f"/users/{user_id}/sessions")) == 1


@pytest.mark.parametrize("value", ["false", ""])
def test_account_without_that_rule_may_have_two_sessions(realm: RealmUnderTest, value: str) -> None:
    user_id, person = realm.ready_person()
    user = realm.admin.get(f"/users/{user_id}")
    attributes = {**user["attributes"], "oneSession": [value] if value else []}
    realm.admin.put(f"/users/{user_id}", {**user, "attributes": attributes})
    with realm.browser() as office, realm.browser() as home:
        first, second = office.log_in("website", person), home.log_in("website", person)
        assert renews(office, first)
        assert renews(home, second)
    assert len(realm.admin.get(f"/users/{user_id}/sessions")) == 2
