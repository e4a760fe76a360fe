"""Job: runs due steps of the outbox. Decides nothing."""

from datetime import datetime
from typing import Any

from connector.bootstrap import Connector


def run(connector: Connector, _now: datetime) -> dict[str, Any]:
    # Each step at its own moment: a run may last minutes, and leases and provenance go by when a step was really run.
    return {"steps": connector.deliver()}
