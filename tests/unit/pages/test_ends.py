"""Accounts for a time and for tests: asked for, checked, decided, shown, and enabled again after their end."""

import re
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from connector.provisioning import service as provisioning
from connector.register import accounts
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountPurpose, Office, RequestKind, Verdict
from connector.requests.tables import RequestRow, StageRow
from tests.fixtures_applying import Seat, count, entries, submit, to_check, words
from tests.town import HOST, Town

END = "2026-04-30"


def box(page: str, name: str) -> str:
    """The tag of the box with this name."""
    found = re.search(rf'<input id="{name}"[^>]*>', page)
    assert found, f"no box {name}"
    return found[0]


def submitted(town: Town) -> RequestRow:
    with town.connector.act(HOST) as act:
        return act.session.scalars(select(RequestRow)).one()


def expired(town: Town) -> AccountRow:
    """A temporary account of the unit, frozen because its end has come."""
    account = town.account_of(
        town.approve(town.submit(town.form(purpose=AccountPurpose.TEMPORARY, until=date.fromisoformat(END))))
    )
    town.clock.set(datetime(2026, 5, 6, 4, tzinfo=UTC))
    with town.connector.act(HOST) as act:
        provisioning.freeze_account(act, accounts.lock_account(act, account.id), cause="expired")
    return account


def test_open_form_offers_the_three_purposes_and_regular_at_first(town: Town, seat: Seat) -> None:
    page = seat(town.applicant()).get("/pages/apply/grant").text
    offered = re.findall(r'type="radio" name="purpose" value="(\w+)"[^>]*?( checked)?> (\w+)', page)
    assert offered == [("ordinary", " checked", "正式"), ("temporary", "", "临时"), ("test", "", "测试")]
    assert 'aria-describedby="until-hint"' in box(page, "until")


@pytest.mark.parametrize("purpose", ["temporary", "test"])
def test_send_without_a_last_day_marks_its_box_together_with_the_others(town: Town, seat: Seat, purpose: str) -> None:
    page = seat(town.applicant()).post("/pages/apply/grant", entries(town, purpose=purpose, reason=""))
    assert page.status_code == 422
    summary = page.text[page.text.index('id="problem"') : page.text.index("<h1")]
    assert set(re.findall(r'href="#(\w+)"', summary)) == {"reason", "until"}
    assert "临时和测试账号必须填写截止日期" in summary
    assert 'aria-invalid="true"' in box(page.text, "until")
    assert re.search(rf'value="{purpose}"[^>]* checked', page.text)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"purpose": "temporary", "until": "2026-03-09"}, "截止日期不能早于今天"),
        ({"purpose": "temporary", "until": "2026-02-30"}, "格式填写日期"),
        ({"purpose": "ordinary", "until": END}, "正式账号没有截止日期"),
        ({"until": END}, "正式账号没有截止日期"),
    ],
)
def test_send_a_last_day_that_does_not_fit_keeps_it_and_says_why(
    town: Town, seat: Seat, changed: dict[str, str], said: str
) -> None:
    page = seat(town.applicant()).post("/pages/apply/grant", entries(town, **changed))
    assert page.status_code == 422
    assert said in words(page)
    assert f'value="{changed["until"]}"' in box(page.text, "until")


def test_ask_for_a_time_is_shown_at_the_check_the_request_and_the_decision(town: Town, seat: Seat) -> None:
    browser = seat(town.applicant())
    check = to_check(browser, purpose="temporary", until=END)
    told = ("账号用途 临时", f"截止日期 {END}")
    assert all(each in words(browser.get(check)) for each in told)
    submit(browser, check)
    request = submitted(town)
    assert all(each in words(browser.get(f"/pages/requests/{request.number}")) for each in told)
    with town.connector.act(HOST) as act:
        stage = act.session.scalars(select(StageRow).where(StageRow.state == "open")).one()
    decide = seat(town.actor(Office.UNIT_HEAD, "ywk")).get(f"/pages/inbox/{stage.id}")
    assert all(each in words(decide) for each in told)
    account = town.account_of(town.approve(request))
    assert (account.purpose, account.valid_until) == ("temporary", datetime(2026, 4, 30, 16, tzinfo=UTC))


def test_ask_for_a_regular_account_shows_its_purpose_and_no_last_day(town: Town, seat: Seat) -> None:
    browser = seat(town.applicant())
    page = words(browser.get(to_check(browser)))
    assert "账号用途 正式" in page
    assert "截止日期" not in page


def test_put_right_a_returned_request_keeps_purpose_and_last_day(town: Town, seat: Seat) -> None:
    browser = seat(town.applicant())
    submit(browser, to_check(browser, purpose="test", until=END))
    town.decide(submitted(town), verdict=Verdict.RETURN, reason="请缩短期限")
    number = submitted(town).number
    begun = browser.post(f"/pages/requests/{number}/resubmit").headers["location"]
    page = browser.get(begun).text
    assert re.search(r'value="test"[^>]* checked', page)
    assert f'value="{END}"' in box(page, "until")
    sent = entries(town, purpose="temporary", until="2026-03-31", document_number="", phone="")
    check = browser.post(begun.partition("#")[0], sent)
    assert check.status_code == 303, words(check)
    submit(browser, check.headers["location"].partition("#")[0])
    with town.connector.act(HOST) as act:
        stage = act.session.scalars(select(StageRow).where(StageRow.state == "open")).one()
    changes = words(seat(town.actor(Office.UNIT_HEAD, "ywk")).get(f"/pages/inbox/{stage.id}"))
    assert "账号用途 测试 临时" in changes
    assert f"截止日期 {END} 2026-03-31" in changes


def test_enable_after_the_end_asks_for_a_new_one(town: Town, seat: Seat) -> None:
    account = expired(town)
    browser = seat(town.applicant())
    path = f"/pages/apply/enable?account={account.user_name}"
    assert "账号已到期" in words(browser.get(path))
    sent = {"account": account.user_name, "reason": "项目延期"}
    refused = browser.post("/pages/apply/enable", sent)
    assert refused.status_code == 422
    assert 'aria-invalid="true"' in box(refused.text, "until")
    check = browser.post("/pages/apply/enable", {**sent, "until": "2026-06-30"})
    assert check.status_code == 303, words(check)
    place = check.headers["location"].partition("#")[0]
    assert "截止日期 2026-06-30" in words(browser.get(place))
    submit(browser, place)
    assert count(town, RequestRow) == 2
    with town.connector.act(HOST) as act:
        again = act.session.scalars(select(RequestRow).where(RequestRow.kind == RequestKind.ENABLE)).one()
    enabled = town.account_of(town.approve(again))
    assert (enabled.status, enabled.valid_until) == ("active", datetime(2026, 6, 30, 16, tzinfo=UTC))


def test_enable_an_account_without_an_end_asks_for_none(town: Town, seat: Seat) -> None:
    account = town.account_of(town.approve(town.submit()))
    with town.connector.act(HOST) as act:
        provisioning.freeze_account(act, accounts.lock_account(act, account.id), cause="request")
    page = seat(town.applicant()).get(f"/pages/apply/enable?account={account.user_name}").text
    assert 'name="reason"' in page
    assert 'name="until"' not in page


def test_open_my_account_shows_its_purpose_and_last_day(town: Town, seat: Seat) -> None:
    head = town.actor(Office.UNIT_HEAD, "ywk")
    with town.connector.act(HOST) as act:
        account = accounts.get_account(act, str(head.account_id))
        account.purpose, account.valid_until = AccountPurpose.TEMPORARY.value, datetime(2026, 4, 30, 16, tzinfo=UTC)
    page = words(seat(head).get("/pages/account"))
    assert "用途 临时" in page
    assert f"有效期至 {END}" in page
