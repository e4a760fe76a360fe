"""Pages of what comes round: an answer to a review, a self-check, an inspection, a filing, the calendar."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.audit.seal import seal_pending
from connector.auth.actor import Actor
from connector.register import accounts, matrix
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import Office
from connector.reviews import campaigns, corrections, filings, inspection_views, inspections, self_checks, views
from connector.reviews.verified import verify_package
from tests.factories import make_account
from tests.fixtures_applying import Seat, words
from tests.fixtures_pages import Browser
from tests.town import HOST, NOON, Town


@pytest.fixture
def member(town: Town) -> AccountRow:
    """Somebody of ywk with two permissions since last year, the second beyond his post's table."""
    with town.connector.act(HOST, now=datetime(2025, 3, 3, tzinfo=UTC)) as act:
        account = make_account(act, "ywk", *town.permissions(2))
    with town.connector.act(HOST) as act:
        matrix.adopt_matrix(act, "ywk", {"科员": [town.permissions(1)[0]]}, adopted_by="paper:M-1")
    return account


def review(town: Town) -> str:
    with town.connector.act(town.actor(Office.SYSTEM_DEPARTMENT_HEAD)) as act:
        return campaigns.open_campaign(act, ["ywk"]).number


def test_answer_review_by_page_asks_for_a_reason_then_for_the_key(town: Town, member: AccountRow, seat: Seat) -> None:
    number, head = review(town), town.actor(Office.UNIT_HEAD, "ywk")
    first, second = town.permissions(2)
    browser = seat(head)
    assert number in words(browser.get("/pages/reviews"))
    assert "未答复" in words(browser.get(f"/pages/reviews/{number}"))
    address = f"/pages/reviews/{number}/{member.user_name}"
    assert "超出对照表" in words(browser.get(address))
    sent = {f"answer.{first}": "keep", f"reason.{first}": "", f"answer.{second}": "keep", f"reason.{second}": ""}
    wrong = browser.post(address, sent)
    assert wrong.status_code == 422
    assert "超出对照表，保留须写明理由" in words(wrong)
    done = browser.prove(browser.post(address, {**sent, f"answer.{second}": "withdraw"}), head)
    assert done.status_code == 303
    with town.connector.act(head) as act:
        (subject,) = views.list_subjects(act, number)
        assert len(accounts.list_grants(act, member)) == 2  # People decide first.
    assert {item.permission: item.answer for item in subject.items} == {first: "keep", second: "withdraw"}
    assert subject.request_state == "pending"


def test_review_of_another_unit_is_not_shown_to_a_unit_head(town: Town, member: AccountRow, seat: Seat) -> None:
    number = review(town)
    browser = seat(town.actor(Office.UNIT_HEAD, "xxjsk"))
    assert number not in words(browser.get("/pages/reviews"))
    assert browser.get(f"/pages/reviews/{number}").status_code == 404
    assert browser.get(f"/pages/reviews/{number}/{member.user_name}").status_code == 404


def test_sign_self_check_by_page_opens_the_correction_which_is_then_done(
    town: Town, member: AccountRow, seat: Seat
) -> None:
    head = town.actor(Office.UNIT_HEAD, "ywk")
    browser = seat(head)
    address = "/pages/self-checks/self_check?period=2026-Q1&unit=ywk"
    names = [question.name for question in town.connector.rulebook.checklist("self_check")]
    assert browser.post(address, {f"ok.{name}": "yes" for name in names[1:]}).status_code == 422
    sent = {**{f"ok.{name}": "yes" for name in names}, f"ok.{names[0]}": "no", f"note.{names[0]}": "一人借用账号"}
    assert browser.prove(browser.post(address, sent), head).status_code == 303
    assert "一人借用账号" in words(browser.get("/pages/corrections"))
    with town.connector.act(head) as act:
        [(row, _)] = corrections.list_corrections(act)
    assert browser.post(f"/pages/corrections/{row.id}", {"note": "已收回并教育"}).status_code == 303
    with town.connector.act(head) as act:
        assert self_checks.find_check(act, "self_check", row.unit_id, "2026-Q1") is not None
        assert corrections.list_corrections(act)[0][0].state == "done"


def test_answer_inspection_by_page(town: Town, member: AccountRow, seat: Seat) -> None:
    inspector = town.actor(Office.SECURITY_ADMINISTRATOR)
    with town.connector.act(inspector) as act:
        number = inspections.open_inspection(act, "ywk").number
    seal_pending(town.connector.database, town.connector.signer, NOON + timedelta(seconds=10))
    with town.connector.act(HOST) as act:
        inspections.draw_inspection(act, number)
    browser = seat(inspector)
    assert number in words(browser.get("/pages/inspections"))
    key = f"account:{member.user_name}"
    assert key in words(browser.get(f"/pages/inspections/{number}?key={key}"))
    assert browser.post(f"/pages/inspections/{number}", {"key": key, "result": "finding"}).status_code == 422
    done = browser.post(f"/pages/inspections/{number}", {"key": key, "result": "finding", "finding": "权限无依据"})
    assert browser.prove(done, inspector).status_code == 303
    assert "权限无依据" in words(browser.get(f"/pages/inspections/{number}"))


def test_inspection_by_page_from_its_opening_to_its_report(town: Town, member: AccountRow, seat: Seat) -> None:
    inspector, unit_head = town.actor(Office.SECURITY_ADMINISTRATOR), town.actor(Office.UNIT_HEAD, "ywk")
    browser = seat(inspector)
    assert "发起抽查" in words(browser.get("/pages/inspections"))
    assert browser.post("/pages/inspections", {"unit_code": "ywk", "inspectors": "nobody"}).status_code == 422
    address = browser.post("/pages/inspections", {"unit_code": "ywk"}).headers["location"]
    assert browser.post(f"{address}/draw", {}).status_code == 409  # Nobody knows the seed before it is signed.
    seal_pending(town.connector.database, town.connector.signer, NOON + timedelta(seconds=10))
    assert browser.post(f"{address}/draw", {}).status_code == 303
    answer_all(town, browser, address, inspector)
    assert browser.post(f"{address}/report", {"conclusion": "抽查完毕"}).status_code == 409  # A correction is open.
    with town.connector.act(unit_head) as act:
        [(row, _)] = corrections.list_corrections(act)
        corrections.do_correction(act, row.id, "已补办申请")
    check = f"/pages/corrections/{row.id}/check"
    assert browser.post(check, {"accepted": "no", "note": ""}).status_code == 422
    assert browser.prove(browser.post(check, {"accepted": "yes"}), inspector).status_code == 303
    assert browser.post(f"{address}/report", {"conclusion": ""}).status_code == 422
    assert browser.post(f"{address}/report", {"conclusion": "抽查完毕，一项已整改"}).status_code == 303
    assert "抽查完毕，一项已整改" in words(browser.get(address))


def answer_all(town: Town, browser: Browser, address: str, inspector: Actor) -> None:
    """The first thing drawn is a finding, the others are in order."""
    with town.connector.act(inspector) as act:
        drawn = inspection_views.show_inspection(act, address.rsplit("/", 1)[1]).items
    for place, item in enumerate(drawn):
        sent = {"key": item.key, "result": "in_order" if place else "finding", "finding": "" if place else "权限无依据"}
        assert browser.prove(browser.post(address, sent), inspector).status_code == 303


def test_open_inspection_or_review_by_page_without_the_office_offers_and_does_nothing(town: Town, seat: Seat) -> None:
    browser = seat(town.actor(Office.UNIT_HEAD, "ywk"))
    for address, offered in (("/pages/inspections", "发起抽查"), ("/pages/reviews", "发起权限复核")):
        assert offered not in words(browser.get(address))
        assert browser.post(address, {"unit_code": "ywk"}).status_code == 403


def test_open_and_end_review_by_page(town: Town, member: AccountRow, seat: Seat) -> None:
    browser = seat(town.actor(Office.SYSTEM_DEPARTMENT_HEAD))
    assert "发起权限复核" in words(browser.get("/pages/reviews"))
    assert browser.post("/pages/reviews", {"unit_code": "ywk", "working_days": "zehn"}).status_code == 422
    address = browser.post("/pages/reviews", {"unit_code": "ywk", "working_days": "3"}).headers["location"]
    assert browser.post("/pages/reviews", {"unit_code": "ywk"}).status_code == 409  # One is under way.
    assert browser.post(f"{address}/close", {"note": ""}).status_code == 409
    town.clock.advance(timedelta(days=90))
    later = seat(town.actor(Office.SYSTEM_DEPARTMENT_HEAD))
    assert later.post(f"{address}/close", {"note": "负责人已知悉"}).status_code == 303
    assert "已结束" in words(later.get(address))


def test_make_and_sign_filing_by_page(town: Town, member: AccountRow, seat: Seat) -> None:
    operator, principal = town.actor(Office.OPERATOR), town.actor(Office.PRINCIPAL)
    maker, signer = seat(operator), seat(principal)
    assert maker.post("/pages/filings", {}).status_code == 303
    with town.connector.act(HOST) as act:
        row = filings.get_filing(act, "BA-2025-Q4")
    assert row.manifest_hash in words(signer.get("/pages/filings"))
    sent = signer.post("/pages/filings/BA-2025-Q4/sign", {"manifest": row.manifest_hash})
    assert signer.prove(sent, principal).status_code == 303
    wrong = maker.post("/pages/filings/BA-2025-Q4/receipt", {"receipt": "备3号", "received_on": "昨天"})
    assert wrong.status_code == 422
    given = {"receipt": "备3号", "received_on": "2026-03-09"}
    assert maker.post("/pages/filings/BA-2025-Q4/receipt", given).status_code == 303
    whole = maker.get("/pages/filings/BA-2025-Q4/package.zip").content
    assert all(ok for _, ok in verify_package(whole, town.connector.signer.verifier_key()))


def test_calendar_of_duties_says_by_whom_and_by_which_article(town: Town, member: AccountRow, seat: Seat) -> None:
    page = words(seat(town.actor(Office.UNIT_HEAD, "ywk")).get("/pages/duties"))
    assert "账号使用自查 2026-Q1" in page
    assert "HH 3" in page
    assert "2026-04" in page
    assert "信息技术科" not in page  # Another unit's duties are not his to see.
