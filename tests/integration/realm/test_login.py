"""What a person meets at the login: first password, second factor, one login for all, age and strength of passwords."""

import base64
import hashlib
import json
import os
import uuid
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from connector.adapters.keycloak_calls import status_of
from connector.adapters.keycloak_events import epoch_millis
from connector.embedded.browser import LoginRefusedError, Person
from connector.ports import KeycloakRefusedError, NewUser
from tests.passwords import fresh
from tests.servers.realm import RealmUnderTest, realm

__all__ = ["realm"]
SUBSYSTEMS = ("website", "bid-opening", "centre", "door-access")  # by OpenID Connect; member speaks SAML


@pytest.mark.req("C1")
def test_log_in_to_an_account_without_password_is_refused(realm: RealmUnderTest) -> None:
    realm.provider.create_user(
        NewUser(
            user_name="no-password-yet", display_name="王五", account_id="a", request_id="r", unit_code="371500",
            account_class="ordinary", required_actions=("UPDATE_PASSWORD",),
        )
    )  # fmt: skip
    for password in ("", "Zb7#ttkwz2"):
        with realm.browser() as browser, pytest.raises(LoginRefusedError):
            browser.log_in("website", Person("no-password-yet", password, "Zb8#ttkwz2"))


@pytest.mark.req("D4")
def test_first_login_asks_for_a_new_password_and_then_a_key(realm: RealmUnderTest) -> None:
    user_id, person = realm.new_person(actions=("UPDATE_PASSWORD", "webauthn-register"))
    with realm.browser() as browser:
        first = browser.log_in("website", person)
        assert browser.pages == ["login", "update-password", "webauthn-register"]
        assert (first.level, first.methods) == ("pwd", ("pwd",))
        again = browser.log_in("centre", person)
        assert browser.pages[3:] == ["webauthn-authenticate"]
        assert (again.level, again.methods) == ("mfa", ("hwk", "pwd"))
    assert realm.provider.get_user(user_id).required_actions == ()


@pytest.mark.req("D4")
def test_first_login_asks_for_a_new_password_and_then_the_second_factor(realm: RealmUnderTest) -> None:
    user_id, person = realm.new_person(actions=("UPDATE_PASSWORD", "CONFIGURE_TOTP"), second_factor="otp")
    first_password = person.password
    with realm.browser() as browser:
        browser.log_in("website", person)
        assert browser.pages == ["login", "update-password", "configure-totp"]
    assert realm.provider.get_user(user_id).required_actions == ()
    with realm.browser() as later:
        tokens = later.log_in("centre", person)
        assert later.pages == ["login", "otp"]
    assert tokens.claims["preferred_username"] == person.user_name
    with realm.browser() as thief, pytest.raises(LoginRefusedError):
        thief.log_in("website", Person(person.user_name, first_password, "Zb8#ttkwz2"))
    with realm.browser() as thief, pytest.raises(LoginRefusedError, match="second factor"):
        thief.log_in("centre", Person(person.user_name, person.password))


def test_log_in_from_the_command_line_gives_a_token_for_the_connector(realm: RealmUnderTest) -> None:
    user_id, person = realm.ready_person(second_factor="otp")
    with realm.browser() as browser:
        claims = browser.log_in_device("connector-cli", person).claims
    assert claims["aud"] == "connector"
    assert claims["sub"] == user_id
    assert claims["preferred_username"] == person.user_name
    assert claims["acr"] == "mfa"
    assert set(claims["amr"]) == {"pwd", "otp"}
    assert "resource_access" not in claims


@pytest.mark.req("D1", "C3")
def test_log_in_once_opens_the_subsystems_each_with_its_own_roles_only(realm: RealmUnderTest) -> None:
    user_id, person = realm.ready_person()
    realm.provider.grant_roles(user_id, "website", ["notice.editor", "notice.publisher"])
    realm.provider.grant_roles(user_id, "centre", ["project.registrar"])
    with realm.browser() as browser:
        tokens = {"centre": browser.log_in("centre", person)}
        tokens |= {subsystem: browser.log_in(subsystem) for subsystem in SUBSYSTEMS if subsystem != "centre"}
        assert browser.pages == ["login", "webauthn-authenticate"]
    roles = {
        name: {client: set(held["roles"]) for client, held in token.claims.get("resource_access", {}).items()}
        for name, token in tokens.items()
    }
    assert roles == {
        "website": {"website": {"notice.editor", "notice.publisher"}},
        "bid-opening": {},
        "centre": {"centre": {"project.registrar"}},
        "door-access": {},
    }
    for name, token in tokens.items():
        claims = token.claims
        assert claims["aud"] == name
        assert claims["exp"] - claims["iat"] <= 300
        assert claims["sub"] == user_id
        assert not claims.keys() & {"accountId", "requestId", "unitCode", "accountClass", "email", "realm_access"}


@pytest.mark.req("D1")
def test_freeze_closes_the_subsystems(realm: RealmUnderTest) -> None:
    user_id, person = realm.ready_person()
    with realm.browser() as browser:
        tokens = [browser.log_in("centre", person), *(browser.log_in(name) for name in SUBSYSTEMS if name != "centre")]
        realm.provider.set_enabled(user_id, False)
        realm.provider.log_out(user_id)
        realm.provider.end_offline_sessions(user_id)
        for token in tokens:
            with pytest.raises(LoginRefusedError):
                browser.refresh(token)
        with pytest.raises(LoginRefusedError):
            browser.log_in("website")
        with pytest.raises(LoginRefusedError, match="停用"):
            browser.log_in("website", person)


def test_refresh_token_is_good_for_one_use(realm: RealmUnderTest) -> None:
    _, person = realm.new_person()
    with realm.browser() as browser:
        first = browser.log_in("website", person)
        browser.refresh(first)
        with pytest.raises(LoginRefusedError):
            browser.refresh(first)


def test_password_alone_gives_no_token_without_the_browser(realm: RealmUnderTest) -> None:
    _, person = realm.new_person()
    with realm.browser() as browser:
        browser.log_in("website", person)
    for client_id in (*SUBSYSTEMS, "connector-cli", "admin-cli"):
        answer = httpx.post(
            f"{realm.server.url}/realms/{realm.name}/protocol/openid-connect/token",
            data={
                "grant_type": "password", "client_id": client_id,
                "username": person.user_name, "password": person.password,
            },
        )  # fmt: skip
        assert answer.status_code in {400, 401}, client_id


def test_log_in_without_pkce_is_refused(realm: RealmUnderTest) -> None:
    answer = httpx.get(
        f"{realm.server.url}/realms/{realm.name}/protocol/openid-connect/auth",
        params={
            "client_id": "website", "response_type": "code", "scope": "openid",
            "redirect_uri": realm.redirect_uris["website"],
        },
    )  # fmt: skip
    assert "error=invalid_request" in answer.headers["location"]


@pytest.mark.req("D2")
@pytest.mark.parametrize(
    ("weak", "why"),
    [
        ("Zb7#tt", "too short"),
        ("zbttkwzzq2", "no symbol"),
        ("zbttkwzz#q", "no digit"),
        ("82739402#1", "no letter"),
        ("P@ssw0rd2026", "well known"),
        ("Admin@2026", "well known"),
        ("Qwer#9182", "well known"),
        ("Zk#1234567", "well known"),
        ("{user_name}#Z9", "contains the user name"),
    ],
)
def test_set_weak_password_is_refused(realm: RealmUnderTest, weak: str, why: str) -> None:
    user_id, person = realm.new_person()
    with pytest.raises(KeycloakRefusedError) as refused:
        realm.provider.set_temporary_password(user_id, weak.format(user_name=person.user_name))
    assert status_of(refused.value) == 400
    assert weak not in str(refused.value.facts)


@pytest.mark.req("D2")
def test_choose_weak_or_former_password_at_the_login_is_refused(realm: RealmUnderTest) -> None:
    _, person = realm.new_person()
    first = person.password
    for poor in ("Zb7#tt", first):
        with realm.browser() as browser, pytest.raises(LoginRefusedError):
            browser.log_in("website", Person(person.user_name, first, poor))
    with realm.browser() as browser:
        browser.log_in("website", person)


@pytest.mark.req("D3")
def test_log_in_with_a_password_older_than_allowed_demands_a_new_one(realm: RealmUnderTest) -> None:
    limit = max_age_days(realm)
    assert limit <= 90  # JC 25
    young, old = (person_with_password_of(realm, days=days) for days in (limit - 1, limit + 1))
    with realm.browser() as browser:
        browser.log_in("website", young)
        assert browser.pages == ["login"]
    with realm.browser() as browser, pytest.raises(LoginRefusedError, match="new password"):
        browser.log_in("website", old)
    old.new_password = fresh("Danach?", "9")
    with realm.browser() as browser:
        browser.log_in("website", old)
        assert browser.pages == ["login", "update-password"]


@pytest.mark.req("D3")
def test_password_set_at_tells_the_age(realm: RealmUnderTest) -> None:
    person = person_with_password_of(realm, days=40)
    found = realm.provider.find_user(person.user_name)
    assert found is not None
    set_at = realm.provider.password_set_at(found.user_id)
    assert set_at is not None
    assert (datetime.now(UTC) - set_at).days == 40


def max_age_days(realm: RealmUnderTest) -> int:
    policy = realm.admin.get("")["passwordPolicy"]
    return int(policy.partition("forceExpiredPasswordChange(")[2].partition(")")[0])


def person_with_password_of(realm: RealmUnderTest, *, days: int) -> Person:
    """An account whose password is `days` old: imported with its hash and date, as only an administrator can."""
    password, salt, name = fresh("Alt#", "7x"), os.urandom(16), f"aged-{uuid.uuid4().hex[:8]}"
    value = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 1000, 64)
    credential = {
        "type": "password",
        "createdDate": epoch_millis(datetime.now(UTC) - timedelta(days=days, minutes=5)),
        "secretData": json.dumps(
            {name: base64.b64encode(raw).decode() for name, raw in (("value", value), ("salt", salt))}
        ),
        "credentialData": json.dumps(
            {"hashIterations": 1000, "algorithm": "pbkdf2-sha512", "additionalParameters": {}}
        ),
    }
    user = {"username": name, "enabled": True, "groups": ["/accounts"], "credentials": [credential]}
    answer = realm.admin.post("/partialImport", {"ifResourceExists": "FAIL", "users": [user]})
    assert answer["added"] == 1
    return Person(name, password)
