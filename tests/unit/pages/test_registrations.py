"""Pages of the registration: untrue data, numbers for the verifier, refusals, handovers, changes of units."""

import re
from datetime import date, timedelta
from html import unescape

import pytest
from httpx2 import Response

from connector.auth.actor import Actor, person_actor
from connector.register import accounts, people, units
from connector.register.tables import AccountRow
from connector.registration import service as registration
from connector.registration.contacts import ChangeForm
from connector.registration.mismatches import MismatchForm
from connector.regulations.vocabulary import AccountStatus, Office, Verdict
from connector.requests import service as requests
from tests.factories import make_account, make_person, make_person_form, resident_id
from tests.fixtures_applying import Seat, words
from tests.town import HOST, NOON, Town

ITEMS = ("document_seen", "directory_agrees", "unit_confirms")
AHEAD = date(2026, 4, 15)


@pytest.fixture
def account(town: Town) -> AccountRow:
    return town.account_of(town.approve(town.submit(town.form(person=make_person_form("ywk")))))


def member(town: Town, unit: str = "ywk") -> Actor:
    with town.connector.act(HOST) as act:
        person = make_person(act, unit)
        account = make_account(act, unit, person=person)
        return person_actor(person.id, account.user_name, account_id=account.id, acr="mfa")


def hidden(response: Response, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', response.text)
    assert found
    return unescape(found[1])


def case(town: Town, account: AccountRow) -> str:
    form = MismatchForm(account=account.user_name, fields=["document_number"], reason="证件与本人不符")
    with town.connector.act(town.actor(Office.SECURITY_ADMINISTRATOR)) as act:
        return registration.open_mismatch(act, form).id


def test_open_a_case_by_page_names_every_box_that_is_missing(town: Town, account: AccountRow, seat: Seat) -> None:
    browser = seat(town.actor(Office.UNIT_HEAD, "ywk"))
    wrong = browser.post("/pages/registrations", {"account": "", "reason": ""})
    assert wrong.status_code == 422
    assert all(said in words(wrong) for said in ("请填写账号", "请选择不符的内容", "请说明发现的情况"))
    sent = {"account": account.user_name, "fields": ["name", "phone"], "reason": "姓名与证件不一致"}
    done = browser.post("/pages/registrations", sent)
    assert done.status_code == 303
    page = words(browser.get(done.headers["location"]))
    assert "姓名、电话" in page.replace(" ", "")
    assert "本案的下一份申请未能提交" in page  # He would have to approve what he began himself (JC 7).
    browser = seat(town.actor(Office.SECURITY_ADMINISTRATOR))
    assert "暂停申请" in words(
        browser.get(f"/pages/registrations/{case(town, town.account_of(town.approve(town.submit())))}")
    )


def test_case_is_corrected_and_verified_by_page_with_the_second_factor(
    town: Town, account: AccountRow, seat: Seat
) -> None:
    address, number = f"/pages/registrations/{case(town, account)}", resident_id(70_123)
    head, verifier = seat(town.actor(Office.UNIT_HEAD, "ywk")), seat(town.actor(Office.VERIFIER, "jyzx"))
    wrong = head.post(f"{address}/corrections", {"document_kind": "resident_id", "document_number": "12"})
    assert wrong.status_code == 422
    sent = head.post(f"{address}/corrections", {"document_kind": "resident_id", "document_number": number})
    assert sent.status_code == 303
    assert number not in head.get(address).text
    found = re.search(r'action="(/pages/corrections-to-verify/[^"]+)"', verifier.get(address).text)
    assert found
    page = verifier.post(found[1])
    assert number in words(page)
    answers = {f"compared.{item}": "agrees" for item in ITEMS}
    typed = {"digest": hidden(page, "digest"), "verdict": "yes", "reason": ""}
    assert verifier.post(f"{found[1]}/verdict", typed).status_code == 422
    done = verifier.prove(
        verifier.post(f"{found[1]}/verdict", {**typed, **answers}), town.actor(Office.VERIFIER, "jyzx")
    )
    assert done.status_code == 303
    assert "核验一致" in words(verifier.get(address))
    with town.connector.act(HOST) as act:
        assert people.read_document(act, people.get_person(act, account.person_id)) == number


def test_case_of_another_unit_or_person_is_not_shown(town: Town, account: AccountRow, seat: Seat) -> None:
    number = case(town, account)
    for actor in (town.actor(Office.UNIT_HEAD, "xxjsk"), member(town)):
        browser = seat(actor)
        assert account.user_name not in words(browser.get("/pages/registrations"))
        assert browser.get(f"/pages/registrations/{number}").status_code == 404
        assert browser.post(f"/pages/registrations/{number}/corrections", {"name": "王"}).status_code == 404
    own = person_actor(account.person_id, account.user_name, account_id=account.id, acr="mfa")
    browser = seat(own)
    assert "提交更正" in words(browser.get(f"/pages/registrations/{number}"))


@pytest.mark.req("J5")
def test_verifier_reads_the_numbers_of_a_new_registration_on_the_page_and_nobody_else(town: Town, seat: Seat) -> None:
    form = make_person_form("ywk")
    request = town.submit(town.form(person=form))
    while town.open_stage(request).office != Office.VERIFIER:
        request = town.decide(request)
    address = f"/pages/inbox/{town.open_stage(request).id}"
    verifier = seat(town.actor(Office.VERIFIER, "jyzx"))
    assert form.document_number not in verifier.get(address).text
    assert "查看完整号码" in words(verifier.get(address))
    shown = verifier.post(f"{address}/numbers")
    assert form.document_number in words(shown)
    assert form.phone in words(shown)
    assert "no-store" in shown.headers["cache-control"]
    other = seat(town.actor(Office.SYSTEM_DEPARTMENT_HEAD))
    assert "查看完整号码" not in words(other.get(address))
    refused = other.post(f"{address}/numbers")
    assert refused.status_code == 403
    assert form.document_number not in refused.text


def test_refused_registration_is_listed_with_its_reason_and_masked_number(town: Town, seat: Seat) -> None:
    form = make_person_form("ywk", name="刘未核")
    request = town.submit(town.form(person=form))
    while town.open_stage(request).office != Office.VERIFIER:
        request = town.decide(request)
    town.decide(request, Verdict.REJECT, reason="证件与本人不符", compared=())
    browser = seat(town.actor(Office.VERIFIER, "jyzx"))
    page = browser.get("/pages/registrations/refused?q=刘未核")
    assert all(said in words(page) for said in (request.number, "证件与本人不符", "没有账号"))
    assert form.document_number not in page.text
    assert "没有未予登记的申请" in words(browser.get("/pages/registrations/refused?q=无此人"))
    assert seat(member(town)).get("/pages/registrations/refused").status_code == 403


def announced(town: Town, taker: Actor, day: date = AHEAD, now: timedelta = timedelta()) -> str:
    form = ChangeForm(unit_code="ywk", duty="handler", taker=taker.name, effective_on=day)
    with town.connector.act(town.actor(Office.UNIT_HEAD, "ywk"), now=NOON + now) as act:
        return registration.announce_change(act, form).id


def test_change_is_announced_and_signed_by_both_sides_by_page(town: Town, seat: Seat) -> None:
    giver, taker, head = member(town), member(town), town.actor(Office.UNIT_HEAD, "ywk")
    announced(town, giver, date(2026, 3, 17))
    with town.connector.act(HOST, now=NOON + timedelta(days=7)) as act:
        registration.follow_contacts(act)
    browser = seat(head)
    wrong = browser.post("/pages/handovers", {"unit_code": "ywk", "effective_on": "下周"})
    assert wrong.status_code == 422
    assert "请填写接任人员的账号" in words(wrong)
    sent = {"unit_code": "ywk", "duty": "handler", "taker": taker.name, "effective_on": "2026-4-15", "reason": ""}
    address = browser.prove(browser.post("/pages/handovers", sent), head).headers["location"]
    assert "账号清单" in words(browser.get(address))
    assert "验证并签字" not in words(browser.get(address))
    assert "代签" not in words(browser.get(address))  # Who is still here signs himself.
    for side, actor in (("giver", giver), ("taker", taker)):
        own = seat(actor)
        assert address in own.get("/pages/handovers").text
        page = own.get(address)
        assert hidden(page, "side") == side
        signed = {"side": side, "digest": hidden(page, "digest")}
        assert own.prove(own.post(f"{address}/sign", signed), actor).status_code == 303
    with town.connector.act(HOST, now=NOON + timedelta(days=40)) as act:
        registration.follow_contacts(act)
    assert "已归档" in words(browser.get(address))


def test_item_added_by_page_makes_signatures_void_and_a_number_in_it_is_refused(town: Town, seat: Seat) -> None:
    taker = member(town)
    address, browser = f"/pages/handovers/{announced(town, taker)}", seat(taker)
    page = browser.get(address)
    assert browser.prove(browser.post(f"{address}/sign", {"side": "taker", "digest": hidden(page, "digest")}), taker)
    assert "接收人：" in words(browser.get(address)).replace(" ", "")
    assert browser.post(f"{address}/items", {"kind": "other", "name": resident_id(5)}).status_code == 422
    assert browser.post(f"{address}/items", {"kind": "other", "name": "档案柜钥匙两把"}).status_code == 303
    after = words(browser.get(address))
    assert "档案柜钥匙两把" in after
    assert "尚未签字" in after


def test_unit_head_signs_by_page_for_one_who_left_with_the_reason(town: Town, seat: Seat) -> None:
    giver, head = member(town), town.actor(Office.UNIT_HEAD, "ywk")
    announced(town, giver, date(2026, 3, 17))
    with town.connector.act(HOST, now=NOON + timedelta(days=7)) as act:
        registration.follow_contacts(act)
    address, browser = f"/pages/handovers/{announced(town, member(town), now=timedelta(days=7))}", seat(head)
    with town.connector.act(HOST) as act:
        account = accounts.lock_account(act, str(giver.account_id))
        accounts.set_status(act, account, AccountStatus.FROZEN, cause="departure")
    page = browser.get(address)
    signed = {"side": hidden(page, "side"), "digest": hidden(page, "digest"), "reason": ""}
    assert browser.prove(browser.post(f"{address}/sign", signed), head).status_code == 422
    done = browser.prove(browser.post(f"{address}/sign", {**signed, "reason": "移交人已离职"}), head)
    assert done.status_code == 303
    assert "代签：移交人已离职" in words(browser.get(address))


def test_handover_of_others_is_not_shown_and_only_a_unit_head_names_and_withdraws(town: Town, seat: Seat) -> None:
    taker, other = member(town), member(town)
    address = f"/pages/handovers/{announced(town, taker)}"
    stranger = seat(other)
    assert address not in stranger.get("/pages/handovers").text
    assert stranger.get(address).status_code == 403
    assert seat(taker).post(f"{address}/withdraw").status_code == 403
    head = seat(town.actor(Office.UNIT_HEAD, "ywk"))
    assert head.post(f"{address}/successor", {"taker": ""}).status_code == 422
    assert head.post(f"{address}/successor", {"taker": other.name}).status_code == 303
    assert address in stranger.get("/pages/handovers").text
    assert head.post(f"{address}/withdraw").status_code == 303
    assert address not in stranger.get("/pages/handovers").text


def test_unit_change_is_previewed_and_submitted_as_previewed(town: Town, seat: Seat) -> None:
    browser = seat(town.actor(Office.OPERATOR))
    assert browser.post("/pages/unit-changes", {"how": "close"}).status_code == 422
    sent = {"unit": "ywk", "how": "rename", "name": "业务一处", "effective_on": "2026-3-31", "reason": "编办批复5号"}
    preview = browser.post("/pages/unit-changes", sent)
    assert all(said in words(preview) for said in ("方案预览", "业务一处", "2026-03-31"))
    done = browser.post("/pages/unit-changes/submit", {**sent, "plan_hash": hidden(preview, "plan_hash")})
    assert done.status_code == 303
    number = done.headers["location"].rpartition("/")[2]
    assert "业务一处" in words(browser.get(f"/pages/requests/{number}"))
    with town.connector.act(HOST) as act:
        request = requests.get_request(act, number)
    head = seat(town.actor(Office.SYSTEM_DEPARTMENT_HEAD))
    assert "业务一处" in words(head.get(f"/pages/inbox/{town.open_stage(request).id}"))
    town.approve(request, now=NOON + timedelta(days=21))
    assert number in words(browser.get("/pages/unit-changes"))
    with town.connector.act(HOST) as act:
        assert units.get_unit(act, "ywk").name == "业务一处"


def test_unit_change_whose_plan_is_another_now_or_by_others_is_refused(town: Town, seat: Seat) -> None:
    browser = seat(town.actor(Office.OPERATOR))
    sent = {"unit": "ywk", "how": "close", "target": "xxjsk", "effective_on": "2026-03-31", "reason": "编办批复5号"}
    preview = browser.post("/pages/unit-changes", sent)
    assert "终止的任职" in words(preview)
    member(town)
    late = browser.post("/pages/unit-changes/submit", {**sent, "plan_hash": hidden(preview, "plan_hash")})
    assert late.status_code == 409
    split = {**sent, "how": "split", "accounts": "nobody-1"}
    assert browser.post("/pages/unit-changes", split).status_code == 404
    head = seat(town.actor(Office.UNIT_HEAD, "ywk"))
    assert head.get("/pages/unit-changes").status_code == 403
    assert head.post("/pages/unit-changes", sent).status_code == 403
    with town.connector.act(HOST) as act:
        assert accounts.find_by_user_name(act, "nobody-1") is None
