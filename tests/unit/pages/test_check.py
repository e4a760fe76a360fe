"""The check page and the submission: the chain shown before, numbers masked, one request however often one presses."""

import pytest
from sqlalchemy import select

from connector.pages.form_tables import PageFormRow
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import Office
from connector.requests.tables import RequestRow
from tests.factories import make_appointment, make_person
from tests.fixtures_applying import NUMBER, PHONE, Seat, count, entries, submit, to_check, words
from tests.fixtures_keys import KeyDesk
from tests.town import HOST, Town


@pytest.mark.req("B2")
def test_check_shows_the_whole_chain_with_names_and_last_days(town: Town, seat: Seat) -> None:
    browser = seat(town.applicant())
    sensitive = [*town.permissions(1), *town.permissions(1, sensitive=True)]
    page = words(browser.get(to_check(browser, permissions=sensitive)))
    assert "尚未提交。" in page
    with town.connector.act(HOST) as act:
        for office, unit in ((Office.UNIT_HEAD, "ywk"), (Office.LEADER_IN_CHARGE, "ywk"), (Office.OPERATOR, "jyzx")):
            assert act.session.get_one(PersonRow, town.centre.person(office, unit).id).name in page
    assert "时限2个工作日，最迟2026年3月12日" in page
    assert "敏感权限" in page
    assert "未填写" in page
    assert "修改 身份证号" in page


def test_check_masks_the_numbers_and_no_address_holds_them(town: Town, seat: Seat) -> None:
    browser = seat(town.applicant())
    check = to_check(browser)
    page = browser.get(check)
    assert f"{NUMBER[:4]}**********{NUMBER[-4:]}" in page.text
    assert "139****1402" in page.text
    assert NUMBER not in page.text
    assert PHONE not in page.text
    done = submit(browser, check)
    for path in (done.headers["location"].partition("#")[0], "/pages/requests"):
        shown = browser.get(path).text
        assert NUMBER not in shown
        assert PHONE not in shown
        assert NUMBER not in path


def test_submit_shows_number_next_steps_and_who_decides(town: Town, seat: Seat) -> None:
    browser = seat(town.applicant())
    done = submit(browser, to_check(browser))
    assert done.headers["location"] == "/pages/requests/QX-2026-000001/submitted#main"
    page = words(browser.get("/pages/requests/QX-2026-000001/submitted"))
    head = town.centre.person(Office.UNIT_HEAD, "ywk").name
    assert "申请已提交" in page
    assert f"现由科室（单位）负责人审批：{head}。" in page
    assert "时限：2026年3月12日。" in page


def test_submit_twice_makes_one_request_and_shows_the_first_result(town: Town, seat: Seat) -> None:
    browser = seat(town.applicant())
    check = to_check(browser)
    first, second = submit(browser, check), browser.post(check, {"revision": "1"})
    assert first.headers["location"].startswith(second.headers["location"])
    assert count(town, RequestRow) == 1
    assert browser.get(check).headers["location"] == "/pages/requests/QX-2026-000001"
    with town.connector.act(HOST) as act:
        assert act.session.scalars(select(PageFormRow)).one().sealed == b""


def test_submit_without_the_page_token_is_refused(town: Town, seat: Seat) -> None:
    browser = seat(town.applicant())
    refused = browser.post(to_check(browser), {"revision": "1"}, csrf="x")
    assert refused.status_code == 403
    assert count(town, RequestRow) == 0


@pytest.mark.req("B12")
def test_submit_what_was_changed_in_another_window_asks_to_check_again(town: Town, seat: Seat) -> None:
    browser = seat(town.applicant())
    check = to_check(browser)
    browser.get(check)
    browser.post(check.removesuffix("/check"), entries(town, reason="另一原因"))
    again = browser.post(check, {"revision": "1"})
    assert again.headers["location"] == check
    assert count(town, RequestRow) == 0
    assert "另一原因" in browser.get(check).text
    assert submit(browser, check).headers["location"].endswith("/submitted#main")


@pytest.mark.req("B2")
def test_submit_after_an_approver_has_changed_shows_the_new_chain_first(town: Town, seat: Seat) -> None:
    browser = seat(town.applicant())
    check = to_check(browser)
    with town.connector.act(HOST) as act:
        other = make_person(act, "ywk", name="新科长")
        make_appointment(act, other, "ywk", Office.UNIT_HEAD)
    again = submit(browser, check)
    assert again.headers["location"] == check
    assert count(town, RequestRow) == 0
    page = browser.get(check).text
    assert "审批流程在核对之后有变化" in page
    assert "新科长" in page
    assert submit(browser, check).headers["location"].endswith("/submitted#main")


def test_submit_a_second_request_for_the_same_person_is_refused_on_a_page(town: Town, seat: Seat) -> None:
    browser = seat(town.applicant())
    first, second = to_check(browser), to_check(browser)
    submit(browser, first)
    refused = submit(browser, second)
    assert refused.status_code == 409
    assert "此使用人已有一份未办结的申请" in refused.text
    assert count(town, RequestRow) == 1


def test_submit_the_loss_of_the_own_key_freezes_at_once_and_still_shows_the_number(town: Town, seat: Seat) -> None:
    desk = KeyDesk(town)
    desk.stock("K-0001")
    me = town.applicant()
    desk.issue("K-0001", desk.account(str(me.account_id)))
    browser = seat(me)
    form = browser.get(f"/pages/apply/replace_key?account={me.name}")
    assert "此账号立即冻结" in form.text
    assert 'value="K-0001"' in form.text
    sent = {"account": me.name, "key": "K-0001", "cause": "lost", "reason": "出差途中遗失"}
    check = browser.post("/pages/apply/replace_key", sent).headers["location"].partition("#")[0]
    done = submit(browser, check)
    assert done.status_code == 200
    assert "申请已提交" in done.text
    assert "QX-2026-000001" in done.text
    with town.connector.act(HOST) as act:
        assert act.session.get_one(AccountRow, me.account_id).status == "frozen"
    assert browser.get("/pages/requests").headers["location"].startswith("/sign-in")
