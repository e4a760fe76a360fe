"""Table of the jobs' runs, and the claims on it: of all processes that share the database, one runs each slot.

Knows no job. A claim is a lease: the holder extends it while it works, and a holder that died loses it. A holder that
was only stopped does not know that it lost the claim: whatever it writes afterwards must ask `is_held` in the same
transaction, which locks the claim's row against the next holder until the commit.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Index, String, UniqueConstraint, and_, delete, func, not_, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from connector.storage.tables import Base, new_id
from connector.storage.upsert import dialect_insert

LEASE = timedelta(seconds=120)
RUNNING, DONE, FAILED, LOST = "running", "done", "failed", "lost"
OUTCOMES = (RUNNING, DONE, FAILED, LOST)


class JobRunRow(Base):
    """One run of one slot. `outcome`: running, done, failed; lost when its holder died and a later slot ran instead.

    `started_at` is when the present holder took it, `tries` how many holders it had.
    """

    __tablename__ = "job_runs"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    job: Mapped[str] = mapped_column(String(48))
    due_at: Mapped[datetime]
    holder: Mapped[str] = mapped_column(String(128))
    tries: Mapped[int] = mapped_column(default=1)
    started_at: Mapped[datetime]
    leased_until: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(16))
    summary: Mapped[dict[str, Any]]
    error: Mapped[str | None]

    __table_args__ = (UniqueConstraint("job", "due_at"), Index("ix_job_runs_started_at", "job", "started_at"))


def moment(session: Session, local: datetime) -> datetime:
    """The present moment by the clock that all holders share: PostgreSQL's own, else that of the machine (`local`)."""
    if session.get_bind().dialect.name != "postgresql":
        return local
    shared: datetime = session.scalars(select(func.clock_timestamp())).one()
    return shared.astimezone(UTC)


def claim(
    session: Session, job: str, due_at: datetime, holder: str, now: datetime, lease: timedelta = LEASE,
    *, again: bool = False,
) -> JobRunRow | None:  # fmt: skip
    """Claims the slot (`job`, `due_at`) for `holder`; None when another has it, ran it, or still runs the one before.

    A slot whose holder died is claimed again when its lease has ended, with `again` one that failed too; older ones
    that died are given up as lost.
    """
    if not _is_alone(session, job) or _is_running(session, job, now, lease):
        return None
    run = session.scalar(
        select(JobRunRow).where(JobRunRow.job == job, JobRunRow.due_at == due_at).with_for_update(skip_locked=True)
    )
    if run is None:
        run = _insert(session, job, due_at, holder, now, lease)
    elif run.outcome == RUNNING or (again and run.outcome == FAILED):
        run.holder, run.tries, run.started_at, run.leased_until = holder, run.tries + 1, now, now + lease
        run.outcome = RUNNING
        session.flush()
    else:
        return None
    if run is not None:
        _give_up_older(session, job, due_at)
    return run


def next_slot(session: Session, job: str) -> tuple[datetime | None, datetime | None]:
    """For a job of which every slot counts: (first slot not done yet, newest slot known); None = there is none.

    Its slots run in turn, one at a time, so that nothing before the first of the two is missing.
    """
    due = select(func.min(JobRunRow.due_at)).where(JobRunRow.job == job, JobRunRow.outcome.in_((RUNNING, FAILED)))
    newest = select(func.max(JobRunRow.due_at)).where(JobRunRow.job == job)
    return session.scalar(due), session.scalar(newest)


def _is_alone(session: Session, job: str) -> bool:
    """Whether no other process claims this job in this very moment; on SQLite a writer is always alone."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    return bool(session.scalar(select(func.pg_try_advisory_xact_lock(func.hashtext(f"job:{job}")))))


def _is_running(session: Session, job: str, now: datetime, lease: timedelta) -> bool:
    """A lease that ends later than any living holder's can was written by a clock that ran ahead."""
    running = select(JobRunRow.id).where(
        JobRunRow.job == job, JobRunRow.outcome == RUNNING, JobRunRow.leased_until.between(now, now + 2 * lease)
    )
    return session.scalar(running.limit(1)) is not None


def _insert(
    session: Session, job: str, due_at: datetime, holder: str, now: datetime, lease: timedelta
) -> JobRunRow | None:
    """The new row; None when there is one, locked by its holder's last transaction."""
    fresh = {
        "id": new_id(), "job": job, "due_at": due_at, "holder": holder, "tries": 1, "started_at": now,
        "leased_until": now + lease, "outcome": RUNNING, "summary": {},
    }  # fmt: skip
    session.execute(dialect_insert(session, JobRunRow).values(fresh).on_conflict_do_nothing())
    return session.get(JobRunRow, fresh["id"])


def _give_up_older(session: Session, job: str, due_at: datetime) -> None:
    """The slots before, still said to run: their holders are dead or stopped, and may not finish them any more."""
    dead = update(JobRunRow).where(JobRunRow.job == job, JobRunRow.due_at < due_at, JobRunRow.outcome == RUNNING)
    session.execute(dead.values(outcome=LOST).execution_options(synchronize_session=False))


def is_held(session: Session, run: JobRunRow) -> bool:
    """Whether `run` is still its holder's; locks its row until the end of the transaction, so that it stays so."""
    held = select(JobRunRow.id).where(
        JobRunRow.id == run.id,
        JobRunRow.tries == run.tries,
        JobRunRow.holder == run.holder,
        JobRunRow.outcome.in_((RUNNING, DONE)),
    )
    return session.scalar(held.with_for_update()) is not None


def extend(session: Session, holder: str, now: datetime, lease: timedelta = LEASE) -> int:
    """Extends every lease of `holder`; returns how many runs it has in progress."""
    statement = (
        update(JobRunRow)
        .where(JobRunRow.holder == holder, JobRunRow.outcome == RUNNING)
        .values(leased_until=now + lease)
        .returning(JobRunRow.id)
    )
    return len(session.scalars(statement).all())


def finish(
    session: Session, run: JobRunRow, *, outcome: str, summary: dict[str, Any], error: str | None, now: datetime
) -> bool:
    """Stores the end of `run`; False when it was taken over or given up meanwhile, and then nothing is stored."""
    statement = (
        update(JobRunRow)
        .where(
            JobRunRow.id == run.id,
            JobRunRow.tries == run.tries,
            JobRunRow.holder == run.holder,
            JobRunRow.outcome != LOST,
        )
        .values(outcome=outcome, summary=summary, error=error, finished_at=now)
        .returning(JobRunRow.id)
    )
    return session.scalar(statement) is not None


def forget_future(session: Session, job: str, after: datetime) -> int:
    """Deletes runs of slots later than `after`: a clock that ran ahead claimed them, their time is to come."""
    ahead = delete(JobRunRow).where(JobRunRow.job == job, JobRunRow.due_at > after)
    return len(session.scalars(ahead.returning(JobRunRow.id)).all())


def last_outcome(session: Session, job: str, before: datetime) -> str | None:
    """How the run before the slot `before` ended, done or failed; None when there was none."""
    query = select(JobRunRow.outcome).where(
        JobRunRow.job == job, JobRunRow.due_at < before, JobRunRow.outcome.in_((DONE, FAILED))
    )
    return session.scalar(query.order_by(JobRunRow.due_at.desc()).limit(1))


def list_runs(
    session: Session, now: datetime, *, job: str | None = None, outcome: str | None = None, limit: int = 50
) -> Sequence[JobRunRow]:
    """Runs, newest first; only those of `job`, and with `outcome` at `now`, when given."""
    query = select(JobRunRow).order_by(JobRunRow.started_at.desc(), JobRunRow.id).limit(limit)
    if job is not None:
        query = query.where(JobRunRow.job == job)
    if outcome is not None:
        query = query.where(_has_outcome(outcome, now))
    return session.scalars(query).all()


def _has_outcome(outcome: str, now: datetime) -> ColumnElement[bool]:
    """A run whose lease has ended is lost, although nobody could write that into its row."""
    dead = and_(JobRunRow.outcome == RUNNING, JobRunRow.leased_until < now)
    if outcome == LOST:
        return or_(JobRunRow.outcome == LOST, dead)
    return and_(JobRunRow.outcome == outcome, not_(dead))


def delete_runs(session: Session, jobs: Sequence[str] | None, before: datetime) -> int:
    """Deletes finished runs of `jobs` (None = all) that are older than `before`; returns how many."""
    statement = delete(JobRunRow).where(JobRunRow.due_at < before, JobRunRow.outcome != RUNNING)
    if jobs is not None:
        statement = statement.where(JobRunRow.job.in_(jobs))
    return len(session.scalars(statement.returning(JobRunRow.id)).all())
