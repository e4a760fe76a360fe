"""Monthly figures of the clocks: how many stages, how many in time, how long they took, by unit, office, kind (B6).

The figures are computed from the stages themselves; nothing is stored, so they can be asked for any past month.
"""

import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from connector.auth.act import Act
from connector.errors import FieldProblem, RefusedInputError
from connector.register.offices import OFFICE_ZONE
from connector.register.tables import UnitRow
from connector.regulations.rulebook import WorkingCalendar
from connector.requests import store
from connector.requests.chain import is_missed
from connector.requests.deadlines import is_in, unit_paths
from connector.requests.tables import StageRow

COLUMNS = ("unit_code", "unit", "office", "kind", "decided", "in_time", "late", "median_hours", "longest_hours")


@dataclass(frozen=True)
class Figures:
    """One line: stages of one unit, office and kind that were decided in the month. Hours are office hours."""

    unit_code: str
    unit: str
    office: str
    kind: str
    decided: int
    in_time: int
    late: int
    median_hours: float
    longest_hours: float


def month_figures(act: Act, month: str, *, unit_code: str | None = None) -> list[Figures]:
    """The figures of "2026-11", by unit, office and kind (LC 7, GX 8); who may read them: as the overdue list.

    A stage counts in the month in which it was decided, returned ones too. RefusedInputError for what is no month.
    """
    start, end = month_bounds(month)
    scope = unit_paths(act, unit_code)
    groups: dict[tuple[str, str, str], list[StageRow]] = defaultdict(list)
    names: dict[str, UnitRow] = {}
    for stage, request in store.list_closed_stages(act, start, end):
        unit = names.setdefault(stage.unit_id, act.session.get_one(UnitRow, stage.unit_id))
        if is_in(scope, unit):
            groups[stage.unit_id, stage.office, request.kind].append(stage)
    hours = act.rulebook.office_hours()
    found = [
        _figures(act.rulebook.calendar, hours, names[unit_id], office, kind, stages)
        for (unit_id, office, kind), stages in groups.items()
    ]
    return sorted(found, key=lambda line: (line.unit_code, line.office, line.kind))


def month_bounds(month: str) -> tuple[datetime, datetime]:
    """First moment of the month in China and of the next one, in UTC."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        wrong = FieldProblem("month", "请填写月份，例如 2026-11", "give a month as 2026-11", "LC 7")
        raise RefusedInputError([wrong], clause="LC 7") from None
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    start, end = (datetime.combine(day, time(), OFFICE_ZONE).astimezone(UTC) for day in (first, following))
    return start, end


def office_hours_between(
    calendar: WorkingCalendar, hours: tuple[time, time], start: datetime, end: datetime
) -> timedelta:
    """Pure: how much of the time lies within the office hours of working days, make-up days counted."""
    day, last = start.astimezone(OFFICE_ZONE).date(), end.astimezone(OFFICE_ZONE).date()
    total = timedelta()
    while day <= last:
        opens, closes = (datetime.combine(day, at, OFFICE_ZONE) for at in hours)
        if calendar.is_working_day(opens):
            total += max(timedelta(), min(end, closes) - max(start, opens))
        day += timedelta(days=1)
    return total


def _figures(
    calendar: WorkingCalendar,
    hours: tuple[time, time],
    unit: UnitRow,
    office: str,
    kind: str,
    stages: Iterable[StageRow],
) -> Figures:
    times = [(stage.opened_at, stage.closed_at, stage.due_at) for stage in stages]
    spans = [
        office_hours_between(calendar, hours, opened, closed).total_seconds() / 3600
        for opened, closed, _ in times
        if opened and closed
    ]
    in_time = sum(1 for _, closed, due in times if closed and not is_missed(due, closed))
    return Figures(
        unit_code=unit.code,
        unit=unit.name,
        office=office,
        kind=kind,
        decided=len(times),
        in_time=in_time,
        late=len(times) - in_time,
        median_hours=round(statistics.median(spans), 1),
        longest_hours=round(max(spans), 1),
    )
