"""What receivers read and ask over HTTP."""

import pytest

from connector.app import create_app
from connector.provisioning import service as provisioning
from connector.register import accounts
from connector.regulations.vocabulary import Office
from tests.fixtures_api import Api, check_problem
from tests.fixtures_signals import SignalTown


@pytest.fixture
def api(hearing: SignalTown) -> Api:
    return Api(hearing.town, create_app(hearing.town.connector))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_read_the_transmitter_names_keys_and_the_way_of_delivery(api: Api) -> None:
    told = api.call("GET", "/.well-known/ssf-configuration").json()
    assert told == {
        "spec_version": "1_0",
        "issuer": "http://localhost:8460",
        "jwks_uri": "http://localhost:8460/signals/keys",
        "delivery_methods_supported": ["urn:ietf:rfc:8935"],
        "default_subjects": "ALL",
    }


def test_read_the_keys_shows_nothing_private(api: Api) -> None:
    (key,) = api.call("GET", "/signals/keys").json()["keys"]
    assert key.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}


@pytest.mark.req("I3")
def test_ask_for_an_account_by_id_or_name_tells_its_status_and_no_more(api: Api, hearing: SignalTown) -> None:
    with hearing.act() as act:
        account = hearing.account(act)
        accounts.add_grants(act, account, ["website:notice.editor", "centre:archive.keeper"], granted_by="paper:1")
        names = [str(account.keycloak_id), account.user_name]
    headers = bearer(hearing.tokens["website"])
    for expected in ("active", "frozen"):
        for name in names:
            answer = api.call("GET", f"/signals/accounts/{name}", headers=headers)
            assert answer.json().keys() == {"status", "permissions", "as_of"}
            assert answer.json()["status"] == expected
            assert answer.json()["permissions"] == (["notice.editor"] if expected == "active" else [])
        with hearing.act() as act:
            provisioning.freeze_account(act, hearing.account(act), cause="departure")
    check_problem(api.call("GET", "/signals/accounts/nobody", headers=headers), 404)


def test_ask_with_anything_but_the_token_of_an_enabled_stream_is_refused(api: Api, hearing: SignalTown) -> None:
    path = f"/signals/accounts/{hearing.account_id}"
    staff = api.token_of(Office.SECURITY_ADMINISTRATOR)
    for headers in ({}, bearer("x"), bearer(""), bearer("receiver-secret"), staff):
        check_problem(api.call("GET", path, headers=headers), 401, "not-signed-in")
    api.call("DELETE", "/signals/streams/website", by=Office.SECURITY_ADMINISTRATOR)
    check_problem(api.call("GET", path, headers=bearer(hearing.tokens["website"])), 401)


def test_read_streams_shows_no_secret(api: Api, hearing: SignalTown) -> None:
    answer = api.call("GET", "/signals/streams", by=Office.AUDITOR)
    assert [row["subsystem_id"] for row in answer.json()] == ["website"]
    assert "secret" not in answer.text
    assert hearing.tokens["website"] not in answer.text
