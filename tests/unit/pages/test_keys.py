"""The keys pages: the inventory, one key with its history, and acts that say what they do before they do it."""

import pytest

from connector.keys import service as keys
from connector.keys.tables import KeyFindingRow
from connector.regulations.vocabulary import Office
from tests.fixtures_applying import Seat, words
from tests.fixtures_keys import KeyDesk
from tests.town import HOST, Town


@pytest.fixture
def desk(town: Town) -> KeyDesk:
    return KeyDesk(town)


def state(desk: KeyDesk, serial: str) -> str:
    return desk.key(serial).status


def test_open_inventory_empty_and_filtered_empty_are_told_apart(desk: KeyDesk, seat: Seat) -> None:
    browser = seat(desk.custodian)
    assert "还没有登记密钥。" in browser.get("/pages/keys").text
    desk.stock("K-0001", "K-0002")
    page = words(browser.get("/pages/keys"))
    assert "符合条件2枚" in page
    assert "没有符合条件的密钥。" in browser.get("/pages/keys?q=NONE").text
    assert "K-0001" in browser.get("/pages/keys", params={"q": "0001", "status": "in_stock", "batch": "B1"}).text


def test_open_inventory_without_the_office_is_refused(desk: KeyDesk, seat: Seat) -> None:
    assert seat(desk.town.applicant()).get("/pages/keys").status_code == 403


def test_open_inventory_shows_what_the_reconciliation_found(desk: KeyDesk, seat: Seat) -> None:
    desk.stock("K-0001")
    account = desk.town.centre.accounts[desk.town.centre.person(Office.AUDITOR).id]
    with desk.act() as act:
        act.session.add(KeyFindingRow(kind="unknown", account_id=account.id, key_id="abc", first_seen_at=act.now))
    page = words(seat(desk.custodian).get("/pages/keys"))
    assert "身份服务与台账不一致：1项" in page
    assert f"密钥不在台账中：账号 {account.user_name}" in page


def test_issue_says_its_effect_and_then_does_it(desk: KeyDesk, seat: Seat) -> None:
    desk.stock("K-0001")
    account = desk.hire()
    browser = seat(desk.custodian)
    assert "/pages/keys/K-0001/issue" in browser.get("/pages/keys/K-0001").text
    assert "须由本人登录时登记" in browser.get("/pages/keys/K-0001/issue").text
    assert state(desk, "K-0001") == "in_stock"
    done = browser.post("/pages/keys/K-0001/issue", {"account": account.user_name, "receipt": "LQ-7", "note": "新入职"})
    page = words(browser.get(done.headers["location"]))
    assert state(desk, "K-0001") == "issued"
    assert "已办理：发放" in page
    assert "回执LQ-7" in page
    assert account.user_name in page


@pytest.mark.parametrize(
    ("sent", "box"), [({"account": "nobody", "receipt": "1"}, "account"), ({"account": "", "receipt": ""}, "account")]
)
def test_issue_with_a_mistake_is_told_at_its_box_and_kept(
    desk: KeyDesk, seat: Seat, sent: dict[str, str], box: str
) -> None:
    desk.stock("K-0001")
    page = seat(desk.custodian).post("/pages/keys/K-0001/issue", sent)
    assert page.status_code == 422
    assert f'href="#{box}"' in page.text
    assert f'value="{sent["account"]}"' in page.text
    assert state(desk, "K-0001") == "in_stock"


def test_issue_without_a_receipt_is_told_at_its_box(desk: KeyDesk, seat: Seat) -> None:
    desk.stock("K-0001")
    account = desk.hire()
    page = seat(desk.custodian).post("/pages/keys/K-0001/issue", {"account": account.user_name})
    assert page.status_code == 422
    assert 'href="#receipt"' in page.text


def test_issue_as_another_officer_is_refused(desk: KeyDesk, seat: Seat) -> None:
    desk.stock("K-0001")
    account = desk.hire()
    browser = seat(desk.town.actor(Office.AUDITOR))
    assert "/pages/keys/K-0001/issue" not in browser.get("/pages/keys/K-0001").text
    sent = browser.post("/pages/keys/K-0001/issue", {"account": account.user_name, "receipt": "1"})
    assert sent.status_code == 403
    assert state(desk, "K-0001") == "in_stock"


def test_report_lost_says_that_the_account_is_frozen_and_freezes_it(desk: KeyDesk, seat: Seat) -> None:
    desk.stock("K-0001")
    account = desk.hire()
    desk.issue("K-0001", account)
    browser = seat(desk.town.actor(Office.SECURITY_ADMINISTRATOR))
    page = browser.get("/pages/keys/K-0001/lost").text
    assert "账号立即冻结" in page
    assert account.user_name in page
    browser.post("/pages/keys/K-0001/lost", {"note": "出差遗失"})
    assert state(desk, "K-0001") == "lost"
    assert desk.account(account.id).status == "frozen"


def test_destroy_needs_a_second_person(desk: KeyDesk, seat: Seat) -> None:
    desk.stock("K-0001")
    browser = seat(desk.custodian)
    page = browser.post("/pages/keys/K-0001/destroy", {"witness": desk.custodian.name})
    assert page.status_code == 422
    assert 'href="#witness"' in page.text
    witness = desk.town.actor(Office.AUDITOR)
    browser.post("/pages/keys/K-0001/destroy", {"witness": witness.name})
    assert state(desk, "K-0001") == "destroyed"
    assert desk.town.centre.person(Office.AUDITOR).name in browser.get("/pages/keys/K-0001").text


def test_take_back_and_restock_leave_their_history(desk: KeyDesk, seat: Seat) -> None:
    desk.stock("K-0001")
    desk.issue("K-0001", desk.hire())
    browser = seat(desk.custodian)
    browser.post("/pages/keys/K-0001/return", {"receipt": "SH-1"})
    browser.post("/pages/keys/K-0001/restock")
    page = words(browser.get("/pages/keys/K-0001"))
    history = page[page.index("流转记录") :]
    assert history.index("在库") < history.index("已收回") < history.index("已发放")
    with desk.town.connector.act(HOST) as act:
        assert len(keys.history(act, "K-0001")) == 4


def test_do_what_the_state_does_not_allow_is_a_page(desk: KeyDesk, seat: Seat) -> None:
    desk.stock("K-0001")
    browser = seat(desk.custodian)
    assert "/pages/keys/K-0001/return" not in browser.get("/pages/keys/K-0001").text
    assert browser.get("/pages/keys/K-0001/return").status_code == 409
    assert browser.post("/pages/keys/K-0001/return", {"receipt": "1"}).status_code == 409
    assert browser.get("/pages/keys/K-0001/explode").status_code == 404


def test_send_a_hostile_note_comes_back_as_text(desk: KeyDesk, seat: Seat) -> None:
    desk.stock("K-0001")
    browser = seat(desk.custodian)
    page = browser.post("/pages/keys/K-0001/issue", {"account": '"><script>alert(1)</script>', "receipt": "1"})
    assert "<script" not in page.text


def test_issue_with_empty_boxes_names_all_of_them(desk: KeyDesk, seat: Seat) -> None:
    desk.stock("K-0001")
    page = seat(desk.custodian).post("/pages/keys/K-0001/issue", {"account": "", "receipt": " ", "note": ""})
    assert page.status_code == 422
    assert "请填写领用人账号" in page.text
    assert "请填写回执编号" in page.text
    assert state(desk, "K-0001") == "in_stock"
