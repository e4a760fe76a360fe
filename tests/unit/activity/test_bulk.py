"""Rows given to the driver directly are stored as the types of the columns store them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from connector.activity import bulk
from connector.activity.alarm_tables import PlaceRow
from connector.activity.store import EVENT
from connector.activity.tables import IdpEventRow
from connector.storage.tables import UtcDateTime
from tests.fixtures_activity import open_mirror
from tests.fixtures_register import Desk

TABLE: Any = IdpEventRow.__table__
CHINA = timezone(timedelta(hours=8))
AT = datetime(2026, 3, 1, 8, 0, 0, 120_000, tzinfo=CHINA)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_mirror(tmp_path)
    yield opened
    opened.close()


def row(at: datetime) -> tuple[Any, ...]:
    return ("e1", "login", at, "LOGIN", "u1", None, "website", "::1", None, None, {})


def skip(insert: Any) -> Any:
    return insert.on_conflict_do_nothing()


def test_insert_many_of_a_naive_moment_is_refused(desk: Desk) -> None:
    with desk.act() as act, pytest.raises(ValueError, match="aware"):
        bulk.insert_many(act.session, TABLE, EVENT, [row(AT.replace(tzinfo=None))], skip)


def test_insert_many_without_a_column_that_has_a_default_is_refused(desk: Desk) -> None:
    names = ("session_id", "user_id", "network", "login_at", "used_at", "event_id")
    with desk.act() as act, pytest.raises(ValueError, match="default"):
        bulk.insert_many(act.session, PlaceRow.__table__, names, [("s", "u", "n", AT, AT, "e")], skip)


@given(
    st.datetimes(
        datetime(2, 1, 1),  # noqa: DTZ001
        datetime(9998, 1, 1),  # noqa: DTZ001
        timezones=st.sampled_from([CHINA, UTC, timezone(timedelta(hours=-5, minutes=-30))]),
    )
)
def test_moments_are_written_as_their_column_type_writes_them(moment: datetime) -> None:
    dialect = sqlite.dialect()
    moments = UtcDateTime()
    written = moments.dialect_impl(dialect).bind_processor(dialect)
    assert written is not None
    assert bulk._for_sqlite(moments, [moment, None]) == [written(moment), None]
