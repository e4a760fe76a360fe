"""One tick of one job: claim the slot, run, store how it ended. A job that fails never stops the clock.

APScheduler only says when; the unique key (job, due_at) in the database says who, so any number of processes may tick.
"""

import os
import socket
import traceback
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import structlog

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.actor import job_actor
from connector.bootstrap import Connector
from connector.checks import runs
from connector.checks.runs import JobRunRow
from connector.errors import ConnectorError
from jobs.schedule import Job

log = structlog.get_logger()


def holder_name() -> str:
    """Name of this process among all that share the database."""
    return f"{socket.gethostname()}:{os.getpid()}"


def tick(connector: Connector, job: Job, holder: str, *, now: datetime | None = None) -> str | None:
    """Runs the newest slot of `job` unless another process has it; returns the outcome, None when there was no turn."""
    now = now or connector.clock.now()
    if not job.exclusive:
        return _run_unclaimed(connector, job, holder, now)
    return _claim_and_run(connector, job, job.when.slot(now), holder, now)


def run_now(connector: Connector, job: Job, holder: str) -> JobRunRow | None:
    """Runs `job` at once, out of turn; None when it is running already. The run stands in the history."""
    now = connector.clock.now()
    with connector.act(job_actor(job.name), now=now) as act:
        run = runs.claim(act.session, job.name, now, holder, now)
    if run is not None:
        _execute(connector, job, run, now)
    return run


def catch_up(connector: Connector, jobs: Iterable[Job], holder: str) -> None:
    """Ticks every exclusive job: what is due and was missed, or died half-way, runs now, once."""
    for job in jobs:
        if job.exclusive:
            tick(connector, job, holder)


def extend_leases(connector: Connector, holder: str) -> None:
    """Keeps the claims of a process that is alive; one that is stopped or killed loses them."""
    now = connector.clock.now()
    with connector.act(job_actor("heartbeat"), now=now) as act:
        runs.extend(act.session, holder, now)


def _claim_and_run(connector: Connector, job: Job, due_at: datetime, holder: str, now: datetime) -> str | None:
    try:
        with connector.act(job_actor(job.name), now=now) as act:
            run = runs.claim(act.session, job.name, due_at, holder, now)
    except Exception as error:  # noqa: BLE001  # The database may be away: the next tick tries again.
        log.error("job.claim_failed", job=job.name, error=type(error).__name__)
        return None
    return None if run is None else _execute(connector, job, run, now)


def _run_unclaimed(connector: Connector, job: Job, holder: str, now: datetime) -> str:
    """Runs a job that guards itself; only a failure is worth a row."""
    try:
        job.run(connector, now)
    except Exception as error:  # noqa: BLE001  # Whatever it is, the clock goes on.
        log.error("job.failed", job=job.name, error=_describe(error))
        _claim_and_fail(connector, job, holder, now, error)
        return "failed"
    return "done"


def _claim_and_fail(connector: Connector, job: Job, holder: str, now: datetime, error: Exception) -> None:
    try:
        with connector.act(job_actor(job.name), now=now) as act:
            run = runs.claim(act.session, job.name, job.when.slot(now), holder, now)
        if run is not None:
            _finish(connector, job, run, outcome="failed", summary={}, error=_describe(error))
    except Exception as second:  # noqa: BLE001  # The database itself is away; the log has it.
        log.error("job.unrecorded", job=job.name, error=type(second).__name__)


def _execute(connector: Connector, job: Job, run: JobRunRow, now: datetime) -> str:
    log.debug("job.started", job=job.name, due_at=run.due_at.isoformat())
    summary: dict[str, Any] = {}
    try:
        summary = job.run(connector, now)
        outcome, message = "done", None
    except Exception as error:  # noqa: BLE001  # Whatever it is, it is recorded, alarmed, and the clock goes on.
        outcome, message = "failed", _describe(error)
        log.error("job.failed", job=job.name, error=message, at=_where(error))
    try:
        _finish(connector, job, run, outcome=outcome, summary=summary, error=message)
    except Exception as error:  # noqa: BLE001  # The lease ends by itself and the slot is run again.
        log.error("job.unrecorded", job=job.name, error=type(error).__name__)
    run.outcome, run.summary, run.error = outcome, summary, message
    return outcome


def _finish(
    connector: Connector, job: Job, run: JobRunRow, *, outcome: str, summary: dict[str, Any], error: str | None
) -> None:
    finished_at = connector.clock.now()
    with connector.act(job_actor(job.name), now=finished_at) as act:
        kept = runs.finish(act.session, run, outcome=outcome, summary=summary, error=error, now=finished_at)
        if not kept or outcome != "failed":
            return
        # One alarm when a job begins to fail, not one every few seconds until somebody comes.
        first = runs.last_outcome(act.session, job.name, run.due_at) != "failed"
        if first:
            audit.record(act, Event.JOB_FAILED, f"job:{job.name}", alarm=True, error=error or "", run_id=run.id)


def _describe(error: Exception) -> str:
    """The error without its message when it is not one of ours: a library's message may hold personal values."""
    return f"{error.code}: {error}" if isinstance(error, ConnectorError) else type(error).__name__


def _where(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}"
