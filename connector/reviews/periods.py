"""Periods of the calendar in China: month, quarter, half year, year. Pure."""

from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from connector.regulations.calendar import SHANGHAI, local_day


class Period(NamedTuple):
    """`label` as 2026-Q3; `start` is its first moment, `end` the first moment after it. Aware, Asia/Shanghai."""

    label: str
    start: datetime
    end: datetime


LETTERS = {1: "M", 3: "Q", 6: "H", 12: "Y"}


def period_of(moment: datetime, months: int) -> Period:
    """The period of so many months that holds this moment."""
    day = local_day(moment)
    return _period(day.year, (day.month - 1) // months, months)


def before(period: Period, months: int) -> Period:
    """The period that ended when this one began."""
    return period_of(period.start - timedelta(seconds=1), months)


def parse(label: str) -> Period | None:
    """The period of a label such as 2026-Q3; None when it is none."""
    year, _, part = label.partition("-")
    months = {letter: count for count, letter in LETTERS.items()}.get(part[:1])
    if months is None or not (year.isdigit() and len(year) == 4 and part[1:].isdigit()):
        return None
    index = int(part[1:]) - 1
    return _period(int(year), index, months) if 0 <= index < 12 // months and int(year) >= 2000 else None


def _period(year: int, index: int, months: int) -> Period:
    first, after = index * months, (index + 1) * months
    return Period(
        f"{year}-{LETTERS[months]}{index + 1}",
        _midnight(date(year, first + 1, 1)),
        _midnight(date(year + after // 12, after % 12 + 1, 1)),
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)
