"""Rows given to the driver directly are what a statement of SQLAlchemy stores, on both databases."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from connector.activity import bulk
from connector.activity.store import EVENT
from connector.activity.tables import IdpEventRow
from tests.fixtures_activity import open_mirror
from tests.fixtures_register import Desk

TABLE: Any = IdpEventRow.__table__
DETAILS = {"scope": "openid", "reason": "'\"\\,{}%s 中文\n", "roles": ["审批"], "by_us": True}
AT = datetime(2026, 3, 1, 8, 0, 0, 120_000, tzinfo=timezone(timedelta(hours=8)))


@pytest.fixture
def desk(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    opened = open_mirror(tmp_path, database_url)
    yield opened
    opened.close()


def row(number: int, details: Any) -> tuple[Any, ...]:
    odd = ("u'\"\\", None, "NULL", "", None, "{a,b} %s ?\t")
    return (f"e{number}", "login", AT, "LOGIN", *odd, details)


def skip(insert: Any) -> Any:
    return insert.on_conflict_do_nothing()


def test_insert_many_stores_what_a_statement_of_its_own_would(desk: Desk) -> None:
    rows = [row(1, DETAILS), row(2, {}), row(3, {"by_us": 1}), row(4, {"by_us": True})]
    with desk.act() as act:
        bulk.insert_many(act.session, TABLE, EVENT, rows, skip)
        bulk.insert_many(act.session, TABLE, EVENT, [row(1, {"scope": "another"})], skip)
        stored = act.session.execute(text("SELECT *, CAST(details AS TEXT) FROM idp_events ORDER BY id")).all()
        act.session.execute(TABLE.delete())
        act.session.execute(TABLE.insert(), [dict(zip(EVENT, one, strict=True)) for one in rows])
        assert stored == act.session.execute(text("SELECT *, CAST(details AS TEXT) FROM idp_events ORDER BY id")).all()
        assert act.session.get_one(IdpEventRow, ("e1", AT)).details == DETAILS


def test_among_finds_those_of_the_values_and_no_other(desk: Desk) -> None:
    with desk.act() as act:
        bulk.insert_many(act.session, TABLE, EVENT, [row(n, {}) for n in range(4)], skip)
        asked = bulk.among(act.session, IdpEventRow.id, {"e1", "e3", "\"'", "[]"})
        assert set(act.session.scalars(select(IdpEventRow.id).where(asked))) == {"e1", "e3"}
        assert not list(act.session.scalars(select(IdpEventRow.id).where(bulk.among(act.session, IdpEventRow.id, []))))
