"""Working days across published years, make-up days, years nobody has published, and the override file (B6)."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connector.regulations.calendar import ChinaCalendar, read_calendar
from connector.regulations.errors import CalendarFileError

SHANGHAI = ZoneInfo("Asia/Shanghai")
CALENDAR = ChinaCalendar()

pytestmark = pytest.mark.req("B6")


def at(text: str) -> datetime:
    """A moment written in Shanghai's time."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def due(start: str, working_days: int, calendar: ChinaCalendar = CALENDAR) -> str:
    return calendar.due(at(start), working_days).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("start", "working_days", "expected"),
    [
        ("2026-11-23 09:00", 1, "2026-11-24 17:30"),  # Monday to Tuesday
        ("2026-11-27 16:00", 1, "2026-11-30 17:30"),  # Friday over a weekend
        ("2026-11-27 23:59", 1, "2026-11-30 17:30"),  # after hours, still Friday's
        ("2026-11-28 10:00", 1, "2026-11-30 17:30"),  # a Saturday
        ("2026-02-13 10:00", 1, "2026-02-14 17:30"),  # Friday: the Saturday before Spring Festival is worked
        ("2026-02-13 10:00", 2, "2026-02-24 17:30"),  # nine days off, then Tuesday
        ("2026-02-13 10:00", 5, "2026-02-27 17:30"),
        ("2026-02-27 10:00", 1, "2026-02-28 17:30"),  # the Saturday after it is worked too
        ("2026-02-18 10:00", 1, "2026-02-24 17:30"),  # asked for in the middle of the festival
        ("2026-12-31 10:00", 1, "2027-01-01 17:30"),  # 2027 is not published: counted Monday to Friday
        ("2026-12-31 10:00", 2, "2027-01-04 17:30"),
    ],
)
def test_due_counts_working_days_to_the_end_of_office_hours(start: str, working_days: int, expected: str) -> None:
    assert due(start, working_days) == expected


def test_due_at_once_is_the_start_itself_in_utc() -> None:
    start = at("2026-11-28 10:00")
    assert CALENDAR.due(start, 0) == start
    assert CALENDAR.due(start, 0).tzinfo is UTC


def test_due_just_before_midnight_utc_uses_the_day_in_shanghai() -> None:
    # 16:30 UTC on Thursday is already Friday in Shanghai, so one working day later is Monday.
    start = datetime(2026, 11, 26, 16, 30, tzinfo=UTC)
    assert CALENDAR.due(start, 1) == at("2026-11-30 17:30")


def test_due_of_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        CALENDAR.due(datetime(2026, 11, 26, 16, 30), 1)  # noqa: DTZ001


def test_every_day_from_2004_to_2040_has_an_answer() -> None:
    days = [date(2004, 1, 1) + timedelta(days=n) for n in range(37 * 365 + 10)]
    assert days[-1] >= date(2040, 12, 31)
    answers = [CALENDAR.is_working_date(day) for day in days]
    assert answers.count(True) > 9000
    unpublished = [d for d in days if d.year > 2026]
    assert all(CALENDAR.is_working_date(d) is (d.weekday() < 5) for d in unpublished)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-11-23 08:00", "2026-11-23 23:00", 0),
        ("2026-11-23 08:00", "2026-11-24 07:00", 1),
        ("2026-11-27 08:00", "2026-11-30 08:00", 1),
        ("2026-02-13 08:00", "2026-02-24 08:00", 2),
        ("2026-02-24 08:00", "2026-02-13 08:00", -2),
        ("2026-12-30 08:00", "2027-01-04 08:00", 3),
    ],
)
def test_working_days_between_counts_the_last_day_and_not_the_first(start: str, end: str, expected: int) -> None:
    assert CALENDAR.working_days_between(at(start), at(end)) == expected


def test_working_days_between_agrees_with_due() -> None:
    start = at("2026-02-10 09:00")
    for n in range(1, 260):
        assert CALENDAR.working_days_between(start, CALENDAR.due(start, n)) == n


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-10-31 23:59", ()),
        ("2026-11-01 00:00", (2027,)),
        ("2026-12-31 23:59", (2027,)),
        ("2027-03-01 00:00", (2027,)),
        ("2027-11-01 00:00", (2027, 2028)),
        ("2025-12-01 00:00", ()),
    ],
)
def test_missing_years_counts_the_next_year_from_november(now: str, expected: tuple[int, ...]) -> None:
    assert CALENDAR.missing_years(at(now)) == expected


def write(folder: Path, data: object) -> Path:
    file = folder / "days.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    return file


def test_override_file_replaces_the_year_and_silences_the_alarm(tmp_path: Path) -> None:
    year = {
        "holidays": ["2026-12-31", "2027-01-01", "2027-01-04"],
        "working_days": ["2027-01-02"],
        "source": "国办发明电〔2026〕1号",
    }
    calendar = read_calendar(write(tmp_path, {"2027": year}))
    assert due("2026-12-30 10:00", 1, calendar) == "2027-01-02 17:30"
    assert due("2026-12-30 10:00", 2, calendar) == "2027-01-05 17:30"
    assert calendar.missing_years(at("2026-11-23 10:00")) == ()
    assert calendar.version.startswith(f"{CALENDAR.version} + sha256:")


def test_override_of_a_published_year_puts_the_package_aside(tmp_path: Path) -> None:
    calendar = read_calendar(write(tmp_path, {"2026": {"holidays": [], "source": "test"}}))
    assert calendar.is_working_date(date(2026, 10, 1))
    assert not calendar.is_working_date(date(2026, 2, 14))


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ([], "-"),
        ({"27": {"holidays": [], "source": "x"}}, "27"),
        ({"2027": {"holidays": ["2027-02-30"], "source": "x"}}, "2027.holidays"),
        ({"2027": {"holidays": []}}, "2027.source"),
        ({"2027": {"holidays": ["2028-01-01"], "source": "x"}}, "2027"),
        ({"2027": {"holidays": ["2026-10-01"], "source": "x"}}, "2027"),
        ({"2027": {"holidays": ["2027-01-02"], "working_days": ["2027-01-02"], "source": "x"}}, "2027"),
    ],
)
def test_override_file_with_a_fault_is_refused_by_name(tmp_path: Path, data: object, key: str) -> None:
    with pytest.raises(CalendarFileError) as refused:
        read_calendar(write(tmp_path, data))
    problem = refused.value.problem()
    assert problem["facts"]["file"].endswith("days.json")
    assert problem["facts"]["key"].startswith(key)
    assert "2027-01-01" in problem["remedy"]


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_override_file_that_is_not_json_is_refused(tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "days.json"
    file.write_bytes(raw)
    with pytest.raises(CalendarFileError):
        read_calendar(file)


def test_override_file_that_is_absent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CalendarFileError):
        read_calendar(tmp_path / "none.json")
