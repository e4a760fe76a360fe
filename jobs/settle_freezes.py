"""Job: closes freeze orders that are proved, and those that nobody confirmed in time."""

from datetime import datetime
from typing import Any

from connector.auth.actor import job_actor
from connector.bootstrap import Connector
from connector.incidents import freezes, proof

JOB = job_actor("settle_freezes")


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    """Summary: `finished` and `expired`, how many orders were closed. Without an open order nothing is written."""
    with connector.act(JOB, now=now, reading=True) as act:
        if not freezes.list_orders(act, states=("started", "waiting"), count=1):
            return {"finished": 0, "expired": 0}
    with connector.act(JOB, now=now) as act:
        return {"finished": proof.settle_orders(act), "expired": freezes.expire_orders(act)}
