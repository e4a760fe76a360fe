"""The applicant's requests: the list, the page of one, withdrawing, and putting a returned one right."""

import re

import pytest

from connector.pages.form_tables import PageFormRow
from connector.register.tables import PersonRow
from connector.regulations.vocabulary import Office, Verdict
from connector.requests.tables import RequestRow
from tests.factories import make_person_form
from tests.fixtures_applying import NUMBER, PHONE, Seat, count, submit, words
from tests.town import HOST, Town


def test_open_requests_without_any_says_so_and_where_to_go(town: Town, seat: Seat) -> None:
    browser = seat(town.applicant())
    assert "还没有申请。" in browser.get("/pages/requests").text
    town.submit()
    assert "没有符合条件的申请。" in browser.get("/pages/requests?state=rejected").text
    assert "QX-2026-000001" in browser.get("/pages/requests?state=pending").text


def test_open_request_tells_history_newest_first_and_who_decides(town: Town, seat: Seat) -> None:
    request = town.decide(town.submit(), reason="同意，工作需要")
    page = words(seat(town.applicant()).get(f"/pages/requests/{request.number}"))
    history = page[page.index("办理记录") :]
    assert history.index("科室（单位）负责人：同意") < history.index("提交申请")
    assert "同意，工作需要" in history
    assert f"现由核验人审批：{town.centre.person(Office.VERIFIER, 'jyzx').name}。" in page


def test_open_own_request_draws_no_decision(town: Town, seat: Seat) -> None:
    request = town.submit()
    page = seat(town.applicant()).get(f"/pages/requests/{request.number}").text
    assert "/pages/inbox/" not in page
    assert "撤回申请" in page


def test_open_request_as_a_stranger_is_not_found(town: Town, seat: Seat) -> None:
    request = town.submit()
    browser = seat(town.applicant("dljg"))
    for path in ("", "/submitted", "/withdraw"):
        assert browser.get(f"/pages/requests/{request.number}{path}").status_code == 404 or path == "/submitted"
    assert request.number not in browser.get("/pages/requests").text


def test_open_result_of_a_stranger_shows_nothing(town: Town, seat: Seat) -> None:
    request = town.submit()
    answer = seat(town.applicant("dljg")).get(f"/pages/requests/{request.number}/submitted")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/pages/requests/{request.number}")


def test_withdraw_ends_the_request(town: Town, seat: Seat) -> None:
    request = town.submit()
    browser = seat(town.applicant())
    assert "不再审批" in browser.get(f"/pages/requests/{request.number}/withdraw").text
    done = browser.post(f"/pages/requests/{request.number}/withdraw", {"reason": "不再需要"})
    page = words(browser.get(done.headers["location"]))
    assert "申请已撤回" in page
    assert "不再需要" in page
    assert browser.post(f"/pages/requests/{request.number}/withdraw").status_code == 409


def test_withdraw_with_a_number_in_the_reason_is_refused_and_kept(town: Town, seat: Seat) -> None:
    request = town.submit()
    page = seat(town.applicant()).post(f"/pages/requests/{request.number}/withdraw", {"reason": f"重复 {PHONE}"})
    assert page.status_code == 422
    assert 'aria-invalid="true"' in page.text
    with town.connector.act(HOST) as act:
        assert act.session.get_one(RequestRow, request.id).state == "pending"


def test_withdraw_the_request_of_another_is_refused(town: Town, seat: Seat) -> None:
    request = town.submit()
    answer = seat(town.actor(Office.UNIT_HEAD, "ywk")).post(f"/pages/requests/{request.number}/withdraw")
    assert answer.status_code == 403


@pytest.mark.req("B7")
def test_put_right_keeps_every_entry_and_shows_no_number(town: Town, seat: Seat) -> None:
    person = make_person_form("ywk", name="王小明", document_number=NUMBER, phone=PHONE)
    request = town.decide(town.submit(town.form(person=person)), Verdict.RETURN, reason="请写明业务")
    browser = seat(town.applicant())
    assert "请写明业务" in browser.get(f"/pages/requests/{request.number}").text
    begun = browser.post(f"/pages/requests/{request.number}/resubmit")
    form = browser.get(begun.headers["location"])
    assert 'value="王小明"' in form.text
    assert "新入职，办理业务所需" in form.text
    assert NUMBER not in form.text
    assert PHONE not in form.text
    assert f"已填写：{NUMBER[:4]}**********{NUMBER[-4:]}" in form.text
    assert len(re.findall(r'name="permissions"[^>]*checked', form.text)) == 2
    entered = {
        "unit": "ywk", "person_name": "王小明", "document_kind": "resident_id", "post": "科员",
        "permissions": list(town.permissions(3)), "reason": "负责工程建设项目受理",
    }  # fmt: skip
    check = browser.post(begun.headers["location"], entered).headers["location"].partition("#")[0]
    assert submit(browser, check).headers["location"] == f"/pages/requests/{request.number}/submitted#main"
    with town.connector.act(HOST) as act:
        again = act.session.get_one(RequestRow, request.id)
        assert (again.version, again.state, again.person_id) == (2, "pending", request.person_id)
        assert act.session.get_one(PersonRow, again.person_id).phone_masked == "139****1402"


def test_put_right_twice_opens_the_same_form(town: Town, seat: Seat) -> None:
    request = town.decide(town.submit(), Verdict.RETURN, reason="请补充说明")
    browser = seat(town.applicant())
    first = browser.post(f"/pages/requests/{request.number}/resubmit").headers["location"]
    assert browser.post(f"/pages/requests/{request.number}/resubmit").headers["location"] == first
    assert count(town, PageFormRow) == 1


def test_put_right_what_was_not_returned_is_refused_at_the_end(town: Town, seat: Seat) -> None:
    request = town.submit()
    browser = seat(town.applicant())
    begun = browser.post(f"/pages/requests/{request.number}/resubmit")
    assert begun.status_code == 409
    assert count(town, PageFormRow) == 0
