"""Freeze orders: who may give them, over whom, what two people must have seen, and the way back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from connector.audit.tables import AuditEntryRow
from connector.auth.actor import Actor
from connector.auth.levels import StepUpNeededError
from connector.errors import ForbiddenError, NotFoundError, RefusedInputError
from connector.incidents import carry_out, freezes, proof, store
from connector.incidents.errors import (
    FreezeNotUndoableError,
    FreezeOrderClosedError,
    FreezePlanChangedError,
    FreezeSameOfficerError,
    NothingToFreezeError,
)
from connector.incidents.schemas import OrderShown, show_order
from connector.incidents.scopes import LeftOut, Scope, ScopeKind
from connector.incidents.tables import FreezeOrderRow
from connector.keys import service as keys
from connector.keys.tables import HardwareKeyRow, KeyBatchRow
from connector.outbox import service as outbox
from connector.ports import KeycloakRefusedError, KeycloakUnavailableError
from connector.provisioning import service as provisioning
from connector.register import accounts
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountStatus, Office
from tests.factories import make_account, make_unit
from tests.town import HOST, NOON, Town

ALONE = 3
SECURITY, PRINCIPAL = Office.SECURITY_ADMINISTRATOR, Office.PRINCIPAL
UNIT = Scope(ScopeKind.UNIT, "xm")
REASON = "口令外泄，先行冻结"


@pytest.fixture
def crew(town: Town) -> list[AccountRow]:
    """Three people of a project unit below the business department, in Keycloak."""
    with town.connector.act(HOST) as act:
        make_unit(act, "xm", parent="ywk", name="项目组")
    return [hire(town) for _ in range(3)]


def hire(town: Town, unit: str = "xm", *permissions: str, status: str = "active") -> AccountRow:
    with town.connector.act(HOST) as act:
        account = make_account(act, unit, *permissions)
        provisioning.enable_account(act, account, cause="test", request_id=None)
        account.status = status
    town.connector.deliver()
    with town.connector.act(HOST) as act:
        return accounts.get_account(act, account.id)


def order(
    town: Town, scope: Scope = UNIT, by: Office | Actor = SECURITY, *, unit: str = "", alone: int = ALONE, **given: Any
) -> FreezeOrderRow:
    """Previews and orders what was shown; then the worker has two sweeps' time."""
    actor = town.actor(by, unit) if isinstance(by, Office) else by
    with town.connector.act(actor) as act:
        shown = freezes.preview(act, scope, alone=alone).hash
    with town.connector.act(actor) as act:
        return freezes.order_freeze(act, scope, **{"reason": REASON, "plan_hash": shown, "alone": alone, **given})


def settle(town: Town, number: str) -> OrderShown:
    """Runs the worker over the sweeps, and the job."""
    for _ in range(2):
        town.connector.deliver()
        town.clock.advance(timedelta(seconds=10))
    with town.connector.act(HOST) as act:
        proof.settle_orders(act)
        return show_order(act, store.get_order(act, number))


def confirm(town: Town, number: str, by: Office | Actor = PRINCIPAL, plan_hash: str | None = None) -> FreezeOrderRow:
    actor = town.actor(by) if isinstance(by, Office) else by
    with town.connector.act(actor) as act:
        shown = plan_hash or freezes.preview_waiting(act, number).hash
        return freezes.confirm_order(act, number, plan_hash=shown)


def status_of(town: Town, account: AccountRow) -> str:
    with town.connector.act(HOST) as act:
        return accounts.get_account(act, account.id).status


def enabled(town: Town, account: AccountRow) -> bool:
    return bool(town.idp.users[account.keycloak_id].enabled)


def events(town: Town, beginning: str = "freeze.") -> list[tuple[str, bool]]:
    with town.connector.act(HOST) as act:
        found = act.session.execute(select(AuditEntryRow.event, AuditEntryRow.alarm).order_by(AuditEntryRow.id))
        return [(event, alarm) for event, alarm in found if event.startswith(beginning)]


def test_preview_of_a_unit_takes_those_below_and_tells_who_is_left_out(town: Town, crew: list[AccountRow]) -> None:
    with town.connector.act(HOST) as act:
        provisioning.freeze_account(act, accounts.get_account(act, crew[0].id), cause="departure")
    cancelled = hire(town, "xm", status="cancelled")
    with town.connector.act(town.actor(Office.UNIT_HEAD, "ywk")) as act:
        seen = freezes.preview(act, Scope(ScopeKind.UNIT, "ywk"), alone=ALONE)
    names = {one.user_name for one in seen.accounts}
    why = {one.user_name: one.left_out for one in seen.left_out}
    assert {crew[1].user_name, crew[2].user_name} <= names
    assert why[crew[0].user_name] is LeftOut.FROZEN
    assert why[cancelled.user_name] is LeftOut.CANCELLED
    assert why[town.actor(Office.UNIT_HEAD, "ywk").name] is LeftOut.OWN
    assert seen.needs_second
    assert seen.name == "业务科"


def test_preview_of_a_subsystem_takes_everybody_who_holds_a_permission_of_it(
    town: Town, crew: list[AccountRow]
) -> None:
    permission = next(name for name in town.permissions(5) if name.startswith("member:"))
    holder = hire(town, "dljg", permission)
    with town.connector.act(town.actor(SECURITY)) as act:
        seen = freezes.preview(act, Scope(ScopeKind.SUBSYSTEM, "member"), alone=ALONE)
    assert [(one.user_name, one.subsystems) for one in seen.accounts] == [(holder.user_name, ("member",))]


def test_preview_of_a_batch_takes_who_holds_a_key_of_it(town: Town, crew: list[AccountRow]) -> None:
    with town.connector.act(HOST) as act:
        batch = KeyBatchRow(number="B-7", paper="收字1号", received_at=NOON, received_by="x")
        act.session.add(batch)
        act.session.flush()
        for number, (account, state) in enumerate(zip(crew, ("bound", "issued", "lost"), strict=True)):
            key = HardwareKeyRow(serial=f"SN{number}", batch_id=batch.id, model="m", status=state)
            key.account_id = account.id
            act.session.add(key)
    with town.connector.act(town.actor(Office.KEY_CUSTODIAN)) as act:
        seen = freezes.preview(act, Scope(ScopeKind.KEY_BATCH, "B-7"), alone=ALONE)
        assert {one.account_id for one in seen.accounts} == {crew[0].id, crew[1].id}
        with pytest.raises(NotFoundError):
            freezes.preview(act, Scope(ScopeKind.KEY_BATCH, "B-8"), alone=ALONE)


@pytest.mark.parametrize(
    ("office", "unit", "kind", "value", "may"),
    [
        (SECURITY, "", ScopeKind.UNIT, "dljg", True),
        (PRINCIPAL, "", ScopeKind.SUBSYSTEM, "member", True),
        (Office.UNIT_HEAD, "ywk", ScopeKind.UNIT, "xm", True),
        (Office.UNIT_HEAD, "ywk", ScopeKind.UNIT, "xxjsk", False),
        (Office.UNIT_HEAD, "ywk", ScopeKind.UNIT, "jyzx", False),
        (Office.UNIT_HEAD, "ywk", ScopeKind.SUBSYSTEM, "member", False),
        (Office.LEADER_IN_CHARGE, "jyzx", ScopeKind.UNIT, "ywk", True),
        (Office.LEADER_IN_CHARGE, "jyzx", ScopeKind.UNIT, "dljg", False),
        (Office.KEY_CUSTODIAN, "", ScopeKind.UNIT, "xm", False),
        (Office.OPERATOR, "", ScopeKind.UNIT, "xm", False),
        (Office.AUDITOR, "", ScopeKind.UNIT, "xm", False),
        (Office.SYSTEM_ADMINISTRATOR, "", ScopeKind.UNIT, "xm", False),
    ],
)
def test_preview_reaches_as_far_as_the_office(
    town: Town, crew: list[AccountRow], office: Office, unit: str, kind: ScopeKind, value: str, may: bool
) -> None:
    with town.connector.act(town.actor(office, unit)) as act:
        assert freezes.may_order(act, Scope(kind, value)) is may


def test_order_within_the_limit_shuts_the_accounts_at_once_and_is_proved(town: Town, crew: list[AccountRow]) -> None:
    sessions = []
    for account in crew:
        town.idp.set_temporary_password(account.keycloak_id, "Anfang#7x")
        sessions.append(town.idp.log_in(account.user_name))
    made = order(town)
    assert made.state == "started"
    assert [enabled(town, account) for account in crew] == [False] * 3
    assert not any(town.idp.refresh(session) for session in sessions)
    shown = settle(town, made.number)
    assert (shown.state, shown.counts) == ("done", {"done": 3})
    for line in shown.lines:
        assert line.proof["disabled"]
        assert (line.proof["online_sessions"], line.proof["offline_sessions"]) == (0, 0)
        assert line.proof["frozen_at"] < line.proof["verified_at"]
    assert events(town, "freeze.")[0] == ("freeze.ordered", False)
    assert ("freeze.finished", False) in events(town)


def test_order_by_name_freezes_one_person(town: Town, crew: list[AccountRow]) -> None:
    made = order(town, Scope(ScopeKind.PERSON, crew[0].user_name), Office.UNIT_HEAD, unit="ywk")
    assert made.state == "started"
    assert [status_of(town, account) for account in crew] == ["frozen", "active", "active"]


def test_order_without_second_factor_or_reason_is_refused(town: Town, crew: list[AccountRow]) -> None:
    officer = town.actor(SECURITY)
    weak = Actor(**{**officer.__dict__, "acr": "pwd"})
    with pytest.raises(StepUpNeededError):
        order(town, by=weak)
    for reason in ("", "  ", "x" * 501):
        with pytest.raises(RefusedInputError):
            order(town, reason=reason)
    assert status_of(town, crew[0]) == "active"


def test_order_another_list_than_shown_is_refused(town: Town, crew: list[AccountRow]) -> None:
    with town.connector.act(town.actor(SECURITY)) as act:
        shown = freezes.preview(act, UNIT, alone=ALONE + 1)
    hire(town)
    with pytest.raises(FreezePlanChangedError):
        order(town, plan_hash=shown.hash, alone=ALONE + 1)
    assert [status_of(town, account) for account in crew] == ["active"] * 3


def test_order_where_nobody_is_in_use_is_refused(town: Town, crew: list[AccountRow]) -> None:
    order(town)
    with pytest.raises(NothingToFreezeError):
        order(town)


def test_order_above_the_limit_waits_for_another_person(town: Town, crew: list[AccountRow]) -> None:
    made = order(town, alone=2)
    assert (made.state, made.expires_at) == ("waiting", NOON + timedelta(hours=1))
    assert status_of(town, crew[0]) == "active"
    with pytest.raises(FreezeSameOfficerError):
        confirm(town, made.number, SECURITY)
    with pytest.raises(ForbiddenError):
        confirm(town, made.number, HOST)
    with pytest.raises(ForbiddenError):
        confirm(town, made.number, Office.OPERATOR)
    confirmed = confirm(town, made.number)
    assert (confirmed.state, confirmed.confirmed_by) == ("started", town.actor(PRINCIPAL).name)
    assert settle(town, made.number).counts == {"done": 3}
    with pytest.raises(FreezeOrderClosedError):
        confirm(town, made.number, plan_hash=made.plan_hash)


def test_order_by_order_below_the_limit_counts_together_within_the_hour(town: Town, crew: list[AccountRow]) -> None:
    def one(account: AccountRow) -> str:
        return order(town, Scope(ScopeKind.PERSON, account.user_name), alone=2).state

    assert [one(account) for account in crew] == ["started", "started", "waiting"]
    assert order(town, Scope(ScopeKind.PERSON, crew[2].user_name), PRINCIPAL, alone=2).state == "started"
    town.clock.advance(timedelta(hours=1, seconds=1))
    assert one(hire(town)) == "started"


def test_confirm_a_list_that_has_changed_is_refused(town: Town, crew: list[AccountRow]) -> None:
    made = order(town, alone=2)
    hire(town)
    with pytest.raises(FreezePlanChangedError):
        confirm(town, made.number, plan_hash=made.plan_hash)
    with pytest.raises(FreezePlanChangedError):
        confirm(town, made.number)  # Not even when the new list was looked at: the giver has not seen it.
    assert status_of(town, crew[0]) == "active"


def test_confirm_after_the_hour_is_refused_and_the_job_says_so(town: Town, crew: list[AccountRow]) -> None:
    made = order(town, alone=2)
    town.clock.advance(timedelta(hours=1))
    with pytest.raises(FreezeOrderClosedError):
        confirm(town, made.number)
    with town.connector.act(HOST) as act:
        assert freezes.expire_orders(act) == 1
        assert store.get_order(act, made.number).state == "expired"
    assert events(town)[-1] == ("freeze.expired", True)


def test_refuse_closes_a_waiting_order(town: Town, crew: list[AccountRow]) -> None:
    made = order(town, alone=2)
    with town.connector.act(town.actor(PRINCIPAL)) as act:
        freezes.refuse_order(act, made.number, reason="误报")
    with pytest.raises(FreezeOrderClosedError):
        confirm(town, made.number)
    assert status_of(town, crew[0]) == "active"


def test_confirm_leaves_the_second_person_able_to_undo(town: Town) -> None:
    """Whoever ordered and whoever confirmed the freeze of a whole centre are the two who can end it."""
    made = order(town, Scope(ScopeKind.UNIT, "jyzx"))
    confirm(town, made.number)
    shown = settle(town, made.number)
    assert [(line.user_name, line.skipped_because) for line in shown.lines if line.state == "skipped"] == [
        (town.actor(PRINCIPAL).name, "own")
    ]
    security, _ = town.actor(SECURITY), town.actor(PRINCIPAL)
    with town.connector.act(HOST) as act:
        assert accounts.get_account(act, str(security.account_id)).status == "active"


def test_order_of_the_host_is_alarmed_and_bound_to_the_limit(town: Town, crew: list[AccountRow]) -> None:
    assert order(town, by=HOST).state == "started"
    assert events(town)[0] == ("freeze.ordered", True)
    another = hire(town)
    made = order(town, Scope(ScopeKind.PERSON, another.user_name), HOST)
    assert made.state == "waiting"  # Three within the hour already.
    assert confirm(town, made.number, SECURITY).state == "started"


def undo(town: Town, number: str, by: Office | Actor = SECURITY) -> FreezeOrderRow:
    actor = town.actor(by) if isinstance(by, Office) else by
    with town.connector.act(actor) as act:
        shown = freezes.preview_undo(act, number)
        return freezes.order_undo(act, number, reason="已排查，恢复使用", plan_hash=shown.hash)


def test_undo_takes_two_people_and_enables_only_what_the_order_froze(town: Town, crew: list[AccountRow]) -> None:
    with town.connector.act(HOST) as act:
        provisioning.freeze_account(act, accounts.get_account(act, crew[0].id), cause="departure")
    made = order(town)
    settle(town, made.number)
    back = undo(town, made.number)
    assert (back.state, back.size) == ("waiting", 2)
    with pytest.raises(FreezeSameOfficerError):
        confirm(town, back.number, SECURITY)
    confirm(town, back.number)
    shown = settle(town, back.number)
    assert (shown.state, shown.counts, shown.undoes) == ("done", {"done": 2}, made.number)
    assert [status_of(town, account) for account in crew] == ["frozen", "active", "active"]
    assert [enabled(town, account) for account in crew[1:]] == [True, True]
    with pytest.raises(FreezeNotUndoableError):
        undo(town, made.number)


def test_undo_leaves_who_was_frozen_again_for_another_cause(town: Town, crew: list[AccountRow]) -> None:
    made = order(town)
    settle(town, made.number)
    with town.connector.act(HOST) as act:
        again = accounts.get_account(act, crew[0].id)
        accounts.set_status(act, again, AccountStatus.DISABLED, cause="violation")
    back = undo(town, made.number)
    assert back.size == 2
    confirm(town, back.number)
    settle(town, back.number)
    assert [status_of(town, account) for account in crew] == ["disabled", "active", "active"]


def test_undo_goes_back_to_a_suspension_that_has_its_own_end(town: Town, crew: list[AccountRow]) -> None:
    until = datetime(2026, 4, 30, tzinfo=UTC)
    with town.connector.act(HOST) as act:
        provisioning.freeze_account(
            act, accounts.get_account(act, crew[0].id), cause="violation", status=AccountStatus.SUSPENDED, until=until
        )
    made = order(town)
    settle(town, made.number)
    back = undo(town, made.number)
    confirm(town, back.number)
    assert settle(town, back.number).counts == {"done": 3}
    with town.connector.act(HOST) as act:
        account = accounts.get_account(act, crew[0].id)
        assert (account.status, account.suspended_until) == ("suspended", until)
        assert accounts.present_cause(act, account) == "violation"
    assert not enabled(town, crew[0])


@pytest.mark.parametrize("by", [HOST, Office.OPERATOR, Office.AUDITOR])
def test_undo_by_the_host_or_without_office_is_refused(town: Town, crew: list[AccountRow], by: Office | Actor) -> None:
    made = order(town)
    with pytest.raises(ForbiddenError):
        undo(town, made.number, by)


def test_undo_confirmed_by_a_unit_head_is_refused(town: Town, crew: list[AccountRow]) -> None:
    made = order(town)
    settle(town, made.number)
    back = undo(town, made.number)
    head = town.actor(Office.UNIT_HEAD, "ywk")
    with pytest.raises(ForbiddenError):
        confirm(town, back.number, head)


def test_show_order_tells_a_step_that_failed_until_it_is_done_again(town: Town, crew: list[AccountRow]) -> None:
    town.idp.fail("log_out", KeycloakRefusedError(reason="403"))
    made = order(town, Scope(ScopeKind.PERSON, crew[0].user_name))
    shown = settle(town, made.number)
    assert (shown.state, shown.counts) == ("started", {"failed": 1})
    with town.connector.act(HOST) as act:
        dead = outbox.list_steps(act, states=("dead",))
        outbox.retry_step(act, dead[0].id)
    assert settle(town, made.number).state == "done"


def test_list_orders_shows_what_the_office_reaches(town: Town, crew: list[AccountRow]) -> None:
    order(town)
    order(town, Scope(ScopeKind.PERSON, town.applicant("dljg").name))
    seen = {}
    for office, unit in ((Office.AUDITOR, ""), (Office.UNIT_HEAD, "ywk"), (Office.OPERATOR, "")):
        with town.connector.act(town.actor(office, unit)) as act:
            seen[office] = len(freezes.list_orders(act))
    assert seen == {Office.AUDITOR: 2, Office.UNIT_HEAD: 1, Office.OPERATOR: 0}


def test_order_of_many_goes_by_pages_each_with_a_step_that_shuts_all_its_doors(
    town: Town, crew: list[AccountRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carry_out, "PAGE", 2)
    monkeypatch.setattr(carry_out, "FEW", 1)
    many = [*crew, hire(town), hire(town)]
    made = order(town, alone=9)
    assert [status_of(town, account) for account in many].count("frozen") == 2  # The rest by the outbox.
    shown = settle(town, made.number)
    assert (shown.state, shown.counts) == ("done", {"done": 5})
    assert [enabled(town, account) for account in many] == [False] * 5
    assert [step.kind for step in steps(town, "order:")] == [
        "keycloak.shut_doors", "freeze.next_page", "keycloak.shut_doors", "freeze.next_page"
    ]  # fmt: skip


def test_order_while_keycloak_is_down_refuses_the_frozen_here_at_once_and_goes_on_later(
    town: Town, crew: list[AccountRow]
) -> None:
    town.idp.fail("set_enabled", KeycloakUnavailableError("down"), times=3)
    made = order(town)
    assert [status_of(town, account) for account in crew] == ["frozen"] * 3
    assert [enabled(town, account) for account in crew] == [True] * 3
    for _ in range(3):
        shown = settle(town, made.number)
    assert shown.state == "done"
    assert [enabled(town, account) for account in crew] == [False] * 3


def test_shut_doors_leaves_who_is_back_in_use(town: Town, crew: list[AccountRow]) -> None:
    """A step that comes late converges on the register, as every step does."""
    with town.connector.act(HOST) as act:
        accounts.set_status(act, accounts.get_account(act, crew[0].id), AccountStatus.FROZEN, cause="test")
        ids = [account.id for account in crew]
        outbox.enqueue(act, carry_out.SHUT_DOORS, key="late", lane="order:x", payload={"account_ids": ids})
    town.connector.deliver()
    assert [enabled(town, account) for account in crew] == [False, True, True]


def steps(town: Town, lane: str) -> list[Any]:
    with town.connector.act(HOST) as act:
        return [step for step in outbox.list_steps(act, count=1000) if step.lane.startswith(lane)]


def test_undo_by_pages_leaves_who_was_frozen_for_another_cause_meanwhile(
    town: Town, crew: list[AccountRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = order(town)
    settle(town, made.number)
    monkeypatch.setattr(carry_out, "PAGE", 1)
    back = undo(town, made.number)
    confirm(town, back.number)
    with town.connector.act(HOST) as act:
        waiting = [line.account_id for line in store.lines_of(act, back.id) if line.begun_at is None]
        account = accounts.get_account(act, waiting[-1])
        accounts.set_status(act, account, AccountStatus.ACTIVE, cause="request")
        accounts.set_status(act, account, AccountStatus.FROZEN, cause="departure")
    assert settle(town, back.number).counts == {"done": 2, "skipped": 1}
    assert status_of(town, account) == "frozen"


def test_undo_goes_back_to_a_freeze_that_the_next_key_will_end(town: Town, crew: list[AccountRow]) -> None:
    with town.connector.act(HOST) as act:
        provisioning.freeze_account(act, accounts.get_account(act, crew[0].id), cause="key_lost")
    made = order(town)
    assert settle(town, made.number).counts == {"done": 3}
    with town.connector.act(HOST) as act:
        assert not accounts.is_frozen_for_key(act, accounts.get_account(act, crew[0].id))
    back = undo(town, made.number)
    confirm(town, back.number)
    assert settle(town, back.number).counts == {"done": 3}
    assert [status_of(town, account) for account in crew] == ["frozen", "active", "active"]
    assert not enabled(town, crew[0])
    with town.connector.act(HOST) as act:
        assert accounts.is_frozen_for_key(act, accounts.get_account(act, crew[0].id))


def test_undo_leaves_who_lost_his_key_meanwhile_frozen_until_the_next_one(town: Town, crew: list[AccountRow]) -> None:
    made = order(town)
    settle(town, made.number)
    with town.connector.act(HOST) as act:
        batch = KeyBatchRow(number="B-7", paper="收字1号", received_at=NOON, received_by="x")
        act.session.add(batch)
        act.session.flush()
        act.session.add(
            HardwareKeyRow(serial="SN1", batch_id=batch.id, model="m", status="bound", account_id=crew[0].id)
        )
        act.session.flush()
        keys.open_replacement(act, accounts.get_account(act, crew[0].id), "SN1", "lost", "request-1")
    back = undo(town, made.number)
    confirm(town, back.number)
    assert settle(town, back.number).counts == {"done": 3}
    assert [status_of(town, account) for account in crew] == ["frozen", "active", "active"]
    assert not enabled(town, crew[0])
    with town.connector.act(HOST) as act:
        assert accounts.is_frozen_for_key(act, accounts.get_account(act, crew[0].id))
