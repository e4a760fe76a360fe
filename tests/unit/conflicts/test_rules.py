"""Intervals and conflicts as pure rules: properties over random spans, charges and projects."""

from datetime import UTC, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from connector.conflicts.rules import (
    Held,
    blackout,
    conflict_of,
    find_conflicts,
    first_blackout,
    new_conflicts,
    share_a_moment,
)
from connector.privileged.rules import Span, first_overlap, is_office_time, is_within_office_hours
from connector.regulations.calendar import ChinaCalendar

ZERO = datetime(2026, 3, 2, tzinfo=UTC)
minutes = st.integers(0, 40)
spans = st.tuples(minutes, minutes).map(lambda pair: Span(at(min(pair)), at(max(pair))))
ends = st.one_of(st.none(), minutes)
CHARGES = ("agency", "evaluation", "supervision")
charges = st.sampled_from((*CHARGES, "reception"))
holdings = st.builds(
    lambda charge, start, end, project: Held(charge, f"{charge}:{start}", at(start), at(end), project),
    charges, minutes, ends, st.sampled_from((None, "A", "B")),
)  # fmt: skip


def at(minute: int | None) -> datetime | None:
    return None if minute is None else ZERO + timedelta(minutes=minute)


def exclusion(a: str, b: str) -> str | None:
    return "HH 3" if a != b and {a, b} <= set(CHARGES) else None


def moments(start: datetime, end: datetime | None) -> set[int]:
    """Minute by minute, the slow and obvious way; 50 stands for ever after."""
    last = 51 if end is None else int((end - ZERO).total_seconds() // 60)
    return set(range(int((start - ZERO).total_seconds() // 60), last))


@given(spans, spans)
def test_overlap_is_as_counted_minute_by_minute_and_the_same_both_ways(a: Span, b: Span) -> None:
    assert a.overlaps(b) == b.overlaps(a) == bool(moments(*a) & moments(*b))


@given(minutes, ends, minutes, ends)
def test_share_a_moment_is_as_counted_also_without_an_end(a: int, a_end: int | None, b: int, b_end: int | None) -> None:
    expected = bool(moments(at(a), at(a_end)) & moments(at(b), at(b_end)))
    assert share_a_moment(at(a), at(a_end), at(b), at(b_end)) == expected


@given(spans, st.lists(spans))
def test_first_overlap_names_one_that_overlaps_and_no_earlier_one_is_left_out(span: Span, others: list[Span]) -> None:
    found = first_overlap(span, others)
    overlapping = [other for other in others if span.overlaps(other)]
    assert found == (min(overlapping) if overlapping else None)


@given(spans, minutes)
def test_spans_cut_in_two_share_nothing_and_hold_every_moment_once(span: Span, cut: int) -> None:
    middle = min(max(at(cut), span.start), span.end)
    left, right = Span(span.start, middle), Span(middle, span.end)
    assert not left.overlaps(right)
    assert moments(*left) | moments(*right) == moments(*span)


@given(holdings, holdings)
def test_conflict_is_symmetric_and_needs_two_charges_one_time_and_no_second_project(a: Held, b: Held) -> None:
    found = conflict_of(a, b, exclusion)
    expected = (
        exclusion(a.charge, b.charge) is not None
        and bool(moments(a.start, a.end) & moments(b.start, b.end))
        and (a.project is None or b.project is None or a.project == b.project)
    )
    assert (found is not None) == expected
    assert found == conflict_of(b, a, exclusion)


@given(st.lists(holdings, max_size=5), st.lists(holdings, max_size=5))
def test_new_conflicts_are_all_conflicts_but_those_that_stood_before(asked: list[Held], held: list[Held]) -> None:
    whole = sorted(one.key for one in find_conflicts([*asked, *held], exclusion))
    parts = [*new_conflicts(asked, held, exclusion), *find_conflicts(held, exclusion)]
    assert sorted(one.key for one in parts) == whole


@given(spans, st.lists(minutes, max_size=4), st.integers(1, 15), st.integers(1, 15))
def test_first_blackout_is_as_counted_minute_by_minute(
    span: Span, openings: list[int], before: int, after: int
) -> None:
    windows = [blackout(f"XM-{n}", at(opening), before, after) for n, opening in enumerate(openings)]
    found = first_blackout(*span, windows)
    asked = moments(*span) or {int((span.start - ZERO).total_seconds() // 60)}
    hit = [window for window in windows if asked & moments(window.start, window.end)]
    assert (found is None) == (not hit)
    if found is not None:
        assert found.start == min(window.start for window in hit)


def test_office_hours_are_those_of_working_days_in_china() -> None:
    calendar, hours = ChinaCalendar(), (time(8, 30), time(17, 30))
    tuesday = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)  # 09:00 in China
    assert is_office_time(calendar, hours, tuesday)
    assert not is_office_time(calendar, hours, tuesday.replace(hour=9, minute=30))  # 17:30, the last moment
    assert not is_office_time(calendar, hours, tuesday.replace(day=8))  # a Sunday
    assert is_within_office_hours(calendar, hours, Span(tuesday, tuesday + timedelta(hours=8, minutes=30)))
    assert not is_within_office_hours(calendar, hours, Span(tuesday, tuesday + timedelta(hours=9)))
    assert not is_within_office_hours(calendar, hours, Span(tuesday, tuesday + timedelta(days=1)))
