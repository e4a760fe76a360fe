"""Days as they are typed in a filter, and the moments they stand for in China. Pure."""

import unicodedata
from datetime import date, datetime

from connector.errors import FieldProblem
from connector.pages.entries import DAY_PARTS
from connector.register.offices import end_of_day
from connector.requests.forms import FIRST_DAY, LAST_DAY


def read_day(typed: str, field: str, problems: list[FieldProblem]) -> date | None:
    """The day typed, in any of the usual forms; None for an empty box, and with a problem for what is no day."""
    text = unicodedata.normalize("NFKC", typed).replace(" ", "")
    if not text:
        return None
    parts = DAY_PARTS.fullmatch(text)
    try:
        day = date(*(int(part) for part in parts.groups())) if parts else None
    except ValueError:
        day = None
    if day is None or not FIRST_DAY <= day <= LAST_DAY:
        problems.append(FieldProblem(field, "请按“2026-11-30”的格式填写日期", "write the day as 2026-11-30"))
        return None
    return day


def end_of(day: date | None, now: datetime) -> datetime | None:
    """The end of the day, or `now` where the day is not over; None without a day."""
    return None if day is None else min(end_of_day(day), now)
