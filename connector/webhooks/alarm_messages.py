"""Tells the endpoints that hear for the security administrator of alarms (GX 11). Only enqueues; sends nothing."""

from collections.abc import Sequence

from connector.auth.act import Act
from connector.incidents.alarm_notices import message
from connector.incidents.alarm_tables import AlarmRow
from connector.outbox import service as outbox
from connector.regulations.vocabulary import Office
from connector.webhooks import service as webhooks

RAISED = "alarm.raised"


def announce_alarms(act: Act, rows: Sequence[AlarmRow], *, public_url: str) -> int:
    """Enqueues one signed message for each row and endpoint; returns how many. A centre may have no such endpoint."""
    hearing = [
        endpoint
        for endpoint in webhooks.list_endpoints(act, active=True)
        if Office.SECURITY_ADMINISTRATOR.value in endpoint.offices
    ]
    for row in rows:
        for endpoint in hearing:
            outbox.enqueue(
                act,
                "webhook",
                key=f"webhook:{endpoint.id}:alarm:{row.id}:{act.now.isoformat()}",
                lane=f"endpoint:{endpoint.id}",
                payload={"endpoint_id": endpoint.id, "type": RAISED, "data": message(row, url=public_url)},
            )
    return len(rows) * len(hearing)
