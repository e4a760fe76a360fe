"""Leavers of a real OpenLDAP are frozen in a real Keycloak, and a mass departure is not, until two people say so."""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import select

from connector.adapters.ldap import LdapDirectory
from connector.auth.actor import host_actor, person_actor
from connector.departures import service as departures
from connector.outbox.tables import StepRow
from connector.register import units
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import AccountStatus, Office, RequestKind, Verdict
from connector.requests import service as requests
from connector.requests.forms import RequestForm
from jobs import sync_departures
from tests.fakes.directory import make_settings
from tests.fixtures_departures import HOUR
from tests.integration.checks.conftest import City, city
from tests.servers.slapd import Slapd

__all__ = ["city"]
HOST = host_actor("tests")


@pytest.fixture
def directory(city: City, slapd: Callable[..., Slapd]) -> Slapd:
    """Fifty people of the sample directory, read by the connector; the readings of an earlier test are forgotten."""
    server = slapd(people=50)
    city.connector.directory = LdapDirectory(make_settings(url=server.url, timeout_seconds=5))
    city.connector.settings.breaker_count, city.connector.settings.breaker_share = 2, 0.5
    return server


def employ(city: City, number: int) -> AccountRow:
    """An account in Keycloak whose person has this number in the directory; whoever had it before has no more."""
    account = city.open_account()
    with city.connector.act(HOST) as act:
        key = f"{number:06d}"
        for former in act.session.scalars(select(PersonRow).where(PersonRow.directory_key == key)):
            former.directory_key = None
        act.session.flush()
        act.session.get_one(PersonRow, account.person_id).directory_key = key
    return account


def status_of(city: City, account: AccountRow) -> str:
    with city.connector.act(HOST) as act:
        return act.session.get_one(AccountRow, account.id).status


def sync(city: City, now: datetime | None = None) -> dict[str, object]:
    return city.run(sync_departures, now)


def approve(city: City, request_id: object, *deciders: Office) -> None:
    """These offices approve in turn; without any named, every stage of the chain is approved."""
    with city.connector.act(HOST) as act:
        chain = requests.stages_of(act, requests.get_request(act, str(request_id)))
        where = {Office(stage.office): units.get_unit_by_id(act, stage.unit_id).code for stage in chain}
    for office in deciders or where:
        with city.connector.act(city.centre.actor(office, where[office])) as act:
            request = requests.get_request(act, str(request_id))
            stage = next(s for s in requests.stages_of(act, request) if s.state == "open")
            requests.decide(
                act, stage_id=stage.id, verdict=Verdict.APPROVE, reason="已核对", digest=request.digest, excluded=()
            )


@pytest.mark.req("E1")
def test_leaver_by_status_is_frozen_with_his_sessions_in_the_next_run(city: City, directory: Slapd) -> None:
    leaver, stayer = employ(city, 5), employ(city, 6)
    tokens, kept = city.log_in(leaver).json(), city.log_in(stayer).json()
    assert sync(city)["state"] == "nothing"
    assert city.connector.idp.sessions_of(str(leaver.keycloak_id)).online == 1

    directory.modify(directory.person_dn(5), {"employeeStatus": "left"})
    assert sync(city)["frozen"] == 1

    assert status_of(city, leaver) == AccountStatus.FROZEN
    assert not city.connector.idp.get_user(str(leaver.keycloak_id)).enabled
    assert city.connector.idp.sessions_of(str(leaver.keycloak_id)).online == 0
    refused = city.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert city.log_in(leaver).status_code != 200
    assert city.token(grant_type="refresh_token", refresh_token=kept["refresh_token"]).status_code == 200
    with city.connector.act(HOST) as act:
        states = {s.kind: s.state for s in act.session.scalars(select(StepRow).where(StepRow.account_id == leaver.id))}
        assert states["keycloak.freeze"] == "done"


@pytest.mark.req("E1")
def test_frozen_leaver_has_a_case_until_his_written_form_is_approved(city: City, directory: Slapd) -> None:
    leaver = employ(city, 7)
    sync(city)
    directory.modify(directory.person_dn(7), {"employeeStatus": "left"})
    sync(city)
    with city.connector.act(HOST) as act:
        (case,) = (c for c in departures.list_cases(act) if c.user_name == leaver.user_name)
    assert case.account_status == AccountStatus.FROZEN
    form = RequestForm(
        kind=RequestKind.DISABLE,
        unit_code="ywk",
        account=leaver.user_name,
        reason="离职",
        cause="departure",
        event_on=city.connector.clock.now().date(),
    )
    clerk = employ(city, 8)
    with city.connector.act(person_actor(clerk.person_id, clerk.user_name, account_id=clerk.id, acr="mfa")) as act:
        request_id = requests.submit_request(act, form).id
    approve(city, request_id)
    with city.connector.act(HOST) as act:
        assert leaver.user_name not in {c.user_name for c in departures.list_cases(act)}
    assert sync(city)["cases_settled"] == 1
    assert status_of(city, leaver) == AccountStatus.DISABLED


@pytest.mark.req("E4")
def test_leaver_by_absence_is_frozen_only_after_two_reads(city: City, directory: Slapd) -> None:
    gone, back = employ(city, 11), employ(city, 12)
    now = city.connector.clock.now()
    sync(city, now)
    directory.delete(directory.person_dn(11))
    moved = "employeeNumber=000012,ou=elsewhere,dc=example,dc=cn"
    directory.delete(directory.person_dn(12))
    assert sync(city, now + HOUR)["frozen"] == 0
    directory.add("ou=elsewhere,dc=example,dc=cn", ["organizationalUnit"], {})
    person = {"cn": "王某", "sn": "王", "employeeStatus": "active"}
    directory.add(moved, ["inetOrgPerson", "centrePerson"], person)
    assert sync(city, now + 2 * HOUR)["frozen"] == 1
    assert status_of(city, gone) == AccountStatus.FROZEN
    assert status_of(city, back) == AccountStatus.ACTIVE
    assert not city.connector.idp.get_user(str(gone.keycloak_id)).enabled
    assert city.connector.idp.get_user(str(back.keycloak_id)).enabled


@pytest.mark.req("E4")
def test_mass_departure_waits_for_two_people_and_for_the_same_plan(city: City, directory: Slapd) -> None:
    leavers = [employ(city, number) for number in (21, 22, 23)]
    sync(city)
    for number in (21, 22, 23):
        directory.modify(directory.person_dn(number), {"employeeStatus": "left"})
    held = sync(city)
    assert (held["state"], held["frozen"]) == ("held", 0)
    assert all(city.connector.idp.get_user(str(account.keycloak_id)).enabled for account in leavers)

    approve(city, held["request_id"], Office.SYSTEM_DEPARTMENT_HEAD)
    assert sync(city)["frozen"] == 0
    approve(city, held["request_id"], Office.PRINCIPAL)
    assert all(city.connector.idp.get_user(str(account.keycloak_id)).enabled for account in leavers)

    released = sync(city)
    assert (released["state"], released["frozen"]) == ("released", 3)
    assert released["plan_hash"] == held["plan_hash"]
    assert not any(city.connector.idp.get_user(str(account.keycloak_id)).enabled for account in leavers)
