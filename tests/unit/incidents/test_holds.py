"""While a case is open its account and the users it created come back by no road but the case's own (GS 13, 14)."""

from datetime import timedelta

import pytest

from connector.incidents import closing, freezes
from connector.incidents.case_tables import CaseRow
from connector.incidents.errors import HeldByCaseError
from connector.incidents.scopes import Scope, ScopeKind
from connector.keys import service as keys
from connector.provisioning import links
from connector.provisioning import service as provisioning
from connector.register import accounts, people
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountStatus, Office, RequestKind
from connector.requests.errors import WrongStatusError
from tests.factories import make_account, make_person_form
from tests.fixtures_keys import KeyDesk
from tests.town import HOST, NOON, Town
from tests.unit.incidents.test_cases import answer, do, in_keycloak, open_case, report_up, restore, settle, status

SECURITY, PRINCIPAL = Office.SECURITY_ADMINISTRATOR, Office.PRINCIPAL


def user(town: Town, *permissions: str) -> AccountRow:
    with town.connector.act(HOST) as act:
        account = make_account(act, "ywk", *permissions)
    return in_keycloak(town, account)


def ask_to_enable(town: Town, account: AccountRow) -> None:
    town.submit(town.form("ywk", kind=RequestKind.ENABLE, account=account.user_name, reason="恢复使用"))


def freeze(town: Town, account: AccountRow) -> str:
    """An order of its own; returns its number."""
    scope = Scope(ScopeKind.PERSON, account.user_name)
    seen = do(town, freezes.preview, scope, alone=3)
    order = do(town, freezes.order_freeze, scope, reason="异常登录，先行冻结", plan_hash=seen.hash, alone=3)
    settle(town)
    return str(order.number)


def undo(town: Town, number: str) -> None:
    seen = do(town, freezes.preview_undo, number)
    order = do(town, freezes.order_undo, number, reason="误会", plan_hash=seen.hash)
    do(town, freezes.confirm_order, order.number, plan_hash=seen.hash, by=PRINCIPAL)
    settle(town)


def finish_but_restoring(town: Town, case: CaseRow) -> None:
    report_up(town, case)
    answer(town, case, "leaked", "no")
    answer(town, case, "key", "no")
    do(town, closing.tell_outcome, case.number, outcome="clean_data", note="已清理两条记录", receipt="1号")
    settle(town)


def test_ask_to_enable_while_the_case_is_open_is_refused_until_only_restoring_is_left(town: Town) -> None:
    account = user(town)
    case = open_case(town, account)
    with pytest.raises(HeldByCaseError) as refused:
        ask_to_enable(town, account)
    assert refused.value.facts == {}  # Whoever asks may not read the case.
    finish_but_restoring(town, case)
    restore(town, account)


def test_enabling_that_was_asked_for_before_the_case_is_refused_when_it_takes_effect(town: Town) -> None:
    account = user(town)
    freeze(town, account)
    request = town.submit(town.form("ywk", kind=RequestKind.ENABLE, account=account.user_name, reason="恢复使用"))
    open_case(town, account)
    with pytest.raises(HeldByCaseError):
        town.approve(request)
    assert status(town, account) == "frozen"


def test_undo_of_an_older_order_leaves_the_account_of_a_case_frozen(town: Town) -> None:
    account = user(town)
    number = freeze(town, account)
    case = open_case(town, account)
    undo(town, number)
    assert status(town, account) == "frozen"
    assert not town.idp.get_user(str(account.keycloak_id)).enabled
    finish_but_restoring(town, case)
    undo(town, number)
    assert status(town, account) == "active"


def test_end_of_a_suspension_leaves_the_account_of_a_case_out_until_the_case_lets_go(town: Town) -> None:
    account = user(town)
    with town.connector.act(HOST) as act:
        row, until = accounts.lock_account(act, account.id), NOON + timedelta(days=1)
        provisioning.freeze_account(act, row, cause="request", status=AccountStatus.SUSPENDED, until=until)
    case = open_case(town, account)
    with town.connector.act(HOST) as act:  # The order of the case froze it; what it was before comes with its undoing.
        row = accounts.lock_account(act, account.id)
        accounts.set_status(act, row, AccountStatus.SUSPENDED, cause="request", until=until)
    town.clock.advance(timedelta(days=2))
    with town.connector.act(HOST) as act:
        assert provisioning.end_suspensions(act, keys.keeps_out) == 0
    finish_but_restoring(town, case)
    with town.connector.act(HOST) as act:
        assert provisioning.end_suspensions(act, keys.keeps_out) == 1


def test_enable_by_whatever_road_raises_what_holds_the_account(town: Town) -> None:
    account = user(town)
    open_case(town, account)
    with pytest.raises(HeldByCaseError), town.connector.act(HOST) as act:
        provisioning.enable_account(act, accounts.lock_account(act, account.id), cause="test", request_id=None)
    assert status(town, account) == "frozen"


def test_user_that_a_compromised_account_created_is_held_until_the_answers_spare_him(town: Town) -> None:
    created = town.account_of(town.approve(town.submit()))
    town.connector.deliver()
    freeze(town, created)
    operator = town.centre.accounts[town.centre.person(Office.OPERATOR).id]
    open_case(town, in_keycloak(town, operator))
    with pytest.raises(HeldByCaseError):
        ask_to_enable(town, created)


def test_return_after_a_cancellation_waits_for_the_end_of_the_case(town: Town) -> None:
    form = make_person_form("ywk")
    account = town.account_of(town.approve(town.submit(town.form(person=form))))
    town.connector.deliver()
    open_case(town, account)
    town.approve(town.submit(town.form(kind=RequestKind.CANCEL, account=account.user_name, reason="案件处置，注销")))
    settle(town)
    with pytest.raises(HeldByCaseError):
        town.submit(town.form(person=form))


def test_new_key_of_an_account_that_a_case_holds_does_not_enable_it(town: Town) -> None:
    desk = KeyDesk(town)
    desk.stock("K-1", "K-2")
    account = desk.hire()
    desk.issue("K-1", account)
    desk.lose("K-1")
    desk.approve(account)
    open_case(town, account)
    with town.connector.act(HOST) as act:  # As if the loss alone had frozen it; the case holds it all the same.
        row = accounts.lock_account(act, account.id)
        accounts.set_status(act, row, AccountStatus.FROZEN, cause="key_lost")
    assert desk.issue("K-2", account).status == "issued"
    assert status(town, account) == "frozen"


def test_restored_account_whose_password_was_made_void_gets_a_link(town: Town) -> None:
    account = user(town)
    case = open_case(town, account)
    finish_but_restoring(town, case)
    with town.connector.act(HOST) as act:
        people.get_person(act, account.person_id).mail = "wang@example.cn"
        assert links.needs_link(act, account)
    restore(town, account)
    assert [letter.to for letter in town.mailer.sent if "/welcome/" in letter.text] == ["wang@example.cn"]


def test_permission_is_withdrawn_from_a_frozen_account_and_none_is_given_to_it(town: Town) -> None:
    first, second = town.permissions(2)
    account = user(town, first)
    open_case(town, account)
    change = {"kind": RequestKind.GRANT, "account": account.user_name, "reason": "案件处置，收回权限"}
    with pytest.raises(WrongStatusError):
        town.submit(town.form("ywk", **change, permissions=(second,), withdraw=(first,)))
    town.approve(town.submit(town.form("ywk", **change, permissions=(), withdraw=(first,))))
    with town.connector.act(HOST) as act:
        assert accounts.list_grants(act, account) == []
