"""The pages of privileged use and of conflicts: apply, decide, look at the record, give back, sign, assign."""

from typing import Any

import pytest

from connector.register.offices import OFFICE_ZONE
from connector.regulations.vocabulary import Office
from tests.fixtures_applying import Seat, words
from tests.fixtures_boxes import HOUR, MINUTE, PLAIN, BoxDesk
from tests.town import Town


@pytest.fixture
def desk(town: Town) -> BoxDesk:
    town.idp._now = town.clock.now
    return BoxDesk(town)


def typed(desk: BoxDesk, hours: int) -> str:
    return f"{(desk.now + hours * HOUR).astimezone(OFFICE_ZONE):%Y-%m-%d %H:%M}"


def test_apply_for_a_box_by_page_and_decide_it_by_page(desk: BoxDesk, seat: Seat) -> None:
    user, reviewer = desk.hire(), desk.reviewer
    browser = seat(desk.town.applicant("ywk"))
    assert "使用结束时间" in words(browser.get(f"/pages/apply/use_privileged?account={user.user_name}"))
    form: dict[str, Any] = {
        "account": user.user_name, "permissions": [PLAIN], "box_from": typed(desk, 1), "box_to": typed(desk, 3),
        "reviewer": reviewer.user_name, "reason": "年终数据核对",
    }  # fmt: skip
    wrong = browser.post("/pages/apply/use_privileged", {**form, "box_to": "明天"})
    assert wrong.status_code == 422
    sent = browser.post("/pages/apply/use_privileged", form)
    assert sent.status_code == 303, words(sent)
    page = words(browser.get(sent.headers["location"].partition("#")[0]))
    assert typed(desk, 3) in page
    assert reviewer.user_name in page
    request = desk.ask(user, start=HOUR)
    stage = desk.town.open_stage(request)
    shown = seat(desk.town.holder(stage)).get(f"/pages/inbox/{stage.id}")
    assert (shown.status_code, "统计分析：查看" in words(shown)) == (200, True)


def test_read_and_sign_a_box_by_page(desk: BoxDesk, seat: Seat) -> None:
    user = desk.hire()
    box = desk.open_box(user)
    own = seat(desk.actor_of(user))
    assert "将于" in words(own.get(f"/pages/privileged/{box.number}"))
    assert box.number in words(own.get("/pages/privileged"))
    assert own.post(f"/pages/privileged/{box.number}/return", {}).status_code == 303
    assert desk.roles(user) == set()
    desk.pass_time(MINUTE)
    desk.read_events()
    reviewer = seat(desk.actor_of(desk.reviewer))
    assert "复核签字" in words(reviewer.get(f"/pages/privileged/{box.number}"))
    refused = reviewer.post(f"/pages/privileged/{box.number}/review", {"verdict": "findings", "note": ""})
    assert refused.status_code == 422
    assert reviewer.post(f"/pages/privileged/{box.number}/review", {"verdict": "clean"}).status_code == 303
    assert "未发现问题" in words(reviewer.get(f"/pages/privileged/{box.number}"))
    assert seat(desk.town.applicant("dljg")).get(f"/pages/privileged/{box.number}").status_code == 404


def test_read_projects_and_assign_by_page(desk: BoxDesk, seat: Seat) -> None:
    user = desk.hire()
    desk.project(opening=HOUR)
    head = seat(desk.town.actor(Office.UNIT_HEAD, "ywk"))
    assert "XM-1" in words(head.get("/pages/conflicts"))
    sent = {"phase": "评标", "account": user.user_name, "charge": "evaluation"}
    assert head.post("/pages/conflicts/projects/XM-1", sent).status_code == 303
    assert user.user_name in words(head.get("/pages/conflicts/projects/XM-1"))
    clash = head.post("/pages/conflicts/projects/XM-1", {**sent, "charge": "supervision"})
    assert (clash.status_code, "不得由同一人同时承担" in words(clash)) == (409, True)
    assert head.post("/pages/conflicts/projects/XM-1", {**sent, "account": "nobody"}).status_code == 422
    assert seat(desk.town.applicant("dljg")).get("/pages/conflicts").status_code == 403
