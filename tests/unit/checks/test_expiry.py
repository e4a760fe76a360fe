"""Accounts for a time: notices once each, the freeze at the approved end, and what the clock must leave alone."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from connector.audit.tables import AuditEntryRow
from connector.checks import expiry, views
from connector.checks.report import Outcome
from connector.checks.tables import FindingRow, ScanRow
from connector.outbox.tables import StepRow
from connector.register import accounts
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import AccountClass, AccountPurpose, AccountStatus, Office
from tests.factories import Centre, make_centre, make_person
from tests.fixtures_register import NOON, Desk, open_desk

pytestmark = pytest.mark.req("F4")
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def centre(desk: Desk) -> Centre:
    with desk.act() as act:
        made = make_centre(act)
        head = made.person(Office.UNIT_HEAD, "ywk").id
        act.session.execute(update(PersonRow).where(PersonRow.id == head).values(mail="head@example.cn"))
        return made


def open_for(desk: Desk, until: datetime | None, purpose: AccountPurpose = AccountPurpose.TEMPORARY) -> str:
    with desk.act() as act:
        person = make_person(act, "ywk", mail="zhang@example.cn")
        account = accounts.open_account(
            act, person, account_class=AccountClass.ORDINARY, opened_by="paper:1", purpose=purpose, valid_until=until
        )
        account.keycloak_id = f"kc-{account.id}"
        return account.id


def end(desk: Desk, now: datetime) -> int:
    with desk.act(now=now) as act:
        return expiry.end_expired(act, limit=100)


def notify(desk: Desk, now: datetime) -> int:
    with desk.act(now=now) as act:
        return expiry.send_notices(act, limit=100)


def row(desk: Desk, account_id: str) -> AccountRow:
    with desk.act() as act:
        return act.session.get_one(AccountRow, account_id)


@pytest.mark.parametrize("purpose", list(AccountPurpose))
@pytest.mark.parametrize(("at", "status"), [(-SECOND, "active"), (timedelta(), "frozen"), (DAY, "frozen")])
def test_end_expired_freezes_at_the_approved_end_and_not_a_second_before(
    desk: Desk, centre: Centre, purpose: AccountPurpose, at: timedelta, status: str
) -> None:
    account_id = open_for(desk, NOON + 20 * DAY, purpose)
    end(desk, NOON + 20 * DAY + at)
    assert row(desk, account_id).status == status


def test_end_expired_orders_the_freeze_with_its_cause_and_records_it(desk: Desk, centre: Centre) -> None:
    account_id = open_for(desk, NOON + DAY)
    assert end(desk, NOON + DAY) == 1
    with desk.act() as act:
        kinds = act.session.scalars(select(StepRow.kind).where(StepRow.account_id == account_id)).all()
        assert {"keycloak.freeze", "keycloak.sweep"} <= set(kinds)
        assert accounts.present_cause(act, act.session.get_one(AccountRow, account_id)) == "expired"
        entry = act.session.scalars(select(AuditEntryRow).where(AuditEntryRow.event == "account.expired")).one()
        assert entry.data["purpose"] == "temporary"
        scan = act.session.scalars(select(ScanRow)).one()
        assert act.session.scalars(select(FindingRow.state)).one() == Outcome.FROZEN
        assert views.report(act, scan.id).counts[Outcome.FROZEN] == 1
        [line] = views.cleanup_list(act, scan.id)
        assert line.treatment == "到期冻结"
    assert end(desk, NOON + 2 * DAY) == 0, "once"
    with desk.act() as act:
        assert len(act.session.scalars(select(ScanRow)).all()) == 1, "a run that ends nobody is not kept"


def test_end_expired_account_without_an_end_is_never_touched(desk: Desk, centre: Centre) -> None:
    account_id = open_for(desk, None, AccountPurpose.ORDINARY)
    assert end(desk, NOON + 10_000 * DAY) == 0
    assert row(desk, account_id).status == "active"


@pytest.mark.parametrize(
    ("cause", "status"), [("request", AccountStatus.FROZEN), ("violation", AccountStatus.SUSPENDED)]
)
def test_end_expired_while_suspended_freezes_but_keeps_the_cause_of_a_violation(
    desk: Desk, centre: Centre, cause: str, status: AccountStatus
) -> None:
    account_id = open_for(desk, NOON + 5 * DAY)
    with desk.act() as act:
        account = accounts.lock_account(act, account_id)
        accounts.set_status(act, account, AccountStatus.SUSPENDED, cause=cause, until=NOON + 10 * DAY)
    end(desk, NOON + 5 * DAY)
    assert row(desk, account_id).status == status


def test_end_expired_accounts_that_wait_for_an_approval_do_not_stand_before_others(desk: Desk, centre: Centre) -> None:
    waiting, ended = open_for(desk, NOON + DAY), open_for(desk, NOON + 2 * DAY)
    with desk.act() as act:
        row_of = accounts.lock_account(act, waiting)
        accounts.set_status(act, row_of, AccountStatus.SUSPENDED, cause="violation", until=NOON + 10 * DAY)
    with desk.act(now=NOON + 3 * DAY) as act:
        assert expiry.end_expired(act, limit=1) == 1
    assert row(desk, ended).status == "frozen"


def test_end_expired_prolonged_meanwhile_goes_on(desk: Desk, centre: Centre) -> None:
    account_id = open_for(desk, NOON + DAY)
    with desk.act() as act:
        accounts.lock_account(act, account_id).valid_until = NOON + 30 * DAY
    assert end(desk, NOON + DAY) == 0
    assert row(desk, account_id).status == "active"


def test_send_notices_each_threshold_once_to_person_and_head(desk: Desk, centre: Centre) -> None:
    open_for(desk, NOON + 20 * DAY)
    sent = [notify(desk, NOON + timedelta(days=day)) for day in (0, 5, 6, 6.5, 13, 14, 19, 19.5, 20, 21)]
    assert sent == [0, 0, 1, 0, 1, 0, 1, 0, 0, 0]
    with desk.act() as act:
        mails = [step.payload for step in act.session.scalars(select(StepRow).where(StepRow.kind == "mail"))]
    assert sorted(mail["to"] for mail in mails) == ["head@example.cn"] * 3 + ["zhang@example.cn"] * 3
    assert all("2026-03-30" in mail["text"] for mail in mails), "the last day, in China"


def test_send_notices_late_start_sends_only_the_nearest(desk: Desk, centre: Centre) -> None:
    open_for(desk, NOON + 3 * DAY)
    assert notify(desk, NOON) == 1
    with desk.act() as act:
        entry = act.session.scalars(select(AuditEntryRow).where(AuditEntryRow.event == "expiry.notice_sent")).one()
    assert entry.data == {"days_left": 7, "mails": 2}


def test_show_expired_lists_what_ends_and_changes_nothing(desk: Desk, centre: Centre) -> None:
    for days in (-1, 5, 100):
        open_for(desk, NOON + timedelta(days=days))
    with desk.act() as act:
        found = views.preview(act, "expired")
    assert found.counts == {"running": 1, "ending": 1, "expired": 1}
    assert [each.verdict for each in found.accounts] == ["expired", "ending"]
