"""Keys on a real Keycloak: enrolled, bound, used, lost, replaced, returned; unknown ones do not stay."""

from datetime import timedelta

import pytest

from connector.departures import service as departures
from connector.embedded.browser import LoginRefusedError, Person
from connector.embedded.soft_key import SoftKey
from connector.keys import service as keys
from connector.ports import SessionCount, UnknownUserError
from connector.register.tables import PersonRow
from connector.regulations.vocabulary import RequestKind
from jobs import ingest_events, reconcile_keys, sync_departures
from tests.fakes.directory import FakeDirectory
from tests.fixtures_key_holders import Holder, KeyTown


@pytest.mark.req("H1")
def test_issued_key_is_bound_at_its_first_enrolment_and_its_logins_are_told_by_serial(
    keys_town: KeyTown, holder: Holder
) -> None:
    key = keys_town.key("K-1")
    assert (key.status, key.key_id) == ("bound", holder.key.key_id)
    browser, tokens = holder.log_in()
    assert browser.pages == ["login", "webauthn-authenticate"]
    assert (tokens.level, tokens.methods) == ("mfa", ("hwk", "pwd"))
    ingest_events.run(keys_town.town.connector, keys_town.town.clock.now())
    with keys_town.act() as act:
        use, *_ = keys.list_uses(act, "K-1")
    assert (use.user_name, use.client_id, use.error) == (holder.account.user_name, "centre", None)
    run = keys_town.reconcile()
    assert (run.unwanted, run.missing) == (0, 0)
    assert keys_town.entries("key.unknown_found", "key.credential_missing") == []


@pytest.mark.req("H1")
def test_unknown_key_is_alarmed_and_removed_and_opens_nothing(keys_town: KeyTown, holder: Holder) -> None:
    """Somebody with the person's password and key adds a second key of his own, which is in no inventory."""
    own = SoftKey.make()
    with keys_town.realm.browser() as browser:
        browser.log_in("centre", holder.copy(new_key=own), kc_action="webauthn-register")
    assert len(keys_town.key_ids(holder.account)) == 2
    browser, tokens = holder.log_in(person=holder.copy(key=own))
    assert keys_town.reconcile().unwanted == 1
    assert keys_town.key_ids(holder.account) == [holder.key.key_id]
    ((_, found),) = keys_town.entries("key.unknown_found", alarms=True)
    assert (found["key_id"], found["kind"]) == (own.key_id, "unknown")
    with pytest.raises(LoginRefusedError):
        browser.refresh(tokens)
    assert holder.sessions() == SessionCount(0, 0)
    assert not holder.may_log_in(person=holder.copy(key=own))
    assert holder.may_log_in()


@pytest.mark.req("H1")
def test_key_put_in_by_an_administrator_is_found_by_its_event_and_removed(keys_town: KeyTown, holder: Holder) -> None:
    """Whoever may manage users can put a key of his own into any account (measured)."""
    keys_town.stock("K-9")
    thief = keys_town.hire_holder()
    keys_town.issue("K-9", thief.account)
    keys_town.settle()
    thief.open_link()
    thief.log_in("website")
    keys_town.reconcile()
    admin = keys_town.realm.admin
    (stolen,) = [c for c in admin.get(f"/users/{thief.user_id}/credentials") if c["type"] == "webauthn"]
    user = admin.get(f"/users/{holder.user_id}")
    implanted = {"type": "webauthn", "userLabel": "x", "credentialData": stolen["credentialData"], "secretData": "{}"}
    admin.put(f"/users/{holder.user_id}", {**user, "credentials": [implanted]})
    assert len(keys_town.key_ids(holder.account)) == 2
    connector = keys_town.town.connector
    ingest_events.run(connector, keys_town.town.clock.now())
    assert reconcile_keys.run(connector, keys_town.town.clock.advance(timedelta(minutes=1)))["unwanted"] == 1
    assert keys_town.key_ids(holder.account) == [holder.key.key_id]
    assert keys_town.entries("key.unknown_found")[0][1]["serial"] == "K-9"


@pytest.mark.req("H1")
def test_key_deleted_in_keycloak_is_alarmed(keys_town: KeyTown, holder: Holder) -> None:
    provider = keys_town.realm.provider
    (credential,) = [c for c in provider.list_credentials(holder.user_id) if c.type == "webauthn"]
    provider.delete_credential(holder.user_id, credential.id)
    assert keys_town.reconcile().missing == 1
    assert keys_town.entries("key.credential_missing", alarms=True)[0][1]["serial"] == "K-1"


@pytest.mark.req("H2")
def test_lost_key_is_frozen_at_once_then_approved_reissued_enrolled_and_opens_again(
    keys_town: KeyTown, holder: Holder
) -> None:
    browser, tokens = holder.log_in()
    lost, password = holder.key, holder.copy()
    request = keys_town.town.submit(
        keys_town.town.form(kind=RequestKind.REPLACE_KEY, account=holder.account.user_name, key="K-1", cause="lost")
    )
    assert (holder.account.status, keys_town.key("K-1").status) == ("frozen", "lost")
    assert holder.sessions() == SessionCount(0, 0)  # Before any worker ran, and before anybody decided.
    with pytest.raises(LoginRefusedError):
        browser.refresh(tokens)
    assert not holder.may_log_in("website")
    keys_town.settle()
    keys_town.town.approve(request)
    keys_town.settle()
    assert not holder.may_log_in("website")  # Approved is not yet reissued.
    keys_town.issue("K-2", holder.account)
    keys_town.settle()
    assert not holder.may_log_in("website", password)  # The finder of key and password is too late, and so is he.
    holder.open_link()
    assert holder.person is not None
    holder.person.key = SoftKey.make()
    first, _ = holder.log_in("website")
    assert first.pages == ["login", "update-password", "webauthn-register"]
    keys_town.reconcile()
    assert (keys_town.key("K-2").status, keys_town.key("K-2").key_id) == ("bound", holder.key.key_id)
    _, again = holder.log_in()
    assert again.level == "mfa"
    assert not holder.may_log_in(person=holder.copy(key=lost))
    with keys_town.act() as act:
        assert keys.find_case(act, holder.account_id) is None


@pytest.mark.req("H2", "D5")
def test_replaced_account_lets_nobody_enrol_who_knows_the_old_password(keys_town: KeyTown, holder: Holder) -> None:
    known = Person(holder.account.user_name, holder.copy().password, "Neu!abcdef12", key=SoftKey.make())
    keys_town.lose("K-1")
    keys_town.approve(holder.account)
    keys_town.issue("K-2", holder.account)
    keys_town.settle()
    assert holder.account.status == "active"
    assert not holder.may_log_in("website", known)
    assert keys_town.key_ids(holder.account) == []


@pytest.mark.req("D5")
def test_waiver_lets_the_code_in_until_its_end_and_not_after(keys_town: KeyTown, holder: Holder) -> None:
    assert not holder.may_log_in(person=holder.copy(key=None, totp_key=b"0" * 20))
    until = (keys_town.town.clock.now() + timedelta(days=10)).date().isoformat()
    keys_town.town.approve(keys_town.ask(RequestKind.WAIVE_KEY, holder.account, until=until))
    keys_town.settle()
    without_key = holder.open_link()
    key, without_key.key = without_key.key, None
    first, _ = holder.log_in("website")
    assert first.pages == ["login", "update-password", "configure-totp"]
    browser, tokens = holder.log_in()
    assert (browser.pages[-1], tokens.level, tokens.methods) == ("otp", "mfa", ("otp", "pwd"))
    keys_town.town.clock.advance(timedelta(days=11))
    assert keys_town.reconcile().waivers_ended == 1
    with pytest.raises(LoginRefusedError):
        browser.refresh(tokens)
    assert not holder.may_log_in()
    without_key.key = key
    assert holder.log_in()[1].methods == ("hwk", "pwd")


@pytest.mark.req("H1", "C6")
def test_returned_key_opens_nothing_any_more(keys_town: KeyTown, holder: Holder) -> None:
    browser, tokens = holder.log_in()
    keys_town.give_back("K-1")
    keys_town.settle()
    assert keys_town.key_ids(holder.account) == []
    with pytest.raises(LoginRefusedError):
        browser.refresh(tokens)
    assert not holder.may_log_in()


@pytest.mark.req("H1")
def test_certificate_key_is_written_to_its_account_and_taken_away_again(keys_town: KeyTown, holder: Holder) -> None:
    keys_town.stock("C-1", aaguid="", cert_serial="0A:01")
    other = keys_town.hire_holder()
    keys_town.issue("C-1", other.account)
    keys_town.settle()
    admin = keys_town.realm.admin
    assert admin.get(f"/users/{other.user_id}")["attributes"]["keySerial"] == ["0a01"]
    assert keys_town.key("C-1").status == "bound"
    keys_town.lose("C-1")
    keys_town.settle()
    assert "keySerial" not in admin.get(f"/users/{other.user_id}")["attributes"]


@pytest.mark.req("H3")
def test_departure_stays_open_until_the_key_is_back(keys_town: KeyTown, holder: Holder) -> None:
    directory = FakeDirectory()
    connector = keys_town.town.connector
    connector.directory = directory
    with keys_town.act() as act:
        act.session.get_one(PersonRow, holder.account.person_id).directory_key = "E-1"
    dn = directory.add("E-1")
    for number in range(30):
        directory.add(f"S-{number}")
    sync_departures.run(connector, keys_town.town.clock.now())
    browser, tokens = holder.log_in()
    directory.change(dn, "employeeStatus", "left")
    sync_departures.run(connector, keys_town.town.clock.advance(timedelta(hours=1)))
    assert holder.account.status == "frozen"
    with pytest.raises(LoginRefusedError):
        browser.refresh(tokens)
    keys_town.town.approve(keys_town.ask(RequestKind.DISABLE, holder.account, cause="departure"))
    keys_town.settle()
    run = sync_departures.run(connector, keys_town.town.clock.advance(timedelta(hours=1)))
    assert run["cases_settled"] == 0
    with keys_town.act() as act:
        (case,) = departures.list_cases(act)
    assert (case.user_name, case.key_serial) == (holder.account.user_name, "K-1")
    keys_town.give_back("K-1")
    keys_town.settle()
    assert keys_town.key_ids(holder.account) == []
    run = sync_departures.run(connector, keys_town.town.clock.advance(timedelta(hours=1)))
    assert run["cases_settled"] == 1
    with keys_town.act() as act:
        assert departures.list_cases(act) == []


@pytest.mark.req("C6")
def test_cancelled_account_is_frozen_unbound_and_deleted_when_its_key_is_back(
    keys_town: KeyTown, holder: Holder
) -> None:
    user_id, provider = holder.user_id, keys_town.realm.provider
    browser, tokens = holder.log_in()
    keys_town.town.approve(keys_town.ask(RequestKind.CANCEL, holder.account))
    keys_town.settle()
    assert (holder.account.status, provider.get_user(user_id).enabled) == ("cancelled", False)
    with pytest.raises(LoginRefusedError):
        browser.refresh(tokens)
    keys_town.give_back("K-1")
    keys_town.settle()
    assert (keys_town.key("K-1").status, holder.account.keycloak_id) == ("returned", None)
    with pytest.raises(UnknownUserError):
        provider.get_user(user_id)
