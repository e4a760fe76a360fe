"""The ledger, the matrix and the record on pages: who sees what, as of when, what is in excess, and at what cost."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from connector.audit import search
from connector.audit import service as audit
from connector.audit.events import Event
from connector.pages.event_words import event_words
from connector.register import accounts, matrix
from connector.register.tables import AccountRow, AccountStateRow, PersonRow
from connector.regulations.vocabulary import AccountPurpose, AccountStatus, Office
from tests.factories import make_person_form
from tests.fixtures_applying import NUMBER, PHONE, Seat, words
from tests.fixtures_pages import Browser
from tests.fixtures_scheduled import PAPER, Scheduled, counted_queries
from tests.town import HOST, NOON, Town

MANY = 10_000


@pytest.fixture
def scene(town: Town) -> Scheduled:
    return Scheduled(town, NOON)


@pytest.fixture
def auditor(town: Town, seat: Seat) -> Browser:
    return seat(town.actor(Office.AUDITOR))


def add_many(town: Town, unit_id: str) -> None:
    """Ten thousand members of a unit, as rows."""
    with town.connector.act(HOST) as act:
        numbers = [f"{number:05}" for number in range(MANY)]
        person = {"document_kind": "other", "document_sealed": b"", "document_masked": "3715****0000", "post": "科员"}
        person |= {"phone_sealed": b"", "phone_masked": "139****0000", "unit_id": unit_id, "registered_at": NOON}
        account = {"account_class": "ordinary", "status": "active", "opened_at": NOON, "opened_by": PAPER}
        account |= {"purpose": "ordinary"}
        state = {"status": "active", "cause": "opened", "since": NOON - timedelta(days=1)}
        act.session.execute(
            insert(PersonRow),
            [{**person, "id": f"p{n}", "name": f"多{n}", "document_digest": n, "phone_digest": n} for n in numbers],
        )
        act.session.execute(
            insert(AccountRow),
            [{**account, "id": f"a{n}", "person_id": f"p{n}", "user_name": f"many-{n}"} for n in numbers],
        )
        act.session.execute(insert(AccountStateRow), [{**state, "account_id": f"a{n}"} for n in numbers])


def test_open_ledger_shows_who_holds_what_and_who_approved(scene: Scheduled, auditor: Browser) -> None:
    person = make_person_form("ywk", name="王小明", document_number=NUMBER, phone=PHONE)
    request = scene.town.approve(scene.town.submit(scene.town.form(person=person)))
    account = scene.town.account_of(request)
    answer = auditor.get("/pages/ledger", params={"q": "王小明"})
    page = words(answer)
    assert "符合条件的账号1个" in page
    assert f"{account.user_name} 王小明 {NUMBER[:4]}**********{NUMBER[-4:]} 业务科 普通用户 启用" in page
    last = scene.town.centre.person(Office.OPERATOR).name
    assert last in page
    assert NUMBER not in answer.text
    assert PHONE not in answer.text


def test_open_ledger_marks_a_temporary_account_with_its_last_day(scene: Scheduled, auditor: Browser) -> None:
    until = (NOON + timedelta(days=30)).date()
    form = scene.town.form(purpose=AccountPurpose.TEST, until=until)
    account = scene.town.account_of(scene.town.approve(scene.town.submit(form)))
    page = words(auditor.get(f"/pages/ledger?q={account.user_name}"))
    assert f"测试 {until.isoformat()}止" in page


def test_open_ledger_as_unit_head_shows_his_unit_and_below_alone(scene: Scheduled, seat: Seat) -> None:
    own, other = scene.hire("本科人员"), scene.hire("外单位人员", unit="dljg")
    browser = seat(scene.town.actor(Office.UNIT_HEAD, "ywk"))
    page = browser.get("/pages/ledger").text
    assert own.user_name in page
    assert other.user_name not in page
    assert "某招标代理机构" not in page  # Not even among the units to choose from.
    assert browser.get(f"/pages/ledger/{other.user_name}").status_code == 404
    assert browser.get("/pages/matrix?unit=dljg").status_code == 404


def test_open_ledger_as_of_a_past_day_shows_what_was_then(scene: Scheduled, auditor: Browser) -> None:
    old = scene.hire("旧人员", ago=timedelta(days=100))
    page = words(auditor.get("/pages/ledger?as_of=2025-12-31"))
    assert "以下为截至2025年12月31日的台账。" in page
    assert "符合条件的账号1个" in page
    assert old.user_name in page
    empty = auditor.get("/pages/ledger?as_of=2025-11-01")
    assert "没有符合条件的账号。" in words(empty)


@pytest.mark.parametrize("typed", ["2026-03-11", "2026-02-30", "昨天"])
def test_ask_ledger_of_a_day_that_cannot_be_is_told_at_the_box(auditor: Browser, typed: str) -> None:
    page = auditor.get("/pages/ledger", params={"as_of": typed})
    assert (page.status_code, 'href="#as_of"' in page.text) == (422, True)
    assert f'value="{typed}"' in page.text


def test_filter_ledger_by_status_and_unit(scene: Scheduled, auditor: Browser) -> None:
    account = scene.hire("禁用人员", unit="dljg")
    with scene.town.connector.act(HOST) as act:
        accounts.set_status(act, accounts.lock_account(act, account.id), AccountStatus.DISABLED, cause="violation")
    page = words(auditor.get("/pages/ledger?status=disabled&unit=dljg"))
    assert "符合条件的账号1个" in page
    assert account.user_name in page
    history = words(auditor.get(f"/pages/ledger/{account.user_name}"))
    assert history.index("违规使用") < history.index("开通", history.index("状态记录"))


def test_page_through_ten_thousand_accounts_costs_the_same_few_queries(scene: Scheduled, auditor: Browser) -> None:
    scene.hire("先前人员")
    costs = []
    for path in ("/pages/ledger", "/pages/matrix?unit=dljg"):
        with counted_queries(scene.town) as asked:
            auditor.get(path)
        costs.append(len(asked))
    add_many(scene.town, scene.town.centre.people["dljg", Office.UNIT_HEAD].unit_id)
    with counted_queries(scene.town) as asked:
        page = auditor.get("/pages/ledger?page=150")
    assert page.text.count('<th scope="row"') == 50
    assert "第150页，共201页" in page.text
    assert len(asked) <= costs[0] + 2
    with counted_queries(scene.town) as asked:
        page = auditor.get("/pages/matrix?unit=dljg&page=150")
    assert page.text.count('href="/pages/ledger/many-') == 50
    assert len(asked) <= costs[1] + 2


def test_open_matrix_marks_what_the_post_may_not_hold(scene: Scheduled, seat: Seat) -> None:
    may, over = scene.town.permissions(2)
    account = scene.hire("李明")
    with scene.town.connector.act(HOST) as act:
        matrix.adopt_matrix(act, "ywk", {"科员": [may]}, adopted_by=PAPER)
    browser = seat(scene.town.actor(Office.UNIT_HEAD, "ywk"))
    shown = {}
    for permission in (may, over):
        page = words(browser.get(f"/pages/matrix?unit=ywk&system={permission.split(':')[0]}"))
        shown[permission] = page[page.index("李明，科员") :]
    assert "已授权" in shown[may].split(account.user_name)[1]
    assert "其他系统另有1项超出" in shown[may]
    assert "超出对照表" in shown[over]
    assert "现行第1版" in page
    assert "文件：聊公资〔2026〕12号" in page


def test_open_matrix_of_a_post_that_the_table_does_not_know_calls_nothing_excess(scene: Scheduled, seat: Seat) -> None:
    scene.hire("李明")
    browser = seat(scene.town.actor(Office.UNIT_HEAD, "ywk"))
    assert "还没有备案账号权限对照表" in words(browser.get("/pages/matrix"))
    with scene.town.connector.act(HOST) as act:
        matrix.adopt_matrix(act, "ywk", {"主任": scene.town.permissions(1)}, adopted_by=PAPER)
    page = words(browser.get("/pages/matrix"))
    assert "岗位不在对照表中" in page
    assert "项超出" not in page


def test_open_record_shows_alarms_first_and_searches(scene: Scheduled, auditor: Browser) -> None:
    account = scene.hire("李明")
    request = scene.town.submit()
    with scene.town.connector.act(HOST) as act:
        audit.record(act, Event.LOGIN_TWO_PLACES, f"account:{account.id}", account_id=account.id, alarm=True)
    page = words(auditor.get("/pages/audit"))
    assert page.index("近7天的告警") < page.index("审计记录，新的在前")
    assert "账号同时在两处使用" in page
    alarms = words(auditor.get("/pages/audit?alarms=yes"))
    assert "申请已提交" not in alarms[alarms.index("序号") :]
    found = words(auditor.get("/pages/audit", params={"number": request.number}))
    assert "申请已提交 request.submitted" in found
    assert "账号同时在两处使用" not in found[found.index("序号") :]
    of_person = words(auditor.get("/pages/audit", params={"who": account.user_name}))
    assert f"李明 {account.user_name}" in of_person
    later = words(auditor.get("/pages/audit?since=2026-03-11"))
    assert "没有符合条件的记录。" in later


@pytest.mark.parametrize(("query", "box"), [("who=nobody", "who"), ("number=QX-1", "number"), ("since=x", "since")])
def test_search_record_by_what_is_not_there_is_told_at_the_box(auditor: Browser, query: str, box: str) -> None:
    page = auditor.get(f"/pages/audit?{query}")
    assert (page.status_code, f'href="#{box}"' in page.text) == (422, True)


def test_open_entry_shows_all_that_was_recorded(scene: Scheduled, auditor: Browser) -> None:
    account = scene.hire("李明")
    with scene.town.connector.act(HOST) as act:
        audit.record(
            act, Event.JOB_FAILED, "job:x", account_id=account.id, error="directory-timeout", parts={"a": [1, 2]}
        )
        newest = search.list_entries(act, count=1)[0].id
    page = words(auditor.get(f"/pages/audit/{newest}"))
    assert "directory-timeout" in page
    assert "parts.a" in page
    assert auditor.get("/pages/audit/999999999").status_code == 404
    assert auditor.get("/pages/audit/x").status_code == 422


def test_page_through_the_record_goes_back_in_time_without_counting(scene: Scheduled, auditor: Browser) -> None:
    with scene.town.connector.act(HOST) as act:
        for _ in range(120):
            audit.record(act, Event.RECORD_EXPORTED, "record:export")
    with counted_queries(scene.town) as asked:
        first = auditor.get("/pages/audit?event=record.exported").text
    before = first.split("before=")[1].split("#")[0]
    second = auditor.get(f"/pages/audit?event=record.exported&before={before}").text
    assert first.count('<th scope="row"') == second.count('<th scope="row"') == 50
    assert not set(first.split('href="/pages/audit/')[3:]) & set(second.split('href="/pages/audit/')[3:])
    assert not any("count(" in statement for statement in asked if "audit_entries" in statement)


def test_name_every_event_in_both_languages() -> None:
    assert event_words().keys() == {event.value for event in Event}
    assert all(text.zh and text.en for text in event_words().values())
