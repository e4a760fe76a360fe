"""The jobs as the web may show them: what each does, when it is due, how it ran. Knows no job's code.

The jobs are above the connector and may run in other processes, so they write their own lines into a table.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from connector.checks.runs import DONE, FAILED, LEASE, LOST, RUNNING, JobRunRow, list_runs
from connector.errors import Text
from connector.storage.tables import Base
from connector.storage.upsert import dialect_insert

LATE_AFTER = LEASE  # A slot may wait that long for a holder that died; until then it is not called late.


class JobScheduleRow(Base):
    """One job: its words, one moment at which it is due and the span between two of them (a day is 86,400 s).

    `listed_at`: first written; `seen_at`: last told by a process that runs jobs; `ran_at`, `ran_until`: the last run
    of a job that leaves no row of its own when all is well.
    """

    __tablename__ = "job_schedule"

    job: Mapped[str] = mapped_column(String(48), primary_key=True)
    place: Mapped[int]
    when_zh: Mapped[str] = mapped_column(String(64))
    when_en: Mapped[str] = mapped_column(String(64))
    does_zh: Mapped[str] = mapped_column(String(255))
    does_en: Mapped[str] = mapped_column(String(255))
    due_at: Mapped[datetime]
    span_seconds: Mapped[int]
    listed_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ran_at: Mapped[datetime | None]
    ran_until: Mapped[datetime | None]


@dataclass(frozen=True, kw_only=True)
class Line:
    """What a process that runs jobs tells of one of them."""

    job: str
    when: Text
    does: Text
    due_at: datetime
    span: timedelta
    ran_at: datetime | None = None
    ran_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class RunView:
    """One run. `seconds` is None while it runs; `outcome`: running, done, failed, lost (its holder died)."""

    job: str
    due_at: datetime
    started_at: datetime
    finished_at: datetime | None
    seconds: float | None
    outcome: str
    tries: int
    holder: str
    summary: dict[str, Any]
    error: str | None


@dataclass(frozen=True, kw_only=True)
class JobView:
    """One job. `late_seconds`: how long its first slot that nobody served is over; None while all is well.

    `seen_at` is when a process that runs jobs last told of it: long ago means that none runs.
    """

    job: str
    when_zh: str
    when_en: str
    does_zh: str
    does_en: str
    next_due_at: datetime
    late_seconds: float | None
    seen_at: datetime
    last: RunView | None


def publish(session: Session, lines: Iterable[Line], now: datetime, *, whole: bool = False) -> None:
    """Writes these lines in their order; when they are the `whole` table, the others go."""
    written = []
    for place, line in enumerate(lines):
        told = {
            "place": place, "when_zh": line.when.zh, "when_en": line.when.en, "does_zh": line.does.zh,
            "does_en": line.does.en, "due_at": line.due_at, "span_seconds": int(line.span.total_seconds()),
            "seen_at": now,
        }  # fmt: skip
        if line.ran_at is not None:
            told |= {"ran_at": line.ran_at, "ran_until": line.ran_until}
        insert = dialect_insert(session, JobScheduleRow).values(job=line.job, listed_at=now, **told)
        session.execute(insert.on_conflict_do_update(index_elements=["job"], set_=told))
        written.append(line.job)
    if whole:
        session.execute(delete(JobScheduleRow).where(JobScheduleRow.job.not_in(written)))


def overview(session: Session, now: datetime) -> list[JobView]:
    """Every job in the order of the table; empty before any process ever ran jobs."""
    rows = session.scalars(select(JobScheduleRow).order_by(JobScheduleRow.place, JobScheduleRow.job))
    return [_view(session, row, now) for row in rows]


def show_runs(
    session: Session, now: datetime, *, job: str | None = None, outcome: str | None = None, limit: int = 50
) -> list[RunView]:
    """Runs, newest first; only those of `job`, and that ended with `outcome`, when given."""
    return [show_run(run, now) for run in list_runs(session, now, job=job, outcome=outcome, limit=limit)]


def show_run(run: JobRunRow, now: datetime) -> RunView:
    """One run as it is shown; one that is said to run although its lease has ended is lost."""
    lost = run.outcome == RUNNING and run.leased_until < now
    return RunView(
        job=run.job,
        due_at=run.due_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        seconds=(run.finished_at - run.started_at).total_seconds() if run.finished_at else None,
        outcome=LOST if lost else run.outcome,
        tries=run.tries,
        holder=run.holder,
        summary=run.summary,
        error=run.error,
    )


def _view(session: Session, row: JobScheduleRow, now: datetime) -> JobView:
    last = _last(session, row, now)
    span = timedelta(seconds=row.span_seconds)
    unserved = (
        last.due_at if last and last.outcome == LOST else _after(row, span, last.due_at if last else row.listed_at)
    )
    late = now - unserved
    return JobView(
        job=row.job,
        when_zh=row.when_zh,
        when_en=row.when_en,
        does_zh=row.does_zh,
        does_en=row.does_en,
        next_due_at=_after(row, span, now),
        late_seconds=late.total_seconds() if late > LATE_AFTER else None,
        seen_at=row.seen_at,
        last=last,
    )


def _after(row: JobScheduleRow, span: timedelta, moment: datetime) -> datetime:
    """The first slot later than `moment`."""
    return row.due_at + ((moment - row.due_at) // span + 1) * span


def _last(session: Session, row: JobScheduleRow, now: datetime) -> RunView | None:
    found = list_runs(session, now, job=row.job, limit=1)
    last = show_run(found[0], now) if found else None
    if row.ran_at is None or (last is not None and last.outcome == FAILED and last.started_at >= row.ran_at):
        return last
    return RunView(
        job=row.job,
        due_at=row.ran_at,
        started_at=row.ran_at,
        finished_at=row.ran_until,
        seconds=(row.ran_until - row.ran_at).total_seconds() if row.ran_until else None,
        outcome=DONE,
        tries=1,
        holder="",
        summary={},
        error=None,
    )
