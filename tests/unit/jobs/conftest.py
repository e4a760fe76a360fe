"""A connector of which only the database and the clock are there, and a job that says when it ran."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.auth.actor import Actor
from connector.checks.runs import JobRunRow
from connector.errors import Text
from jobs.schedule import Job
from jobs.ticks import Worker
from jobs.timing import Every
from tests.fakes.clock import FakeClock
from tests.fixtures_activity import open_mirror
from tests.fixtures_register import NOON, Desk

SPAN = timedelta(seconds=15)


@dataclass
class Bench:
    """What a tick needs of the connector: its database and its clock."""

    desk: Desk
    clock: FakeClock
    ran: list[datetime] = field(default_factory=list)
    error: Exception | None = None
    work: Callable[[Any, datetime], None] | None = None  # What the job does with the connector it is given.

    def act(self, actor: Actor, *, now: datetime | None = None, reading: bool = False) -> AbstractContextManager[Act]:
        return self.desk.act(actor, now or self.clock.now())

    def worker(self, holder: str) -> Worker:
        return Worker(self, holder)  # type: ignore[arg-type]

    def job(self, **how: bool) -> Job:
        def run(connector: Any, now: datetime) -> dict[str, Any]:
            self.ran.append(now)
            if self.work:
                self.work(connector, now)
            if self.error:
                raise self.error
            return {"n": len(self.ran)}

        return Job(name="probe", when=Every(SPAN), run=run, does=Text("试", "try"), **how)

    def rows(self) -> list[JobRunRow]:
        with self.desk.act() as act:
            return list(act.session.scalars(select(JobRunRow).order_by(JobRunRow.due_at)))

    def alarms(self) -> list[str]:
        with self.desk.act() as act:
            return list(act.session.scalars(select(AuditEntryRow.event).where(AuditEntryRow.alarm)))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    desk = open_mirror(tmp_path)
    yield Bench(desk, FakeClock(NOON))
    desk.close()
