"""Job: asks Keycloak once for the credentials of accounts that are older than the mirror; some of them each time."""

from datetime import datetime
from typing import Any

from connector.activity import baseline
from connector.auth.actor import job_actor
from connector.bootstrap import Connector

LIMIT = 5000  # About 30 s at the 170 calls a second that Keycloak answers.


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    taken = baseline.take_baseline(
        connector.idp, lambda: connector.act(job_actor("take_baseline"), now=now), limit=LIMIT
    )
    return vars(taken)
