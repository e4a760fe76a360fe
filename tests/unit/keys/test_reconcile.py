"""Keycloak's credentials against the inventory: bound, alarmed, removed; and what the passes look at."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.activity import service as activity
from connector.keys import changes, steps
from connector.keys import service as keys
from connector.keys.handlers import KeyHandlers
from connector.keys.rules import NO_MODEL, HeldKey, Verdict, fits_model, judge
from connector.outbox import service as outbox
from connector.ports import IdpCredential, KeycloakUnavailableError
from connector.register.tables import AccountRow
from connector.regulations.loader import load_rulebook
from jobs import ingest_events, reconcile_keys
from tests.fixtures_keys import MODEL, OTHER_MODEL, KeyDesk

NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)
HELD = HeldKey(serial="K-1", aaguid=MODEL, is_certificate=False, key_id=None, issued_at=NOON)


def credential(number: int, *, minutes: int = 1, key_id: str = "", aaguid: str = MODEL) -> IdpCredential:
    made = NOON + timedelta(minutes=minutes)
    return IdpCredential(
        id=f"idp-{number}", type="webauthn", label="", created_at=made, key_id=key_id or f"id-{number}", aaguid=aaguid
    )


def verdicts(credentials: Iterable[IdpCredential], held: HeldKey | None, *known: str) -> list[tuple[str, str]]:
    return [(str(c.key_id), verdict.value) for c, verdict in judge(credentials, held, known)]


def test_judge_binds_the_first_credential_since_the_issue_and_no_second() -> None:
    found = verdicts([credential(2, minutes=5), credential(1, minutes=2), credential(0, minutes=-10)], HELD)
    assert found == [("id-0", "unknown"), ("id-1", "bind"), ("id-2", "unknown")]


def test_judge_another_model_is_unknown_and_one_not_attested_fits() -> None:
    assert verdicts([credential(1, aaguid=OTHER_MODEL)], HELD) == [("id-1", "unknown")]
    assert verdicts([credential(1, aaguid=NO_MODEL)], HELD) == [("id-1", "bind")]
    assert fits_model(None, OTHER_MODEL)


def test_judge_by_known_credential_is_exact() -> None:
    held = replace(HELD, key_id="id-2")
    assert verdicts([credential(1), credential(2)], held, "id-2") == [("id-1", "unknown"), ("id-2", "right")]


def test_judge_the_key_of_somebody_else_is_foreign_also_while_one_is_awaited() -> None:
    assert verdicts([credential(1), credential(2)], HELD, "id-1") == [("id-1", "foreign"), ("id-2", "bind")]


def test_judge_without_a_key_or_with_a_certificate_takes_none() -> None:
    assert verdicts([credential(1)], None) == [("id-1", "unknown")]
    assert verdicts([credential(1)], replace(HELD, is_certificate=True)) == [("id-1", "unknown")]


@settings(deadline=None)
@given(
    st.lists(st.integers(-5, 5), max_size=6),
    st.sampled_from([None, HELD, replace(HELD, key_id="id-0")]),
    st.sets(st.sampled_from(["id-0", "id-1", "id-2"])),
)
def test_judge_lets_at_most_one_credential_stand(minutes: list[int], held: HeldKey | None, known: set[str]) -> None:
    found = judge([credential(n, minutes=m) for n, m in enumerate(minutes)], held, known)
    assert len(found) == len(minutes)
    assert sum(verdict in (Verdict.RIGHT, Verdict.BIND) for _, verdict in found) <= (0 if held is None else 1)


@pytest.fixture
def account(desk: KeyDesk) -> AccountRow:
    """An account to which K-1 is issued; K-2 is in stock."""
    desk.stock("K-1", "K-2")
    account = desk.hire()
    desk.issue("K-1", account)
    desk.settle()
    return account


def test_reconcile_binds_the_issued_key_at_its_first_credential(desk: KeyDesk, account: AccountRow) -> None:
    key_id = desk.enrol(account)
    assert desk.reconcile().bound == 1
    key = desk.key("K-1")
    assert (key.status, key.key_id) == ("bound", key_id)
    assert desk.entries("key.bound")[0][1]["attested"] is True
    again = desk.reconcile()
    assert (again.bound, again.unwanted, again.missing) == (0, 0, 0)
    assert desk.entries("key.unknown_found") == []


def test_reconcile_alarms_and_removes_an_unknown_key_and_ends_its_sessions(desk: KeyDesk, account: AccountRow) -> None:
    good = desk.enrol(account)
    desk.reconcile()
    bad = desk.enrol(account)
    desk.town.idp.users[account.keycloak_id].password = "Zb7#ttkwz2"
    session = desk.town.idp.log_in(account.user_name)
    assert desk.reconcile().unwanted == 1
    assert desk.key_ids(account) == [good]
    assert not desk.town.idp.refresh(session)
    ((_, found),) = desk.entries("key.unknown_found", alarms=True)
    assert (found["key_id"], found["kind"]) == (bad, "unknown")
    assert len(desk.entries("key.unknown_removed")) == 1
    with desk.act() as act:
        (finding,) = keys.list_findings(act)
        assert keys.list_findings(act, open_only=True) == []
    assert finding.removed_at is not None
    assert desk.reconcile().unwanted == 0


def test_reconcile_with_the_policy_alarm_removes_nothing_until_it_changes(desk: KeyDesk, account: AccountRow) -> None:
    desk.enrol(account)
    desk.reconcile()
    desk.enrol(account)
    assert desk.reconcile("alarm").unwanted == 1
    assert desk.reconcile("alarm").unwanted == 0
    assert len(desk.key_ids(account)) == 2
    assert len(desk.entries("key.unknown_found")) == 1
    desk.reconcile("remove")
    assert len(desk.key_ids(account)) == 1


def test_reconcile_key_put_in_again_is_a_new_finding(desk: KeyDesk, account: AccountRow) -> None:
    for _ in range(2):
        desk.enrol(account, aaguid=OTHER_MODEL, key_id="implanted-implanted")
        desk.reconcile()
        assert desk.key_ids(account) == []
    assert len(desk.entries("key.unknown_removed")) == 2


def test_reconcile_bound_key_at_another_account_is_removed_there(desk: KeyDesk, account: AccountRow) -> None:
    key_id = desk.enrol(account)
    desk.reconcile()
    other = desk.hire()
    desk.enrol(other, key_id=key_id)
    desk.reconcile()
    assert (desk.key_ids(account), desk.key_ids(other)) == ([key_id], [])
    assert desk.entries("key.unknown_found")[0][1]["serial"] == "K-1"


def test_reconcile_missing_credential_alarms_once_and_is_settled_when_it_is_there(
    desk: KeyDesk, account: AccountRow
) -> None:
    key_id = desk.enrol(account)
    desk.reconcile()
    user = desk.town.idp.users[account.keycloak_id]
    user.credentials.clear()
    assert [desk.reconcile().missing for _ in range(2)] == [1, 0]
    ((_, found),) = desk.entries("key.credential_missing", alarms=True)
    assert (found["serial"], found["key_id"]) == ("K-1", key_id)
    desk.enrol(account, key_id=key_id)
    desk.reconcile()
    with desk.act() as act:
        assert keys.list_findings(act, open_only=True) == []


def test_removal_while_keycloak_is_away_is_tried_again(desk: KeyDesk, account: AccountRow) -> None:
    desk.enrol(account, aaguid=OTHER_MODEL)
    desk.town.idp.fail("delete_credential", after_effect=True)
    desk.reconcile()
    assert desk.key_ids(account) == []
    assert desk.entries("key.unknown_found") != []
    with desk.act() as act:
        (finding,) = keys.list_findings(act)
    assert finding.closed_at is not None


def test_removal_that_the_inventory_has_overtaken_does_nothing(desk: KeyDesk, account: AccountRow) -> None:
    """The key was issued to this account after it had been found unknown."""
    desk.give_back("K-1")
    desk.settle()
    key_id = desk.enrol(account)
    with desk.act() as act:
        step = outbox.enqueue(
            act, "keycloak.delete_credential", key="late", lane="credential:x", account_id=account.id,
            payload={"key_id": key_id, "finding_id": "none"},
        )  # fmt: skip
    desk.issue("K-2", account)
    with desk.act() as act:
        keys.bind_key(act, keys.get_key(act, "K-2"), key_id, attested=True)
    assert desk.town.connector.run_steps([step.id]) == ["done"]
    assert desk.key_ids(account) == [key_id]


def test_certificate_key_writes_its_serial_number_and_is_bound_by_it(desk: KeyDesk) -> None:
    desk.stock("K-1")
    desk.stock("C-1", aaguid="", cert_serial="0A:01")
    account = desk.hire()
    desk.issue("K-1", account)
    desk.settle()
    desk.give_back("K-1")
    mark = desk.last_step()
    desk.issue("C-1", account)
    assert desk.steps(account, mark) == ["keycloak.update_user", "keycloak.drop_actions"]
    assert "webauthn-register" in desk.town.idp.get_user(account.keycloak_id).required_actions
    desk.settle()
    assert "webauthn-register" not in desk.town.idp.get_user(account.keycloak_id).required_actions
    assert desk.attributes(account)["keySerial"] == "0a01"
    assert (desk.key("C-1").status, desk.attributes(account)["secondFactor"]) == ("bound", "key")
    desk.give_back("C-1")
    desk.settle()
    assert "keySerial" not in desk.attributes(account)


def test_certificate_key_issued_before_keycloak_has_the_user_is_written_later(desk: KeyDesk) -> None:
    desk.stock("C-1", aaguid="", cert_serial="0a01")
    account = desk.town.account_of(desk.town.approve(desk.town.submit()))
    desk.town.idp.fail("create_user")
    desk.issue("C-1", account)
    desk.settle()
    desk.reconcile()
    assert desk.attributes(desk.account(account.id))["keySerial"] == "0a01"


def test_everybody_is_looked_at_in_turns_and_begun_again(desk: KeyDesk) -> None:
    people = [desk.hire() for _ in range(3)]
    seen: list[str] = []
    for _ in range(4):
        with desk.act() as act:
            turn = changes.next_of_everybody(act, 2)
            seen += turn
            changes.advance(act, read_to=None, everybody=turn, count=2)
    ids = sorted(str(person.keycloak_id) for person in people)
    everybody = [user for user in seen if user in ids]
    assert everybody == [*ids, *ids]


def test_run_that_keycloak_interrupts_begins_at_the_same_place(desk: KeyDesk, account: AccountRow) -> None:
    desk.enrol(account)
    desk.town.idp.fail("list_credentials")
    with pytest.raises(KeycloakUnavailableError):
        desk.reconcile()
    with desk.act() as act:
        assert changes.get_pass(act, changes.EVERYBODY).finished_at is None
    assert desk.reconcile().bound == 1


def test_changes_are_read_from_the_mirror(desk: KeyDesk, account: AccountRow) -> None:
    """Somebody put a key in by hand, or logged in by one that is not his: looked at in the next minute."""
    town = desk.town
    with desk.act() as act:
        assert changes.complete_until(act) is None
    town.idp.change_by_hand(account.keycloak_id)
    town.idp.events[-1] = replace(town.idp.events[-1], at=town.clock.now())
    ingest_events.run(town.connector, town.clock.now())
    with desk.act() as act:
        assert account.keycloak_id in changes.changed_since(act, None)
        assert changes.complete_until(act) is not None
    reconcile_keys.run(town.connector, town.clock.now())
    town.clock.advance(timedelta(hours=1))
    ingest_events.run(town.connector, town.clock.now())
    with desk.act() as act:
        since = changes.get_pass(act, changes.CHANGES).read_to
        assert since is not None
        assert changes.changed_since(act, since + timedelta(minutes=5)) == []
        login = replace(
            town.idp.events[-1], event_id="login-1", kind="login", type="LOGIN", user_id=account.keycloak_id,
            at=town.clock.now(), details={"public_key_credential_id": "somebody-elses-key"},
        )  # fmt: skip
        town.idp.events.append(login)
    ingest_events.run(town.connector, town.clock.now())
    with desk.act() as act:
        assert changes.changed_since(act, since + timedelta(minutes=5)) == [account.keycloak_id]


def test_login_by_the_key_bound_to_the_account_changes_nothing(desk: KeyDesk, account: AccountRow) -> None:
    own = desk.enrol(account)
    desk.reconcile()
    town = desk.town
    town.idp.change_by_hand(account.keycloak_id)
    for number, key_id in enumerate((own, "somebody-elses-key")):
        login = replace(
            town.idp.events[-1], event_id=f"login-{number}", kind="login", type="LOGIN", user_id=account.keycloak_id,
            at=town.clock.now(), details={"public_key_credential_id": key_id},
        )  # fmt: skip
        with desk.act() as act:
            activity.ingest(act, activity.LOGIN, [login])
            assert changes.changed_since(act, None) == ([] if key_id == own else [account.keycloak_id])


def test_uses_of_a_key_are_read_from_the_logins(desk: KeyDesk, account: AccountRow) -> None:
    desk.stock("C-1", aaguid="", cert_serial="0a01")
    other = desk.hire()
    desk.issue("C-1", other)
    key_id = desk.enrol(account)
    desk.reconcile()
    named = {
        "login-1": (account, {"public_key_credential_id": key_id}),
        "login-2": (account, {}),
        "login-3": (other, {"x509_cert_serial_number": "2561"}),
    }
    for event_id, (who, details) in named.items():
        desk.town.idp.users[who.keycloak_id].password = "Zb7#ttkwz2"
        desk.town.idp.log_in(who.user_name, "centre")
        desk.town.idp.events[-1] = replace(desk.town.idp.events[-1], event_id=event_id, details=details)
    ingest_events.run(desk.town.connector, desk.town.clock.now())
    desk.give_back("K-1")
    with desk.act() as act:
        uses = keys.list_uses(act, "K-1")
        assert [(use.user_name, use.client_id) for use in uses] == [(account.user_name, "centre")]
        assert [use.user_name for use in keys.list_uses(act, "C-1")] == [other.user_name]
        events = {row.id: keys.serial_of(act, row) for row in desk.events(act)}
    assert (events["login-1"], events["login-2"], events["login-3"]) == ("K-1", None, "C-1")


def test_late_removal_of_former_keys_leaves_the_one_that_is_held(desk: KeyDesk, account: AccountRow) -> None:
    key_id = desk.enrol(account)
    desk.reconcile()
    with desk.act() as act:
        late = steps.delete_credentials(act, account, "webauthn")
    assert desk.town.connector.run_steps([late.id]) == ["done"]
    assert desk.key_ids(account) == [key_id]


def test_removal_of_codes_leaves_them_where_the_class_allows_them(desk: KeyDesk, account: AccountRow) -> None:
    """Under the rules of Liaocheng a one-time code is a second factor of its own."""
    town = desk.town
    code = IdpCredential(id="otp-1", type="otp", label="", created_at=town.clock.now())
    town.idp.users[account.keycloak_id].credentials.append(code)
    with desk.act() as act:
        late = steps.delete_credentials(act, account, "otp")
    liaocheng = KeyHandlers(town.idp, town.connector.database.reading, load_rulebook(("LC",)))
    liaocheng.delete_credential(late)
    assert desk.types(account) == ["otp"]
    town.connector.run_steps([late.id])
    assert desk.types(account) == []
