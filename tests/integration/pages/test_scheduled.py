"""The scheduled half on a real Keycloak, by a browser without scripts: a finding settled, a clean-up cut down."""

import io
import re

import pytest
from openpyxl import load_workbook

from connector.provenance.tables import FindingRow
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import Office
from tests.fixtures_scheduled import Scheduled
from tests.servers.web import Web
from tests.town import HOST


@pytest.fixture(scope="module")
def scene(web: Web) -> Scheduled:
    scene = Scheduled(web.town, web.town.clock.now())
    scene.fill_findings()
    scene.fill_scans()
    return scene


def test_settle_a_finding_asks_for_the_key_again_and_closes_it(web: Web, scene: Scheduled) -> None:
    security = web.town.actor(Office.SECURITY_ADMINISTRATOR)
    visit = web.visit(web.enrol(security))
    path = f"/pages/findings/{scene.ids['made']}"
    done = visit.send(path, act="close", reason="已核实，由主域管理员删除", number="")
    assert "发现已关闭" in done.text
    with web.town.connector.act(HOST) as act:
        finding = act.session.get_one(FindingRow, scene.ids["made"])
        assert (finding.closed_by, finding.reason) == (security.person_id, "已核实，由主域管理员删除")


def test_decide_a_clean_up_in_part_disables_the_others_and_the_list_says_so(web: Web, scene: Scheduled) -> None:
    principal = web.town.actor(Office.PRINCIPAL)
    visit = web.visit(web.enrol(principal))
    inbox = visit.open(f"/pages/inbox?q={scene.ids['zombies']}").text
    path = re.search(r'href="(/pages/inbox/[0-9a-f-]{36})"', inbox)
    assert path is not None
    digest = re.search(r'name="digest" value="(\w+)"', visit.open(path[1]).text)
    assert digest is not None
    kept = scene.zombies[0].user_name
    done = visit.send(path[1], verdict="approve", reason="", digest=digest[1], excluded=kept)
    assert "审批已提交：同意" in done.text
    with web.town.connector.act(HOST) as act:
        states = {a.user_name: act.session.get_one(AccountRow, a.id).status for a in scene.zombies}
    assert states.pop(kept) == "active"
    assert set(states.values()) == {"disabled"}
    sheet = load_workbook(io.BytesIO(visit.open(f"/pages/scans/{scene.ids['scan']}/list.xlsx").content)).active
    assert sheet is not None
    told = {row[3]: row[5] for row in sheet.iter_rows(min_row=4, values_only=True)}
    assert "排除" in str(told[kept])
    assert {str(told[name])[:3] for name in states} == {"已禁用"}
