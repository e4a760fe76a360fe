"""Job: warns of long-standing simple passwords, then proposes who did not change them (LC 6(3)). Disables nobody."""

from datetime import datetime
from typing import Any

from connector.auth.actor import job_actor
from connector.bootstrap import Connector
from connector.checks import policies, proposal, weak
from connector.checks.weak import WEAK_PASSWORD

BATCH = 500
LIMIT = 20_000  # warnings a day; the rest goes out on the next: the mails queue behind people's own otherwise


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    """Summary: `warned`; `request`, the number of the proposal, or None; what was counted, found, unknown, left."""
    actor = job_actor("scan_weak_passwords")
    with connector.act(actor, now=now) as act:
        policies.note_first(act)
    warned = 0
    while warned < LIMIT:
        with connector.act(actor, now=now) as act:
            told = weak.warn_next(act, count=BATCH)
        warned += told
        if told < BATCH:
            break
    with connector.act(actor, now=now) as act:
        return {"warned": warned, **proposal.summary(act, proposal.propose(act, WEAK_PASSWORD))}
