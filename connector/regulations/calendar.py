"""Working days of China: published years from chinesecalendar, a yearly override file over them. Pure, no settings.

A year that nobody has published is counted Monday to Friday, never refused: a deadline must always have an answer.
`missing_years` says when that guess has to be replaced.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from importlib.metadata import version as version_of
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from chinese_calendar import constants
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connector.errors import Text
from connector.regulations.errors import CalendarFileError

SHANGHAI = ZoneInfo("Asia/Shanghai")
END_OF_OFFICE_HOURS = time(17, 30)
NEXT_YEAR_COUNTS_FROM = (11, 1)  # The State Council publishes a year in the November before it.
PACKAGED_YEARS = range(min(constants.holidays).year, max(constants.holidays).year + 1)


class YearOverride(BaseModel):
    """One year as the State Council published it: days off, and weekend days that are worked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    holidays: frozenset[date]
    working_days: frozenset[date] = frozenset()
    source: str = Field(min_length=1)


class ChinaCalendar:
    """The working calendar of rulebook.py. Days are dates in Asia/Shanghai."""

    def __init__(self, overrides: Mapping[int, YearOverride] = MappingProxyType({}), *, digest: str = "") -> None:
        self._years = frozenset(overrides)
        self._days = {
            day: worked
            for year in sorted(overrides)
            for worked, days in ((False, overrides[year].holidays), (True, overrides[year].working_days))
            for day in days
        }
        self._version = f"chinesecalendar {version_of('chinesecalendar')}{f' + {digest}' if digest else ''}"

    @property
    def version(self) -> str:
        return self._version

    def is_working_date(self, day: date) -> bool:
        if day in self._days:
            return self._days[day]
        if day.year in self._years:
            return day.weekday() < 5
        return day in constants.workdays or (day.weekday() < 5 and day not in constants.holidays)

    def is_working_day(self, moment: datetime) -> bool:
        return self.is_working_date(local_day(moment))

    def due(self, start: datetime, working_days: int) -> datetime:
        """End of office hours (17:30) on the n-th working day after `start`'s day; 0 is `start` itself. UTC."""
        if working_days < 0:
            raise ValueError("working_days must not be negative")
        if working_days == 0:
            return start.astimezone(UTC)
        day = local_day(start)
        for _ in range(working_days):
            day = self._next_working_date(day)
        return datetime.combine(day, END_OF_OFFICE_HOURS, SHANGHAI).astimezone(UTC)

    def working_days_between(self, start: datetime, end: datetime) -> int:
        first, last = local_day(start), local_day(end)
        if last < first:
            return -self.working_days_between(end, start)
        days = (last - first).days
        return sum(self.is_working_date(first + timedelta(days=n)) for n in range(1, days + 1))

    def missing_years(self, now: datetime) -> tuple[int, ...]:
        today = local_day(now)
        reach = 1 if (today.month, today.day) >= NEXT_YEAR_COUNTS_FROM else 0
        years = range(today.year, today.year + reach + 1)
        return tuple(y for y in years if y not in PACKAGED_YEARS and y not in self._years)

    def _next_working_date(self, day: date) -> date:
        day += timedelta(days=1)
        while not self.is_working_date(day):
            day += timedelta(days=1)
        return day


def local_day(moment: datetime) -> date:
    """The day of an aware moment in Asia/Shanghai."""
    if moment.tzinfo is None:
        raise ValueError("the moment must be aware")
    return moment.astimezone(SHANGHAI).date()


def read_calendar(file: Path | None) -> ChinaCalendar:
    """The calendar with the override file, if there is one. Raises CalendarFileError naming the year at fault."""
    if file is None:
        return ChinaCalendar()
    try:
        raw = file.read_bytes()
        data = json.loads(raw)
    except (OSError, ValueError, RecursionError) as fault:
        raise CalendarFileError(str(file), "-", Text("无法读取", f"cannot be read ({fault})")) from fault
    if not isinstance(data, dict):
        raise CalendarFileError(str(file), "-", Text("应为以年份为键的对象", "must be an object keyed by year"))
    overrides = {int(k): _read_year(file, k, v) for k, v in data.items() if _is_year(file, k)}
    return ChinaCalendar(overrides, digest=f"sha256:{hashlib.sha256(raw).hexdigest()[:12]}")


def _is_year(file: Path, key: str) -> bool:
    if len(key) == 4 and key.isascii() and key.isdigit() and key >= "2000":
        return True
    raise CalendarFileError(str(file), key, Text("键应为四位年份", "the key must be a year of four digits"))


def _read_year(file: Path, key: str, value: Any) -> YearOverride:
    try:
        override = YearOverride.model_validate(value)
    except ValidationError as fault:
        first = fault.errors()[0]
        where = ".".join([key, *map(str, first["loc"])])
        raise CalendarFileError(str(file), where, Text("内容不符合要求", first["msg"])) from None
    # A New Year holiday may begin in the last days of the December before, as in 2018/2019.
    earliest, latest = date(int(key) - 1, 12, 1), date(int(key), 12, 31)
    outside = sorted(d for d in override.holidays | override.working_days if not earliest <= d <= latest)
    if outside:
        raise CalendarFileError(str(file), key, Text(f"{outside[0]} 不属于该年", f"{outside[0]} is not of that year"))
    both = sorted(override.holidays & override.working_days)
    if both:
        raise CalendarFileError(
            str(file), key, Text(f"{both[0]} 既是假日又是工作日", f"{both[0]} is both a holiday and a working day")
        )
    return override
