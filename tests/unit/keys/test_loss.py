"""Lost and damaged keys as one case: frozen at once, reissued when approved, enabled with the new key (GS 12)."""

import pytest

from connector.errors import ForbiddenError, RefusedInputError
from connector.keys import service as keys
from connector.keys.errors import (
    KeyNotHeldError,
    KeyStillMissingError,
    ReplacementNotApprovedError,
    ReplacementNotOpenError,
)
from connector.provisioning import service as provisioning
from connector.register import accounts
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountStatus
from tests.fixtures_keys import KeyDesk

MAIL = "wang@example.cn"


@pytest.fixture
def holder(desk: KeyDesk) -> AccountRow:
    """An account with the bound key K-1; K-2 and K-3 are in stock."""
    desk.stock("K-1", "K-2", "K-3")
    account = desk.hire(mail=MAIL)
    desk.issue("K-1", account)
    desk.enrol(account)
    desk.reconcile()
    return account


def test_loss_freezes_at_once_and_takes_the_key_out(desk: KeyDesk, holder: AccountRow) -> None:
    mark = desk.last_step()
    desk.lose("K-1")
    frozen = desk.account(holder.id)
    assert (frozen.status, desk.key("K-1").status) == ("frozen", "lost")
    assert not desk.town.idp.users[holder.keycloak_id].enabled  # Without the worker: tried after the commit.
    desk.settle()
    assert desk.key_ids(holder) == []
    assert desk.steps(holder, mark)[:2] == ["keycloak.freeze", "keycloak.sweep"]
    with desk.act() as act:
        assert keys.holds_key(act, holder.id) is None
        case = keys.find_case(act, holder.id)
    assert case is not None
    assert (case.cause, case.approved_at, case.request_id) == ("lost", None, None)


def test_replacement_before_its_approval_is_refused(desk: KeyDesk, holder: AccountRow) -> None:
    with desk.act() as act:
        keys.open_replacement(act, holder, "K-1", "lost", "request-1")
    with pytest.raises(ReplacementNotApprovedError):
        desk.issue("K-2", holder)
    desk.approve(holder)
    with pytest.raises(ReplacementNotApprovedError):
        desk.issue("K-2", holder, request_id="another")
    assert desk.issue("K-2", holder, request_id="request-1").status == "issued"


def test_reissue_enables_with_the_new_key_alone(desk: KeyDesk, holder: AccountRow) -> None:
    desk.town.idp.set_temporary_password(holder.keycloak_id, "Zb7#ttkwz2")
    with desk.act() as act:
        keys.open_replacement(act, holder, None, "key_damaged", "request-1")
    desk.approve(holder)
    desk.settle()
    mark = desk.last_step()
    desk.issue("K-2", holder)
    assert desk.account(holder.id).status == "active"
    order = desk.steps(holder, mark)
    assert order[:4] == [
        "keycloak.delete_credential", "keycloak.update_user", "keycloak.require_actions", "keycloak.create_user",
    ]  # fmt: skip
    assert order[-2:] == ["keycloak.enable", "link.issue"]
    desk.settle()
    assert desk.town.idp.users[holder.keycloak_id].enabled
    assert desk.types(holder) == []
    assert "webauthn-register" in desk.town.idp.get_user(holder.keycloak_id).required_actions
    new = desk.enrol(holder)
    assert desk.reconcile().bound == 1
    assert (desk.key("K-2").status, desk.key("K-2").key_id) == ("bound", new)
    told = ["key.replacement_opened", "key.replacement_approved", "key.replaced"]
    assert [event for event, _ in desk.entries(*told)] == told
    with desk.act() as act:
        assert keys.find_case(act, holder.id) is None
        assert keys.holds_key(act, holder.id) == "K-2"
        assert [row.former_id for row in keys.list_replacements(act, open_only=False)] == [desk.key("K-1").id]


def test_lost_key_that_comes_back_to_keycloak_is_foreign(desk: KeyDesk, holder: AccountRow) -> None:
    former = str(desk.key("K-1").key_id)
    desk.lose("K-1")
    desk.approve(holder)
    desk.issue("K-2", holder)
    desk.settle()
    desk.enrol(holder, key_id=former)
    assert desk.reconcile().unwanted == 1
    assert desk.key_ids(holder) == []
    ((_, found),) = desk.entries("key.unknown_found")
    assert (found["kind"], found["serial"]) == ("foreign", "K-1")


def test_report_by_the_holder_himself_is_taken_and_by_a_stranger_not(desk: KeyDesk, holder: AccountRow) -> None:
    with pytest.raises(ForbiddenError), desk.act(desk.town.applicant("dljg")) as act:
        keys.report_lost(act, "K-1")
    himself = desk.town.applicant("dljg")
    account = desk.account(str(himself.account_id))
    desk.issue("K-2", account)
    with desk.act(himself) as act:
        keys.report_damaged(act, "K-2")
    assert (desk.key("K-2").status, desk.account(account.id).status) == ("damaged", "frozen")
    with desk.act() as act:
        assert keys.holds_key(act, account.id) == "K-2"  # A damaged key must still be handed in.
        assert keys.serials_out(act, [account.id]) == {account.id: "K-2"}


def test_report_a_key_of_somebody_else_as_ones_own_is_refused(desk: KeyDesk, holder: AccountRow) -> None:
    other = desk.hire()
    with pytest.raises(KeyNotHeldError), desk.act() as act:
        keys.open_replacement(act, other, "K-1", "lost", "request-1")
    with pytest.raises(KeyNotHeldError), desk.act() as act:
        keys.open_replacement(act, other, None, "lost", "request-1")
    with pytest.raises(RefusedInputError), desk.act() as act:
        keys.open_replacement(act, holder, "K-1", "stolen", "request-1")
    assert desk.account(holder.id).status == "active"


def test_request_after_a_report_joins_the_open_case(desk: KeyDesk, holder: AccountRow) -> None:
    desk.lose("K-1")
    with desk.act() as act:
        first = keys.find_case(act, holder.id)
        again = keys.open_replacement(act, holder, "K-1", "lost", "request-7")
        assert first is not None
        assert (first.id, again.request_id) == (again.id, "request-7")
        with pytest.raises(KeyNotHeldError):
            keys.open_replacement(act, holder, "K-2", "lost", "request-8")


def test_loss_during_a_suspension_keeps_the_account_out_when_that_ends_until_the_new_key(
    desk: KeyDesk, holder: AccountRow
) -> None:
    over = desk.town.clock.now()
    with desk.act() as act:
        account = accounts.lock_account(act, holder.id)
        provisioning.freeze_account(act, account, cause="leave", status=AccountStatus.SUSPENDED, until=over)
    desk.lose("K-1")
    with desk.act() as act:
        assert provisioning.end_suspensions(act, keys.keeps_out) == 0
    desk.settle()
    assert desk.account(holder.id).status == "frozen"
    assert not desk.town.idp.users[holder.keycloak_id].enabled
    desk.approve(holder)
    desk.issue("K-2", holder)
    desk.settle()
    assert desk.account(holder.id).status == "active"
    assert desk.town.idp.users[holder.keycloak_id].enabled


def test_enable_before_the_new_key_is_refused(desk: KeyDesk, holder: AccountRow) -> None:
    with desk.act() as act:
        keys.check_may_enable(act, holder)
    desk.lose("K-1")
    with desk.act() as act, pytest.raises(KeyStillMissingError):
        keys.check_may_enable(act, holder)


def test_approval_without_a_case_is_refused(desk: KeyDesk, holder: AccountRow) -> None:
    with pytest.raises(ReplacementNotOpenError):
        desk.approve(holder)


def test_account_frozen_for_another_cause_gets_its_new_key_and_stays_frozen(desk: KeyDesk, holder: AccountRow) -> None:
    """Enabling waits for the key, so the key must not wait for the enabling."""
    with desk.act() as act:
        provisioning.freeze_account(act, accounts.lock_account(act, holder.id), cause="departure")
    desk.lose("K-1")
    with pytest.raises(ReplacementNotApprovedError):
        desk.issue("K-2", holder)
    desk.approve(holder)
    assert desk.issue("K-2", holder).status == "issued"
    with desk.act() as act:
        account = desk.account(holder.id)
        assert (account.status, accounts.present_cause(act, account)) == ("frozen", "departure")
        keys.check_may_enable(act, account)


def test_found_key_is_returned_and_may_be_issued_again(desk: KeyDesk, holder: AccountRow) -> None:
    desk.lose("K-1")
    desk.give_back("K-1")
    with desk.act(desk.custodian) as act:
        keys.restock_key(act, "K-1")
    desk.approve(holder)
    assert desk.issue("K-1", holder).status == "issued"
    assert desk.account(holder.id).status == "active"


def test_unbind_of_a_cancelled_account_closes_all_that_is_open(desk: KeyDesk, holder: AccountRow) -> None:
    desk.lose("K-1")
    with desk.act() as act:
        keys.unbind(act, holder, request_id="request-9")
        provisioning.cancel_account(act, accounts.lock_account(act, holder.id), request_id="request-9")
    desk.settle()
    assert holder.keycloak_id not in desk.town.idp.users
    with desk.act() as act:
        assert keys.find_case(act, holder.id) is None
