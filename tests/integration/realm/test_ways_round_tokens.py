"""Ways round the second factor without the pages of the login (D5): grants, tokens, Keycloak's own clients."""

from collections.abc import Callable
from urllib.parse import urlencode

import httpx
import pytest

from connector.embedded.browser import LoginRefusedError
from tests.integration.realm.test_ways_round import PUBLIC, endpoint, enters, query_of, thief_of
from tests.servers.realm import RealmUnderTest, realm

__all__ = ["realm"]
pytestmark = pytest.mark.req("D5")


def allow_direct_grants(realm: RealmUnderTest, client_id: str) -> None:
    found = realm.admin.get("/clients", clientId=client_id)[0]
    realm.admin.put(f"/clients/{found['id']}", {**found, "directAccessGrantsEnabled": True})


def test_send_the_password_without_a_browser_gives_no_token_even_where_a_client_allows_it(
    realm: RealmUnderTest,
) -> None:
    _, person = realm.ready_person()
    for allowed in (False, True):
        for client_id in (*PUBLIC, "admin-cli"):
            if allowed:
                allow_direct_grants(realm, client_id)
            form = {
                "grant_type": "password", "client_id": client_id, "scope": "openid",
                "username": person.user_name, "password": person.password,
            }  # fmt: skip
            answer = httpx.post(endpoint(realm, "token"), data=form)
            assert answer.status_code in {400, 401, 403}, (client_id, answer.text)
            assert "access_token" not in answer.text
    realm.applier.apply()


def test_renew_a_login_by_password_never_becomes_more(realm: RealmUnderTest) -> None:
    _, person = realm.ready_person()
    with realm.browser() as browser:
        low = browser.log_in("website", person)
        assert browser.log_in("centre", person).level == "mfa"
        renewed = browser.refresh(low)
        assert renewed.level == "pwd"
        for client_id in PUBLIC[1:]:
            form = {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": renewed.refresh_token}
            assert httpx.post(endpoint(realm, "token"), data=form).status_code == 400


GRANTS: dict[str, Callable[[str], dict[str, str]]] = {
    "token exchange": lambda token: {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": token,
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "audience": "centre",
    },
    "assertion": lambda token: {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": token},
    "client credentials": lambda _: {"grant_type": "client_credentials"},
    "permission": lambda token: {
        "grant_type": "urn:ietf:params:oauth:grant-type:uma-ticket",
        "audience": "centre",
        "subject_token": token,
    },
    "back channel": lambda _: {"grant_type": "urn:openid:params:grant-type:ciba", "auth_req_id": "x"},
}


@pytest.mark.parametrize("grant", GRANTS)
def test_change_a_token_into_another_is_refused(realm: RealmUnderTest, grant: str) -> None:
    _, person = realm.ready_person()
    with realm.browser() as browser:
        token = browser.log_in("website", person).access_token
    for client_id in PUBLIC:
        answer = httpx.post(
            endpoint(realm, "token"),
            data={"client_id": client_id, **GRANTS[grant](token)},
            headers={"Authorization": f"Bearer {token}"} if grant == "permission" else {},
        )
        assert answer.status_code in {400, 401, 403}, (client_id, answer.text)
        assert "access_token" not in answer.text


def test_ask_for_tokens_in_the_address_is_refused(realm: RealmUnderTest) -> None:
    _, person = realm.ready_person()
    for kind in ("token", "id_token", "code token", "code id_token token"):
        with realm.browser() as browser:
            assert not enters(realm, browser, "centre", person, response_type=kind, nonce="n")


def test_log_in_a_program_with_the_password_alone_is_refused(realm: RealmUnderTest) -> None:
    """Keycloak asks a device login for no level, so its flow asks for both factors; an earlier login does not count."""
    _, person = realm.ready_person()
    for level in ("", "pwd"):
        with realm.browser() as browser:
            browser.log_in("website", thief_of(person))
            with pytest.raises(LoginRefusedError):
                browser.log_in_device("connector-cli", thief_of(person), level=level)
            assert browser.pages == ["login", "login", "webauthn-authenticate"]
    with realm.browser() as browser:
        tokens = browser.log_in_device("connector-cli", person, level="pwd")
        assert (tokens.level, tokens.methods) == ("mfa", ("hwk", "pwd"))


def test_use_the_clients_and_the_console_of_keycloak_is_refused(realm: RealmUnderTest) -> None:
    _, person = realm.ready_person()
    home = f"{realm.server.url}/realms/{realm.name}"
    with realm.browser() as browser:
        token = browser.log_in("website", person).access_token
        for client_id in ("account", "account-console", "security-admin-console", "admin-cli", "broker"):
            query = {"client_id": client_id, "redirect_uri": f"{home}/account/", "response_type": "code"}
            assert "code" not in query_of(browser, f"{endpoint(realm, 'auth')}?{urlencode(query)}", f"{home}/account/")
    bearer = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    for path in ("account/", "account/credentials", "account/sessions"):
        assert httpx.get(f"{home}/{path}", headers=bearer).status_code in {401, 403}
    for url in (f"{realm.server.url}/admin/realms/{realm.name}/users", f"{home}/clients-registrations/default/centre"):
        assert httpx.get(url, headers=bearer).status_code in {401, 403, 404}


def test_register_a_client_or_oneself_or_reset_a_password_is_refused(realm: RealmUnderTest) -> None:
    home = f"{realm.server.url}/realms/{realm.name}"
    for kind, body in (("default", {"clientId": "mine"}), ("openid-connect", {"redirect_uris": ["https://me.test/"]})):
        assert httpx.post(f"{home}/clients-registrations/{kind}", json=body).status_code in {401, 403}
    for page in ("reset-credentials", "registration"):
        answer = httpx.get(f"{home}/login-actions/{page}", params={"client_id": "website"}, follow_redirects=True)
        assert answer.status_code >= 400
