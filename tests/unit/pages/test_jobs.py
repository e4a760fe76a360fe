"""The pages of the jobs: what failed or is late first, with what to do; and the history of one."""

from datetime import timedelta

import pytest

from connector.pages.errors_told import tell
from connector.regulations.vocabulary import Office
from tests.fixtures_applying import Seat, words
from tests.fixtures_pages import Browser
from tests.fixtures_scheduled import Scheduled, counted_queries
from tests.town import HOST, NOON, Town


@pytest.fixture
def scene(town: Town) -> Scheduled:
    return Scheduled(town, NOON)


@pytest.fixture
def browser(scene: Scheduled, seat: Seat) -> Browser:
    return seat(scene.town.actor(Office.SYSTEM_DEPARTMENT_HEAD))


def test_open_jobs_before_any_ran_says_so(browser: Browser) -> None:
    assert "作业进程还没有运行过。" in words(browser.get("/pages/jobs"))


def test_open_jobs_shows_what_failed_and_what_is_late_first_with_the_remedy(scene: Scheduled, browser: Browser) -> None:
    scene.fill_jobs()
    page = words(browser.get("/pages/jobs"))
    failed = "作业sync_departures ：人事目录因条数上限只返回了一部分。请为只读账号放开分页总数上限"
    assert failed in page
    assert "可办理人：目录服务管理员" in page
    assert "作业scan_dormant ：已延误1天。" in page
    table = page[page.index("共3个作业") :]
    assert table.index("sync_departures") < table.index("seal_record")
    assert "没有正在运行的作业进程" not in page


def test_open_jobs_when_no_process_runs_them_says_since_when(scene: Scheduled, browser: Browser) -> None:
    scene.fill_jobs()
    scene.town.clock.advance(timedelta(minutes=11))
    page = words(browser.get("/pages/jobs"))
    assert "没有正在运行的作业进程。 最近一次报告：2026-03-10 12:00" in page


def test_open_job_lists_its_runs_with_what_they_did(scene: Scheduled, browser: Browser) -> None:
    scene.fill_jobs()
    page = words(browser.get("/pages/jobs/seal_record"))
    assert "封存 7 ， 状态 无变化" in page
    assert "3秒" in page
    assert "失败 人事目录因条数上限" in words(browser.get("/pages/jobs/sync_departures"))
    assert browser.get("/pages/jobs/no-such-job").status_code == 404


def test_open_job_of_many_runs_costs_a_bounded_number_of_queries(scene: Scheduled, browser: Browser) -> None:
    scene.fill_jobs()
    with scene.town.connector.act(HOST) as act:
        for number in range(200):
            scene.ran(act.session, "seal_record", timedelta(seconds=9, microseconds=number), "done")
    with counted_queries(scene.town) as asked:
        page = browser.get("/pages/jobs/seal_record")
    assert page.text.count('<th scope="row"') == 50
    assert len(asked) <= 20


@pytest.mark.parametrize(
    ("stored", "says"),
    [
        ("directory-size-limit: stopped", "人事目录因条数上限只返回了一部分"),
        ("directory-timeout", "人事目录在…秒内没有应答"),
        ("OperationalError", "程序内部错误（OperationalError）"),
    ],
)
def test_tell_a_stored_error_says_it_without_the_facts(stored: str, says: str) -> None:
    told = tell(stored)
    assert told is not None
    assert told.says.zh == says
    assert told.remedy.zh


def test_tell_of_no_error_is_nothing() -> None:
    assert tell(None) is None
