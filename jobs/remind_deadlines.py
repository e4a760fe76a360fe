"""Job: reminds of stages that are due, marks overdue ones and opens them to alternates; ends deputies (B6, B8)."""

from datetime import datetime
from typing import Any

from connector.auth.actor import job_actor
from connector.bootstrap import Connector
from connector.register import deputies
from connector.requests import deadlines


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    with connector.act(job_actor("remind_deadlines"), now=now) as act:
        return {**deadlines.remind_due_stages(act), "deputies_ended": deputies.end_lapsed(act)}
