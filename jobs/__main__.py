"""`python -m jobs`: builds the connector, starts the clock, ends cleanly on SIGTERM or SIGINT."""

import signal
import sys
import threading

import structlog

from connector.bootstrap import build
from connector.cli.session import load_settings, print_problem
from connector.errors import ConnectorError
from jobs import ticks
from jobs.clock import make_clock
from jobs.schedule import SCHEDULE


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
            holder = ticks.holder_name()
            clock = make_clock(connector, SCHEDULE, holder)
            clock.start()
            log.info("jobs.started", holder=holder, jobs=len(SCHEDULE))
            ticks.catch_up(connector, SCHEDULE, holder)
            stop.wait()
            log.info("jobs.stopping", holder=holder)
            clock.shutdown(wait=True)
    except ConnectorError as error:
        print_problem(error)
        return 1
    finally:
        connector.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
