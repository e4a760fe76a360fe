"""A newcomer's whole path in a real Chromium: applied for, decided by others, first login with a key, two subsystems,
frozen, refused everywhere. Keycloak, pages, worker, mail and subsystems are real; each person has a window of his own.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import httpx
import pytest
from playwright.sync_api import Page, expect

from connector.embedded.browser import Person
from connector.embedded.demo.officers import newest_link
from connector.register.people import PersonForm
from connector.register.tables import AccountRow
from connector.register.units import get_unit_by_id
from connector.regulations.vocabulary import Office
from connector.requests import service as requests
from tests.browser import sign_in
from tests.browser.chromium import Window, Windows, chromium, windows
from tests.browser.platform import SUBSYSTEMS, Platform, open_platform
from tests.factories import make_person_form
from tests.servers.keycloak import Keycloak
from tests.town import HOST

__all__ = ["chromium", "windows"]

MAIL = "wang.xiaoming@example.cn"
PERMISSIONS = ("website:notice.editor", "bid-opening:hall.host")
KEY, AAGUID = "SN-2026-0001", "ee882879-721c-4913-9775-3dfcce97072a"
FREEZE_SECONDS = 10.0  # Two on a machine that does nothing else; here a browser and four servers run beside it.


@pytest.fixture(scope="module")
def platform(keycloak: Keycloak, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with open_platform(keycloak, tmp_path_factory.mktemp("platform")) as opened:
        yield opened


class Seat:
    """One person at his own window; proves his key wherever a page leads to it."""

    def __init__(self, platform: Platform, windows: Windows, person: Person) -> None:
        self.platform, self.person, self.window = platform, person, windows.open()

    @property
    def page(self) -> Page:
        return self.window.page

    def open(self, address: str) -> list[str]:
        """Opens a page and logs in where that is asked; returns the pages of the login."""
        self.page.goto(address if address.startswith("http") else self.platform.url + address)
        return sign_in.go_through(self.window, self.person)

    def press(self, words: str) -> list[str]:
        """Presses a button and goes through what Keycloak asks before the next page of ours."""
        with self.page.expect_navigation(wait_until="load"):
            self.page.get_by_role("button", name=words).click()
        return sign_in.go_through(self.window, self.person)

    def follow(self, words: str) -> None:
        with self.page.expect_navigation(wait_until="load"):
            self.page.get_by_role("link", name=words).first.click()


def apply_for(applicant: Seat, person: PersonForm) -> str:
    """Fills in the application for a new person, checks it, submits it; returns its number."""
    applicant.open("/pages/apply/grant")
    page = applicant.page
    page.get_by_label("使用人姓名").fill(person.name)
    page.get_by_label("联系方式").fill(person.phone)
    page.get_by_label("身份证号", exact=True).fill(person.document_number)
    page.get_by_label("邮箱").fill(MAIL)
    for permission in PERMISSIONS:
        page.check(f"[name=permissions][value='{permission}']")
    page.get_by_label("申请原因").fill("新入职业务科，办理公告发布和开标主持")
    applicant.press("下一步：核对")
    expect(page.locator("h1")).to_contain_text("核对并提交申请")
    assert person.document_number in page.content() or person.document_number[:4] in page.inner_text("main")
    applicant.press("提交申请")
    expect(page.locator("h1")).to_contain_text("申请已提交")
    return page.url.rpartition("/requests/")[2].partition("/")[0]


def decide(decider: Seat, number: str) -> list[str]:
    """Approves the request out of the inbox, where asked with what was compared; returns what the signature asked."""
    decider.open(f"/pages/inbox?q={number}")
    decider.follow("查看并审批")
    assert decider.page.locator("[name=verdict]:checked").count() == 0
    for agrees in decider.page.get_by_label("一致", exact=True).all():
        agrees.check()
    decider.page.get_by_label("同意", exact=True).check()
    return decider.press("验证并提交")


def issue_key(custodian: Seat, user_name: str) -> None:
    """Takes a key into stock by the API, as the delivery note says, and hands it out on the page."""
    with custodian.platform.realm.browser() as browser:
        token = browser.log_in_device("connector-cli", custodian.person).access_token
    delivery = {
        "paper": "入库〔2026〕1号",
        "batch": "2026-1",
        "rows": [{"serial": KEY, "model": "K1", "aaguid": AAGUID}],
    }
    headers = {"Authorization": f"Bearer {token}"}
    httpx.post(f"{custodian.platform.url}/keys", json=delivery, headers=headers, trust_env=False).raise_for_status()
    custodian.open(f"/pages/keys/{KEY}/issue")
    custodian.page.get_by_label("领用人账号").fill(user_name)
    custodian.page.get_by_label("回执编号").fill("收条-1")
    custodian.press("发放")
    expect(custodian.page.locator("main")).to_contain_text(user_name)


def told(seat: Seat) -> dict[str, object]:
    """What a subsystem says of who is logged in, as JSON."""
    said: dict[str, object] = json.loads(seat.page.inner_text("body"))
    return said


def next_decider(platform: Platform, number: str) -> Person | None:
    """Who holds the office of the open stage; None when everything is decided."""
    town = platform.town
    with town.connector.act(HOST) as act:
        row = requests.get_request(act, number)
        stage = next((stage for stage in requests.stages_of(act, row) if stage.state == "open"), None)
        if stage is None:
            return None
        code = get_unit_by_id(act, stage.unit_id).code
    return platform.officer(Office(stage.office), code)


def provisioned(platform: Platform, number: str) -> str:
    """The user name of the account the request opened, once Keycloak has it."""
    with platform.town.connector.act(HOST) as act:
        account = act.session.get_one(AccountRow, requests.get_request(act, number).account_id)
        return account.user_name if account.keycloak_id else ""


def wait_for(what: Callable[[], str], seconds: float = 60.0) -> str:
    until = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.05)
    return found


def open_welcome(newcomer: Window, link: str, suffix: str) -> Person:
    """Opens the one-time link as the person named; returns what the page shows him, once."""
    page = newcomer.page
    page.goto(link)
    page.get_by_label("本人证件号码后六位").fill(suffix)
    with page.expect_navigation(wait_until="load"):
        page.get_by_role("button", name="显示初始口令").click()
    shown = page.locator("dd").all_inner_texts()
    return Person(shown[0], shown[1], "Weiter!8471aZ#q")


def freeze(security: Seat, user_name: str) -> float:
    """Gives the order on the freeze page; returns when the signature was complete (monotonic)."""
    security.open(f"/pages/freezes/new?kind=person&q={user_name}")
    security.follow("查看名单")
    security.page.get_by_label("冻结原因").fill("口令疑似泄露，先行冻结")
    asked = security.press("验证并冻结1个账号")
    given = time.monotonic()
    assert asked[-1] == "webauthn-authenticate"
    expect(security.page.locator("h1")).to_contain_text("冻结指令")
    return given


def come_to_an_account(platform: Platform, windows: Windows, form: PersonForm) -> str:
    """Applied for by a colleague, decided by others stage by stage; returns the user name that was opened."""
    applicant = Seat(platform, windows, platform.enrol(platform.town.applicant("ywk")))
    number = apply_for(applicant, form)
    deciders = []
    while decider := next_decider(platform, number):
        assert decide(Seat(platform, windows, decider), number)[-1] == "webauthn-authenticate"
        deciders.append(decider.user_name)
    assert len(set(deciders)) == len(deciders) >= 3
    assert applicant.person.user_name not in deciders
    return wait_for(lambda: provisioned(platform, number))


def enter(newcomer: Seat, user_name: str) -> None:
    """The first login, and from one subsystem to the next; each says the roles that were approved."""
    platform = newcomer.platform
    asked = newcomer.open(platform.subsystem("website", "/login"))
    assert asked == ["login", "update-password", "webauthn-register"]
    assert told(newcomer) == {"user": user_name, "roles": ["notice.editor"], "acr": "pwd"}
    assert newcomer.open(platform.subsystem("bid-opening", "/login")) == ["webauthn-authenticate"]
    assert told(newcomer) == {"user": user_name, "roles": ["hall.host"], "acr": "mfa"}
    assert newcomer.open("/pages/account") == []
    expect(newcomer.page.locator("main")).to_contain_text(KEY)


def find_doors_shut(newcomer: Seat) -> None:
    """No session of his is left, here or at Keycloak, and no new one is to be had with password and key."""
    platform, page = newcomer.platform, newcomer.page
    for name in SUBSYSTEMS:
        page.goto(platform.subsystem(name))
        assert "login" in told(newcomer)
        page.goto(platform.subsystem(name, "/login"))
        assert sign_in.page_name(page) == "login"
    sign_in.type_password(newcomer.window, newcomer.person)
    expect(page.locator("body")).to_contain_text("账号已停用")
    page.goto(f"{platform.url}/pages/account")
    assert sign_in.page_name(page) == "login"


@pytest.mark.req("B3", "C1", "C2", "D1", "D4", "D5", "I3")
def test_newcomer_comes_in_by_approval_alone_and_is_out_everywhere_when_frozen(
    platform: Platform, windows: Windows
) -> None:
    form = make_person_form("ywk")
    user_name = come_to_an_account(platform, windows, form)
    issue_key(Seat(platform, windows, platform.officer(Office.KEY_CUSTODIAN, "jyzx")), user_name)
    newcomer = Seat(platform, windows, Person("", ""))
    link = wait_for(lambda: newest_link(platform.mail, MAIL))
    newcomer.person = open_welcome(newcomer.window, link, form.document_number[-6:])
    assert newcomer.person.user_name == user_name
    first_password = newcomer.person.password
    enter(newcomer, user_name)

    thief = Seat(platform, windows, replace(newcomer.person, password=first_password, key=None))
    thief.page.goto(platform.subsystem("website", "/login"))
    sign_in.type_password(thief.window, thief.person)
    assert sign_in.page_name(thief.page) == "login"

    given = freeze(Seat(platform, windows, platform.officer(Office.SECURITY_ADMINISTRATOR, "jyzx")), user_name)
    sessions = [party.sessions for party in platform.parties.values()]
    wait_for(lambda: "out" if not any(sessions) else "")
    assert time.monotonic() - given < FREEZE_SECONDS
    find_doors_shut(newcomer)
    assert newcomer.window.faults == []
    assert newcomer.window.hosts == {"localhost"}
