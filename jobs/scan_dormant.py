"""Job: finds zombie accounts and asks the principal to have them disabled (LC 7(2)). Disables nobody."""

from datetime import datetime
from typing import Any

from connector.auth.actor import job_actor
from connector.bootstrap import Connector
from connector.checks import proposal
from connector.checks.dormancy import DORMANT


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    """Summary: `request`, the number of the proposal, or None; what was counted, found, unknown, proposed, left."""
    with connector.act(job_actor("scan_dormant"), now=now) as act:
        return proposal.summary(act, proposal.propose(act, DORMANT))
