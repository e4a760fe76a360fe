"""Pages of deputies and of the clocks: naming with proof, both names shown, overdue list, figures, vacancies."""

import io
import zipfile
from datetime import timedelta

import pytest
from sqlalchemy import select

from connector.auth.actor import person_actor
from connector.register.deputy_tables import DeputyRow
from connector.register.tables import AppointmentRow
from connector.regulations.vocabulary import Office
from tests.factories import make_account
from tests.fixtures_pages import Browser
from tests.town import HOST, NOON, Town


def name_on_page(browser: Browser, town: Town, deputy: str) -> None:
    head = town.actor(Office.UNIT_HEAD, "ywk")
    browser.sign_in(head)
    with town.connector.act(HOST) as act:
        held = select(AppointmentRow.id).where(AppointmentRow.person_id == head.person_id)
        appointment = act.session.scalars(held).one()
    fields = {
        "appointment_id": appointment, "deputy": deputy, "valid_from": "2026-03-10", "valid_to": "2026-3-17",
        "reason": "出差一周",
    }  # fmt: skip
    sent = browser.post("/pages/deputies", fields)
    assert sent.status_code == 303
    assert browser.prove(sent, head).headers["location"] == "/pages/deputies"


@pytest.mark.req("B8")
def test_name_a_deputy_on_the_page_and_decide_as_him_shows_both_names(browser: Browser, town: Town) -> None:
    with town.connector.act(HOST) as act:
        account = make_account(act, "ywk")
        user_name = account.user_name
    name_on_page(browser, town, user_name)
    holder = town.centre.person(Office.UNIT_HEAD, "ywk").name
    with town.connector.act(HOST) as act:
        row = act.session.scalars(select(DeputyRow)).one()
    deputy = person_actor(row.deputy_id, user_name, account_id=account.id, via="page", acr="mfa")
    request = town.submit()
    browser.client.cookies.clear()
    browser.sign_in(deputy)
    assert f"代{holder}审批" in browser.get("/pages/inbox").text
    town.decide(request, actor=deputy)
    assert f"（代{holder}）" in browser.get(f"/pages/requests/{request.number}").text
    ended = browser.post(f"/pages/deputies/{row.id}/end")
    assert ended.status_code == 303
    assert "没有代理。" in browser.get("/pages/deputies").text


def test_name_a_deputy_with_empty_boxes_tells_all_of_them(browser: Browser, town: Town) -> None:
    browser.sign_in(town.actor(Office.UNIT_HEAD, "ywk"))
    page = browser.post("/pages/deputies", {"valid_from": "32 March"})
    assert page.status_code == 422
    for said in ("请填写代理人账号", "请填写截止日期", "请填写原因", "的格式填写日期"):
        assert said in page.text
    page = browser.post("/pages/deputies/absences", {})
    assert page.status_code == 422
    assert "请填写外出事由" in page.text


@pytest.mark.req("B6")
def test_read_overdue_statistics_and_vacancies(browser: Browser, town: Town) -> None:
    late = town.submit(now=NOON)
    town.decide(town.submit(now=NOON), now=NOON + timedelta(hours=3))
    town.clock.set(NOON + timedelta(days=4))
    browser.sign_in(town.actor(Office.AUDITOR))
    assert late.number in browser.get("/pages/overdue").text
    assert late.number not in browser.get("/pages/overdue?office=operator").text
    assert browser.get("/pages/overdue?unit=nowhere").status_code == 422
    page = browser.get("/pages/overdue/statistics?month=2026-03")
    assert "业务科" in page.text
    assert browser.get("/pages/overdue/statistics?month=March").status_code == 422
    book = zipfile.ZipFile(io.BytesIO(browser.get("/pages/overdue/statistics/2026-03.xlsx").content))
    assert "业务科" in book.read("xl/sharedStrings.xml").decode()
    assert "业务科" in browser.get("/pages/overdue/statistics/2026-03.csv").text
    vacant = browser.get("/pages/overdue/vacancies").text
    assert "没有任职人员" in vacant or "没有空缺的岗位。" in vacant
