"""Durable side effects: rows enqueued with the change they follow from. The only way anything leaves this product."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.errors import NotFoundError
from connector.outbox import lanes
from connector.outbox.errors import StepNotEndedError
from connector.outbox.tables import StepRow
from connector.storage.batches import in_batches
from connector.storage.tables import new_id


def enqueue(
    act: Act,
    kind: str,
    *,
    key: str,
    lane: str,
    payload: dict[str, Any],
    account_id: str | None = None,
    request_id: str | None = None,
    due_at: datetime | None = None,
    interactive: bool = False,
) -> StepRow:
    """Adds one side effect to the act's transaction and returns its row.

    `key` makes it unique: the same key twice is refused by the database. `payload` is plain JSON without personal
    values. `due_at` is the earliest moment (default: now). An `interactive` step is never run by the worker.
    Steps in an account's lane ("account:ID") and in those of its signals ("signal:…") run in the order they were
    enqueued; other lanes have no order.
    """
    step = make_step(
        act, kind, key=key, lane=lane, payload=payload, account_id=account_id, request_id=request_id, due_at=due_at
    )
    step.interactive = interactive
    return enqueue_all(act, [step])[0]


def enqueue_all(act: Act, steps: Sequence[StepRow]) -> Sequence[StepRow]:
    """Adds steps that `make_step` made, in this order and in one statement; returns them with their ids."""
    act.session.add_all(steps)
    act.session.flush()
    return steps


def make_step(
    act: Act,
    kind: str,
    *,
    key: str,
    lane: str,
    payload: dict[str, Any],
    account_id: str | None = None,
    request_id: str | None = None,
    due_at: datetime | None = None,
) -> StepRow:
    """A step as `enqueue` would add it, for whoever adds many together. Adds nothing."""
    return StepRow(
        key=key,
        kind=kind,
        lane=lane,
        ordered=lanes.is_ordered(lane),
        payload=payload,
        account_id=account_id,
        request_id=request_id,
        state="pending",
        due_at=due_at or act.now,
        enqueued_at=act.now,
    )


def enqueue_for_account(
    act: Act, kind: str, account_id: str, payload: dict[str, Any], *, request_id: str | None = None
) -> StepRow:
    """Adds a step to the account's lane, behind all that wait there; due now, with a key of its own."""
    return enqueue(
        act,
        kind,
        key=f"{kind}:{new_id()}",
        lane=f"{lanes.ACCOUNT}{account_id}",
        payload=payload,
        account_id=account_id,
        request_id=request_id or None,
    )


def get_step(act: Act, step_id: int) -> StepRow:
    """One step; NotFoundError when there is none."""
    step = act.session.get(StepRow, step_id, with_for_update=True)
    if step is None:
        raise NotFoundError(kind="步骤/step", name=step_id)
    return step


def list_steps(
    act: Act,
    *,
    states: Collection[str] = (),
    account_id: str | None = None,
    request_id: str | None = None,
    count: int = 200,
) -> list[StepRow]:
    """Steps, oldest first, of these states, this account or this request."""
    query = select(StepRow).order_by(StepRow.id).limit(count)
    if states:
        query = query.where(StepRow.state.in_(states))
    if account_id:
        query = query.where(StepRow.account_id == account_id)
    if request_id:
        query = query.where(StepRow.request_id == request_id)
    return list(act.session.scalars(query))


def list_pending(act: Act, lanes_named: Collection[str]) -> list[int]:
    """Ids of the steps that wait in these lanes, oldest first."""
    found: list[int] = []
    for some in in_batches(lanes_named):
        found += act.session.scalars(select(StepRow.id).where(StepRow.lane.in_(some), StepRow.state == "pending"))
    return sorted(found)


def retry_step(act: Act, step_id: int) -> StepRow:
    """Puts a dead or conflicting step back in line after a person has looked at it; recorded."""
    step = get_step(act, step_id)
    if step.state not in ("dead", "conflict"):
        raise StepNotEndedError(state=step.state)
    step.state, step.due_at, step.finished_at, step.attempts = "pending", act.now, None, 0
    audit.record(act, Event.STEP_RETRIED, f"step:{step.id}", account_id=step.account_id, request_id=step.request_id)
    return step
