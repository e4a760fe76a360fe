"""Job: notices before an account's approved end, and the freeze when it has come (JC 18, JC 21).

It also writes down what became of decided proposals, so that an account disabled although it was used is alarmed soon.
"""

from datetime import datetime
from typing import Any

from connector.auth.actor import job_actor
from connector.bootstrap import Connector
from connector.checks import expiry, proposal

BATCH = 100  # of freezes: each is tried at once after the commit


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    """Summary: `frozen` accounts, `notices` sent, `settled` findings."""
    actor, frozen = job_actor("end_expired"), 0
    while True:
        with connector.act(actor, now=now) as act:
            ended = expiry.end_expired(act, limit=BATCH)
        frozen += ended
        if ended < BATCH:
            break
    with connector.act(actor, now=now) as act:
        notices = expiry.send_notices(act, limit=500)
        settled = proposal.settle_findings(act)
    return {"frozen": frozen, "notices": notices, "settled": settled}
