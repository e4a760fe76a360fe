"""Logins on a real Keycloak reach the mirror; outages are caught up; passwords' ages are known."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from connector.activity import service as activity
from connector.activity.tables import ActivityRow
from connector.auth.actor import host_actor
from connector.ports import KeycloakUnavailableError
from connector.register.tables import AccountRow
from jobs import ingest_events, take_baseline
from tests.integration.checks.conftest import City


def mirror_of(city: City, account: AccountRow) -> ActivityRow | None:
    with city.connector.act(host_actor("tests")) as act:
        return act.session.get(ActivityRow, account.keycloak_id)


def events_of(city: City, account: AccountRow) -> list[tuple[str, str | None]]:
    with city.connector.act(host_actor("tests")) as act:
        return [(event.type, event.error) for event in activity.list_events(act, account_id=account.id)]


@pytest.mark.req("J1")
@pytest.mark.req("F1")
def test_ingest_login_and_refresh_count_as_use_and_errors_do_not(city: City) -> None:
    account = city.open_account()
    refused = city.log_in(account, "wrong")
    assert refused.json()["error"] == "invalid_grant", refused.text
    city.run(ingest_events)
    seen = mirror_of(city, account)
    assert seen is not None
    assert seen.last_used_at is None
    before = datetime.now(UTC) - timedelta(seconds=2)
    tokens = city.log_in(account).json()
    city.run(ingest_events)
    logged_in = mirror_of(city, account)
    assert logged_in is not None
    assert logged_in.last_used_at is not None
    assert before < logged_in.last_used_at == logged_in.last_login_at
    time.sleep(1.1)
    city.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).raise_for_status()
    city.run(ingest_events)
    refreshed = mirror_of(city, account)
    assert refreshed is not None
    assert refreshed.last_used_at is not None
    assert refreshed.last_used_at > logged_in.last_used_at
    assert refreshed.last_login_at == logged_in.last_login_at
    kept = events_of(city, account)
    assert ("LOGIN_ERROR", "invalid_user_credentials") in kept
    assert {name for name, _ in kept} >= {"LOGIN", "REFRESH_TOKEN", "CREATE:USER", "ACTION:USER"}


@pytest.mark.req("J1")
def test_ingest_after_an_outage_catches_up_and_takes_nothing_twice(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = [city.open_account() for _ in range(3)]
    with monkeypatch.context() as broken:
        broken.setattr(
            city.connector.idp, "list_events", lambda *_: (_ for _ in ()).throw(KeycloakUnavailableError(""))
        )
        for account in accounts:
            city.log_in(account).raise_for_status()
        with pytest.raises(KeycloakUnavailableError):
            city.run(ingest_events)
    assert city.run(ingest_events)["login"]["new"] >= 3
    assert all((row := mirror_of(city, account)) is not None and row.last_used_at for account in accounts)
    assert city.run(ingest_events)["login"]["new"] == 0


@pytest.mark.req("F2")
def test_ingest_password_set_by_somebody_else_is_initial(city: City) -> None:
    account = city.open_account()
    city.run(ingest_events)
    row = mirror_of(city, account)
    assert row is not None
    assert row.password_evidence == "initial"
    assert row.password_set_at is not None
    told = city.connector.idp.password_set_at(str(account.keycloak_id))
    assert told is not None
    assert abs(row.password_set_at - told) < timedelta(seconds=5)


@pytest.mark.req("F2")
def test_take_baseline_asks_keycloak_once_for_passwords_older_than_the_mirror(city: City) -> None:
    account = city.open_account()
    city.admin("DELETE", "/admin-events")
    city.run(ingest_events)
    assert mirror_of(city, account) is None
    assert city.run(take_baseline)["asked"] >= 1
    row = mirror_of(city, account)
    assert row is not None
    assert row.password_evidence == "baseline"
    assert row.password_set_at == city.connector.idp.password_set_at(str(account.keycloak_id))
    assert city.run(take_baseline) == {"asked": 0, "known": 0, "finished": True}
