"""The ledger rebuilt from the record alone is the ledger of the tables, whatever was done (A5; JC 15, GS 16)."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from connector.errors import ConnectorError
from connector.register import accounts, following, ledger
from connector.register.rebuild import (
    UNKNOWN,
    Difference,
    LedgerOfRecord,
    RebuiltAccount,
    compare,
    count_unknown,
)
from connector.register.rebuild_tables import read_accounts, read_entries
from connector.register.tables import AccountRow, GrantRow, UnitRow
from connector.regulations.vocabulary import AccountStatus, RequestKind
from tests.factories import make_account
from tests.town import HOST, NOON, Town, open_town

STATUSES = [status for status in AccountStatus if status is not AccountStatus.CANCELLED]


def rebuilt(town: Town) -> tuple[dict[str, RebuiltAccount], list[Difference]]:
    with town.connector.database.session() as session:
        told = LedgerOfRecord().read(read_entries(session)).accounts
        return told, list(compare(told, read_accounts(session)))


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    opened = open_town(tmp_path)
    yield opened
    opened.close()


@pytest.mark.req("A5")
def test_rebuild_after_requests_equals_the_tables(town: Town) -> None:
    first = town.account_of(town.approve(town.submit()))
    held = [town.permissions(2)[0]]
    extra = [name for name in town.permissions(4) if name not in town.permissions(2)]
    town.approve(town.submit(town.form(account=first.user_name, permissions=extra, withdraw=held)))
    town.approve(town.submit(town.form(kind=RequestKind.DISABLE, account=first.user_name, cause="departure")))
    town.approve(town.submit(town.form(kind=RequestKind.ENABLE, account=first.user_name)))
    told, differences = rebuilt(town)
    assert differences == []
    assert [span.name for span in told[first.id].states] == ["active", "disabled", "active"]
    assert count_unknown(told) == 0


Act = Callable[[Town, datetime, int], None]


def _open(town: Town, now: datetime, number: int) -> None:
    with town.connector.act(HOST, now=now) as act:
        make_account(act, "ywk" if number % 2 else "dljg", *town.permissions(number % 4))


def _status(town: Town, now: datetime, number: int) -> None:
    with town.connector.act(HOST, now=now) as act:
        account = _any(act.session.scalars(select(AccountRow).order_by(AccountRow.id)).all(), number)
        status = STATUSES[number % len(STATUSES)]
        until = now + timedelta(days=3) if status is AccountStatus.SUSPENDED else None
        accounts.set_status(act, account, status, cause="request", until=until)


def _end(town: Town, now: datetime, number: int) -> None:
    """What enabling with a new last day does: the end moves with the status (JC 18)."""
    with town.connector.act(HOST, now=now) as act:
        account = _any(act.session.scalars(select(AccountRow).order_by(AccountRow.id)).all(), number)
        if account.status != AccountStatus.ACTIVE.value:
            account.valid_until = now + timedelta(days=number)
            accounts.set_status(act, account, AccountStatus.ACTIVE, cause="request")


def _grant(town: Town, now: datetime, number: int) -> None:
    with town.connector.act(HOST, now=now) as act:
        account = _any(act.session.scalars(select(AccountRow).order_by(AccountRow.id)).all(), number)
        accounts.add_grants(act, account, town.permissions(1 + number % 5), granted_by="paper:TEST-2")


def _withdraw(town: Town, now: datetime, number: int) -> None:
    with town.connector.act(HOST, now=now) as act:
        account = _any(act.session.scalars(select(AccountRow).order_by(AccountRow.id)).all(), number)
        held = [permission.id for permission in accounts.list_grants(act, account)]
        accounts.withdraw_grants(act, account, held[: number % 3], withdrawn_by="paper:TEST-3")


def _move(town: Town, now: datetime, number: int) -> None:
    with town.connector.act(HOST, now=now) as act:
        account = _any(act.session.scalars(select(AccountRow).order_by(AccountRow.id)).all(), number)
        unit = _any(act.session.scalars(select(UnitRow).order_by(UnitRow.code)).all(), number)
        following.change_from_directory(act, account.person_id, unit_id=unit.id)


def _any(rows: list, number: int):  # type: ignore[no-untyped-def,type-arg]
    return rows[number % len(rows)]


ACTS: tuple[Act, ...] = (_open, _status, _end, _grant, _withdraw, _move)


@pytest.mark.req("A5")
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(acts=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 40)), max_size=12))
def test_rebuild_after_random_acts_equals_the_tables_at_every_moment(acts: list[tuple[Act, int]]) -> None:
    with tempfile.TemporaryDirectory(prefix="rebuild-") as folder:
        town = open_town(Path(folder))
        try:
            moments = [NOON + timedelta(hours=turn) for turn in range(len(acts))]
            for moment, (one, number) in zip(moments, acts, strict=True):
                with suppress(ConnectorError):  # A refused act stores nothing: neither entry nor row.
                    one(town, moment, number)
            told, differences = rebuilt(town)
            assert differences == []
            _assert_same_ledger(town, told, moments)
        finally:
            town.close()


def _assert_same_ledger(town: Town, told: dict[str, RebuiltAccount], moments: list[datetime]) -> None:
    record = LedgerOfRecord()
    record.accounts = told
    for moment in moments:
        with town.connector.act(HOST) as act:
            page = ledger.list_ledger(act, as_of=moment, count=1000)
        stored = [(r.user_name, r.status, tuple(g.permission_id for g in r.grants)) for r in page.rows]
        assert [(line.user_name, line.status, line.permissions) for line in record.as_of(moment)] == stored


@pytest.mark.req("A5")
def test_compare_after_a_change_behind_the_record_names_each_difference(town: Town) -> None:
    account = town.account_of(town.approve(town.submit()))
    with town.connector.database.session() as session:
        session.execute(update(AccountRow).where(AccountRow.id == account.id).values(account_class="leader"))
        session.execute(update(GrantRow).where(GrantRow.account_id == account.id).values(granted_by="paper:FORGED"))
    _, differences = rebuilt(town)
    assert {difference.what for difference in differences} == {"account_class", "grants"}
    assert all(account.user_name in difference.account for difference in differences)
    with town.connector.act(HOST) as act:
        forged = make_account(act, "ywk")
        act.session.flush()
        forged_id = forged.id
    with town.connector.database.session() as session:
        told = LedgerOfRecord().read(e for e in read_entries(session) if e["account_id"] != forged_id).accounts
        found = [one for one in compare(told, read_accounts(session)) if forged_id in one.account]
    assert [(one.what, one.record, one.tables) for one in found] == [("account", "-", "yes")]


def test_rebuild_from_entries_of_version_1_leaves_unknown_what_they_do_not_tell(town: Town) -> None:
    town.approve(town.submit())
    newer = ("v", "unit", "purpose", "valid_until")
    with town.connector.database.session() as session:
        entries = [
            {**e, "data": {k: v for k, v in e["data"].items() if k not in newer or e["event"] == "person.registered"}}
            for e in read_entries(session)
        ]
        told = LedgerOfRecord().read(entries).accounts
        assert list(compare(told, read_accounts(session))) == []
    assert {account.purpose for account in told.values()} == {UNKNOWN}
    assert {account.unit for account in told.values()} & {"ywk", "jyzx"} == {"ywk", "jyzx"}
    assert count_unknown(told) == 2 * len(told)
