"""REST routes of the jobs: the table with how each last ran, and the history. Nothing is started here."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query

from connector.checks import runs, timetable
from connector.checks.timetable import JobView, RunView
from connector.http import ActDep
from connector.register.offices import check_holds
from connector.register.readers import JOBS

router = APIRouter(tags=["jobs"])


class Outcome(StrEnum):
    """How a run ended, or that it runs."""

    RUNNING = runs.RUNNING
    DONE = runs.DONE
    FAILED = runs.FAILED
    LOST = runs.LOST


@router.get("/jobs")
def jobs(act: ActDep) -> list[JobView]:
    """定时作业 / scheduled jobs: when each is due, how it last ran, and by how much it is late."""
    check_holds(act, *JOBS, doing="查看定时作业 / the scheduled jobs")
    return timetable.overview(act.session, act.now)


@router.get("/jobs/runs")
def job_runs(
    act: ActDep,
    job: Annotated[str | None, Query(max_length=48, description="only runs of this job")] = None,
    outcome: Annotated[Outcome | None, Query(description="only runs that ended so")] = None,
    count: Annotated[int, Query(ge=1, le=500)] = 50,
) -> list[RunView]:
    """定时作业运行记录 / runs of the jobs, newest first."""
    check_holds(act, *JOBS, doing="查看定时作业 / the scheduled jobs")
    return timetable.show_runs(act.session, act.now, job=job, outcome=outcome, limit=count)
