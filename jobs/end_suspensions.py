"""Ends suspensions that have run out; those for a violation wait for an approval (LC 7(3))."""

from datetime import datetime
from typing import Any

from connector.auth.actor import job_actor
from connector.bootstrap import Connector
from connector.keys import service as keys
from connector.provisioning import service as provisioning


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    """Summary: `ended`, how many accounts were put back into use."""
    with connector.act(job_actor("end_suspensions"), now=now) as act:
        return {"ended": provisioning.end_suspensions(act, keys.keeps_out)}
