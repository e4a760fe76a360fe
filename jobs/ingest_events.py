"""Job: reads Keycloak's login and admin events into the mirror, from where the last run stopped, and watches logins."""

from datetime import datetime
from typing import Any

from connector.activity import reader, service
from connector.activity.alarms import LoginWatch
from connector.auth.actor import job_actor
from connector.bootstrap import Connector


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    # The admin events first: a log-out that was ordered tells the watch that a session has ended.
    watches = {service.ADMIN: None, service.LOGIN: LoginWatch(connector.settings.same_place_networks)}
    caught = {
        kind: reader.catch_up(
            connector.idp, lambda: connector.act(job_actor("ingest_events"), now=now), kind, now=now, watch=watch
        )
        for kind, watch in watches.items()
    }
    return {kind: {"read": one.read, "new": one.new, "lost": one.lost} for kind, one in caught.items()}
