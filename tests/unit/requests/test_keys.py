"""Requests about keys: a lost one freezes when it is reported, a waiver ends, a cancellation waits for the key."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connector.errors import RefusedInputError
from connector.incidents import freezes
from connector.incidents.scopes import Scope, ScopeKind
from connector.keys import service as keys
from connector.keys.errors import (
    KeyNotHeldError,
    KeyStillMissingError,
    ReplacementNotApprovedError,
)
from connector.provisioning import handlers
from connector.register import accounts
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountStatus, Office, RequestKind
from connector.requests import service as requests
from connector.requests.tables import RequestRow
from tests.fixtures_keys import KeyDesk
from tests.town import open_town


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyDesk]:
    monkeypatch.setattr(handlers, "SECOND", 0.0)
    opened = open_town(tmp_path)
    yield KeyDesk(opened)
    opened.close()


@pytest.fixture
def holder(desk: KeyDesk) -> AccountRow:
    """Somebody with a bound key, and another key in stock."""
    desk.stock("K-1", "K-2")
    account = desk.hire(mail="p@example.cn")
    desk.issue("K-1", account)
    desk.settle()
    desk.enrol(account)
    desk.reconcile()
    assert desk.key("K-1").status == "bound"
    return account


def ask(desk: KeyDesk, kind: RequestKind, account: AccountRow, **fields: Any) -> RequestRow:
    return desk.town.submit(desk.town.form(kind=kind, account=account.user_name, **fields))


def lose(desk: KeyDesk, account: AccountRow, key: str = "K-1") -> RequestRow:
    return ask(desk, RequestKind.REPLACE_KEY, account, key=key, cause="lost", reason="昨日乘车遗失")


def test_report_a_lost_key_freezes_before_anybody_has_decided(desk: KeyDesk, holder: AccountRow) -> None:
    request = lose(desk, holder)
    assert request.state == "pending"
    assert desk.account(holder.id).status == AccountStatus.FROZEN
    assert desk.key("K-1").status == "lost"
    assert not desk.town.idp.users[holder.keycloak_id].enabled
    assert [stage.office for stage in _stages(desk, request)] == [Office.UNIT_HEAD, Office.KEY_CUSTODIAN]


def test_replace_a_lost_key_ends_with_the_new_key_and_an_enabled_account(desk: KeyDesk, holder: AccountRow) -> None:
    request = lose(desk, holder)
    with pytest.raises(ReplacementNotApprovedError):
        desk.issue("K-2", holder)
    desk.town.approve(request)
    assert desk.account(holder.id).status == AccountStatus.FROZEN
    desk.issue("K-2", holder)
    desk.settle()
    user = desk.town.idp.users[holder.keycloak_id]
    assert desk.account(holder.id).status == AccountStatus.ACTIVE
    assert user.enabled
    assert "webauthn-register" in user.actions
    assert desk.key_ids(holder) == []
    assert "link.issue" in desk.steps(holder)


def test_enable_by_another_request_is_refused_while_the_key_is_not_replaced(desk: KeyDesk, holder: AccountRow) -> None:
    desk.town.approve(lose(desk, holder))
    with pytest.raises(KeyStillMissingError):
        ask(desk, RequestKind.ENABLE, holder, reason="恢复使用")
    assert desk.account(holder.id).status == AccountStatus.FROZEN


def test_report_somebody_elses_key_is_refused_and_freezes_nobody(desk: KeyDesk, holder: AccountRow) -> None:
    other = desk.hire()
    with pytest.raises(KeyNotHeldError):
        lose(desk, other)
    with pytest.raises(RefusedInputError):
        ask(desk, RequestKind.REPLACE_KEY, holder, key="K-1", cause="tired of it", reason="其他原因")
    assert {desk.account(a.id).status for a in (holder, other)} == {AccountStatus.ACTIVE}
    assert desk.key("K-1").status == "bound"


def test_waive_the_key_by_request_lets_codes_in_until_the_last_day(desk: KeyDesk, holder: AccountRow) -> None:
    request = ask(desk, RequestKind.WAIVE_KEY, holder, until=date(2026, 3, 20), reason="密钥返厂检修期间")
    assert Office.PRINCIPAL in [stage.office for stage in _stages(desk, request)]
    desk.town.approve(request)
    desk.settle()
    assert desk.attributes(holder)["secondFactor"] == "otp"
    with desk.act() as act:
        waiver = keys.find_waiver(act, holder.id)
        assert waiver is not None
        assert waiver.until.isoformat() == "2026-03-20T16:00:00+00:00"


def test_waive_the_key_until_a_day_that_is_past_is_refused(desk: KeyDesk, holder: AccountRow) -> None:
    with pytest.raises(RefusedInputError) as refused:
        ask(desk, RequestKind.WAIVE_KEY, holder, until=date(2026, 3, 9), reason="密钥返厂检修期间")
    assert [problem.field for problem in refused.value.fields] == ["until"]


@pytest.mark.parametrize("back", ["returned", "lost"])
def test_cancel_freezes_at_once_and_deletes_when_the_key_is_back_or_lost(
    desk: KeyDesk, holder: AccountRow, back: str
) -> None:
    desk.town.approve(ask(desk, RequestKind.CANCEL, holder, cause="departure", reason="已调离本单位"))
    desk.settle()
    assert desk.account(holder.id).status == AccountStatus.CANCELLED
    assert not desk.town.idp.users[holder.keycloak_id].enabled
    assert desk.key("K-1").status == "bound"
    (desk.give_back if back == "returned" else desk.lose)("K-1")
    desk.settle()
    assert holder.keycloak_id not in desk.town.idp.users
    assert desk.key("K-1").status == back
    with desk.act() as act:
        assert keys.find_case(act, holder.id) is None


def test_cancel_without_a_key_deletes_at_once(desk: KeyDesk) -> None:
    account = desk.hire()
    desk.town.approve(ask(desk, RequestKind.CANCEL, account, cause="departure", reason="已调离本单位"))
    desk.settle()
    assert account.keycloak_id not in desk.town.idp.users


def _stages(desk: KeyDesk, request: RequestRow) -> list[Any]:
    with desk.act() as act:
        return requests.stages_of(act, requests.get_request(act, request.id))


def test_order_a_freeze_of_somebody_frozen_for_his_key_outlasts_the_new_key(desk: KeyDesk, holder: AccountRow) -> None:
    request = lose(desk, holder)
    with desk.act(desk.town.actor(Office.SECURITY_ADMINISTRATOR)) as act:
        scope = Scope(ScopeKind.PERSON, holder.user_name)
        plan = freezes.preview(act, scope, alone=20)
        assert [one.user_name for one in plan.accounts] == [holder.user_name]
        freezes.order_freeze(act, scope, reason="口令疑似泄露", plan_hash=plan.hash, alone=20)
    desk.settle()
    with desk.act() as act:
        assert accounts.present_cause(act, desk.account(holder.id)) not in accounts.KEY_CAUSES
    desk.town.approve(request)
    assert desk.issue("K-2", holder).status == "issued"
    assert desk.account(holder.id).status == AccountStatus.FROZEN
