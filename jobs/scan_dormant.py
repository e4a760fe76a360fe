"""Job: finds zombie accounts and asks the principal to have them disabled (LC 7(2)). Disables nobody."""

from datetime import datetime
from typing import Any

from connector.auth.actor import job_actor
from connector.bootstrap import Connector
from connector.checks import dormancy, proposal


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    with connector.act(job_actor("scan_dormant"), now=now) as act:
        request = proposal.propose_dormant(act)
        counts = dormancy.count_verdicts(act, dormancy.rule_in_force(act))
        number = request.number if request else None
    return {"request": number, **{verdict.value: count for verdict, count in counts.items()}}
