"""Job: reminds of stages that are due soon and marks those that are overdue (B6, LC 7)."""

from datetime import datetime
from typing import Any

from connector.auth.actor import job_actor
from connector.bootstrap import Connector
from connector.requests import deadlines


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    with connector.act(job_actor("remind_deadlines"), now=now) as act:
        return dict(deadlines.remind_due_stages(act))
