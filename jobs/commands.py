"""Commands of the jobs, which `trading-idp` finds by the entry point group trading_idp.commands. Prints only."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from connector.checks import timetable
from connector.checks.job_routes import Outcome
from connector.checks.timetable import JobView, RunView
from connector.cli.session import opened, operator, show
from jobs.errors import JobRunningError, UnknownJobError
from jobs.schedule import SCHEDULE, Job, find_job
from jobs.ticks import Worker, holder_name
from jobs.timing import SHANGHAI

app = typer.Typer(no_args_is_help=True, help="定时作业 / scheduled jobs")
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
RUN_COLUMNS = ("job", "due_at", "started_at", "seconds", "outcome", "tries", "summary", "error", "holder")
LIST_COLUMNS = ("name", "when", "does", "next_due_at", "last_started_at", "seconds", "outcome", "late")


@app.command("list")
def list_jobs(
    check: Annotated[
        bool, typer.Option("--check", help="exit code 3 when a job is late or its last run failed")
    ] = False,
    as_json: Json = False,
) -> None:
    """所有作业、上次运行和下次时间 / Every job: when it is due, how it last ran, by how much it is late."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        known = {view.job: view for view in timetable.overview(act.session, act.now)}
        rows = [_line(job, known.get(job.name), act.now) for job in SCHEDULE]
    show(rows if as_json else [_for_people(row) for row in rows], as_json, () if as_json else LIST_COLUMNS)
    if check and any(row["late_seconds"] is not None or row["outcome"] in ("failed", "lost") for row in rows):
        raise typer.Exit(3)


@app.command("run")
def run_job(name: str, as_json: Json = False) -> None:
    """立即运行一个作业 / Run one job now; exit code 1 when it fails."""
    with opened() as connector:
        job = find_job(name)
        if job is None:
            raise UnknownJobError(name)
        run = Worker(connector, f"cli:{holder_name()}").run_now(job)
        if run is None:
            raise JobRunningError(name=name)
        ended = timetable.show_run(run, connector.clock.now())
    show(_chosen(ended, ("job", "outcome", "seconds", "summary", "error")), as_json)
    if ended.outcome != Outcome.DONE:
        raise typer.Exit(1)


@app.command("history")
def list_history(
    job: Annotated[str | None, typer.Option(help="only runs of this job")] = None,
    outcome: Annotated[Outcome | None, typer.Option(help="only runs that ended so")] = None,
    count: Annotated[int, typer.Option(min=1, max=1000, help="runs to show")] = 20,
    as_json: Json = False,
) -> None:
    """最近的运行记录 / The latest runs, newest first."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        if job is not None and find_job(job) is None:
            raise UnknownJobError(job)
        found = timetable.show_runs(act.session, act.now, job=job, outcome=outcome, limit=count)
    rows = [_chosen(run, RUN_COLUMNS) for run in found]
    show(rows if as_json else [_for_people(row) for row in rows], as_json, () if as_json else RUN_COLUMNS)


def _line(job: Job, view: JobView | None, now: datetime) -> dict[str, Any]:
    """One job as the code has it, with what the table knows of it; no process may have run jobs yet."""
    last = view.last if view else None
    return {
        "name": job.name,
        "when": " / ".join(job.when.words()),
        "does": " / ".join(job.does),
        "next_due_at": _local(job.when.slot(now) + job.when.span),
        "last_started_at": _local(last.started_at) if last else None,
        "seconds": last.seconds if last else None,
        "outcome": last.outcome if last else None,
        "error": last.error if last else None,
        "late_seconds": view.late_seconds if view else None,
        "seen_at": _local(view.seen_at) if view else None,
    }


def _chosen(run: RunView, names: tuple[str, ...]) -> dict[str, Any]:
    values = asdict(run)
    return {name: _local(values[name]) if isinstance(values[name], datetime) else values[name] for name in names}


def _for_people(row: dict[str, Any]) -> dict[str, Any]:
    """Times of day in China without their zone; durations in words of a clock."""
    shown = {name: f"{each:%Y-%m-%d %H:%M:%S}" if isinstance(each, datetime) else each for name, each in row.items()}
    if row.get("seconds") is not None:
        shown["seconds"] = _duration(row["seconds"])
    if row.get("late_seconds") is not None:
        shown["late"] = _duration(row["late_seconds"])
    return shown


def _duration(seconds: float) -> str:
    """2.3, 4:05, 1:02:03 or "3 days, 1:02:03"."""
    if seconds < 60:
        return f"{seconds:.1f}"
    words = str(timedelta(seconds=round(seconds)))
    return words.removeprefix("0:") if seconds < 3600 else words


def _local(moment: datetime) -> datetime:
    return moment.astimezone(SHANGHAI)
