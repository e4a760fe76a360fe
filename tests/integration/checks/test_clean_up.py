"""Clean-up on a real Keycloak: found, proposed, decided in part, disabled or spared, reported; the acceptance check."""

import io
import time
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook
from sqlalchemy import select, update

from connector.activity.tables import CursorRow
from connector.adapters.realm_setup import realm_applier
from connector.adapters.role_holders import AdministratorHolders
from connector.audit import service as audit
from connector.audit.events import Event
from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.auth.actor import host_actor
from connector.checks import acceptance, policies, proposal
from connector.checks import service as checks
from connector.checks.acceptance import Acceptance, HolderSource, Reason, ServiceHolders
from connector.checks.report import Outcome, Report
from connector.checks.tables import PasswordPolicyRow, WeakPasswordWarningRow
from connector.register import accounts
from connector.register.tables import AccountRow, AccountStateRow, PersonRow
from connector.regulations.vocabulary import Office, Verdict
from connector.requests import service as requests
from connector.requests.errors import MirrorBehindError
from connector.requests.tables import RequestRow, StageRow
from jobs import end_expired, ingest_events, scan_dormant, scan_test_accounts, scan_weak_passwords
from tests.integration.checks.conftest import PASSWORD, City

HOST = host_actor("tests")
YEAR = timedelta(days=400)
ROLE = "website:notice.editor"


def open_accounts(city: City, count: int) -> list[AccountRow]:
    return [city.open_account() for _ in range(count)]


def age(city: City, *opened: AccountRow) -> None:
    """Moves opening, and the begin of the mirror, into the past: nobody waits a year in a test."""
    past = city.connector.clock.now() - YEAR
    ids = [account.id for account in opened]
    with city.connector.act(HOST) as act:
        act.session.execute(update(AccountRow).where(AccountRow.id.in_(ids)).values(opened_at=past))
        act.session.execute(update(AccountStateRow).where(AccountStateRow.account_id.in_(ids)).values(since=past))
        act.session.execute(update(CursorRow).values(covers_since=past))


def proposed(city: City, job: Any) -> tuple[str, RequestRow]:
    """Runs the job; returns the run's id and the proposal it made."""
    number = city.run(job)["request"]
    with city.connector.act(HOST) as act:
        request = requests.get_request(act, number)
        [scan] = [view for view in checks.list_scans(act) if view.request == number]
    return scan.scan_id, request


def decide(city: City, request: RequestRow, *excluded: AccountRow) -> None:
    with city.connector.act(city.centre.actor(Office.PRINCIPAL)) as act:
        stage = act.session.scalars(select(StageRow).where(StageRow.request_id == request.id)).one()
        requests.decide(
            act, stage_id=stage.id, verdict=Verdict.APPROVE, reason="同意", digest=request.digest,
            excluded=[account.user_name for account in excluded],
        )  # fmt: skip
    city.connector.deliver()


def report(city: City, scan_id: str) -> Report:
    with city.connector.act(HOST, reading=True) as act:
        return checks.report(act, scan_id)


def outcome_of(found: Report, account: AccountRow) -> Outcome:
    return next(line.outcome for line in found.lines if line.account_id == account.id)


def is_enabled(city: City, account: AccountRow) -> bool:
    return city.connector.idp.get_user(str(account.keycloak_id)).enabled


@pytest.mark.req("F1")
def test_zombies_decided_in_part_are_disabled_or_spared_and_the_report_says_which(city: City) -> None:
    zombie, excluded, returner = open_accounts(city, 3)
    city.run(ingest_events)
    age(city, zombie, excluded, returner)
    scan_id, request = proposed(city, scan_dormant)
    city.log_in(returner).raise_for_status()
    city.run(ingest_events)
    decide(city, request, excluded)
    assert [is_enabled(city, each) for each in (zombie, excluded, returner)] == [False, True, True]
    found = report(city, scan_id)
    told = [outcome_of(found, each) for each in (zombie, excluded, returner)]
    assert told == [Outcome.DISABLED, Outcome.EXCLUDED, Outcome.SPARED]
    lines = {line.account_id: line for line in found.lines}
    verified = lines[zombie.id].verified_at
    assert verified is not None, "read back from Keycloak"
    assert found.decided_at is not None
    spared = lines[returner.id].at
    assert spared is not None
    assert request.submitted_at <= spared < found.decided_at <= verified
    with city.connector.act(HOST, reading=True) as act:
        sheet = load_workbook(io.BytesIO(checks.write_xlsx(checks.cleanup_list(act, scan_id)))).worksheets[0]
    treated = {row[3]: row[5] for row in sheet.iter_rows(min_row=4, values_only=True)}
    assert (treated[zombie.user_name], treated[excluded.user_name]) == ("已禁用", "审批时排除，保留")


@pytest.mark.req("F1")
def test_decision_waits_for_the_mirror_and_a_login_it_missed_is_reported(city: City) -> None:
    late, zombie = open_accounts(city, 2)
    city.run(ingest_events)
    age(city, late, zombie)
    scan_id, request = proposed(city, scan_dormant)
    read_mirror(city, -timedelta(seconds=90))
    with pytest.raises(MirrorBehindError):
        decide(city, request)
    assert is_enabled(city, zombie)
    read_mirror(city, -timedelta(seconds=15))
    city.log_in(late).raise_for_status()
    time.sleep(0.01)
    decide(city, request)  # The events of the last seconds are not read yet.
    assert not is_enabled(city, late)
    city.run(ingest_events)
    found = report(city, scan_id)
    assert (outcome_of(found, late), outcome_of(found, zombie)) == (Outcome.OVERTAKEN, Outcome.DISABLED)
    read_mirror(city, timedelta(seconds=31))
    with city.connector.act(HOST) as act:
        proposal.settle_findings(act)
        alarms = act.session.scalars(select(AuditEntryRow).where(AuditEntryRow.event == Event.FINDING_OVERTAKEN)).all()
    assert [alarm.account_id for alarm in alarms] == [late.id]


def read_mirror(city: City, when: timedelta) -> None:
    with city.connector.act(HOST) as act:
        act.session.execute(update(CursorRow).values(read_at=act.now + when))


@pytest.mark.req("F3")
def test_simple_password_is_warned_then_disabled_unless_it_was_changed(city: City) -> None:
    lazy, diligent, young = open_accounts(city, 3)
    with city.connector.act(HOST) as act:
        audit.record(act, Event.REALM_APPLIED, "realm:test", changes=["change realm passwordPolicy: 'a' -> 'b'"])
        policies.note_applied(act)
        since = act.session.scalars(select(PasswordPolicyRow.since)).one()
        for account in (lazy, diligent):
            person = act.session.get_one(PersonRow, account.person_id)
            person.mail = f"{account.user_name}@example.cn"
    time.sleep(0.01)
    change_password(city, young)
    city.run(ingest_events)

    first = city.run(scan_weak_passwords)
    assert first["request"] is None, "nobody is proposed before the days of grace"
    city.connector.deliver()
    letters = "".join(path.read_text() for path in (city.connector.settings.data_dir / "mail").iterdir())
    assert all(f"{account.user_name}@example.cn" in letters for account in (lazy, diligent))
    with city.connector.act(HOST) as act:
        earlier = act.now - timedelta(days=15)
        act.session.execute(update(WeakPasswordWarningRow).values(warned_at=earlier))
    scan_id, request = proposed(city, scan_weak_passwords)
    assert {lazy.user_name, diligent.user_name} <= set(request.form["accounts"])
    assert young.user_name not in request.form["accounts"]
    assert request.form["evidence"][lazy.user_name]["policy_since"] == since.isoformat()

    change_password(city, diligent)
    city.run(ingest_events)
    decide(city, request)
    assert [is_enabled(city, each) for each in (lazy, diligent, young)] == [False, True, True]
    found = report(city, scan_id)
    assert (outcome_of(found, lazy), outcome_of(found, diligent)) == (Outcome.DISABLED, Outcome.SPARED)


def change_password(city: City, account: AccountRow) -> None:
    body = {"type": "password", "value": PASSWORD + "!"}
    city.admin("PUT", f"/users/{account.keycloak_id}/reset-password", body)


@pytest.mark.req("F4")
def test_account_past_its_approved_end_is_frozen_with_its_sessions_ended(city: City) -> None:
    ended, running = open_accounts(city, 2)
    with city.connector.act(HOST) as act:
        for account, days in ((ended, 0), (running, 5)):
            row = accounts.lock_account(act, account.id)
            row.purpose, row.valid_until = "temporary", act.now + timedelta(days=days)
    tokens = {account.id: city.log_in(account).json()["refresh_token"] for account in (ended, running)}
    done = city.run(end_expired)
    assert (done["frozen"], done["notices"]) == (1, 1)
    city.connector.deliver()
    assert (is_enabled(city, ended), is_enabled(city, running)) == (False, True)
    sessions = city.connector.idp.sessions_of(str(ended.keycloak_id))
    assert (sessions.online, sessions.offline) == (0, 0)
    refreshed = {
        account.id: city.token(grant_type="refresh_token", refresh_token=tokens[account.id]).status_code
        for account in (ended, running)
    }
    assert refreshed == {ended.id: httpx.codes.BAD_REQUEST, running.id: httpx.codes.OK}
    assert city.log_in(ended).status_code == httpx.codes.BAD_REQUEST
    assert city.run(end_expired)["frozen"] == 0


@pytest.mark.req("F4")
def test_test_account_without_an_end_is_proposed_and_disabled_by_the_principal(city: City) -> None:
    [forgotten] = open_accounts(city, 1)
    with city.connector.act(HOST) as act:
        accounts.lock_account(act, forgotten.id).purpose = "test"
    scan_id, request = proposed(city, scan_test_accounts)
    assert request.form["accounts"] == [forgotten.user_name]
    assert is_enabled(city, forgotten)
    decide(city, request)
    assert not is_enabled(city, forgotten)
    assert outcome_of(report(city, scan_id), forgotten) is Outcome.DISABLED
    assert city.run(scan_test_accounts)["request"] is None


def accept(city: City, source: HolderSource) -> Acceptance:
    def open_act() -> AbstractContextManager[Act]:
        return city.connector.act(HOST)

    return acceptance.check_acceptance(source, open_act, "website")


@pytest.mark.req("F4")
def test_acceptance_fails_while_a_test_account_of_the_console_is_there_and_passes_after(city: City) -> None:
    administrator = AdministratorHolders(realm_applier(city.connector.settings, city.connector.rulebook).api)
    service = ServiceHolders(city.connector.idp)
    [known] = open_accounts(city, 1)
    with city.connector.act(HOST) as act:
        accounts.add_grants(act, accounts.lock_account(act, known.id), [ROLE], granted_by="paper:1")
    city.connector.idp.grant_roles(str(known.keycloak_id), "website", ["notice.editor"])
    city.run(ingest_events)
    assert [accept(city, source).passed for source in (administrator, service)] == [True, True]

    user_id, without_role = make_in_console(city, "ceshi-wang", "website"), make_in_console(city, "demo01")
    by_administrator = accept(city, administrator)
    assert {left.user_name: left.reason for left in by_administrator.left} == {
        "ceshi-wang": Reason.STRANGER, "demo01": Reason.STRANGER_NAMED_TEST,
    }  # fmt: skip
    assert by_administrator.holders == 2
    city.run(ingest_events)
    by_service = accept(city, service)
    assert not by_service.complete
    assert {left.user_name: left.reason for left in by_service.left} == {
        user_id: Reason.MADE_OUTSIDE, without_role: Reason.MADE_OUTSIDE,
    }  # fmt: skip

    for each in (user_id, without_role):
        city.admin("DELETE", f"/users/{each}")
    city.run(ingest_events)
    assert [accept(city, source).passed for source in (administrator, service)] == [True, True]
    with city.connector.act(HOST) as act:
        entries = act.session.scalars(
            select(AuditEntryRow).where(AuditEntryRow.event == Event.ACCEPTANCE_CHECKED).order_by(AuditEntryRow.id)
        ).all()
    assert [entry.data["passed"] for entry in entries] == [True, True, False, False, True, True]


def make_in_console(city: City, name: str, *subsystems: str) -> str:
    """A user made in Keycloak's console, with the editor's role in these subsystems; returns his id."""
    made = city.admin("POST", "/users", {"username": name, "enabled": True})
    user_id = made.headers["Location"].rpartition("/")[2]
    for subsystem in subsystems:
        client = city.admin("GET", f"/clients?clientId={subsystem}").json()[0]["id"]
        role = city.admin("GET", f"/clients/{client}/roles/notice.editor").json()
        city.admin("POST", f"/users/{user_id}/role-mappings/clients/{client}", [role])
    return user_id
