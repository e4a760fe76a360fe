"""Commands of the jobs over a town's database: what is listed, how a run ends, what the history holds."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from rich.console import Console
from structlog.testing import capture_logs
from typer.testing import CliRunner

from connector.checks import runs
from connector.cli import make_app, session
from jobs import schedule
from jobs.schedule import SCHEDULE, Job, Text
from jobs.ticks import Worker
from jobs.timing import Every
from tests.town import HOST, Town, open_town


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    opened = open_town(tmp_path)
    opened.clock.set(datetime.now(UTC))  # The commands have the machine's clock.
    monkeypatch.setenv("TRADING_IDP_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(session, "out", Console(width=400))
    yield opened
    opened.close()


def run(*words: str) -> Result:
    with capture_logs():  # The console script sends them to stderr.
        return CliRunner().invoke(make_app(), ["jobs", *words])


def printed(*words: str, code: int = 0) -> Any:
    done = run(*words, "--json")
    assert done.exit_code == code, (done.output, done.exception)
    return json.loads(done.stdout)


def fail_on_purpose(_connector: object, _now: datetime) -> dict[str, Any]:
    raise RuntimeError


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Job:
    """One more job in the table, which fails."""
    job = Job(name="broken", when=Every(timedelta(hours=1)), run=fail_on_purpose, does=Text("试", "try"))
    for module in (schedule, pytest.importorskip("jobs.commands")):
        monkeypatch.setattr(module, "SCHEDULE", (*SCHEDULE, job))
    return job


def test_list_before_any_run_tells_every_job_and_its_next_time_in_china(town: Town) -> None:
    listed = printed("list")
    assert [each["name"] for each in listed] == [job.name for job in SCHEDULE]
    assert all(datetime.fromisoformat(each["next_due_at"]) > datetime.now(UTC) for each in listed)
    assert all(each["next_due_at"].endswith("+08:00") for each in listed)
    assert all(each["last_started_at"] is None and each["late_seconds"] is None for each in listed)
    dormant = next(each for each in listed if each["name"] == "scan_dormant")
    assert "T02:00:00+08:00" in dormant["next_due_at"]


def test_list_for_people_shows_words_times_and_lateness(town: Town) -> None:
    town.clock.advance(-timedelta(days=1, hours=2))
    Worker(town.connector, "a").keep_alive(SCHEDULE)
    shown = run("list").stdout
    assert "每日 02:00 / daily at 02:00" in shown
    assert "1 day, 1:59" in shown, "jobs of ten seconds are late since yesterday"


def test_run_tells_outcome_summary_and_duration(town: Town) -> None:
    done = printed("run", "check_calendar")
    assert (done["job"], done["outcome"], list(done["summary"])) == ("check_calendar", "done", ["missing"])
    assert done["seconds"] >= 0
    [entry] = printed("history", "--job", "check_calendar")
    assert (entry["outcome"], entry["tries"], entry["seconds"] >= 0) == ("done", 1, True)
    assert entry["holder"].startswith("cli:")


def test_run_that_fails_ends_with_code_1_and_stands_in_the_history(town: Town, broken: Job) -> None:
    assert printed("run", "broken", code=1)["error"] == "RuntimeError"
    assert [entry["job"] for entry in printed("history", "--outcome", "failed")] == ["broken"]
    assert printed("history", "--outcome", "done") == []


def test_run_a_job_that_runs_is_refused(town: Town) -> None:
    now = datetime.now(UTC)
    with town.connector.act(HOST) as act:
        runs.claim(act.session, "check_calendar", now, "other", now)
    done = run("run", "check_calendar")
    assert done.exit_code == 1
    assert "正在运行" in done.stderr
    assert [entry["holder"] for entry in printed("history", "--outcome", "running")] == ["other"]


@pytest.mark.parametrize("words", [("run", "nobody"), ("history", "--job", "nobody")])
def test_name_an_unknown_job_is_refused(town: Town, words: tuple[str, ...]) -> None:
    done = run(*words)
    assert done.exit_code == 1
    assert "nobody" in done.stderr


def test_history_of_an_unknown_outcome_is_a_wrong_command(town: Town) -> None:
    assert run("history", "--outcome", "perhaps").exit_code == 2


def test_list_check_ends_with_code_3_while_a_job_is_failed_or_late(town: Town, broken: Job) -> None:
    worker = Worker(town.connector, "a")
    worker.keep_alive((*SCHEDULE, broken))
    assert run("list", "--check").exit_code == 0
    worker.run_now(broken)
    assert run("list", "--check").exit_code == 3


def test_list_check_ends_with_code_3_when_nothing_ran_for_a_day(town: Town) -> None:
    town.clock.advance(-timedelta(days=1))
    Worker(town.connector, "a").keep_alive(SCHEDULE)
    assert run("list", "--check").exit_code == 3
