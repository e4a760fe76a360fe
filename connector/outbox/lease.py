"""Takes steps for a worker and writes down how they ended. Each function is one part of one transaction."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from connector.outbox import lanes
from connector.outbox.tables import AttemptRow, StepRow

RUNNING = ("pending", "leased")
STOPPED = ("dead", "conflict")


def take_due(session: Session, now: datetime, lease: timedelta, count: int, *, signals: bool = False) -> list[StepRow]:
    """Leases up to `count` due steps, either signals or others.

    A step whose worker vanished is due again when its lease has run out.
    """
    kind = StepRow.lane.startswith(lanes.SIGNAL)
    return _take(session, _due(now).where(kind if signals else ~kind).limit(count), now, lease)


def take_named(session: Session, ids: Collection[int], now: datetime, lease: timedelta) -> list[StepRow]:
    """Leases these steps, due or not, interactive or not; those already ended or held by another are left out.

    A signal whose lane holds an earlier one that somebody else is sending is left out too: it may not overtake it.
    """
    free = or_(StepRow.state == "pending", and_(StepRow.state == "leased", StepRow.leased_until < now))
    steps = _take(session, select(StepRow).where(StepRow.id.in_(ids), free).order_by(StepRow.id), now, lease)
    overtaking = _overtaking(session, steps)
    put_back(session, overtaking)
    return [step for step in steps if step not in overtaking]


def in_lanes(session: Session, ids: Collection[int], beginning: str) -> list[int]:
    """Those of the steps whose lane begins so."""
    return list(session.scalars(select(StepRow.id).where(StepRow.id.in_(ids), StepRow.lane.startswith(beginning))))


def hold_ours(session: Session, steps: Iterable[StepRow]) -> dict[int, StepRow]:
    """The rows of these leased steps that are still ours, locked; one that another worker took over is left out."""
    fences = {step.id: step.fence for step in steps}
    rows = session.scalars(select(StepRow).where(StepRow.id.in_(fences), StepRow.state == "leased").with_for_update())
    return {row.id: row for row in rows if row.fence == fences[row.id]}


def put_back(session: Session, steps: Iterable[StepRow]) -> None:
    """These leased steps, which were not tried after all, wait again as before."""
    for row in hold_ours(session, steps).values():
        row.state, row.leased_until = "pending", None
        row.attempts -= 1


def end_step(
    session: Session, row: StepRow, now: datetime, *, state: str, error: str | None, due_at: datetime | None
) -> None:
    """Writes the outcome of a step that `hold_ours` returned."""
    _add_attempt(session, row, "retry" if state == "pending" else state, now, error)
    row.state, row.last_error, row.leased_until = state, error, None
    row.due_at = due_at or row.due_at
    row.finished_at = None if state == "pending" else now


def _due(now: datetime) -> Select[StepRow]:
    earlier = aliased(StepRow)
    stopped = and_(earlier.state.in_(STOPPED), ~earlier.lane.startswith(lanes.SIGNAL))
    holds = or_(earlier.state.in_(RUNNING), stopped)
    blocked = exists().where(earlier.lane == StepRow.lane, earlier.id < StepRow.id, holds, ~earlier.interactive)
    ready = or_(
        and_(StepRow.state == "pending", StepRow.due_at <= now),
        and_(StepRow.state == "leased", StepRow.leased_until < now),
    )
    return (
        select(StepRow)
        .where(ready, ~StepRow.interactive, or_(~StepRow.ordered, ~blocked))
        .order_by(StepRow.due_at, StepRow.id)
    )


def _overtaking(session: Session, steps: list[StepRow]) -> list[StepRow]:
    signals = [step for step in steps if lanes.is_signal(step.lane)]
    if not signals:
        return []
    others = (
        select(StepRow.lane, func.min(StepRow.id))
        .where(
            StepRow.lane.in_({step.lane for step in signals}),
            StepRow.state.in_(RUNNING),
            StepRow.id.not_in([step.id for step in steps]),
        )
        .group_by(StepRow.lane)
    )
    first = {lane: step_id for lane, step_id in session.execute(others)}
    return [step for step in signals if first.get(step.lane, step.id) < step.id]


def _take(session: Session, query: Select[StepRow], now: datetime, lease: timedelta) -> list[StepRow]:
    steps = list(session.scalars(query.with_for_update(skip_locked=True)))
    for step in steps:
        if step.state == "leased":
            _add_attempt(session, step, "lost", now, "the worker vanished")
        step.state = "leased"
        step.taken_at, step.leased_until = now, now + lease
        step.fence += 1
        step.attempts += 1
    session.flush()
    return steps


def _add_attempt(session: Session, step: StepRow, outcome: str, now: datetime, error: str | None) -> None:
    session.add(
        AttemptRow(
            step_id=step.id,
            number=step.fence,
            started_at=step.taken_at or now,
            ended_at=now,
            outcome=outcome,
            error=error,
        )
    )
