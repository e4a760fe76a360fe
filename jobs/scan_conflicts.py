"""Job: ends exceptions whose end has come, and finds conflicts of duty that nothing covers (HH 3, JC 7)."""

from datetime import datetime
from typing import Any

from connector.auth.actor import job_actor
from connector.bootstrap import Connector
from connector.conflicts import service as conflicts


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    """Summary: `exceptions` ended, and what the scan counted."""
    with connector.act(job_actor("scan_conflicts"), now=now) as act:
        ended = conflicts.end_due(act)
        return {"exceptions": len(ended), **vars(conflicts.scan_conflicts(act))}
