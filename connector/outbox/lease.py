"""Takes steps for a worker and writes down how they ended. Each function is one part of one transaction."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from connector.outbox.tables import AttemptRow, StepRow

UNFINISHED = ("pending", "leased", "dead", "conflict")


def take_due(session: Session, now: datetime, lease: timedelta, count: int) -> list[StepRow]:
    """Leases up to `count` due steps. A step whose worker vanished is due again when its lease has run out."""
    return _take(session, _due(now).limit(count), now, lease)


def take_named(session: Session, ids: Collection[int], now: datetime, lease: timedelta) -> list[StepRow]:
    """Leases these steps, due or not, interactive or not; those already ended or held by another are left out."""
    free = or_(StepRow.state == "pending", and_(StepRow.state == "leased", StepRow.leased_until < now))
    return _take(session, select(StepRow).where(StepRow.id.in_(ids), free).order_by(StepRow.id), now, lease)


def _due(now: datetime) -> Select[StepRow]:
    earlier = aliased(StepRow)
    blocked = exists().where(
        earlier.lane == StepRow.lane,
        earlier.id < StepRow.id,
        earlier.state.in_(UNFINISHED),
        ~earlier.interactive,
    )
    ready = or_(
        and_(StepRow.state == "pending", StepRow.due_at <= now),
        and_(StepRow.state == "leased", StepRow.leased_until < now),
    )
    return (
        select(StepRow)
        .where(ready, ~StepRow.interactive, or_(~StepRow.ordered, ~blocked))
        .order_by(StepRow.due_at, StepRow.id)
    )


def _take(session: Session, query: Select[StepRow], now: datetime, lease: timedelta) -> list[StepRow]:
    steps = list(session.scalars(query.with_for_update(skip_locked=True)))
    for step in steps:
        if step.state == "leased":
            _end_attempt(session, step, "lost", now, "the worker vanished")
        step.state = "leased"
        step.leased_until = now + lease
        step.fence += 1
        step.attempts += 1
        session.add(AttemptRow(step_id=step.id, number=step.fence, started_at=now, outcome="running"))
    session.flush()
    return steps


def end_step(
    session: Session, step: StepRow, now: datetime, *, state: str, error: str | None, due_at: datetime | None
) -> bool:
    """Writes the outcome if the lease is still ours; False when another worker has taken the step over meanwhile."""
    changed = session.execute(
        update(StepRow)
        .where(StepRow.id == step.id, StepRow.fence == step.fence, StepRow.state == "leased")
        .values(
            state=state,
            last_error=error,
            leased_until=None,
            due_at=due_at or step.due_at,
            finished_at=None if state == "pending" else now,
        )
        .execution_options(synchronize_session=False)
        .returning(StepRow.id)
    ).first()
    _end_attempt(session, step, "retry" if state == "pending" else state if changed else "lost", now, error)
    return changed is not None


def _end_attempt(session: Session, step: StepRow, outcome: str, now: datetime, error: str | None) -> None:
    session.execute(
        update(AttemptRow)
        .where(AttemptRow.step_id == step.id, AttemptRow.number == step.fence)
        .values(outcome=outcome, ended_at=now, error=error)
    )
