"""One process of several that share a database: ticks a job every second until it is ended. Started by the tests."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from connector.adapters.clock import SystemClock
from connector.auth.act import Act
from connector.auth.actor import Actor, job_actor
from connector.errors import Text
from connector.storage.engine import Database
from jobs.clock import make_clock
from jobs.schedule import Every, Job
from jobs.ticks import Worker


@dataclass
class SmallConnector:
    """What the clock needs: a database and the time."""

    database: Database
    clock: SystemClock

    @contextmanager
    def act(self, actor: Actor, *, now: datetime | None = None) -> Iterator[Act]:
        with self.database.session() as session:
            yield Act(session=session, actor=actor, now=now or self.clock.now(), rulebook=None, vault=None)  # type: ignore[arg-type]


def main(url: str, holder: str) -> None:
    connector = SmallConnector(Database(url), SystemClock())
    every = Every(timedelta(seconds=1))

    def run(given: Any, now: datetime) -> dict[str, Any]:
        with given.act(job_actor("probe"), now=now) as act:
            act.session.execute(
                text("INSERT INTO effects (slot, holder) VALUES (:slot, :holder)"),
                {"slot": every.slot(now).isoformat(), "holder": holder},
            )
        return {}

    job = Job(name="probe", when=every, run=run, does=Text("试", "try"), once=True)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    clock = make_clock(Worker(connector, holder), [job])  # type: ignore[arg-type]
    clock.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    stop.wait()
    clock.shutdown(wait=True)
    connector.database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
