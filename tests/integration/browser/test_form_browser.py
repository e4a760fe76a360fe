"""The browser without scripts at a real Keycloak: keys in software, other ways, and what a kept key still opens."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from connector.embedded.browser import LoginRefusedError
from connector.embedded.soft_key import SoftKey
from tests.servers.keycloak import Keycloak
from tests.servers.realm import RealmUnderTest, make_realm


@pytest.fixture(scope="module")
def realm(keycloak: Keycloak) -> Iterator[RealmUnderTest]:
    made = make_realm(keycloak)
    yield made
    made.delete()


def test_log_in_with_a_key_kept_in_a_file_goes_on_counting(realm: RealmUnderTest) -> None:
    _, person = realm.ready_person()
    assert person.key is not None
    for _ in range(2):
        person.key = SoftKey.from_dict(json.loads(json.dumps(person.key.to_dict())))
        with realm.browser() as browser:
            tokens = browser.log_in("centre", person)
        assert (tokens.level, tokens.methods) == ("mfa", ("hwk", "pwd"))
    assert person.key.signatures == 3  # The enrolment counts too.


def test_log_in_with_a_copy_that_fell_behind_or_no_key_is_refused(realm: RealmUnderTest) -> None:
    _, person = realm.ready_person()
    assert person.key is not None
    copy = SoftKey.from_dict(person.key.to_dict())
    with realm.browser() as browser:
        browser.log_in("centre", person)
    for key in (copy, SoftKey.make(), None):
        with realm.browser() as browser, pytest.raises(LoginRefusedError):
            browser.log_in("centre", replace(person, key=key))


def test_enrol_a_second_key_shows_the_first_one_before(realm: RealmUnderTest) -> None:
    user_id, person = realm.ready_person()
    former, person.new_key = person.key, SoftKey.make()
    with realm.browser() as browser:
        browser.log_in("website", person, kc_action="webauthn-register")
        assert browser.pages == ["login", "webauthn-authenticate", "webauthn-register"]
    assert person.key is not former
    held = {credential.key_id for credential in realm.provider.list_credentials(user_id) if credential.key_id}
    assert former is not None
    assert person.key is not None
    assert held == {former.key_id, person.key.key_id}


def test_log_in_with_code_and_key_enrolled_takes_the_persons_way(realm: RealmUnderTest) -> None:
    user_id, person = realm.ready_person(second_factor="otp")
    realm.provider.require_actions(user_id, ["webauthn-register"])
    with realm.browser() as browser:
        browser.log_in("website", person)
    for key, methods in ((person.key, ("hwk", "pwd")), (None, ("otp", "pwd"))):
        with realm.browser() as browser:
            assert browser.log_in("centre", replace(person, key=key)).methods == methods


def test_ask_for_the_higher_level_at_an_open_door_proves_the_factor(realm: RealmUnderTest) -> None:
    _, person = realm.ready_person()
    with realm.browser() as browser:
        assert browser.log_in("website", person).level == "pwd"
        assert browser.log_in("website", person, level="mfa").level == "mfa"
        assert browser.pages == ["login", "webauthn-authenticate"]
        browser.log_in("website", person, prompt="login")
        assert browser.pages[2:] == ["login"]
