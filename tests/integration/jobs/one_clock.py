"""One process of several that share a database: ticks a job of one effect per slot until it is ended, by tests."""

import logging
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import event, text

from connector.adapters.clock import SystemClock
from connector.auth.act import Act
from connector.auth.actor import Actor, job_actor
from connector.errors import Text
from connector.storage.engine import Database
from jobs.clock import make_clock
from jobs.schedule import Job
from jobs.ticks import Worker
from jobs.timing import Every

CHANCE = random.Random()  # noqa: S311  # Not a secret.


@dataclass
class SmallConnector:
    """What the clock needs: a database and the time."""

    database: Database
    clock: SystemClock

    @contextmanager
    def act(self, actor: Actor, *, now: datetime | None = None) -> Iterator[Act]:
        with self.database.session() as session:
            yield Act(session=session, actor=actor, now=now or self.clock.now(), rulebook=None, vault=None)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Pace:
    """How often the job is due, how long a claim lasts, and how long one effect takes at most."""

    every: timedelta = timedelta(seconds=1)
    lease: timedelta = timedelta(seconds=120)
    work_seconds: float = 0.0


def run_clock(url: str, holder: str, pace: Pace, ready: Any) -> None:
    """Sets `ready` once the clock runs; ends on SIGTERM."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    connector = SmallConnector(Database(url), SystemClock())
    event.listen(connector.database.engine, "connect", lambda connection, _: give_up_stopped(connection, pace.lease))

    def run(given: Any, slot: datetime) -> dict[str, Any]:
        with given.act(job_actor("probe")) as act:
            time.sleep(CHANCE.uniform(0, pace.work_seconds / 2))
            act.session.execute(
                text("INSERT INTO effects (slot, holder) VALUES (:slot, :holder)"),
                {"slot": slot.isoformat(), "holder": holder},
            )
            time.sleep(CHANCE.uniform(0, pace.work_seconds / 2))
        return {}

    job = Job(name="probe", when=Every(pace.every), run=run, does=Text("试", "try"), once=True, every_slot=True)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    worker = Worker(connector, holder, pace.lease)  # type: ignore[arg-type]
    clock = make_clock(worker, [job], catch_up_seconds=1)
    clock.start()
    ready.set()
    stop.wait()
    worker.stopping.set()
    clock.shutdown(wait=True)
    connector.database.close()


def give_up_stopped(connection: Any, after: timedelta) -> None:
    """A transaction of which nothing is heard for a lease is ended by the server; in service it waits longer."""
    connection.execute(f"SET idle_in_transaction_session_timeout = {round(after.total_seconds() * 1000)}")
    connection.commit()
