"""The jobs over HTTP: the table with how each last ran, and the history by outcome."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.app import create_app
from connector.checks import runs
from connector.regulations.vocabulary import Office
from jobs.schedule import SCHEDULE, find_job
from jobs.ticks import Worker
from tests.fixtures_api import Api, check_problem
from tests.town import HOST, open_town


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    town = open_town(tmp_path)
    yield Api(town, create_app(town.connector))
    town.close()


@pytest.mark.parametrize("path", ["/jobs", "/jobs/runs"])
def test_read_jobs_without_an_office_is_refused(api: Api, path: str) -> None:
    check_problem(api.call("GET", path, by=api.nobody), 403)


def test_read_jobs_tells_words_last_run_and_next(api: Api) -> None:
    assert api.call("GET", "/jobs", by=Office.OPERATOR).json() == []
    worker, job = Worker(api.town.connector, "a"), find_job("check_calendar")
    assert job is not None
    worker.keep_alive(SCHEDULE)
    worker.tick(job)
    listed = {each["job"]: each for each in api.call("GET", "/jobs", by=Office.OPERATOR).json()}
    assert list(listed) == [each.name for each in SCHEDULE]
    told = listed["check_calendar"]
    assert (told["when_zh"], told["last"]["outcome"], told["late_seconds"]) == ("每日 01:30", "done", None)
    assert listed["scan_dormant"]["last"] is None


def test_read_runs_by_job_and_outcome(api: Api) -> None:
    now = api.town.clock.now()
    with api.town.connector.act(HOST) as act:
        for job in ("one", "two"):
            run = runs.claim(act.session, job, now, "a", now)
            assert run is not None
        runs.finish(act.session, run, outcome="failed", summary={}, error="RuntimeError", now=now)

    def found(**query: str) -> list[str]:
        return [each["job"] for each in api.call("GET", "/jobs/runs", by=Office.AUDITOR, params=query).json()]

    assert sorted(found()) == ["one", "two"]
    assert found(outcome="failed") == ["two"]
    assert found(job="one", outcome="running") == ["one"]
    assert found(job="one", outcome="done") == []
    check_problem(api.call("GET", "/jobs/runs", by=Office.AUDITOR, params={"outcome": "perhaps"}), 422)
