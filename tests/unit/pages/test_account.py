"""My account: what the person holds and until when, and the ways on."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from connector.activity.tables import ActivityRow
from connector.auth.actor import Actor
from connector.keys.tables import HardwareKeyRow, KeyBatchRow, KeyEventRow
from connector.pages.holdings import password_age
from connector.register import accounts
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountClass, Office
from tests.fixtures_pages import Browser
from tests.town import HOST, NOON, Town


@pytest.fixture
def head(browser: Browser, town: Town) -> Actor:
    actor = town.actor(Office.UNIT_HEAD, "ywk")
    browser.sign_in(actor)
    return actor


def test_open_my_account_shows_masked_numbers_alone(browser: Browser, town: Town, head: Actor) -> None:
    page = browser.get("/pages/account").text
    assert "3715**********" in page
    assert "139****" in page
    assert head.name in page
    assert "口令、硬件密钥" in page  # How this sign-in was proved.


def test_open_my_account_shows_permissions_by_system_with_their_days(browser: Browser, town: Town, head: Actor) -> None:
    kept, gone = town.permissions(2)
    with town.connector.act(HOST) as act:
        account = accounts.get_account(act, str(head.account_id))
        accounts.add_grants(act, account, [kept, gone], granted_by="paper:1")
    with town.connector.act(HOST, now=NOON + timedelta(days=3)) as act:
        accounts.withdraw_grants(act, accounts.get_account(act, str(head.account_id)), [gone], withdrawn_by="paper:2")
    page = browser.get("/pages/account").text
    held, former = page.split("已撤销的权限", 1)
    assert "2026-03-10 ～ 至今" in held
    assert "2026-03-10 ～ 2026-03-13" in former


@pytest.mark.parametrize(
    ("left", "words"),
    [(30, "已用 {used} 天，{limit} 天到期"), (10, "即将到期"), (0, "已到期，下次登录时须修改")],
)
def test_open_my_account_shows_the_age_of_the_password(
    browser: Browser, town: Town, head: Actor, left: int, words: str
) -> None:
    subject = browser.subject_of(head)
    limit = town.connector.rulebook.password(AccountClass.ORDINARY).max_age_days
    days = limit - left
    with town.connector.act(HOST) as act:
        act.session.add(
            ActivityRow(
                keycloak_id=subject, password_set_at=act.now - timedelta(days=days), password_evidence="event",
                last_login_at=act.now - timedelta(hours=1),
            )
        )  # fmt: skip
    page = browser.get("/pages/account").text
    assert words.format(used=days, limit=limit) in page
    assert "2026-03-10 11:00" in page


def test_open_my_account_without_a_key_offers_no_report_of_its_loss(browser: Browser, head: Actor) -> None:
    assert "replace_key" not in browser.get("/pages/account").text


def test_open_my_account_with_a_key_shows_its_serial_and_the_way_to_report_it(
    browser: Browser, town: Town, head: Actor
) -> None:
    with town.connector.act(HOST) as act:
        batch = KeyBatchRow(id="b", number="B1", paper="p", received_at=act.now, received_by="x")
        act.session.add(batch)
        act.session.flush()
        key = HardwareKeyRow(
            id="k", serial="K-0001", batch_id="b", model="软钥", status="bound", account_id=head.account_id,
            issued_at=act.now,
        )  # fmt: skip
        act.session.add(key)
        act.session.flush()
        act.session.add(KeyEventRow(hardware_key_id="k", status="bound", at=act.now, actor="x"))
        name = act.session.scalars(select(AccountRow.user_name).where(AccountRow.id == head.account_id)).one()
    page = browser.get("/pages/account").text
    assert "K-0001" in page
    assert f"/pages/apply/replace_key?account={name}" in page


def test_open_my_account_lists_own_requests(browser: Browser, town: Town) -> None:
    applicant = town.applicant()
    number = town.submit(actor=applicant).number
    browser.sign_in(applicant)
    assert number in browser.get("/pages/account").text


@pytest.mark.parametrize(("days", "kind"), [(0, ""), (75, ""), (76, "warn"), (89, "warn"), (90, "bad"), (200, "bad")])
def test_count_password_days_tells_how_pressing_it_is(days: int, kind: str) -> None:
    set_at = datetime(2026, 1, 1, 1, 0, tzinfo=UTC)
    age = password_age(set_at, 90, set_at + timedelta(days=days))
    assert (age.used_days, age.kind, age.ends_on.isoformat()) == (days, kind, "2026-04-01")
