"""The outbox: leases, order within a lane, tries, visible ends, fencing."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from sqlalchemy import select

from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.errors import ConnectorError
from connector.outbox import lease
from connector.outbox import service as outbox
from connector.outbox.backoff import KEYCLOAK_DELAYS, MESSAGE_DELAYS, delay_after, delay_after_fault
from connector.outbox.deliver import Delivery, Handler, Settle
from connector.outbox.errors import StepNotEndedError
from connector.outbox.tables import AttemptRow, StepRow
from connector.ports import ForeignAccountError, KeycloakUnavailableError
from tests.town import HOST, NOON, Town

LEASE = timedelta(seconds=60)


def deliver(town: Town, handler: Handler, *, threads: int = 1) -> Delivery:
    def open_act(actor: object, now: object) -> AbstractContextManager[Act]:
        return town.connector.act(actor, now=now)  # type: ignore[arg-type]

    return Delivery(open_act, {"test": handler}, LEASE, threads)


def put(town: Town, key: str, lane: str = "account:a", **options: object) -> int:
    with town.connector.act(HOST) as act:
        return outbox.enqueue(act, "test", key=key, lane=lane, payload={"key": key}, **options).id  # type: ignore[arg-type]


def step(town: Town, step_id: int) -> StepRow:
    with town.connector.act(HOST) as act:
        return act.session.get_one(StepRow, step_id)


def keeping(seen: list[str], fails: Callable[[StepRow], ConnectorError | None] = lambda _s: None) -> Handler:
    def handle(taken: StepRow) -> Settle | None:
        seen.append(taken.payload["key"])
        if error := fails(taken):
            raise error
        return None

    return handle


@pytest.mark.req("C4")
def test_deliver_runs_steps_of_a_lane_in_their_order(town: Town) -> None:
    for number in range(5):
        put(town, f"{number}")
    seen: list[str] = []
    assert deliver(town, keeping(seen), threads=4).run_due() == 5
    assert seen == ["0", "1", "2", "3", "4"]


@pytest.mark.req("C4")
def test_deliver_holds_a_lane_behind_a_step_that_failed_and_lets_others_pass(town: Town) -> None:
    first, second, other = put(town, "first"), put(town, "second"), put(town, "other", lane="account:b")
    seen: list[str] = []
    dead = keeping(seen, lambda s: ConnectorError() if s.payload["key"] == "first" else None)
    deliver(town, dead).run_due()
    assert (step(town, first).state, step(town, second).state, step(town, other).state) == ("dead", "pending", "done")
    with town.connector.act(HOST) as act:
        outbox.retry_step(act, first)
    deliver(town, keeping(seen)).run_due()
    assert step(town, second).state == "done"
    assert seen[-2:] == ["first", "second"]


@pytest.mark.req("C4")
def test_deliver_tries_again_after_the_other_side_was_unavailable(town: Town) -> None:
    step_id = put(town, "one")
    seen: list[str] = []
    down = deliver(town, keeping(seen, lambda _s: KeycloakUnavailableError("down")))
    assert down.run_due() == 1
    assert (step(town, step_id).state, step(town, step_id).attempts) == ("pending", 1)
    assert down.run_due() == 0  # It is not due yet.
    town.clock.advance(timedelta(minutes=10))
    deliver(town, keeping(seen)).run_due()
    assert (step(town, step_id).state, step(town, step_id).attempts) == ("done", 2)
    with town.connector.act(HOST) as act:
        assert list(act.session.scalars(select(AttemptRow.outcome).order_by(AttemptRow.id))) == ["retry", "done"]


def test_deliver_a_foreign_account_is_a_conflict_and_alarmed(town: Town) -> None:
    step_id = put(town, "one")
    deliver(town, keeping([], lambda _s: ForeignAccountError(reason="x"))).run_due()
    assert step(town, step_id).state == "conflict"
    with town.connector.act(HOST) as act:
        entry = act.session.scalars(select(AuditEntryRow).order_by(AuditEntryRow.id.desc())).first()
        assert entry is not None
        assert (entry.event, entry.alarm) == ("step.conflicted", True)


def test_deliver_a_defect_in_a_handler_is_tried_again_then_dead(town: Town) -> None:
    def broken(_step: StepRow) -> None:
        raise ZeroDivisionError

    step_id = put(town, "one")
    for _ in range(6):
        deliver(town, broken).run_due()
        town.clock.advance(timedelta(hours=1))
    assert (step(town, step_id).state, step(town, step_id).attempts) == ("dead", 5)
    assert step(town, step_id).last_error == "ZeroDivisionError"


@pytest.mark.req("C4")
def test_a_worker_that_vanished_is_replaced_when_its_lease_has_run_out(town: Town) -> None:
    step_id = put(town, "one")
    with town.connector.act(HOST) as act:
        assert len(lease.take_due(act.session, act.now, LEASE, 10)) == 1
    seen: list[str] = []
    assert deliver(town, keeping(seen)).run_due() == 0
    town.clock.advance(LEASE + timedelta(seconds=1))
    assert deliver(town, keeping(seen)).run_due() == 1
    assert step(town, step_id).state == "done"
    with town.connector.act(HOST) as act:
        assert list(act.session.scalars(select(AttemptRow.outcome).order_by(AttemptRow.id))) == ["lost", "done"]


@pytest.mark.req("C4")
def test_a_worker_that_wakes_up_late_cannot_overwrite_the_outcome(town: Town) -> None:
    """A stopped worker's outcome is fenced off once another has taken the step over."""
    step_id = put(town, "one")
    with town.connector.act(HOST) as act:
        late = lease.take_due(act.session, act.now, LEASE, 10)[0]
    town.clock.advance(LEASE + timedelta(seconds=1))
    deliver(town, keeping([])).run_due()
    with town.connector.act(HOST) as act:
        assert lease.hold_ours(act.session, [late]) == {}
    assert step(town, step_id).state == "done"


@pytest.mark.req("C4")
def test_a_worker_that_wakes_up_late_cannot_end_what_another_is_doing(town: Town) -> None:
    put(town, "one")
    with town.connector.act(HOST) as act:
        late = lease.take_due(act.session, act.now, LEASE, 10)[0]
    town.clock.advance(LEASE + timedelta(seconds=1))
    with town.connector.act(HOST) as act:
        present = lease.take_due(act.session, act.now, LEASE, 10)[0]
    with town.connector.act(HOST) as act:
        assert lease.hold_ours(act.session, [late]) == {}
        assert list(lease.hold_ours(act.session, [present])) == [present.id]


def test_an_interactive_step_is_never_run_by_the_worker(town: Town) -> None:
    step_id = put(town, "one", lane="link:x", interactive=True)
    seen: list[str] = []
    assert deliver(town, keeping(seen)).run_due() == 0
    assert deliver(town, keeping([])).run_now([step_id], keeping(seen)) == ["done"]
    assert seen == ["one"]


def test_an_interactive_step_that_fails_is_not_tried_by_anybody_else(town: Town) -> None:
    step_id = put(town, "one", lane="link:x", interactive=True)
    down = keeping([], lambda _s: KeycloakUnavailableError("down"))
    assert deliver(town, down).run_now([step_id], down) == ["dead"]


def test_run_now_does_not_wait_until_a_step_is_due(town: Town) -> None:
    step_id = put(town, "one", lane="freeze:a", due_at=NOON + timedelta(hours=1))
    assert deliver(town, keeping([])).run_due() == 0
    assert deliver(town, keeping([])).run_now([step_id]) == ["done"]
    assert deliver(town, keeping([])).run_now([step_id]) == []


def test_retry_of_a_step_that_has_not_stopped_is_refused(town: Town) -> None:
    step_id = put(town, "one")
    with pytest.raises(StepNotEndedError), town.connector.act(HOST) as act:
        outbox.retry_step(act, step_id)


def test_backoff_never_gives_up_on_keycloak_and_gives_up_on_messages() -> None:
    assert [delay_after("keycloak.freeze", n) for n in (1, 2, 100)] == [
        timedelta(seconds=KEYCLOAK_DELAYS[0]),
        timedelta(seconds=KEYCLOAK_DELAYS[1]),
        timedelta(seconds=KEYCLOAK_DELAYS[-1]),
    ]
    assert delay_after("webhook", len(MESSAGE_DELAYS)) == timedelta(days=1)
    assert delay_after("webhook", len(MESSAGE_DELAYS) + 1) is None
    assert delay_after("webhook", 1, at_least=3600.0) == timedelta(hours=1)
    assert delay_after("webhook", 1, at_least=1e9) == timedelta(days=1)
    assert delay_after_fault(5) is None


def test_deliver_waits_as_long_as_the_other_side_asked(town: Town) -> None:
    busy = KeycloakUnavailableError("busy")
    busy.retry_after = 7200.0
    with town.connector.act(HOST) as act:
        step_id = outbox.enqueue(act, "test", key="one", lane="endpoint:e", payload={"key": "one"}).id
    deliver(town, keeping([], lambda _s: busy)).run_due()
    assert step(town, step_id).due_at == town.clock.now() + timedelta(hours=2)
