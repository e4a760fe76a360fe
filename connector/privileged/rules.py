"""Pure rules of the time box: how long, which two overlap, what lies outside office hours. No clock, no database."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import NamedTuple

from connector.regulations.calendar import SHANGHAI
from connector.regulations.rulebook import WorkingCalendar

# The worker looks every two seconds and a freeze takes less than one: an end that is not proved by then is late.
LATE = timedelta(minutes=5)
# Keycloak stamps its events by its own clock (seen 0.9 s behind): the record reaches that far beyond start and end.
MARGIN = timedelta(seconds=30)


class Span(NamedTuple):
    """From `start` up to, and without, `end`; both aware."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def holds(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    def overlaps(self, other: "Span") -> bool:
        """Whether both have a moment in common. Two that touch have none: the end belongs to no box."""
        return max(self.start, other.start) < min(self.end, other.end)


def first_overlap(span: Span, others: Iterable[Span]) -> Span | None:
    """The earliest of the others that shares a moment with `span`."""
    return min((other for other in others if span.overlaps(other)), default=None)


def is_office_time(calendar: WorkingCalendar, hours: tuple[time, time], moment: datetime) -> bool:
    """Whether the moment lies in the office hours of a working day; their last moment is outside."""
    return calendar.is_working_day(moment) and hours[0] <= moment.astimezone(SHANGHAI).time() < hours[1]


def is_within_office_hours(calendar: WorkingCalendar, hours: tuple[time, time], span: Span) -> bool:
    """Whether the whole span lies in the office hours of one working day."""
    start, end = (moment.astimezone(SHANGHAI) for moment in span)
    return (
        calendar.is_working_day(span.start)
        and start.date() == end.date()
        and hours[0] <= start.time()
        and end.time() <= hours[1]
    )


def is_late(ends_at: datetime, done_at: datetime) -> bool:
    """Whether access that was to end then was taken away, or proved gone, so late that people must hear of it."""
    return done_at - ends_at > LATE
