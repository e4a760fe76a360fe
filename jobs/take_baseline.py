"""Job: asks Keycloak once for the age of passwords that are older than the mirror; a limited number each time."""

from datetime import datetime
from typing import Any

from connector.activity import baseline
from connector.auth.actor import job_actor
from connector.bootstrap import Connector

LIMIT = 5000  # About 30 s at the 170 calls a second that Keycloak answers.


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    asked = baseline.take_baseline(
        connector.idp, lambda: connector.act(job_actor("take_baseline"), now=now), limit=LIMIT
    )
    return {"asked": asked}
