"""A one-time code instead of the key: approved, with an end, and only for whom the class asks for a key."""

from datetime import timedelta
from typing import Any

import pytest

from connector.keys import service as keys
from connector.keys.errors import AccountNotReadyError, WaiverOverError
from connector.ports import IdpCredential
from connector.provisioning import service as provisioning
from connector.register import accounts
from connector.register.tables import AccountRow
from tests.fixtures_keys import KeyDesk

DAY = timedelta(days=1)


@pytest.fixture
def account(desk: KeyDesk) -> AccountRow:
    return desk.hire(mail="wang@example.cn")


def start(desk: KeyDesk, account: AccountRow, span: timedelta = DAY) -> None:
    with desk.act() as act:
        keys.start_waiver(act, account, act.now + span, "request-1")
    desk.settle()


def enrol_code(desk: KeyDesk, account: AccountRow) -> None:
    made = IdpCredential(id="otp-1", type="otp", label="", created_at=desk.town.clock.now())
    desk.town.idp.users[account.keycloak_id].credentials.append(made)


def has(desk: KeyDesk, account: AccountRow) -> bool:
    with desk.act() as act:
        return keys.has_waiver(act, account)


def test_waiver_lets_the_code_in_for_the_person_alone(desk: KeyDesk, account: AccountRow) -> None:
    desk.town.idp.set_temporary_password(account.keycloak_id, "Zb7#ttkwz2")
    assert desk.attributes(account)["secondFactor"] == "key"
    mark = desk.last_step()
    start(desk, account)
    assert desk.steps(account, mark) == [
        "keycloak.delete_credential", "keycloak.update_user", "keycloak.require_actions", "link.issue",
    ]  # fmt: skip
    assert desk.types(account) == []  # Whoever knew the password cannot enrol a code of his own.
    assert desk.attributes(account)["secondFactor"] == "otp"
    assert "CONFIGURE_TOTP" in desk.town.idp.get_user(account.keycloak_id).required_actions
    assert has(desk, account)


def test_waiver_ends_by_itself_at_its_end(desk: KeyDesk, account: AccountRow) -> None:
    start(desk, account)
    enrol_code(desk, account)
    desk.town.clock.advance(DAY - timedelta(minutes=5))
    assert desk.reconcile().waivers_ended == 0
    assert desk.types(account) == ["otp"]
    desk.town.clock.advance(timedelta(minutes=5))
    assert not has(desk, account)
    mark = len(desk.town.idp.calls)
    assert desk.reconcile().waivers_ended == 1
    assert desk.types(account) == []
    assert desk.attributes(account)["secondFactor"] == "key"
    assert "log_out" in desk.town.idp.calls[mark:]
    assert [data["cause"] for _, data in desk.entries("waiver.ended")] == ["over"]


def test_end_waiver_is_tried_at_once(desk: KeyDesk, account: AccountRow) -> None:
    start(desk, account)
    enrol_code(desk, account)
    with desk.act() as act:
        assert keys.end_waiver(act, account)
    assert desk.types(account) == []
    with desk.act() as act:
        assert not keys.end_waiver(act, account)


def test_second_waiver_takes_the_place_of_the_first(desk: KeyDesk, account: AccountRow) -> None:
    start(desk, account)
    enrol_code(desk, account)
    start(desk, account, 2 * DAY)
    assert desk.types(account) == ["otp"]
    desk.town.clock.advance(DAY + timedelta(minutes=5))
    assert desk.reconcile().waivers_ended == 0
    with desk.act() as act:
        assert [row.end_cause for row in keys.list_waivers(act, open_only=False)] == ["renewed", ""]


def test_waiver_past_its_end_or_for_an_account_out_of_use_is_refused(desk: KeyDesk, account: AccountRow) -> None:
    with pytest.raises(WaiverOverError):
        start(desk, account, timedelta(0))
    with desk.act() as act:
        provisioning.freeze_account(act, accounts.lock_account(act, account.id), cause="departure")
    with pytest.raises(AccountNotReadyError):
        start(desk, account)


def test_waiver_that_ends_while_it_is_being_written_ends_in_keycloak_too(
    desk: KeyDesk, account: AccountRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The late writer looks again, and finds that what it wrote is no longer so."""
    idp = desk.town.idp
    write = idp.update_user

    def slow(user_id: str, **told: Any) -> None:
        monkeypatch.setattr(idp, "update_user", write)
        with desk.act() as act:
            keys.end_waiver(act, account)  # Its own steps are tried, and done, before the slow one goes on.
        write(user_id, **told)

    with desk.act() as act:
        keys.start_waiver(act, account, act.now + DAY, "request-1")
    monkeypatch.setattr(idp, "update_user", slow)
    desk.settle()
    assert desk.attributes(account)["secondFactor"] == "key"


def test_new_key_ends_the_waiver(desk: KeyDesk, account: AccountRow) -> None:
    desk.stock("K-1")
    start(desk, account)
    enrol_code(desk, account)
    desk.issue("K-1", account)
    desk.settle()
    assert desk.types(account) == []
    assert not has(desk, account)
    assert desk.attributes(account)["secondFactor"] == "key"
