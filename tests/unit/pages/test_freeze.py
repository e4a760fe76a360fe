"""The freeze pages: the list before the act, the second factor, the second person, the proof, and undoing."""

import re

import pytest
from httpx2 import Response
from sqlalchemy import select

from connector.auth.actor import Actor
from connector.incidents.tables import FreezeOrderRow
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import Office
from tests.fixtures_applying import Seat, count, words
from tests.fixtures_pages import Browser
from tests.town import HOST, Town

UNIT = "/pages/freezes/new?kind=unit&value=ywk"


def officer(town: Town) -> Actor:
    return town.actor(Office.SECURITY_ADMINISTRATOR)


def fields(page: Response, **typed: str) -> dict[str, str]:
    """The hidden fields of the form as it is shown, and what is typed."""
    hidden = dict(re.findall(r'type="hidden" name="(kind|value|plan_hash)" value="([^"]*)"', page.text))
    return {**hidden, **typed}


def freeze(browser: Browser, actor: Actor, path: str = UNIT, reason: str = "口令泄露") -> str:
    """Goes the whole way of an order; returns the address of its page."""
    sent = browser.post("/pages/freezes/new", fields(browser.get(path), reason=reason))
    done = browser.prove(sent, actor)
    assert done.status_code == 303, words(done)
    return done.headers["location"]


def statuses(town: Town, unit: str) -> set[str]:
    with town.connector.act(HOST) as act:
        found = select(AccountRow.status).where(AccountRow.user_name.contains(f"-{unit}-"))
        return set(act.session.scalars(found))


def test_open_freezes_without_any_order_says_so(town: Town, seat: Seat) -> None:
    page = seat(officer(town)).get("/pages/freezes")
    assert "没有冻结指令。" in page.text
    assert [kind for kind in re.findall(r"new\?kind=(\w+)", page.text)] == ["person", "unit", "subsystem", "key_batch"]


@pytest.mark.parametrize("kind", ["person", "unit", "subsystem", "key_batch"])
def test_open_choice_of_a_scope(town: Town, seat: Seat, kind: str) -> None:
    assert seat(officer(town)).get(f"/pages/freezes/new?kind={kind}").status_code == 200


def test_search_a_person_to_freeze_stays_within_the_office(town: Town, seat: Seat) -> None:
    name = town.centre.person(Office.UNIT_HEAD, "dljg").name
    assert "查看名单" in seat(officer(town)).get("/pages/freezes/new", params={"kind": "person", "q": name}).text
    head = seat(town.actor(Office.UNIT_HEAD, "ywk"))
    assert "没有符合条件的在用账号。" in head.get("/pages/freezes/new", params={"kind": "person", "q": name}).text


def test_preview_freezes_nobody_and_names_who_is_left_out(town: Town, seat: Seat) -> None:
    officer_name = town.centre.person(Office.SECURITY_ADMINISTRATOR).name
    page = words(seat(officer(town)).get("/pages/freezes/new?kind=unit&value=jyzx"))
    assert "尚未冻结。" in page
    left_out = page[page.index("不冻结的账号") :]
    assert officer_name in left_out
    assert "下达人或确认人本人" in left_out
    assert statuses(town, "jyzx") == {"active"}


def test_order_without_a_reason_is_told_at_its_field(town: Town, seat: Seat) -> None:
    browser = seat(officer(town))
    page = browser.post("/pages/freezes/new", fields(browser.get(UNIT), reason=" "))
    assert page.status_code == 422
    assert 'href="#reason"' in page.text
    assert count(town, FreezeOrderRow) == 0


def test_order_needs_the_second_factor_and_then_freezes_everybody_shown(town: Town, seat: Seat) -> None:
    browser = seat(officer(town))
    sent = browser.post("/pages/freezes/new", fields(browser.get(UNIT), reason="口令泄露"))
    assert "acr_values=mfa" in sent.headers["location"]
    assert statuses(town, "ywk") == {"active"}
    done = browser.prove(sent, officer(town))
    assert statuses(town, "ywk") == {"frozen"}
    page = words(browser.get(done.headers["location"]))
    assert "口令泄露" in page
    for office in (Office.UNIT_HEAD, Office.VERIFIER):
        assert town.centre.person(office, "ywk").name in page


def test_order_with_the_password_alone_freezes_nobody_and_keeps_the_reason(town: Town, seat: Seat) -> None:
    browser = seat(officer(town))
    sent = browser.post("/pages/freezes/new", fields(browser.get(UNIT), reason="口令泄露"))
    back = browser.prove(sent, officer(town), acr="pwd", amr=("pwd",))
    assert statuses(town, "ywk") == {"active"}
    page = browser.get(back.headers["location"])
    assert "未完成验证，指令未执行。" in page.text
    assert "口令泄露</textarea>" in page.text


def test_order_after_the_list_has_changed_freezes_nobody(town: Town, seat: Seat) -> None:
    browser = seat(officer(town))
    sent = browser.post("/pages/freezes/new", fields(browser.get(UNIT), reason="口令泄露"))
    town.applicant("ywk")
    back = browser.prove(sent, officer(town))
    assert statuses(town, "ywk") == {"active"}
    assert "名单已变化，未执行" in browser.get(back.headers["location"]).text


def test_order_outside_the_own_office_is_refused_on_a_page(town: Town, seat: Seat) -> None:
    browser = seat(town.actor(Office.UNIT_HEAD, "ywk"))
    assert browser.get("/pages/freezes/new?kind=unit&value=dljg").status_code == 403
    assert seat(town.applicant()).get("/pages/freezes/new?kind=subsystem&value=member").status_code == 403


def test_order_above_the_limit_waits_for_a_second_person(town: Town, seat: Seat) -> None:
    object.__setattr__(town.connector.settings, "freeze_alone", 1)
    first, second = seat(officer(town)), town.actor(Office.PRINCIPAL)
    assert "须另一人在1小时内确认才执行" in first.get(UNIT).text
    order = freeze(first, officer(town))
    assert statuses(town, "ywk") == {"active"}
    own = first.get(f"{order}/confirm").text
    assert "须由下达人以外的人员确认" in own
    assert 'name="verdict"' not in own
    browser = seat(second)
    page = browser.get(f"{order}/confirm")
    assert "checked" not in page.text
    assert browser.post(f"{order}/confirm", fields(page)).status_code == 422
    done = browser.prove(browser.post(f"{order}/confirm", fields(page, verdict="confirm")), second)
    assert done.headers["location"] == order
    assert statuses(town, "ywk") == {"frozen"}


def test_confirm_the_own_order_is_refused(town: Town, seat: Seat) -> None:
    object.__setattr__(town.connector.settings, "freeze_alone", 1)
    browser = seat(officer(town))
    order = freeze(browser, officer(town))
    sent = browser.post(f"{order}/confirm", fields(browser.get(UNIT), verdict="confirm"))
    assert browser.prove(sent, officer(town)).status_code == 403
    assert statuses(town, "ywk") == {"active"}


def test_refuse_a_waiting_order_needs_a_reason_and_closes_it(town: Town, seat: Seat) -> None:
    object.__setattr__(town.connector.settings, "freeze_alone", 1)
    order = freeze(seat(officer(town)), officer(town))
    principal = town.actor(Office.PRINCIPAL)
    browser = seat(principal)
    page = browser.get(f"{order}/confirm")
    assert browser.post(f"{order}/confirm", fields(page, verdict="refuse")).status_code == 422
    browser.prove(browser.post(f"{order}/confirm", fields(page, verdict="refuse", reason="范围过大")), principal)
    assert "已驳回" in browser.get(order).text
    assert "范围过大" in browser.get(order).text
    assert statuses(town, "ywk") == {"active"}


def test_undo_takes_two_people(town: Town, seat: Seat) -> None:
    first, second = officer(town), town.actor(Office.PRINCIPAL)
    one, two = seat(first), seat(second)
    order = freeze(one, first)
    assert f"{order}/undo" in one.get(order).text
    done = one.prove(one.post(f"{order}/undo", fields(one.get(f"{order}/undo"), reason="已查明")), first)
    undoing = done.headers["location"]
    assert statuses(town, "ywk") == {"frozen"}
    sent = two.post(f"{undoing}/confirm", fields(two.get(f"{undoing}/confirm"), verdict="confirm"))
    two.prove(sent, second)
    assert statuses(town, "ywk") == {"active"}


def test_open_proof_asks_keycloak_now(town: Town, seat: Seat) -> None:
    account = town.account_of(town.approve(town.submit()))
    town.connector.deliver()
    browser = seat(officer(town))
    order = freeze(browser, officer(town), f"/pages/freezes/new?kind=person&value={account.user_name}")
    page = words(browser.get(f"{order}/proof/{account.user_name}"))
    assert "已不能登录" in page
    assert "允许登录 否" in page


def test_open_an_order_as_a_stranger_is_refused(town: Town, seat: Seat) -> None:
    order = freeze(seat(officer(town)), officer(town))
    assert seat(town.applicant("dljg")).get(order).status_code == 403


def test_send_a_hostile_reason_comes_back_as_text(town: Town, seat: Seat) -> None:
    browser = seat(officer(town))
    with town.connector.act(HOST) as act:
        person = act.session.get_one(PersonRow, town.centre.person(Office.UNIT_HEAD, "ywk").id)
        person.name = "<script>alert(1)</script>"
    page = browser.get(freeze(browser, officer(town), reason="</p><script>alert(2)</script>"))
    assert "<script" not in page.text
    assert "&lt;script&gt;alert(2)" in page.text
