"""Job: reads Keycloak's login and admin events into the mirror, from where the last run stopped."""

from datetime import datetime
from typing import Any

from connector.activity import reader, service
from connector.auth.actor import job_actor
from connector.bootstrap import Connector


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    caught = {
        kind: reader.catch_up(connector.idp, lambda: connector.act(job_actor("ingest_events"), now=now), kind, now=now)
        for kind in (service.LOGIN, service.ADMIN)
    }
    return {kind: {"read": one.read, "new": one.new, "lost": one.lost} for kind, one in caught.items()}
