"""Turns the table of jobs into ticks by APScheduler. The in-memory store: a clock only, the database decides who runs.

APScheduler's own job store reads without locking and runs a job twice when two processes share it (measured).
"""

from collections.abc import Iterable

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from connector.bootstrap import Connector
from connector.checks.runs import LEASE
from jobs import ticks
from jobs.schedule import SHANGHAI, Job

CATCH_UP_SECONDS = 60


def make_clock(connector: Connector, schedule: Iterable[Job], holder: str) -> BackgroundScheduler:
    """A scheduler with one tick per job, one that keeps this process's claims, and one that catches up.

    Catching up runs the newest slot of each job that nobody ran, or whose holder died: once, however many were
    missed. Start and shut down are the caller's.
    """
    jobs = list(schedule)
    clock = BackgroundScheduler(
        jobstores={"default": MemoryJobStore()},
        executors={"default": ThreadPoolExecutor(len(jobs) + 2)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        timezone=SHANGHAI,
    )
    for job in jobs:
        clock.add_job(ticks.tick, job.when.trigger(), args=(connector, job, holder), id=job.name)
    clock.add_job(
        ticks.extend_leases, "interval", seconds=LEASE.total_seconds() / 4, args=(connector, holder), id="heartbeat"
    )
    clock.add_job(ticks.catch_up, "interval", seconds=CATCH_UP_SECONDS, args=(connector, jobs, holder), id="catch_up")
    return clock
