"""Job: tells of late self-checks, counts of keys, inspections and checks of corrections (JC 9, GS 16, GS 17)."""

from datetime import datetime
from typing import Any

from connector.auth.actor import job_actor
from connector.bootstrap import Connector
from connector.duties import overdue


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    """Summary: `told`, how many late duties were told of for the first time."""
    with connector.act(job_actor("tell_duties"), now=now) as act:
        return {"told": overdue.tell_overdue(act)}
