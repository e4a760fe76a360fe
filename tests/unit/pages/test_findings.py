"""The pages of the provenance gate and of reconciliation: what is found, how a person settles it, what differs."""

from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import insert

from connector.auth.actor import Actor
from connector.provenance.tables import FindingRow
from connector.reconciliation.tables import DifferenceRow
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import Office
from connector.storage.tables import new_id
from tests.fixtures_applying import Seat, words
from tests.fixtures_pages import Browser
from tests.fixtures_scheduled import Scheduled, counted_queries
from tests.town import HOST, NOON, Town


@pytest.fixture
def scene(town: Town) -> Scheduled:
    scene = Scheduled(town, NOON)
    scene.fill_findings()
    return scene


@pytest.fixture
def security(town: Town) -> Actor:
    return town.actor(Office.SECURITY_ADMINISTRATOR)


def finding(scene: Scheduled, name: str = "finding") -> FindingRow:
    with scene.town.connector.act(HOST) as act:
        return act.session.get_one(FindingRow, scene.ids[name])


def settle(browser: Browser, scene: Scheduled, name: str = "finding", **fields: Any) -> Response:
    right = {"act": "close", "reason": "已核实，由信息技术科误操作", "number": ""}
    return browser.post(f"/pages/findings/{scene.ids[name]}", {**right, **fields})


def test_open_findings_says_how_bad_what_was_done_and_to_whom(scene: Scheduled, seat: Seat, security: Actor) -> None:
    page = words(seat(security).get("/pages/findings"))
    assert "未关闭的发现2项，其中特别严重1项、严重1项" in page
    assert "未经批准授予权限 特别严重 冯涛，业务科" in page
    assert "暂缓，待决定" in page


def test_open_finding_says_what_to_do_and_who_can(scene: Scheduled, seat: Seat) -> None:
    answer = seat(scene.town.actor(Office.AUDITOR)).get(f"/pages/findings/{scene.ids['finding']}")
    page = words(answer)
    assert "怎么办 ：请核实操作人；恢复使用须提交启用申请" in page
    assert "centre:expert.draw" in page
    assert "由安全管理员处理" in page
    assert "<form" not in answer.text[answer.text.index("<main") :]  # The auditor reads all and changes nothing.


def test_close_needs_the_second_factor_anew_and_closes_nothing_before(
    scene: Scheduled, seat: Seat, security: Actor
) -> None:
    browser = seat(security)
    sent = settle(browser, scene)
    assert "acr_values=mfa" in sent.headers["location"]
    assert finding(scene).closed_at is None
    done = browser.prove(sent, security)
    closed = finding(scene)
    assert (closed.closed_by, closed.reason) == (security.person_id, "已核实，由信息技术科误操作")
    page = words(browser.get(done.headers["location"]))
    assert "发现已关闭" in page
    assert "已核实，由信息技术科误操作" in page
    assert "未关闭的发现1项" in words(browser.get("/pages/findings"))


def test_close_with_the_password_alone_closes_nothing(scene: Scheduled, seat: Seat, security: Actor) -> None:
    browser = seat(security)
    browser.prove(settle(browser, scene), security, acr="pwd", amr=("pwd",))
    assert finding(scene).closed_at is None


@pytest.mark.parametrize(
    ("fields", "box"), [({"act": ""}, "act"), ({"reason": ""}, "reason"), ({"reason": "长" * 513}, "reason")]
)
def test_close_with_a_mistake_is_told_at_its_box(
    scene: Scheduled, seat: Seat, security: Actor, fields: dict[str, str], box: str
) -> None:
    page = settle(seat(security), scene, **fields)
    assert (page.status_code, f'href="#{box}"' in page.text) == (422, True)


def test_close_by_a_request_that_explains_nothing_is_told_at_its_box(
    scene: Scheduled, seat: Seat, security: Actor
) -> None:
    browser = seat(security)
    page = browser.prove(settle(browser, scene, number=scene.town.submit().number), security)
    assert (page.status_code, 'href="#number"' in page.text) == (422, True)
    assert finding(scene).closed_at is None


def test_close_a_finding_about_oneself_is_refused(scene: Scheduled, seat: Seat, security: Actor) -> None:
    with scene.town.connector.act(HOST) as act:
        act.session.get_one(FindingRow, scene.ids["finding"]).account_id = security.account_id
    browser = seat(security)
    page = browser.prove(settle(browser, scene), security)
    assert (page.status_code, "不能处理涉及本人的发现" in page.text) == (403, True)


def test_carry_out_what_is_held_freezes_the_account(scene: Scheduled, seat: Seat, security: Actor) -> None:
    browser = seat(security)
    browser.prove(settle(browser, scene, act="carry_out"), security)
    held = finding(scene)
    with scene.town.connector.act(HOST) as act:
        assert act.session.get_one(AccountRow, held.account_id).status == "frozen"
    assert settle(browser, scene, "made", act="carry_out").status_code == 422  # Nothing of it is held.


def test_close_as_another_officer_is_refused(scene: Scheduled, seat: Seat) -> None:
    head = scene.town.actor(Office.SYSTEM_DEPARTMENT_HEAD)
    browser = seat(head)
    page = browser.prove(settle(browser, scene), head)
    assert page.status_code == 403
    assert finding(scene).closed_at is None


def test_open_comparison_lists_the_differences_and_who_repairs_them(scene: Scheduled, seat: Seat) -> None:
    browser = seat(scene.town.actor(Office.OPERATOR))
    assert "有差异" in words(browser.get("/pages/findings/comparisons"))
    page = words(browser.get(f"/pages/findings/comparisons/{scene.ids['comparison']}"))
    assert "冯涛，业务科 未经审批的权限 centre:x" in page
    assert "台账中没有 无人申请的账号" in page
    assert "批准修复方案后自动修复" in page
    assert browser.get("/pages/findings/comparisons/none").status_code == 404


def test_page_through_many_costs_the_same_few_queries(scene: Scheduled, seat: Seat, security: Actor) -> None:
    browser = seat(security)
    with counted_queries(scene.town) as few:
        browser.get("/pages/findings")
    one = finding(scene)
    columns = {column.key: getattr(one, column.key) for column in FindingRow.__table__.columns}
    with scene.town.connector.act(HOST) as act:
        rows = [{**columns, "id": new_id(), "event_id": new_id()} for _ in range(10_000)]
        act.session.execute(insert(FindingRow), rows)
        difference = {"run_id": scene.ids["comparison"], "kind": "unknown", "name": "", "state": "found"}
        act.session.execute(insert(DifferenceRow), [{**difference, "keycloak_id": str(n)} for n in range(1_000)])
    with counted_queries(scene.town) as many:
        page = browser.get("/pages/findings?page=150").text
    assert page.count('<th scope="row"') == 50
    assert len(many) <= len(few) + 2
    listed = browser.get(f"/pages/findings/comparisons/{scene.ids['comparison']}?page=3").text
    assert listed.count('<th scope="row"') == 50
