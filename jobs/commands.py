"""Commands of the jobs, which `trading-idp` finds by the entry point group trading_idp.commands. Prints only."""

from typing import Annotated

import typer

from connector.checks import runs
from connector.cli.session import opened, operator, show
from jobs import ticks
from jobs.errors import JobRunningError, UnknownJobError
from jobs.schedule import SCHEDULE, find_job

app = typer.Typer(no_args_is_help=True, help="定时作业 / scheduled jobs")
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
RUN_COLUMNS = ("job", "due_at", "started_at", "finished_at", "outcome", "summary", "error", "holder")


@app.command("list")
def list_jobs(as_json: Json = False) -> None:
    """所有作业及其时间 / Every job, when it runs and what it does."""
    rows = [{"name": job.name, "when": " / ".join(job.when.words()), "does": " / ".join(job.does)} for job in SCHEDULE]
    show(rows, as_json)


@app.command("run")
def run_job(name: str, as_json: Json = False) -> None:
    """立即运行一个作业 / Run one job now; exit code 1 when it fails."""
    with opened() as connector:
        job = find_job(name)
        if job is None:
            raise UnknownJobError(name)
        run = ticks.run_now(connector, job, f"cli:{ticks.holder_name()}")
        if run is None:
            raise JobRunningError(name=name)
    show({"job": run.job, "outcome": run.outcome, "summary": run.summary, "error": run.error}, as_json)
    if run.outcome != "done":
        raise typer.Exit(1)


@app.command("history")
def list_history(
    job: Annotated[str | None, typer.Option(help="only runs of this job")] = None,
    count: Annotated[int, typer.Option(min=1, max=1000, help="runs to show")] = 20,
    as_json: Json = False,
) -> None:
    """最近的运行记录 / The latest runs."""
    with opened() as connector, connector.act(operator()) as act:
        found = runs.list_runs(act.session, act.now, job=job, limit=count)
    show([{name: getattr(run, name) for name in RUN_COLUMNS} for run in found], as_json)
