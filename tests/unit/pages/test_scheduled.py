"""Who may open the pages of the scheduled half, what the first page counts, and proposals about many accounts."""

import re

import pytest

from connector.auth.actor import job_actor
from connector.provisioning.agreement import Drift
from connector.regulations.vocabulary import Office, RequestKind
from connector.requests.forms import RequestForm
from connector.storage.tables import new_id
from tests.fixtures_applying import Seat, words
from tests.fixtures_pages import Browser
from tests.fixtures_scheduled import Scheduled, counted_queries
from tests.town import NOON, Town

PAGES = (
    "/pages/scans", "/pages/scans/{scan}", "/pages/scans/{scan}/list", "/pages/scans/{scan}/list.xlsx",
    "/pages/scans/try/dormant", "/pages/scans/passwords", "/pages/departures", "/pages/departures/movers",
    "/pages/departures/hints",
    "/pages/departures/reads", "/pages/departures/plans/{plan}", "/pages/departures/rotations",
    "/pages/departures/rotations/{rotation}", "/pages/findings", "/pages/findings/{finding}",
    "/pages/findings/comparisons", "/pages/findings/comparisons/{comparison}", "/pages/jobs", "/pages/jobs/seal_record",
    "/pages/audit", "/pages/audit/1", "/pages/audit/checkpoint",
)  # fmt: skip
OF_HIS_PEOPLE = {"/pages/departures", "/pages/departures/movers", "/pages/departures/hints"}  # a unit head's
OF_UNITS = ("/pages/ledger", "/pages/ledger/{leaver}", "/pages/persons", "/pages/matrix")


@pytest.fixture
def scene(town: Town) -> Scheduled:
    return Scheduled(town, NOON)


def refused(browser: Browser, scene: Scheduled, paths: tuple[str, ...]) -> set[str]:
    return {path for path in paths if browser.get(path.format(**scene.ids)).status_code == 403}


def test_open_pages_without_an_office_is_refused_each_time(scene: Scheduled, seat: Seat) -> None:
    scene.fill()
    member = seat(scene.town.applicant())
    assert refused(member, scene, (*PAGES, *OF_UNITS)) == {*PAGES, *OF_UNITS}
    menu = r"/pages/(?:scans|departures|findings|jobs|audit|ledger|persons|matrix)"
    assert not re.findall(menu, member.get("/pages").text)
    head = seat(scene.town.actor(Office.UNIT_HEAD, "ywk"))
    assert refused(head, scene, (*PAGES, *OF_UNITS)) == set(PAGES) - OF_HIS_PEOPLE


def test_open_pages_as_those_who_oversee_shows_all_of_them(scene: Scheduled, seat: Seat) -> None:
    scene.fill()
    auditor = seat(scene.town.actor(Office.AUDITOR))
    assert refused(auditor, scene, (*PAGES, *OF_UNITS)) == set()
    principal = seat(scene.town.actor(Office.PRINCIPAL))
    assert refused(principal, scene, PAGES) == {"/pages/audit", "/pages/audit/1", "/pages/audit/checkpoint"}


@pytest.mark.parametrize("office", list(Office))
def test_show_menu_leads_nobody_to_a_refusal(scene: Scheduled, seat: Seat, office: Office) -> None:
    browser = seat(scene.town.actor(office))
    links = set(re.findall(r'<li><a href="(/pages/[^"]+)"', browser.get("/pages").text))
    assert {link for link in links if browser.get(link).status_code not in (200, 303)} == set()


def test_open_pages_in_english_holds_no_chinese_of_ours(scene: Scheduled, seat: Seat) -> None:
    scene.fill()
    browser = seat(scene.town.actor(Office.AUDITOR))
    browser.get("/preferences/language/en")
    paths = ("/pages/scans", "/pages/findings", "/pages/audit", "/pages/departures/reads", *OF_UNITS[2:])
    for path in paths:
        page = browser.get(path.format(**scene.ids))
        assert '<html lang="en">' in page.text
        assert not re.search(r"<h1[^>]*>[^<]*[\u4e00-\u9fff]", page.text), path


def test_open_home_counts_what_is_open_for_those_who_may_see_it(scene: Scheduled, seat: Seat) -> None:
    scene.fill()
    browser = seat(scene.town.actor(Office.SECURITY_ADMINISTRATOR))
    with counted_queries(scene.town) as asked:
        page = words(browser.get("/pages"))
    assert "来源核查有2项发现未关闭。" in page
    assert "有1个离岗处理方案已暂停，待审批。" in page
    assert "有1名离岗人员的书面申请已超期。" in page
    assert "有1份排查清理申请待审批。" in page
    assert len(asked) <= 20
    assert "来源核查" not in words(seat(scene.town.applicant()).get("/pages"))


def test_decide_a_repair_leaves_out_strangers_and_accounts_at_each_stage(scene: Scheduled, seat: Seat) -> None:
    account, other, stranger = scene.hire("冯涛"), scene.hire("陈静"), new_id()
    evidence = {
        account.user_name: {"differences": [{"kind": Drift.EXTRA_ROLE.value, "name": "centre:x"}]},
        stranger: {"differences": [{"kind": Drift.UNKNOWN.value, "name": "tempadmin"}], "user_name": "tempadmin"},
    }
    form = RequestForm(
        kind=RequestKind.REPAIR_DRIFT, unit_code="jyzx", reason="对账发现3个账号有差异", cause="reconciliation",
        accounts=(account.user_name, other.user_name), strangers=(stranger,), evidence=evidence, plan_hash="f" * 64,
    )  # fmt: skip
    request = scene.town.submit(form, actor=job_actor("reconcile"))
    for number in range(2):
        stage = scene.town.open_stage(request)
        actor = scene.town.holder(stage)
        browser, path = seat(actor), f"/pages/inbox/{stage.id}"
        page = browser.get(path).text
        assert "未经审批的权限：centre:x" in page
        assert "tempadmin" in page
        # What one stage left out, no later one can bring back.
        assert (f'value="{stranger}"' in page, "前一环节已除外" in page) == (number == 0, number == 1)
        digest = re.search(r'name="digest" value="(\w+)"', page)
        assert digest is not None
        left_out = [stranger] if number == 0 else [other.user_name]
        sent = {"verdict": "approve", "reason": "", "digest": digest[1], "excluded": left_out}
        browser.prove(browser.post(path, sent), actor)
    page = words(seat(scene.town.actor(Office.AUDITOR)).get(f"/pages/requests/{request.number}"))
    assert page.count("审批时除外") == 2
    assert page.count("已批准修复") == 1


def test_open_a_long_plan_for_release_pages_its_accounts(scene: Scheduled, seat: Seat) -> None:
    names = tuple(scene.hire(f"批{number}", permissions=0).user_name for number in range(55))
    form = RequestForm(
        kind=RequestKind.RELEASE_DEPARTURES, unit_code="jyzx", reason="人事目录同步被熔断", cause="breaker",
        accounts=names, plan_hash="a" * 64,
    )  # fmt: skip
    request = scene.town.submit(form, actor=job_actor("sync_departures"))
    browser = seat(scene.town.holder(scene.town.open_stage(request)))
    page = browser.get(f"/pages/inbox/{scene.town.open_stage(request).id}").text
    assert "查看全部55个账号" in page
    assert 'name="excluded"' not in page  # It is released as a whole, or not.
    with counted_queries(scene.town) as asked:
        first = browser.get(f"/pages/requests/{request.number}").text
    assert first.count('<th scope="row"') == 50
    assert len(asked) <= 64
    assert browser.get(f"/pages/requests/{request.number}?page=2").text.count('<th scope="row"') == 5
