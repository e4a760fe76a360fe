"""The pages of departures: leavers and what is awaited of each, movers, hints, held plans, reads, rotations."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from connector.auth.actor import Actor
from connector.departures import cases
from connector.departures import service as departures
from connector.departures.plan import Cause
from connector.departures.secret_tables import RotationCaseRow, RotationItemRow
from connector.departures.staff_tables import HintRow
from connector.departures.tables import DepartureCaseRow
from connector.reconciliation.tables import ReconciliationRow
from connector.register import people
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import Office
from tests.factories import make_appointment
from tests.fixtures_applying import Seat, words
from tests.fixtures_pages import Browser
from tests.fixtures_scheduled import Scheduled, counted_queries
from tests.town import HOST, NOON, Town


@pytest.fixture
def scene(town: Town) -> Scheduled:
    scene = Scheduled(town, NOON)
    scene.fill_departures()
    return scene


@pytest.fixture
def browser(scene: Scheduled, seat: Seat) -> Browser:
    return seat(scene.town.actor(Office.SECURITY_ADMINISTRATOR))


def system_administrator(town: Town) -> Actor:
    return town.actor(Office.SYSTEM_ADMINISTRATOR)


def test_open_cases_says_what_is_awaited_of_each_leaver(scene: Scheduled, browser: Browser) -> None:
    answer = browser.get("/pages/departures")
    page = words(answer)
    overdue, administrator = page.index("李建国，业务科"), page.index("任职未交接：系统管理员")
    assert overdue < administrator  # The most urgent stands first.
    assert "已超期" in page[overdue:administrator]
    assert "不自动冻结，须人工处理" in page
    assert f'href="/pages/apply/disable?account={scene.ids["leaver"]}"' in answer.text
    assert "2项口令未更改" in page


def test_open_cases_tells_of_a_held_plan_and_the_last_read(scene: Scheduled, browser: Browser) -> None:
    page = words(browser.get("/pages/departures"))
    assert "一个离岗处理方案已暂停，没有冻结任何人： 离岗人数超过一次可自动处理的上限" in page
    assert "最近一次读取人事目录：2026-03-10 10:00，20,013人" in page


def test_open_plan_shows_its_people_its_digest_and_the_request(scene: Scheduled, browser: Browser) -> None:
    page = words(browser.get(f"/pages/departures/plans/{scene.ids['plan']}"))
    assert scene.ids["plan"] in page
    assert "仅当下一次读取得出完全相同的方案" in page
    assert "吴小华，业务科" in page
    assert "连续两次读取均不在人事目录中" in page
    assert "QX-2026-" in page
    assert browser.get("/pages/departures/plans/0000000000").status_code == 404


def test_open_movers_lists_what_the_new_post_may_not_hold(browser: Browser) -> None:
    page = words(browser.get("/pages/departures/movers"))
    moved = page[page.index("周敏") :]
    assert "业务科，科员 信息技术科，科员" in moved
    assert "待审批" in moved
    assert "新单位的账号权限对照表没有此岗位" in page
    assert "不能判断" in page


def test_open_hints_leads_to_the_application_that_fits(scene: Scheduled, browser: Browser) -> None:
    answer = browser.get("/pages/departures/hints").text
    assert 'href="/pages/apply/grant"' in answer
    assert f'href="/pages/apply/enable?account={scene.ids["leaver"]}"' in answer


def test_open_reads_says_why_one_was_refused_and_what_to_do(browser: Browser) -> None:
    page = words(browser.get("/pages/departures/reads"))
    assert "未采用 读取中途连接断开。请检查目录服务是否重启或网络中断，然后重新运行。" in page
    assert page.count("完整") == 2


def test_note_a_changed_secret_stands_in_the_case(scene: Scheduled, browser: Browser) -> None:
    path = f"/pages/departures/rotations/{scene.ids['rotation']}"
    page = browser.get(path).text
    assert "门禁控制器口令" in page
    with scene.town.connector.act(HOST) as act:
        items = {row.name: row.id for row in act.session.query(RotationItemRow)}
    item = items["门禁控制器口令"]
    assert browser.post(path, {"item": "", "note": "已更换"}).status_code == 422
    short = browser.post(path, {"item": item, "note": ""})
    assert (short.status_code, 'href="#note"' in short.text) == (422, True)
    done = browser.post(path, {"item": item, "note": "已更换，由值班室保管"})
    after = words(browser.get(done.headers["location"]))
    assert "已登记更改" in after
    assert "已更换，由值班室保管" in after
    assert "未更改1项，共2项" in after


def test_note_a_changed_secret_as_the_leaver_is_refused(scene: Scheduled, seat: Seat) -> None:
    browser = seat(system_administrator(scene.town))
    path = f"/pages/departures/rotations/{scene.ids['rotation']}"
    assert "离岗人员本人不能登记" in browser.get(path).text
    with scene.town.connector.act(HOST) as act:
        item = act.session.query(RotationItemRow).first()
        assert item is not None
    assert browser.post(path, {"item": item.id, "note": "本人已更换"}).status_code == 403


def test_open_departures_as_system_administrator_leads_to_the_rotations(scene: Scheduled, seat: Seat) -> None:
    browser = seat(system_administrator(scene.town))
    assert browser.get("/pages/departures").headers["location"] == "/pages/departures/rotations"
    assert browser.get("/pages/departures/movers").status_code == 403


def test_page_through_many_cases_costs_a_bounded_number_of_queries(scene: Scheduled, browser: Browser) -> None:
    account = scene.hire("郭多")
    row = {"person_id": account.person_id, "account_id": account.id, "cause": "status", "opened_at": NOON}
    row |= {"frozen_at": NOON, "form_due_at": NOON + timedelta(days=9), "closed_at": NOON}
    hint = {"kind": "joiner", "unit_code": "ywk", "post": "科员", "mailed": 0, "opened_at": NOON}
    with scene.town.connector.act(HOST) as act:
        act.session.execute(insert(DepartureCaseRow), [{**row, "id": f"case-{n}"} for n in range(10_000)])
        act.session.execute(insert(HintRow), [{**hint, "key": f"J{n}"} for n in range(10_000)])
    with counted_queries(scene.town) as asked:
        page = browser.get("/pages/departures?shown=all&page=100")
    assert page.text.count('<th scope="row"') == 50
    assert len(asked) <= 40
    with counted_queries(scene.town) as asked:
        page = browser.get("/pages/departures/hints?page=100")
    assert page.text.count('<th scope="row"') == 50
    assert len(asked) <= 20


def test_open_pages_shows_no_document_and_no_phone(scene: Scheduled, browser: Browser) -> None:
    with scene.town.connector.act(HOST) as act:
        case = act.session.query(DepartureCaseRow).first()
        assert case is not None
        form = people.get_form(act, case.person_id)
    for path in ("", "/movers", "/hints", "/reads", "/rotations", f"/plans/{scene.ids['plan']}"):
        text = browser.get(f"/pages/departures{path}").text
        assert form.document_number not in text
        assert form.phone not in text


def test_open_departures_as_unit_head_shows_his_own_people_alone(scene: Scheduled, seat: Seat) -> None:
    own, other = (seat(scene.town.actor(Office.UNIT_HEAD, unit)) for unit in ("ywk", "xxjsk"))
    left = own.get("/pages/departures").text
    assert "李建国" in left
    assert "任职未交接" not in left  # The administrator is of another unit.
    assert "一个离岗处理方案已暂停" not in left
    assert "最近一次读取人事目录" not in left
    assert "没有未办结的离岗个案" in other.get("/pages/departures").text
    for path, names in (("/movers", ("周敏", "郑洁")), ("/hints", ("E2001", "E0001"))):
        assert all(name in own.get(f"/pages/departures{path}").text for name in names)
    moved = other.get("/pages/departures/movers").text
    assert "周敏" in moved  # She came to this unit.
    assert "郑洁" not in moved
    assert "没有待处理的入职和回岗人员" in other.get("/pages/departures/hints").text


def test_open_departures_as_unit_head_offers_no_page_that_is_shut_to_him(scene: Scheduled, seat: Seat) -> None:
    browser = seat(scene.town.actor(Office.UNIT_HEAD, "ywk"))
    assert 'href="/pages/departures"' in browser.get("/pages/home").text
    for path in ("", "/movers", "/hints"):
        page = browser.get(f"/pages/departures{path}").text
        assert 'href="/pages/departures/movers"' in page
        for shut in ("/departures/rotations", "/departures/reads", "/departures/plans", "/pages/requests/"):
            assert f'href="/pages{shut}' not in page
    for shut in ("/reads", "/rotations", f"/plans/{scene.ids['plan']}", f"/rotations/{scene.ids['rotation']}"):
        assert browser.get(f"/pages/departures{shut}").status_code == 403


def test_open_departures_as_head_of_a_unit_above_shows_those_below(scene: Scheduled, seat: Seat) -> None:
    head = scene.town.applicant("jyzx")
    with scene.town.connector.act(HOST) as act:
        person = act.session.get_one(PersonRow, head.person_id)
        make_appointment(act, person, "jyzx", Office.UNIT_HEAD)
    page = seat(head).get("/pages/departures").text
    assert "李建国" in page
    assert "任职未交接" in page


def test_open_departures_without_an_office_is_refused(scene: Scheduled, seat: Seat) -> None:
    browser = seat(scene.town.applicant("dljg"))
    for path in ("", "/movers", "/hints"):
        assert browser.get(f"/pages/departures{path}").status_code == 403


def test_list_open_cases_asks_for_the_keys_of_all_at_once(scene: Scheduled) -> None:
    with scene.town.connector.act(HOST) as act, counted_queries(scene.town) as few:
        listed = len(departures.list_cases(act))
    leavers = [scene.hire(f"张某{number}") for number in range(5)]
    with scene.town.connector.act(HOST) as act:
        for leaver in leavers:
            cases.open_case(act, act.session.get_one(AccountRow, leaver.id), cause=Cause.STATUS, frozen=False)
    with scene.town.connector.act(HOST) as act, counted_queries(scene.town) as many:
        assert len(departures.list_cases(act)) == listed + 5
    assert len(many) == len(few)


def test_open_second_page_of_rotations_and_comparisons_shows_what_comes_next(scene: Scheduled, seat: Seat) -> None:
    """Newest or most urgent first: the one that was there before stands on the second page."""
    scene.fill_findings()
    with scene.town.connector.act(HOST) as act:
        rotation = act.session.query(RotationCaseRow).one()
        own = {"person_id": rotation.person_id, "account_id": rotation.account_id, "opened_at": NOON}
        own |= {"due_at": NOON - timedelta(days=30), "closed_at": NOON}
        act.session.execute(insert(RotationCaseRow), [{**own, "id": f"rotation-{n}"} for n in range(50)])
        run = act.session.query(ReconciliationRow).one()
        same = {column.name: getattr(run, column.name) for column in ReconciliationRow.__table__.columns}
        same["finished_at"] = NOON + timedelta(hours=1)
        act.session.execute(insert(ReconciliationRow), [{**same, "id": f"run-{n}"} for n in range(50)])
    browser = seat(scene.town.actor(Office.SECURITY_ADMINISTRATOR))
    for path, listed in (
        ("/pages/departures/rotations?shown=all&page=", "rotation"),
        ("/pages/findings/comparisons?page=", "comparison"),
    ):
        first, second = (browser.get(f"{path}{number}").text for number in (1, 2))
        assert (first.count('<th scope="row"'), second.count('<th scope="row"')) == (50, 1)
        assert scene.ids[listed] not in first
        assert scene.ids[listed] in second
