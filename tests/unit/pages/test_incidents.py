"""The pages of cases, alarms and sanctions: one thing at a time, with the second factor, and what is refused."""

import re
from datetime import timedelta

import pytest
from httpx2 import Response

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.actor import Actor
from connector.incidents import alarms, cases
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import Office
from tests.factories import make_account
from tests.fixtures_applying import Seat, words
from tests.fixtures_pages import Browser
from tests.town import HOST, Town


def officer(town: Town, office: Office = Office.SECURITY_ADMINISTRATOR) -> Actor:
    return town.actor(office)


@pytest.fixture
def account(town: Town) -> AccountRow:
    with town.connector.act(HOST) as act:
        return make_account(act, "ywk")


def hidden(page: Response) -> dict[str, str]:
    found = re.findall(r'type="hidden" name="(question|plan_hash|version|hash|seen)" value="([^"]*)"', page.text)
    return dict(found)


def open_case(browser: Browser, actor: Actor, account: AccountRow) -> str:
    typed = {"user_name": account.user_name, "since": "2026-03-01 08:30", "reason": "口令疑似泄露"}
    done = browser.prove(browser.post("/pages/incidents/new", typed), actor)
    assert done.status_code == 303, words(done)
    return str(done.headers["location"])


def step(browser: Browser, actor: Actor, case: str, **typed: str) -> str:
    page = browser.get(f"{case}/step")
    assert page.status_code == 200, words(page)
    done = browser.prove(browser.post(f"{case}/step", {**hidden(page), **typed}), actor)
    assert done.status_code == 303, words(done)
    return words(browser.get(case))


def test_open_case_and_go_through_its_steps_one_at_a_time(town: Town, seat: Seat, account: AccountRow) -> None:
    actor = officer(town)
    browser = seat(actor)
    case = open_case(browser, actor, account)
    assert "下一步：报告本级系统管理员" in words(browser.get(case))
    assert "下一步：查看操作并回答处置问题" in step(browser, actor, case, to="省局系统管理员", receipt="电话记录12号")
    assert "子系统内部" in words(browser.get(f"{case}/trace"))
    step(browser, actor, case, answer="yes", why="查到数据外发")
    step(browser, actor, case, answer="cancel", why="领导批示注销")
    shown = words(browser.get(case))
    assert "下一步：上报本单位领导按规定处理" in shown
    assert "下一步：注销账号" in step(browser, actor, case, note="已上报", receipt="报告3号")
    assert browser.get(f"{case}/report").status_code == 404


def test_send_step_with_an_empty_box_says_which(town: Town, seat: Seat, account: AccountRow) -> None:
    actor = officer(town)
    browser = seat(actor)
    case = open_case(browser, actor, account)
    page = browser.post(f"{case}/step", {"to": "上级"})
    assert page.status_code == 422
    assert 'href="#receipt"' in page.text


def test_report_a_suspicion_raises_an_alarm_and_freezes_nothing(town: Town, seat: Seat, account: AccountRow) -> None:
    browser = seat(town.applicant())
    typed = {"user_name": account.user_name, "reason": "同事账号异常登录", "suspect": "yes"}
    assert browser.post("/pages/incidents/new", typed).status_code == 303
    with town.connector.act(HOST) as act:
        alarms.collect(act)
        assert next(one.row.event for one in alarms.list_alarms(act)) == "incident.suspected"
        assert act.session.get_one(AccountRow, account.id).status == "active"
    assert browser.get("/pages/incidents").status_code == 200
    assert "没有案件。" in browser.get("/pages/incidents").text


def test_acknowledge_alarm_names_who_did_and_says_when_it_has_grown(town: Town, seat: Seat) -> None:
    actor = officer(town)
    with town.connector.act(HOST) as act:
        audit.record(act, Event.WEBHOOK_REFUSED, "endpoint:1", alarm=True, code="signature-refused")
        alarms.collect(act)
        alarm = next(one.row.id for one in alarms.list_alarms(act) if one.row.subject == "endpoint:1")
    browser = seat(actor)
    page = browser.get(f"/pages/alarms/{alarm}")
    sent = {**hidden(page), "note": "已核实，为测试误发"}
    with town.connector.act(HOST) as act:
        audit.record(act, Event.WEBHOOK_REFUSED, "endpoint:1", alarm=True, code="signature-refused")
        alarms.collect(act)
    assert browser.prove(browser.post(f"/pages/alarms/{alarm}", sent), actor).status_code == 409
    sent = {**hidden(browser.get(f"/pages/alarms/{alarm}")), "note": "已核实，为测试误发"}
    assert browser.prove(browser.post(f"/pages/alarms/{alarm}", sent), actor).status_code == 303
    assert town.centre.person(Office.SECURITY_ADMINISTRATOR).name in browser.get("/pages/alarms?closed=true").text


def test_propose_sanction_submits_the_request_with_its_term(town: Town, seat: Seat, account: AccountRow) -> None:
    actor = officer(town)
    browser = seat(actor)
    typed = {"user_name": account.user_name, "impact": "minor", "violation": "将账号借给他人使用"}
    done = browser.prove(browser.post("/pages/sanctions/new", typed), actor)
    assert done.status_code == 303, words(done)
    page = words(browser.get("/pages/sanctions"))
    assert "轻微" in page
    assert "，7天" in page
    assert "审批中" in page
    assert 'href="#impact"' in browser.post("/pages/sanctions/new", {**typed, "impact": ""}).text


@pytest.mark.parametrize("path", ["/pages/incidents", "/pages/alarms", "/pages/sanctions", "/pages/incidents/new"])
def test_open_page_in_english_holds_its_english(town: Town, seat: Seat, path: str) -> None:
    browser = seat(officer(town))
    browser.get("/preferences/language/en")
    assert browser.get(path).status_code == 200


def test_cases_of_yesterday_stay_in_the_list(town: Town, seat: Seat, account: AccountRow) -> None:
    actor = officer(town)
    open_case(seat(actor), actor, account)
    town.clock.advance(timedelta(days=1))
    with town.connector.act(HOST) as act:
        assert len(cases.list_cases(act)) == 1
