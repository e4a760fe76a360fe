"""`python -m jobs`: builds the connector, starts the clock, ends cleanly on SIGTERM or SIGINT."""

import signal
import sys
import threading

import structlog

from connector.bootstrap import build
from connector.cli.session import load_settings, print_problem
from connector.errors import ConnectorError
from jobs.clock import ClockWatch, make_clock
from jobs.schedule import SCHEDULE
from jobs.ticks import Worker, holder_name

WATCH_SECONDS = 5.0


def main() -> int:
    """Runs until a signal; 0 after a clean stop, 1 when it may not start."""
    log = structlog.get_logger()
    settings = load_settings()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    connector = build(settings)
    try:
        with connector.only_instance("jobs"):
            worker = Worker(connector, holder_name())
            clock = make_clock(worker, SCHEDULE)
            clock.start()
            log.info("jobs.started", holder=worker.holder, jobs=len(SCHEDULE))
            watch = ClockWatch(clock, connector.clock)
            while not stop.wait(WATCH_SECONDS):
                watch.look()
            log.info("jobs.stopping", holder=worker.holder)
            worker.stopping.set()
            clock.shutdown(wait=True)
    except ConnectorError as error:
        print_problem(error)
        return 1
    finally:
        connector.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
