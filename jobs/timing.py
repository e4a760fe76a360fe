"""When a job is due: each so many seconds, or once a day at a time of Asia/Shanghai. Knows no job, runs none."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from connector.errors import Text

SHANGHAI = ZoneInfo("Asia/Shanghai")  # Containers run in UTC; without this, 02:00 would be 10:00 in Beijing.
ORIGIN = datetime(2026, 1, 1, tzinfo=SHANGHAI)


class When(Protocol):
    """When a job is due. `slot` is the newest moment it was due at or before `now`: the name of that run.

    Two slots are `span` apart; a day in China has no summer time.
    """

    @property
    def span(self) -> timedelta: ...

    def slot(self, now: datetime) -> datetime: ...

    def trigger(self) -> Any: ...

    def words(self) -> Text: ...


@dataclass(frozen=True)
class Every:
    """Due at each whole multiple of `span` since 2026-01-01 00:00 +08:00: every process names the same slots.

    `after` moves them all, so that not every job of the hour begins in its first second.
    """

    span: timedelta
    after: timedelta = timedelta()

    def slot(self, now: datetime) -> datetime:
        first = ORIGIN + self.after
        return (first + (now - first) // self.span * self.span).astimezone(UTC)

    def trigger(self) -> IntervalTrigger:
        return IntervalTrigger(seconds=self.span.total_seconds(), start_date=ORIGIN + self.after, timezone=SHANGHAI)

    def words(self) -> Text:
        seconds = int(self.span.total_seconds())
        if seconds % 3600 == 0:
            return Text(f"每{seconds // 3600}小时", f"every {seconds // 3600} h")
        if seconds % 60 == 0:
            return Text(f"每{seconds // 60}分钟", f"every {seconds // 60} min")
        return Text(f"每{seconds}秒", f"every {seconds} s")


@dataclass(frozen=True)
class Daily:
    """Due once a day at `at`, Asia/Shanghai."""

    at: time
    span = timedelta(days=1)

    def slot(self, now: datetime) -> datetime:
        local = now.astimezone(SHANGHAI)
        day = local.date() if local.time() >= self.at else local.date() - timedelta(days=1)
        return datetime.combine(day, self.at, SHANGHAI).astimezone(UTC)

    def trigger(self) -> CronTrigger:
        return CronTrigger(hour=self.at.hour, minute=self.at.minute, timezone=SHANGHAI)

    def words(self) -> Text:
        return Text(f"每日 {self.at:%H:%M}", f"daily at {self.at:%H:%M}")
