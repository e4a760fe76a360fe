"""The inbox and the decision: what is shown, the second factor, races, and who gets no form."""

import re
from datetime import timedelta

import pytest
from httpx2 import Response
from sqlalchemy import select

from connector.auth.actor import Actor, job_actor
from connector.regulations.vocabulary import Office, RequestKind, Verdict
from connector.requests import service as requests
from connector.requests.forms import RequestForm
from connector.requests.tables import DecisionRow, RequestRow
from tests.factories import make_appointment, make_person_form
from tests.fixtures_applying import NUMBER, PHONE, Seat, count, words
from tests.fixtures_pages import Browser
from tests.town import HOST, NOON, Town


def head(town: Town) -> Actor:
    return town.actor(Office.UNIT_HEAD, "ywk")


def page_of(town: Town, request: RequestRow) -> str:
    return f"/pages/inbox/{town.open_stage(request).id}"


def send(browser: Browser, path: str, verdict: str = "approve", reason: str = "", **fields: object) -> Response:
    """Sends the decision with the digest of the page as it is shown now."""
    found = re.search(r'name="digest" value="(\w+)"', browser.get(path).text)
    digest = found[1] if found else "0" * 64
    return browser.post(path, {"verdict": verdict, "reason": reason, "digest": digest, **fields})


def state_of(town: Town, request: RequestRow) -> str:
    with town.connector.act(HOST) as act:
        return act.session.get_one(RequestRow, request.id).state


@pytest.mark.req("B6")
def test_open_inbox_shows_limits_in_words_the_most_urgent_first(town: Town, seat: Seat) -> None:
    for days in (1, 7, 4):
        town.submit(now=NOON - timedelta(days=days))
    page = words(seat(head(town)).get("/pages/inbox"))
    assert "待我审批（3件）" in page
    places = [page.index(limit) for limit in ("已超期3个工作日", "今日到期", "还有1个工作日")]
    assert places == sorted(places)
    assert "同意" not in page


def test_open_inbox_empty_and_filtered_empty_are_told_apart(town: Town, seat: Seat) -> None:
    browser = seat(head(town))
    assert "没有待审批的申请。" in browser.get("/pages/inbox").text
    town.submit(town.form(person=make_person_form("ywk", name="王小明")))
    assert "没有符合条件的申请。" in browser.get("/pages/inbox", params={"q": "李红"}).text
    assert "查看并审批" in browser.get("/pages/inbox", params={"q": "小明", "kind": "grant"}).text
    assert "没有符合条件的申请。" in browser.get("/pages/inbox", params={"kind": "cancel"}).text


def test_open_decision_shows_the_facts_and_chooses_nothing(town: Town, seat: Seat) -> None:
    person = make_person_form("ywk", name="王小明", document_number=NUMBER, phone=PHONE, post="经办岗")
    sensitive = (*town.permissions(1), *town.permissions(1, sensitive=True))
    request = town.submit(town.form(person=person, permissions=sensitive))
    page = seat(head(town)).get(page_of(town, request))
    assert "王小明，业务科，经办岗" in page.text
    assert "含敏感权限。" in page.text
    assert "提交即为电子签批，记录签批人、时间和验证方式，不能撤销。" in page.text
    assert "checked" not in page.text
    assert NUMBER not in page.text
    assert PHONE not in page.text
    assert f"{NUMBER[:4]}**********{NUMBER[-4:]}" in page.text


def test_open_decision_shows_held_permissions_and_past_requests(town: Town, seat: Seat) -> None:
    first = town.approve(town.submit())
    account = town.account_of(first)
    wanted = tuple(set(town.permissions(4)) - set(first.form["permissions"]))[:1]
    request = town.submit(town.form(account=account.user_name, permissions=wanted))
    page = words(seat(head(town)).get(page_of(town, request)))
    assert first.number in page
    held = page[page.index("现有权限") : page.index("申请原因")]
    assert "无" not in held


@pytest.mark.parametrize(
    ("verdict", "reason", "at_fault"), [("", "", "verdict"), ("reject", " ", "reason"), ("return", "", "reason")]
)
def test_send_incomplete_decision_is_told_at_its_field(
    town: Town, seat: Seat, verdict: str, reason: str, at_fault: str
) -> None:
    request = town.submit()
    page = send(seat(head(town)), page_of(town, request), verdict, reason)
    assert page.status_code == 422
    assert f'href="#{at_fault}"' in page.text
    assert "<title>错误：" in page.text


@pytest.mark.req("B3")
def test_decide_needs_the_second_factor_anew_and_decides_nothing_before(town: Town, seat: Seat) -> None:
    request = town.submit()
    browser, actor = seat(head(town)), head(town)
    sent = send(browser, page_of(town, request), reason="同意，工作需要")
    assert "acr_values=mfa" in sent.headers["location"]
    assert count(town, DecisionRow) == 0
    done = browser.prove(sent, actor)
    assert done.headers["location"] == f"/pages/requests/{request.number}"
    with town.connector.act(HOST) as act:
        decision = act.session.scalars(select(DecisionRow)).one()
        assert (decision.verdict, decision.via, decision.proof) == ("approve", "page", "mfa hwk")
        assert decision.digest == request.digest
    assert "审批已提交：同意" in browser.get(done.headers["location"]).text


def test_decide_with_the_password_alone_is_not_decided(town: Town, seat: Seat) -> None:
    request = town.submit()
    browser = seat(head(town))
    path = page_of(town, request)
    sent = send(browser, path, "reject", "不符合岗位要求")
    browser.prove(sent, head(town), acr="pwd", amr=("pwd",))
    assert count(town, DecisionRow) == 0
    again = browser.get(path).text
    assert "不符合岗位要求" in again
    assert re.search(r'value="reject"[^>]*checked', again)


@pytest.mark.req("B3")
def test_open_own_request_in_the_inbox_draws_no_form(town: Town, seat: Seat) -> None:
    with town.connector.act(HOST) as act:
        person = town.centre.person(Office.VERIFIER, "ywk")
        make_appointment(act, person, "ywk", Office.UNIT_HEAD)
    verifier = town.actor(Office.VERIFIER, "ywk")
    request = town.submit(actor=verifier)
    browser, path = seat(verifier), page_of(town, request)
    page = browser.get(path)
    assert page.status_code == 200
    assert 'name="verdict"' not in page.text
    assert "不能审批自己提交或自己为使用人的申请" in page.text
    assert town.centre.person(Office.UNIT_HEAD, "ywk").name in page.text
    sent = browser.post(path, {"verdict": "approve", "digest": request.digest})
    assert sent.status_code == 403
    assert count(town, DecisionRow) == 0


def test_open_decision_as_a_stranger_is_not_found(town: Town, seat: Seat) -> None:
    request = town.submit()
    assert seat(town.applicant("dljg")).get(page_of(town, request)).status_code == 404


def test_decide_what_another_has_decided_names_him(town: Town, seat: Seat) -> None:
    request = town.submit()
    browser, path = seat(head(town)), page_of(town, request)
    sent = send(browser, path)
    town.decide(request, Verdict.REJECT, reason="不需要")
    lost = browser.prove(sent, head(town))
    assert lost.status_code == 409
    text = words(lost)
    assert "此申请已办理" in text
    assert f"已由{town.centre.person(Office.UNIT_HEAD, 'ywk').name}于2026-03-10 12:00办理：不同意" in text
    assert count(town, DecisionRow) == 1


def test_decide_what_was_withdrawn_says_so(town: Town, seat: Seat) -> None:
    request = town.submit()
    browser, path = seat(head(town)), page_of(town, request)
    sent = send(browser, path)
    with town.connector.act(town.applicant()) as act:
        requests.withdraw_request(act, request.id)
    lost = browser.prove(sent, head(town))
    assert lost.status_code == 409
    assert "申请人已撤回此申请" in lost.text


@pytest.mark.req("B12")
def test_decide_what_has_changed_shows_the_change_and_decides_nothing(town: Town, seat: Seat) -> None:
    form = town.form(reason="原来的原因")
    request = town.submit(form)
    browser, path = seat(head(town)), page_of(town, request)
    sent = send(browser, path)
    town.decide(request, Verdict.RETURN, reason="请写明业务")
    with town.connector.act(town.applicant()) as act:
        requests.resubmit_request(act, request.id, form.model_copy(update={"reason": "写明了的原因"}))
    lost = browser.prove(sent, head(town))
    assert lost.status_code == 409
    assert "申请内容已变化" in lost.text
    assert "原来的原因" in lost.text
    assert "写明了的原因" in lost.text
    assert state_of(town, request) == "pending"
    onward = re.search(r"/pages/inbox/[\w-]{36}", lost.text)
    assert onward
    assert "与上一版相比的变化" in browser.get(onward[0]).text
    assert browser.prove(send(browser, onward[0]), head(town)).status_code == 303


@pytest.mark.req("B12")
def test_decide_with_a_digest_that_was_not_shown_is_refused(town: Town, seat: Seat) -> None:
    request = town.submit()
    path = page_of(town, request)
    refused = seat(head(town)).post(path, {"verdict": "approve", "digest": "0" * 64})
    assert refused.status_code == 409
    assert count(town, DecisionRow) == 0


@pytest.mark.req("B12")
def test_decide_binds_to_the_digest_that_was_shown_also_after_the_proof(town: Town, seat: Seat) -> None:
    request = town.submit()
    browser, path = seat(head(town)), page_of(town, request)
    sent = send(browser, path)
    with town.connector.act(HOST) as act:
        act.session.get_one(RequestRow, request.id).digest = "f" * 64
    lost = browser.prove(sent, head(town))
    assert lost.status_code == 409
    assert count(town, DecisionRow) == 0


def test_decide_a_proposal_leaves_out_whom_the_principal_excludes(town: Town, seat: Seat) -> None:
    names = [account.user_name for account in list(town.centre.accounts.values())[:2]]
    form = RequestForm(
        kind=RequestKind.DISABLE_DORMANT, unit_code="jyzx", reason="长期未使用", accounts=tuple(names),
        evidence={name: {"verdict": "dormant"} for name in names},
    )  # fmt: skip
    request = town.submit(form, actor=job_actor("scan_dormant"))
    principal = town.actor(Office.PRINCIPAL)
    browser, path = seat(principal), page_of(town, request)
    assert all(name in browser.get(path).text for name in names)
    browser.prove(send(browser, path, excluded=names[:1]), principal)
    with town.connector.act(HOST) as act:
        states = [act.session.get_one(type(a), a.id).status for a in list(town.centre.accounts.values())[:2]]
    assert states == ["active", "disabled"]


def test_open_decided_lists_what_was_decided(town: Town, seat: Seat) -> None:
    browser = seat(head(town))
    assert "还没有审批过申请。" in browser.get("/pages/inbox/decided").text
    request = town.decide(town.submit(), Verdict.REJECT, reason="不需要此权限")
    page = words(browser.get("/pages/inbox/decided"))
    assert request.number in page
    assert "不需要此权限" in page


def test_send_hostile_reason_comes_back_as_text(town: Town, seat: Seat) -> None:
    request = town.submit(town.form(reason="<script>alert(1)</script>{{7*7}}"))
    browser, path = seat(head(town)), page_of(town, request)
    page = send(browser, path, "", "</textarea><script>alert(2)</script>")
    assert "<script" not in page.text
    assert "{{7*7}}" in page.text
