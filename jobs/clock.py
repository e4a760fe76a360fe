"""Turns the table of jobs into ticks by APScheduler. The in-memory store: a clock only, the database decides who runs.

APScheduler's own job store reads without locking and runs a job twice when two processes share it (measured).
"""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from connector.ports import Clock
from jobs.schedule import Job
from jobs.ticks import Worker
from jobs.timing import SHANGHAI, Every

CATCH_UP_SECONDS = 60
SET_BACK = timedelta(seconds=2)
log = structlog.get_logger()
# A job that takes longer than its interval is told once, as late, in the table of jobs; not at each tick it misses.
logging.getLogger("apscheduler").setLevel(logging.ERROR)


def make_clock(
    worker: Worker, schedule: Iterable[Job], *, catch_up_seconds: float = CATCH_UP_SECONDS
) -> BackgroundScheduler:
    """A scheduler with one tick per job, one that keeps this process's claims, and one that catches up.

    Catching up runs the newest slot of each job that nobody ran, or whose holder died: once, however many were
    missed, and at once after the start. Start and shut down are the caller's.
    """
    jobs = list(schedule)
    clock = BackgroundScheduler(
        jobstores={"default": MemoryJobStore()},
        executors={"default": ThreadPoolExecutor(len(jobs) + 2)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        timezone=SHANGHAI,
    )
    for job in jobs:
        clock.add_job(worker.tick, job.when.trigger(), args=(job,), id=job.name)
    now = datetime.now(UTC)
    for name, run, seconds in (
        ("heartbeat", worker.keep_alive, worker.lease.total_seconds() / 4),
        ("catch_up", worker.catch_up, catch_up_seconds),
    ):
        every = Every(timedelta(seconds=seconds)).trigger()
        clock.add_job(run, every, args=(jobs,), id=name, next_run_time=now)
    return clock


class ClockWatch:
    """Looks whether the time of the machine was set back: the scheduler would wait until it is again what it was."""

    def __init__(self, scheduler: BackgroundScheduler, clock: Clock) -> None:
        self._scheduler, self._clock = scheduler, clock
        self._seen = clock.now()

    def look(self) -> bool:
        """Reckons every next tick anew when the time went backwards; whether it did."""
        now = self._clock.now()
        back, self._seen = now < self._seen - SET_BACK, now
        if back:
            log.warning("clock.set_back")
            for job in self._scheduler.get_jobs():
                job.reschedule(job.trigger)
        return back
