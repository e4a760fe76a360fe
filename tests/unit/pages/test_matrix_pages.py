"""Pages of the tables of posts: the check in the decision, the draft, the worklist, the overrides."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from connector.reconciliation import three_way
from connector.register import matrix_drafts
from connector.regulations.vocabulary import Office
from connector.requests.entitlement_tables import OverrideRow
from connector.requests.tables import DecisionRow, RequestRow
from tests.fixtures_applying import Seat, count, words
from tests.fixtures_matrix import WHY, adopt, check_of, granted_beyond, propose, to_department
from tests.fixtures_reconciliation import deliver, provision_everybody
from tests.town import HOST, Town


def decision(town: Town, request: RequestRow, **fields: object) -> dict[str, object]:
    found = check_of(town, request)
    return {"verdict": "approve", "digest": request.digest, "entitlement": found.digest, **fields}


def test_decide_excess_on_the_page_needs_every_tick_and_a_reason(town: Town, seat: Seat) -> None:
    first, second = town.permissions(2)
    adopt(town, first)
    request = to_department(town, town.submit(town.form(permissions=(first, second))))
    actor = town.actor(Office.SYSTEM_DEPARTMENT_HEAD)
    browser, path = seat(actor), f"/pages/inbox/{town.open_stage(request).id}"
    page = browser.get(path).text
    assert "现行对照表第1版" in page
    assert (f'value="{second}"' in page, f'value="{first}"' in page, "checked" in page) == (True, False, False)
    before = count(town, DecisionRow)
    for fields, at_fault in (({}, "override"), ({"override": second, "override_reason": " "}, "override_reason")):
        refused = browser.post(path, decision(town, request, **fields))
        assert (refused.status_code, f'href="#{at_fault}"' in refused.text) == (422, True)
    assert count(town, DecisionRow) == before
    sent = browser.post(path, decision(town, request, override=second, override_reason=WHY))
    done = browser.prove(sent, actor)
    assert done.headers["location"] == f"/pages/requests/{request.number}"
    with town.connector.act(HOST) as act:
        assert act.session.scalars(select(OverrideRow)).one().permissions == [second]
    shown = words(browser.get(f"/pages/requests/{request.number}"))
    assert "含超出对照表的例外" in shown
    assert WHY in shown


def test_reject_excess_on_the_page_needs_no_tick(town: Town, seat: Seat) -> None:
    first, second = town.permissions(2)
    adopt(town, first)
    request = to_department(town, town.submit(town.form(permissions=(second,))))
    actor = town.actor(Office.SYSTEM_DEPARTMENT_HEAD)
    path = f"/pages/inbox/{town.open_stage(request).id}"
    browser = seat(actor)
    fields = decision(town, request, verdict="reject", reason="超出岗位", override=second)
    assert browser.prove(browser.post(path, fields), actor).status_code == 303
    with town.connector.act(HOST) as act:
        assert act.session.get_one(RequestRow, request.id).state == "rejected"


def test_edit_draft_on_the_page_saves_submits_and_is_for_the_head_alone(town: Town, seat: Seat) -> None:
    first, second = town.permissions(2)
    browser = seat(town.actor(Office.UNIT_HEAD, "ywk"))
    form = {"revision": "0", "post-1": "科员", "may-1": [first, second], "post-2": "", "may-2": [first], "then": "save"}
    assert browser.post("/pages/matrix-drafts/ywk", form).status_code == 303
    with town.connector.act(HOST) as act:
        assert [line.key for line in matrix_drafts.get_draft(act, "ywk").lines] == sorted(
            [("科员", first), ("科员", second)], key=lambda key: [first, second].index(key[1])
        )
    page = browser.get("/pages/matrix-drafts/ywk").text
    assert len(re.findall(r'type="checkbox"[^>]*checked', page)) == 2
    sent = browser.post("/pages/matrix-drafts/ywk", {**form, "revision": "1", "then": "submit"})
    assert "/pages/requests/" in sent.headers["location"]
    other = seat(town.actor(Office.UNIT_HEAD, "xxjsk"))
    assert other.get("/pages/matrix-drafts/ywk").status_code in (403, 404)


def test_open_request_for_a_table_shows_its_changes_to_the_signer(town: Town, seat: Seat) -> None:
    (first,) = town.permissions(1)
    request = propose(town, first)
    page = words(seat(town.holder(town.open_stage(request))).get(f"/pages/inbox/{town.open_stage(request).id}"))
    assert "对照表变化" in page
    assert first in page


@pytest.mark.parametrize("office", [Office.AUDITOR, Office.SYSTEM_DEPARTMENT_HEAD])
def test_open_worklist_shows_differences_and_overrides(town: Town, seat: Seat, office: Office) -> None:
    provision_everybody(town)
    first, second, third = town.permissions(3)
    adopt(town, first)
    granted_beyond(town, second)
    deliver(town)
    adopt(town, first, third)
    town.clock.advance(timedelta(minutes=1))
    three_way.check_matrix(town.connector)
    page = words(seat(town.actor(office)).get("/pages/matrix-checks"))
    assert "已审批，岗位对照表不允许" in page
    assert WHY in page
    assert "第1版" in words(seat(town.actor(Office.AUDITOR)).get("/pages/matrix-drafts/ywk/versions"))
