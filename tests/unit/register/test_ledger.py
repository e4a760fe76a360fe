"""The ledger: now and at any past moment, within the reader's scope, in few queries."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.actor import person_actor
from connector.errors import ForbiddenError, NotFoundError
from connector.register import accounts, ledger, reach
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountStatus, Office
from tests.factories import Centre, make_account, make_centre, make_person
from tests.fixtures_register import HOST, NOON, Desk

ONE, TWO = "bid-opening:bidders.viewer", "website:notice.editor"
DAY = timedelta(days=1)


@pytest.fixture
def centre(desk: Desk) -> Centre:
    with desk.act(now=NOON - 10 * DAY) as act:
        return make_centre(act)


@pytest.fixture
def account(desk: Desk, centre: Centre) -> AccountRow:
    """Opened on day 0 with ONE, day 1 TWO by request r1, day 2 ONE withdrawn, day 3 frozen, day 4 active again."""
    with desk.act() as act:
        made = make_account(act, "ywk", ONE)
    with desk.act(now=NOON + DAY) as act:
        accounts.add_grants(act, made, [TWO], granted_by="r1")
        for office, what in (
            (Office.UNIT_HEAD, Event.REQUEST_STAGE_APPROVED),
            (Office.OPERATOR, Event.REQUEST_STAGE_APPROVED),
            (Office.OPERATOR, Event.REQUEST_APPROVED),
        ):
            audit.record(replace(act, actor=centre.actor(office)), what, "request:r1", request_id="r1")
    with desk.act(now=NOON + 2 * DAY) as act:
        accounts.withdraw_grants(act, made, [ONE], withdrawn_by="r2")
    with desk.act(now=NOON + 3 * DAY) as act:
        accounts.set_status(act, accounts.lock_account(act, made.id), AccountStatus.FROZEN, cause="departure")
    with desk.act(now=NOON + 4 * DAY) as act:
        accounts.set_status(act, accounts.lock_account(act, made.id), AccountStatus.ACTIVE, cause="request")
    return made


def line(desk: Desk, account: AccountRow, moment: datetime) -> ledger.LedgerRow | None:
    with desk.act(now=NOON + 30 * DAY) as act:
        page = ledger.list_ledger(act, as_of=moment, count=100)
    assert page.total == len(page.rows)
    return next((row for row in page.rows if row.account_id == account.id), None)


@pytest.mark.req("A5")
@pytest.mark.parametrize(
    ("days", "status", "permissions"),
    [
        (0, "active", [ONE]),
        (0.5, "active", [ONE]),
        (1, "active", [ONE, TWO]),
        (2, "active", [TWO]),
        (3, "frozen", [TWO]),
        (3.5, "frozen", [TWO]),
        (4, "active", [TWO]),
        (30, "active", [TWO]),
    ],
)
def test_ledger_at_a_past_moment_shows_what_stood_then(
    desk: Desk, account: AccountRow, days: float, status: str, permissions: list[str]
) -> None:
    row = line(desk, account, NOON + days * DAY)
    assert row is not None
    assert (row.status, [grant.permission_id for grant in row.grants]) == (status, permissions)


@pytest.mark.req("A5")
def test_ledger_before_the_account_was_opened_does_not_show_it(desk: Desk, account: AccountRow) -> None:
    assert line(desk, account, NOON - timedelta(seconds=1)) is None


@pytest.mark.req("A5")
def test_ledger_shows_person_unit_class_and_who_approved(desk: Desk, centre: Centre, account: AccountRow) -> None:
    row = line(desk, account, NOON + 1 * DAY)
    assert row is not None
    assert (row.unit_code, row.unit_name, row.account_class) == ("ywk", "业务科", "ordinary")
    assert "*" in row.document_masked
    assert row.opened_by == "paper:TEST-1"
    first, second = row.grants
    assert (first.sensitive, first.granted_by, first.approved_by) == (True, "paper:TEST-1", ())
    approvers = tuple(centre.actor(office).name for office in (Office.UNIT_HEAD, Office.OPERATOR))
    assert (second.sensitive, second.granted_by, second.approved_by) == (False, "r1", approvers)


@pytest.mark.req("A5")
@pytest.mark.parametrize(
    "office", [Office.SYSTEM_DEPARTMENT_HEAD, Office.SECURITY_ADMINISTRATOR, Office.AUDITOR, Office.PRINCIPAL]
)
def test_ledger_for_the_heads_of_the_whole_shows_every_account(desk: Desk, centre: Centre, office: Office) -> None:
    with desk.act(centre.actor(office)) as act:
        assert ledger.list_ledger(act).total == len(centre.accounts)


@pytest.mark.req("A5")
def test_ledger_for_a_unit_head_shows_his_unit_only_and_hides_other_counts(desk: Desk, centre: Centre) -> None:
    with desk.act(centre.actor(Office.UNIT_HEAD, "ywk")) as act:
        own = ledger.list_ledger(act)
        elsewhere = ledger.list_ledger(act, unit_code="dljg")
    assert {row.unit_code for row in own.rows} == {"ywk"}
    assert own.total == len(own.rows) == 3
    assert (elsewhere.total, elsewhere.rows) == (0, ())


@pytest.mark.req("A5")
def test_ledger_for_anybody_else_is_refused(desk: Desk, centre: Centre, account: AccountRow) -> None:
    for actor in (centre.actor(Office.OPERATOR), person_actor(account.person_id, account.user_name)):
        with desk.act(actor) as act, pytest.raises(ForbiddenError):
            ledger.list_ledger(act)


@pytest.mark.req("A5")
def test_ledger_filters_and_pages(desk: Desk, centre: Centre, account: AccountRow) -> None:
    with desk.act(now=NOON + 3 * DAY) as act:
        make_account(act, "dljg", person=make_person(act, "dljg", name="百分%使用人"))
        everything = ledger.list_ledger(act)
        assert [row.user_name for row in everything.rows] == sorted(row.user_name for row in everything.rows)
        middle = ledger.list_ledger(act, first=2, count=3)
        assert middle.rows == everything.rows[2:5]
        assert middle.total == everything.total == len(centre.accounts) + 2
        assert [row.person_name for row in ledger.list_ledger(act, text="分%使").rows] == ["百分%使用人"]
        assert ledger.list_ledger(act, text=account.user_name.upper()).total == 1
        assert {r.account_id for r in ledger.list_ledger(act, status=AccountStatus.FROZEN).rows} == {account.id}
        assert {r.unit_code for r in ledger.list_ledger(act, unit_code="jyzx").rows} == {"jyzx", "ywk", "xxjsk"}
        with pytest.raises(NotFoundError):
            ledger.list_ledger(act, unit_code="nowhere")


@pytest.fixture
def statements(desk: Desk) -> Iterator[list[str]]:
    """The SQL sent since the test began to look."""
    sent: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(desk.database.engine, "before_cursor_execute", note)
    yield sent
    event.remove(desk.database.engine, "before_cursor_execute", note)


@pytest.mark.req("A5")
def test_ledger_page_takes_the_same_few_queries_for_any_number_of_accounts(
    desk: Desk, centre: Centre, statements: list[str]
) -> None:
    counts = []
    for count in (1, 14):
        with desk.act() as act:
            statements.clear()
            assert len(ledger.list_ledger(act, count=count).rows) == count
            counts.append(len([s for s in statements if s.startswith("SELECT")]))
    assert counts == [3, 3]


def test_ledger_open_to_the_operator_of_the_machine_is_whole(desk: Desk, centre: Centre) -> None:
    with desk.act(HOST) as act:
        reach.units_of_ledger(act)
        assert ledger.list_ledger(act).total == len(centre.accounts)
