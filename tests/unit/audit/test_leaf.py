"""The canonical form: equal to RFC 8785 everywhere, and no value that has none enters the record."""

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from connector.audit import service as audit
from connector.audit.errors import UnrecordableDataError
from connector.audit.events import Event
from connector.audit.leaf import NoCanonicalFormError, canonical_bytes, hash_entry, moment_text
from connector.storage.engine import Database
from tests.unit.audit.conftest import make_act

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.req("J2")
@given(st.dictionaries(TEXT, JSON, max_size=5))
def test_canonical_bytes_of_any_json_equal_rfc_8785_also_after_storing(value: dict[str, Any]) -> None:
    assert canonical_bytes(value) == rfc8785.dumps(value) == canonical_bytes(json.loads(json.dumps(value)))


@pytest.mark.parametrize(
    "data",
    [{"x": math.nan}, {"x": 2**53}, {"x": "\ud800"}, {"\ud800": 1}, {"x": datetime(2026, 1, 1, tzinfo=UTC)}, {1: "x"}],
)
def test_record_data_without_canonical_form_is_refused(data: dict[Any, Any], database: Database) -> None:
    with pytest.raises(NoCanonicalFormError):
        canonical_bytes(data)
    with database.session() as session, pytest.raises(UnrecordableDataError):
        audit.record(make_act(session), Event.JOB_FAILED, "job:x", inner=data)


def test_hash_entry_at_another_position_differs() -> None:
    assert hash_entry({"id": 1}, 0) != hash_entry({"id": 1}, 1)


def test_moment_text_of_another_zone_is_utc_with_six_decimals() -> None:
    assert moment_text(datetime(2026, 11, 23, 8, tzinfo=timezone(timedelta(hours=8)))) == "2026-11-23T00:00:00.000000Z"
