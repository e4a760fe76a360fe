"""Issuing, returning, restocking and destroying: who may, in which state, and what stays in the history."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from connector.auth.actor import person_actor
from connector.auth.levels import StepUpNeededError
from connector.errors import ForbiddenError, RefusedInputError
from connector.keys import service as keys
from connector.keys.errors import (
    AccountHoldsKeyError,
    AccountNotReadyError,
    KeyMoveError,
    OwnKeyError,
    WitnessError,
)
from connector.keys.rules import HELD, MOVES, KeyState, check_may_move
from connector.provisioning import service as provisioning
from connector.register import accounts
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import Office
from jobs import ingest_events
from tests.fixtures_keys import KeyDesk, states


def test_issue_key_gives_it_with_receipt_and_history(desk: KeyDesk) -> None:
    desk.stock("K-1")
    account = desk.hire()
    key = desk.issue("k-1", account)
    assert (key.status, key.account_id, key.custodian_id) == ("issued", account.id, desk.custodian.person_id)
    with desk.act() as act:
        history = keys.history(act, "K-1")
        assert keys.holds_key(act, account.id) == "K-1"
        assert keys.serials_out(act, [account.id, "nobody"]) == {account.id: "K-1"}
        assert keys.key_of(act, account).serial == "K-1"  # type: ignore[union-attr]
    assert states(history) == ["in_stock", "issued"]
    assert (history[0].until, history[1].until, history[1].receipt) == (history[1].at, None, "LQ-1")
    assert desk.entries("key.issued")[0][1]["receipt"] == "LQ-1"


def test_issue_key_by_another_office_is_refused(desk: KeyDesk) -> None:
    desk.stock("K-1")
    account = desk.hire()
    for office in (Office.OPERATOR, Office.SYSTEM_ADMINISTRATOR):
        with pytest.raises(ForbiddenError), desk.act(desk.town.actor(office)) as act:
            keys.issue_key(act, "K-1", account, receipt="1")
    custodian = desk.custodian
    by_password = person_actor(str(custodian.person_id), custodian.name, account_id=custodian.account_id, acr="pwd")
    with pytest.raises(StepUpNeededError), desk.act(by_password) as act:
        keys.issue_key(act, "K-1", account, receipt="1")
    assert desk.key("K-1").status == "in_stock"


def test_issue_key_to_himself_is_refused(desk: KeyDesk) -> None:
    desk.stock("K-1")
    with pytest.raises(OwnKeyError):
        desk.issue("K-1", desk.account(str(desk.custodian.account_id)))


def test_issue_key_without_receipt_is_refused(desk: KeyDesk) -> None:
    desk.stock("K-1")
    with pytest.raises(RefusedInputError):
        desk.issue("K-1", desk.hire(), receipt=" ")


def test_issue_second_key_while_one_is_held_is_refused(desk: KeyDesk) -> None:
    desk.stock("K-1", "K-2")
    account = desk.hire()
    desk.issue("K-1", account)
    with pytest.raises(AccountHoldsKeyError):
        desk.issue("K-2", account)
    desk.give_back("K-1")
    assert desk.issue("K-2", account).status == "issued"


def test_issue_key_that_somebody_holds_is_refused(desk: KeyDesk) -> None:
    desk.stock("K-1")
    desk.issue("K-1", desk.hire())
    with pytest.raises(KeyMoveError):
        desk.issue("K-1", desk.hire())


def test_issue_key_to_a_frozen_account_is_refused(desk: KeyDesk) -> None:
    desk.stock("K-1")
    account = desk.hire()
    with desk.act() as act:
        provisioning.freeze_account(act, accounts.lock_account(act, account.id), cause="departure")
    with pytest.raises(AccountNotReadyError):
        desk.issue("K-1", account)


def test_issue_key_to_an_account_in_use_renews_its_password_first(desk: KeyDesk) -> None:
    """A login by the old password would otherwise lead to the enrolment of whoever knows it."""
    desk.stock("K-1")
    account = desk.hire(mail="wang@example.cn")
    desk.town.idp.set_temporary_password(account.keycloak_id, "Zb7#ttkwz2")
    ingest_events.run(desk.town.connector, desk.town.clock.now())
    mark = desk.last_step()
    desk.issue("K-1", account)
    assert desk.steps(account, mark) == [
        "keycloak.delete_credential", "keycloak.update_user", "keycloak.require_actions", "link.issue",
    ]  # fmt: skip
    desk.settle()
    assert desk.types(account) == []
    assert "webauthn-register" in desk.town.idp.get_user(account.keycloak_id).required_actions
    assert len([mail for mail in desk.town.mailer.sent if mail.to == "wang@example.cn"]) == 2


def test_issue_key_to_a_new_account_asks_for_enrolment_only(desk: KeyDesk) -> None:
    desk.stock("K-1")
    account = desk.hire(mail="wang@example.cn")
    mark = desk.last_step()
    desk.issue("K-1", account)
    assert desk.steps(account, mark) == ["keycloak.update_user", "keycloak.require_actions"]


def test_return_key_takes_its_credential_out_of_keycloak(desk: KeyDesk) -> None:
    desk.stock("K-1")
    account = desk.hire()
    desk.issue("K-1", account)
    desk.enrol(account)
    assert desk.reconcile().bound == 1
    session = _log_in(desk, account)
    desk.give_back("K-1")
    desk.settle()
    assert desk.key_ids(account) == []
    assert not desk.town.idp.refresh(session)
    with desk.act() as act:
        assert keys.holds_key(act, account.id) is None


def test_restock_returned_key_forgets_its_credential_but_not_its_history(desk: KeyDesk) -> None:
    desk.stock("K-1")
    account = desk.hire()
    desk.issue("K-1", account)
    key_id = desk.enrol(account)
    desk.reconcile()
    desk.give_back("K-1")
    with desk.act(desk.custodian) as act:
        keys.restock_key(act, "K-1")
    assert (desk.key("K-1").status, desk.key("K-1").key_id) == ("in_stock", None)
    with desk.act() as act:
        assert key_id in [row.key_id for row in keys.history(act, "K-1")]
    assert desk.issue("K-1", desk.hire()).status == "issued"


def test_destroy_key_needs_another_person_as_witness(desk: KeyDesk) -> None:
    desk.stock("K-1")
    for witness in (desk.custodian.name, "nobody-0001"):
        with pytest.raises(WitnessError), desk.act(desk.custodian) as act:
            keys.destroy_key(act, "K-1", witness=witness)
    seen_by = desk.town.actor(Office.OPERATOR)
    with desk.act(desk.custodian) as act:
        keys.destroy_key(act, "K-1", witness=seen_by.name)
    with desk.act() as act:
        assert keys.history(act, "K-1")[-1].witness_id == seen_by.person_id
    with pytest.raises(KeyMoveError):
        desk.issue("K-1", desk.hire())


def test_serials_by_account_at_a_past_moment_are_those_of_then(desk: KeyDesk) -> None:
    desk.stock("K-1", "K-2")
    account = desk.hire()
    before = desk.town.clock.now()
    desk.settle()
    desk.issue("K-1", account)
    first = desk.town.clock.now()
    desk.settle()
    desk.give_back("K-1")
    between = desk.town.clock.now()
    desk.settle()
    desk.issue("K-2", account)
    with desk.act() as act:
        held = [keys.serials_by_account(act, moment).get(account.id) for moment in (before, first, between, None)]
    assert held == [None, "K-1", None, "K-2"]


def test_keys_of_batch_are_those_that_accounts_hold(desk: KeyDesk) -> None:
    desk.stock("K-1", "K-2", "K-3")
    desk.issue("K-2", desk.hire())
    with desk.act() as act:
        assert [key.serial for key in keys.keys_of_batch(act, "B1")] == ["K-2"]
        assert keys.list_keys(act, status=KeyState.IN_STOCK, batch="B1", text="k-").total == 2


class MovesMachine(RuleBasedStateMachine):
    """Whatever is asked, a key is only ever where the table of moves led it, and what is destroyed stays so."""

    def __init__(self) -> None:
        super().__init__()
        self.state = KeyState.IN_STOCK
        self.path = [self.state]

    @rule(wanted=st.sampled_from(list(KeyState)))
    def ask(self, wanted: KeyState) -> None:
        if wanted not in MOVES[self.state]:
            with pytest.raises(KeyMoveError):
                check_may_move("K-1", self.state, wanted)
            return
        check_may_move("K-1", self.state, wanted)
        self.state = wanted
        self.path.append(wanted)

    @invariant()
    def bound_only_after_issue(self) -> None:
        for former, state in zip(self.path, self.path[1:], strict=False):
            if state is KeyState.BOUND:
                assert former is KeyState.ISSUED

    @invariant()
    def issued_only_from_stock(self) -> None:
        for former, state in zip(self.path, self.path[1:], strict=False):
            if state is KeyState.ISSUED:
                assert former is KeyState.IN_STOCK

    @invariant()
    def destroyed_is_the_end_and_never_of_a_held_key(self) -> None:
        if KeyState.DESTROYED in self.path:
            assert self.path[-1] is KeyState.DESTROYED
            assert self.path[-2] not in HELD


TestMoves = MovesMachine.TestCase
TestMoves.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)


def _log_in(desk: KeyDesk, account: AccountRow) -> Any:
    user = desk.town.idp.users[account.keycloak_id]
    user.password = "Zb7#ttkwz2"
    return desk.town.idp.log_in(user.user_name)
