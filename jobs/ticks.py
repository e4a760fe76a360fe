"""One tick of one job: claim the slot, run, store how it ended. A job that fails never stops the clock.

APScheduler only says when; the unique key (job, due_at) in the database says who, so any number of processes may tick.
"""

import os
import secrets
import socket
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event as Flag
from typing import Any

import structlog
from sqlalchemy.orm import Session

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.actor import job_actor
from connector.bootstrap import Connector
from connector.checks import runs, timetable
from connector.checks.runs import DONE, FAILED, LEASE, LOST, JobRunRow
from connector.errors import ConnectorError
from jobs.errors import TurnLostError
from jobs.schedule import Job
from jobs.turn import make_turn

AHEAD = timedelta(minutes=1)  # A slot claimed further ahead than this was claimed by a clock that was wrong.
log = structlog.get_logger()


def holder_name() -> str:
    """A name no other process has or had: a container that starts again has the host and the pid of the one before."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


@dataclass
class Worker:
    """One process that runs jobs: its connector, the name of its claims, how long they last unless it extends them."""

    connector: Connector
    holder: str
    lease: timedelta = LEASE
    stopping: Flag = field(default_factory=Flag)
    _ran: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)

    def tick(self, job: Job, *, now: datetime | None = None) -> str | None:
        """Runs what is due of `job` unless another process has it; returns the outcome, None when there was no turn.

        That is the newest slot; of a job whose every slot counts, each one up to now, in turn; one that failed again.
        """
        if not job.exclusive:
            return self._run_unclaimed(job, now or self.connector.clock.now())
        last = outcome = self._claim_and_run(job, now)
        while job.every_slot and outcome == DONE and not self.stopping.is_set():
            last, outcome = outcome, self._claim_and_run(job, now)
        return outcome or last

    def run_now(self, job: Job) -> JobRunRow | None:
        """Runs `job` at once, out of turn; None when it is running already. The run stands in the history."""
        if job.every_slot:
            self.tick(job)
        with self.connector.act(job_actor(job.name)) as act:
            now = runs.moment(act.session, act.now)
            run = runs.claim(act.session, job.name, now, self.holder, now, self.lease)
        if run is not None:
            self._execute(job, run, now)
        return run

    def catch_up(self, jobs: Iterable[Job]) -> None:
        """Ticks every exclusive job, one after the other: what was missed, or died half-way, runs now, once.

        One at a time, so that a start after a long time does not begin everything in the same second.
        """
        for job in jobs:
            if self.stopping.is_set():
                return
            if job.exclusive:
                self.tick(job)

    def keep_alive(self, jobs: Iterable[Job]) -> None:
        """Extends the claims of this process and tells the web of its jobs; one that is dead does neither."""
        try:
            with self.connector.act(job_actor("heartbeat")) as act:
                now = runs.moment(act.session, act.now)
                runs.extend(act.session, self.holder, now, self.lease)
                timetable.publish(act.session, [self._line(job, now) for job in jobs], now, whole=True)
        except Exception as error:  # noqa: BLE001  # The database may be away: the next beat tries again.
            log.error("jobs.heartbeat_failed", error=type(error).__name__)

    def _line(self, job: Job, now: datetime) -> timetable.Line:
        began, ended = self._ran.get(job.name, (None, None))
        return timetable.Line(
            job=job.name, when=job.when.words(), does=job.does, due_at=job.when.slot(now), span=job.when.span,
            ran_at=began, ran_until=ended,
        )  # fmt: skip

    def _claim_and_run(self, job: Job, now: datetime | None) -> str | None:
        try:
            with self.connector.act(job_actor(job.name), now=now) as act:
                at = now or runs.moment(act.session, act.now)
                due_at = _due(act.session, job, at)
                run = due_at and runs.claim(
                    act.session, job.name, due_at, self.holder, at, self.lease, again=job.every_slot
                )
        except Exception as error:  # noqa: BLE001  # The database may be away: the next tick tries again.
            log.error("job.claim_failed", job=job.name, error=type(error).__name__)
            return None
        return self._execute(job, run, at) if run else None

    def _run_unclaimed(self, job: Job, now: datetime) -> str:
        """Runs a job that guards itself; only a failure is worth a row."""
        try:
            job.run(self.connector, now)
        except Exception as error:  # noqa: BLE001  # Whatever it is, the clock goes on.
            log.error("job.failed", job=job.name, error=_describe(error))
            self._claim_and_fail(job, now, error)
            return FAILED
        self._ran[job.name] = (now, self.connector.clock.now())
        return DONE

    def _claim_and_fail(self, job: Job, now: datetime, error: Exception) -> None:
        try:
            with self.connector.act(job_actor(job.name), now=now) as act:
                run = runs.claim(act.session, job.name, job.when.slot(now), self.holder, now, self.lease)
            if run is not None:
                self._finish(job, run, outcome=FAILED, summary={}, error=_describe(error))
        except Exception as second:  # noqa: BLE001  # The database itself is away; the log has it.
            log.error("job.unrecorded", job=job.name, error=type(second).__name__)

    def _execute(self, job: Job, run: JobRunRow, now: datetime) -> str:
        log.debug("job.started", job=job.name, due_at=run.due_at.isoformat())
        summary: dict[str, Any] = {}
        outcome, message = DONE, None
        try:
            turn = make_turn(self.connector, run, once=job.once)
            summary = job.run(turn, run.due_at if job.every_slot else now)
        except TurnLostError:
            outcome = LOST
        except Exception as error:  # noqa: BLE001  # Whatever it is, it is recorded, alarmed, and the clock goes on.
            outcome, message = FAILED, _describe(error)
            log.error("job.failed", job=job.name, error=message, at=_where(error))
        try:
            if outcome == LOST or not self._finish(job, run, outcome=outcome, summary=summary, error=message):
                outcome = LOST
                log.warning("job.turn_lost", job=job.name, due_at=run.due_at.isoformat())
        except Exception as error:  # noqa: BLE001  # The lease ends by itself and the slot is run again.
            log.error("job.unrecorded", job=job.name, error=type(error).__name__)
        run.outcome, run.summary, run.error = outcome, summary, message
        return outcome

    def _finish(self, job: Job, run: JobRunRow, *, outcome: str, summary: dict[str, Any], error: str | None) -> bool:
        with self.connector.act(job_actor(job.name)) as act:
            run.finished_at = runs.moment(act.session, act.now)
            kept = runs.finish(act.session, run, outcome=outcome, summary=summary, error=error, now=run.finished_at)
            # One alarm when a job begins to fail, not one every few seconds until somebody comes.
            first = run.error is None and runs.last_outcome(act.session, job.name, run.due_at) != FAILED
            if kept and outcome == FAILED and first:
                audit.record(act, Event.JOB_FAILED, f"job:{job.name}", alarm=True, error=error or "", run_id=run.id)
        return kept


def _due(session: Session, job: Job, now: datetime) -> datetime | None:
    """The slot that is due; None when all that count were served."""
    if not job.every_slot:
        if ahead := runs.forget_future(session, job.name, now + AHEAD):
            log.warning("job.clock_was_ahead", job=job.name, runs=ahead)
        return job.when.slot(now)
    open_slot, newest = runs.next_slot(session, job.name)
    if open_slot is not None or newest is None:
        return open_slot or job.when.slot(now)
    following = job.when.slot(newest) + job.when.span
    return following if following <= now else None


def _describe(error: Exception) -> str:
    """The error without its message when it is not one of ours: a library's message may hold personal values."""
    return f"{error.code}: {error}" if isinstance(error, ConnectorError) else type(error).__name__


def _where(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}"
