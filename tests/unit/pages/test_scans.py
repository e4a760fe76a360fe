"""The pages of the scans: the runs, one with what became of its accounts, the clean-up list, a dry run."""

import io
from datetime import timedelta

import pytest
from openpyxl import load_workbook
from sqlalchemy import insert

from connector.activity.tables import ActivityRow
from connector.checks.tables import FindingRow, ScanRow
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import Office
from connector.requests.tables import RequestRow
from connector.storage.tables import new_id
from tests.fixtures_applying import Seat, count, words
from tests.fixtures_scheduled import Scheduled, counted_queries
from tests.town import HOST, NOON, Town


@pytest.fixture
def scene(town: Town) -> Scheduled:
    return Scheduled(town, NOON)


def test_open_runs_says_the_rule_with_its_numbers_and_clause(scene: Scheduled, seat: Seat) -> None:
    browser = seat(scene.town.actor(Office.PRINCIPAL))
    assert "尚未排查。" in browser.get("/pages/scans").text
    scene.fill_scans()
    page = words(browser.get("/pages/scans"))
    assert "连续90天未使用；开通30天后从未使用" in page
    assert "LC 7(2)" in page
    assert f"{scene.ids['zombies']} 待审批" in page
    assert "没有符合条件的排查记录。" in browser.get("/pages/scans?scan=expired").text


def test_open_run_tells_of_each_account_why_and_what_became_of_it(scene: Scheduled, seat: Seat) -> None:
    request = scene.fill_scans()
    browser = seat(scene.town.actor(Office.AUDITOR))
    before = words(browser.get(f"/pages/scans/{scene.ids['scan']}"))
    assert "长期未使用；最近使用2025-08-22" in before
    assert before.count("待审批") == 4  # the request's state and three accounts
    used, left_out, gone = scene.zombies
    with scene.town.connector.act(HOST) as act:
        row = act.session.get_one(ActivityRow, act.session.get_one(AccountRow, used.id).keycloak_id)
        row.last_used_at = NOON - timedelta(hours=1)
    scene.town.decide(request, excluded=(left_out.user_name,))
    after = words(browser.get(f"/pages/scans/{scene.ids['scan']}"))
    told = {account.user_name: after.split(account.user_name)[1][:120] for account in scene.zombies}
    assert "已消除，保留" in told[used.user_name]
    assert "审批时排除" in told[left_out.user_name]
    assert "已禁用" in told[gone.user_name]


def test_open_run_keeps_the_unknown_apart_with_reason_and_age(scene: Scheduled, seat: Seat) -> None:
    covers = NOON - timedelta(days=5)
    rule = {"dormancy_days": 90, "covers_since": covers.isoformat(), "evidence_days": 5}
    with scene.town.connector.act(HOST) as act:
        act.session.add(ScanRow(id="young", scan="dormant", started_at=NOON, rule=rule, counted=9, found=0, unknown=9))
    page = words(seat(scene.town.actor(Office.PRINCIPAL)).get("/pages/scans/young"))
    assert "9个账号：使用记录始于2026-03-05，距排查5天，不足以判断；不作为僵尸账号处理。" in page
    assert "未发现符合条件的账号。" in page


def test_download_clean_up_list_is_the_annex_and_computes_nothing(scene: Scheduled, seat: Seat) -> None:
    scene.fill_scans()
    with scene.town.connector.act(HOST) as act:
        act.session.get_one(PersonRow, scene.zombies[0].person_id).name = "=1+1"
    browser = seat(scene.town.actor(Office.PRINCIPAL))
    answer = browser.get(f"/pages/scans/{scene.ids['scan']}/list.xlsx")
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    cells = [[cell for cell in row] for row in sheet.iter_rows()]
    assert [cell.value for cell in cells[2]] == ["系统名称", "科室", "使用人", "使用账户", "账号类型", "处理方式"]
    names = [row[2] for row in cells[3:]]
    assert {cell.data_type for cell in names} == {"s"}
    assert "=1+1" in {cell.value for cell in names}
    page = words(browser.get(f"/pages/scans/{scene.ids['scan']}/list"))
    assert "系统名称 科室 使用人 使用账户 账号类型 处理方式" in page
    assert "拟禁用" in page


def test_try_a_scan_shows_whom_it_would_find_and_writes_nothing(scene: Scheduled, seat: Seat) -> None:
    scene.fill_scans()
    rows = count(scene.town, ScanRow), count(scene.town, RequestRow)
    page = words(seat(scene.town.actor(Office.OPERATOR)).get("/pages/scans/try/dormant"))
    assert "没有写入，也没有提请审批" in page
    assert all(account.user_name in page for account in scene.zombies)
    assert (count(scene.town, ScanRow), count(scene.town, RequestRow)) == rows
    assert seat(scene.town.actor(Office.OPERATOR)).get("/pages/scans/try/no-such").status_code == 404


def test_page_through_many_runs_costs_the_same_few_queries(scene: Scheduled, seat: Seat) -> None:
    scene.fill_scans()
    browser = seat(scene.town.actor(Office.PRINCIPAL))
    with counted_queries(scene.town) as few:
        browser.get("/pages/scans")
    run = {"scan": "passwords", "rule": {}, "counted": 1, "found": 0, "unknown": 0, "left": 0}
    with scene.town.connector.act(HOST) as act:
        rows = [{**run, "id": new_id(), "started_at": NOON - timedelta(minutes=n)} for n in range(10_000)]
        act.session.execute(insert(ScanRow), rows)
    with counted_queries(scene.town) as many:
        page = browser.get("/pages/scans?page=150").text
    assert page.count("/pages/scans/") >= 50
    assert "下一页" in page
    assert len(many) <= len(few) + 1


def test_open_a_proposal_shows_its_outcome_to_the_applicants_side(scene: Scheduled, seat: Seat) -> None:
    request = scene.fill_scans()
    scene.town.decide(request, excluded=(scene.zombies[0].user_name,))
    page = words(seat(scene.town.actor(Office.AUDITOR)).get(f"/pages/requests/{request.number}"))
    assert page.count("审批时除外") == 1
    assert page.count("已禁用") == 2


def test_open_run_of_many_accounts_pages_them(scene: Scheduled, seat: Seat) -> None:
    scene.fill_scans()
    accounts = [scene.hire(f"孙页{number}", permissions=0) for number in range(60)]
    with scene.town.connector.act(HOST) as act:
        act.session.add_all(
            FindingRow(run_id=scene.ids["scan"], account_id=a.id, evidence={}, state="proposed", found_at=NOON)
            for a in accounts
        )
    browser = seat(scene.town.actor(Office.PRINCIPAL))
    first = browser.get(f"/pages/scans/{scene.ids['scan']}").text
    assert "第1页，共2页" in first
    assert first.count('<th scope="row"') == 50
    assert browser.get(f"/pages/scans/{scene.ids['scan']}?page=2").text.count('<th scope="row"') == 13


def test_open_password_ages_lists_who_must_be_followed_up(scene: Scheduled, seat: Seat) -> None:
    browser = seat(scene.town.actor(Office.OPERATOR))
    assert "没有即将到期、已到期或未修改初始口令的账号。" in words(browser.get("/pages/scans/passwords"))
    ages = {"严到期": (200, "event"), "严临近": (170, "event"), "严初始": (20, "initial"), "严正常": (5, "event")}
    for name, (days, evidence) in ages.items():
        account = scene.hire(name)
        with scene.town.connector.act(HOST) as act:
            row = act.session.get_one(AccountRow, account.id)
            row.keycloak_id = new_id()
            set_at = NOON - timedelta(days=days)
            act.session.add(
                ActivityRow(keycloak_id=row.keycloak_id, password_set_at=set_at, password_evidence=evidence)
            )
    page = words(browser.get("/pages/scans/passwords"))
    assert [name for name in ages if name in page] == ["严到期", "严临近", "严初始"]
    assert page.index("严到期") < page.index("严临近") < page.index("严初始")
    one = words(browser.get("/pages/scans/passwords?verdict=initial"))
    assert ("严初始" in one, "严到期" in one) == (True, False)


def test_open_run_of_weak_passwords_says_when_the_policy_itself_has_no_first_day(scene: Scheduled, seat: Seat) -> None:
    rule = {"policy_since": None, "grace_days": 14}
    with scene.town.connector.act(HOST) as act:
        act.session.add(
            ScanRow(id="weak", scan="weak_password", started_at=NOON, rule=rule, counted=4, found=0, unknown=4)
        )
    page = words(seat(scene.town.actor(Office.PRINCIPAL)).get("/pages/scans/weak"))
    assert "4个账号：不知道现行口令规则从何时起施行；不作处理。" in page
    assert "提醒14天后仍未修改" in page
