"""Job: finds accounts that nobody answers for, and proposes them to the principal (JC 9). Disables nobody."""

from datetime import datetime
from typing import Any

from connector.auth.actor import job_actor
from connector.bootstrap import Connector
from connector.checks import proposal
from connector.checks.orphans import ORPHANED


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    """Summary: `request`, the number of the proposal, or None; what was counted, found, proposed, left."""
    with connector.act(job_actor("scan_orphans"), now=now) as act:
        return proposal.summary(act, proposal.propose(act, ORPHANED))
