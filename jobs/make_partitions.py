"""Job: makes the months of the event table ahead of time, and drops those that are older than the record is kept."""

from datetime import datetime, timedelta
from typing import Any

from connector.activity import partitions
from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.actor import job_actor
from connector.bootstrap import Connector


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    kept_since = now - timedelta(days=connector.settings.retention_days)
    with connector.act(job_actor("make_partitions"), now=now) as act:
        made = partitions.make_needed(act.session.connection(), now)
        dropped = partitions.drop_events(act.session.connection(), kept_since)
        for name, events in dropped:
            audit.record(act, Event.EVENTS_DROPPED, f"table:{name}", events=events, before=kept_since.isoformat())
    return {"made": made, "dropped": [name for name, _ in dropped]}
