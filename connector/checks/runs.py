"""Table of the jobs' runs, and the claims on it: of all processes that share the database, one runs each slot.

Knows no job. A claim is a lease: the holder extends it while it works, and a holder that died loses it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Index, String, UniqueConstraint, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from connector.storage.tables import Base, new_id
from connector.storage.upsert import dialect_insert

LEASE = timedelta(seconds=120)


class JobRunRow(Base):
    """One run of one job. `outcome`: running, done, failed."""

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


def claim(session: Session, job: str, due_at: datetime, holder: str, now: datetime) -> JobRunRow | None:
    """Claims the slot (`job`, `due_at`) for `holder`; None when another has it, ran it, or still runs the one before.

    A slot whose holder died is claimed again when its lease has ended.
    """
    if _is_running(session, job, now):
        return None
    fresh = {
        "id": new_id(), "job": job, "due_at": due_at, "holder": holder, "tries": 1, "started_at": now,
        "leased_until": now + LEASE, "outcome": "running", "summary": {},
    }  # fmt: skip
    session.execute(dialect_insert(session, JobRunRow).values(fresh).on_conflict_do_nothing())
    run = session.scalars(
        select(JobRunRow).where(JobRunRow.job == job, JobRunRow.due_at == due_at).with_for_update()
    ).one()
    if run.id == fresh["id"]:
        return run
    if run.outcome != "running" or run.leased_until >= now:
        return None
    run.holder, run.tries, run.leased_until = holder, run.tries + 1, now + LEASE
    session.flush()
    return run


def _is_running(session: Session, job: str, now: datetime) -> bool:
    running = select(JobRunRow.id).where(
        JobRunRow.job == job, JobRunRow.outcome == "running", JobRunRow.leased_until >= now
    )
    return session.scalar(running.limit(1)) is not None


def extend(session: Session, holder: str, now: datetime) -> int:
    """Extends every lease of `holder`; returns how many runs it has in progress."""
    statement = (
        update(JobRunRow)
        .where(JobRunRow.holder == holder, JobRunRow.outcome == "running")
        .values(leased_until=now + LEASE)
        .returning(JobRunRow.id)
    )
    return len(session.scalars(statement).all())


def finish(
    session: Session, run: JobRunRow, *, outcome: str, summary: dict[str, Any], error: str | None, now: datetime
) -> bool:
    """Stores the end of `run`; False when it was taken over meanwhile, and then nothing is stored."""
    statement = (
        update(JobRunRow)
        .where(JobRunRow.id == run.id, JobRunRow.tries == run.tries, JobRunRow.holder == run.holder)
        .values(outcome=outcome, summary=summary, error=error, finished_at=now)
        .returning(JobRunRow.id)
    )
    return session.scalar(statement) is not None


def last_outcome(session: Session, job: str, before: datetime) -> str | None:
    """How the run before the slot `before` ended; None when there was none."""
    query = select(JobRunRow.outcome).where(JobRunRow.job == job, JobRunRow.due_at < before)
    return session.scalar(query.order_by(JobRunRow.due_at.desc()).limit(1))


def list_runs(session: Session, *, job: str | None = None, limit: int = 50) -> Sequence[JobRunRow]:
    """Runs, newest first."""
    query = select(JobRunRow).order_by(JobRunRow.started_at.desc()).limit(limit)
    return session.scalars(query if job is None else query.where(JobRunRow.job == job)).all()


def delete_runs(session: Session, jobs: Sequence[str] | None, before: datetime) -> int:
    """Deletes finished runs of `jobs` (None = all) that are older than `before`; returns how many."""
    statement = delete(JobRunRow).where(JobRunRow.due_at < before, JobRunRow.outcome != "running")
    if jobs is not None:
        statement = statement.where(JobRunRow.job.in_(jobs))
    return len(session.scalars(statement.returning(JobRunRow.id)).all())
