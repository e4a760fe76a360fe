"""The scans on a real Keycloak: zombies are disabled only by decision, old passwords must be changed at login."""

from datetime import datetime, timedelta

import httpx
import pytest
from sqlalchemy import select, update

from connector.activity.tables import ActivityRow, CursorRow
from connector.auth.actor import host_actor
from connector.checks.tables import PasswordNoticeRow
from connector.register.tables import AccountRow, AccountStateRow, PersonRow
from connector.regulations.vocabulary import Office, Verdict
from connector.requests import service as requests
from connector.requests.tables import RequestRow, StageRow
from jobs import ingest_events, scan_dormant, scan_passwords
from tests.integration.checks.conftest import City

HOST = host_actor("tests")


def age_account(city: City, account: AccountRow, span: timedelta) -> None:
    """Moves the account's opening and the begin of the mirror into the past: nobody waits half a year in a test."""
    past = city.connector.clock.now() - span
    with city.connector.act(HOST) as act:
        act.session.execute(update(AccountRow).where(AccountRow.id == account.id).values(opened_at=past))
        act.session.execute(update(AccountStateRow).where(AccountStateRow.account_id == account.id).values(since=past))
        act.session.execute(update(CursorRow).values(covers_since=past))


def proposed(city: City, number: str) -> tuple[RequestRow, StageRow]:
    with city.connector.act(HOST) as act:
        request = act.session.scalars(select(RequestRow).where(RequestRow.number == number)).one()
        return request, act.session.scalars(select(StageRow).where(StageRow.request_id == request.id)).one()


def approve(city: City, request: RequestRow, stage: StageRow) -> None:
    with city.connector.act(city.centre.actor(Office.PRINCIPAL)) as act:
        requests.decide(
            act, stage_id=stage.id, verdict=Verdict.APPROVE, reason="同意禁用", digest=request.digest, excluded=()
        )
    city.connector.deliver()


@pytest.mark.req("F1")
def test_zombie_is_proposed_then_disabled_in_keycloak_only_by_the_principal(city: City) -> None:
    zombie, returner, busy = (city.open_account() for _ in range(3))
    tokens = city.log_in(busy).json()
    city.run(ingest_events)
    for account in (zombie, returner, busy):
        age_account(city, account, timedelta(days=400))

    number = city.run(scan_dormant)["request"]
    request, stage = proposed(city, number)
    assert {zombie.user_name, returner.user_name} <= set(request.form["accounts"])
    assert busy.user_name not in request.form["accounts"]
    assert city.connector.idp.get_user(str(zombie.keycloak_id)).enabled, "nothing before the decision"
    assert city.run(scan_dormant)["request"] is None, "an open proposal is not made twice"

    city.log_in(returner).raise_for_status()
    city.run(ingest_events)
    approve(city, request, stage)
    enabled = {
        account.user_name: city.connector.idp.get_user(str(account.keycloak_id)).enabled
        for account in (zombie, returner, busy)
    }
    assert enabled == {zombie.user_name: False, returner.user_name: True, busy.user_name: True}
    assert city.log_in(zombie).status_code == httpx.codes.BAD_REQUEST
    assert city.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).is_success


def age_password(city: City, account: AccountRow, set_at: datetime, mail: str | None = None) -> None:
    with city.connector.act(HOST) as act:
        act.session.execute(
            update(ActivityRow)
            .where(ActivityRow.keycloak_id == account.keycloak_id)
            .values(password_set_at=set_at, password_evidence="event")
        )
        act.session.execute(update(PersonRow).where(PersonRow.id == account.person_id).values(mail=mail))


@pytest.mark.req("F2")
@pytest.mark.req("D3")
def test_password_at_the_limit_must_be_changed_at_login_and_before_it_a_mail_goes_out(city: City) -> None:
    old, near, young = (city.open_account() for _ in range(3))
    city.run(ingest_events)
    now = city.connector.clock.now()
    with city.connector.act(HOST) as act:
        limit = act.rulebook.password(old.account_class).max_age_days  # type: ignore[arg-type]
    age_password(city, old, now - timedelta(days=limit))
    age_password(city, near, now - timedelta(days=limit - 7), "near@example.cn")

    summary = city.run(scan_passwords, now)
    assert (summary["forced"], summary["notices"]) == (1, 1)
    city.connector.deliver()
    actions = {
        account.user_name: city.connector.idp.get_user(str(account.keycloak_id)).required_actions
        for account in (old, near, young)
    }
    assert actions == {old.user_name: ("UPDATE_PASSWORD",), near.user_name: (), young.user_name: ()}
    assert "Account is not fully set up" in city.log_in(old).text
    assert city.log_in(young).is_success
    letters = [path.read_text(errors="replace") for path in (city.connector.settings.data_dir / "mail").iterdir()]
    assert sum("near@example.cn" in letter for letter in letters) == 1

    again = city.run(scan_passwords, now)
    assert (again["forced"], again["notices"]) == (0, 0), "once each"
    with city.connector.act(HOST) as act:
        assert set(act.session.scalars(select(PasswordNoticeRow.days_left))) == {0, 7}
