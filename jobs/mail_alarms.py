"""Job: puts new alarms together, escalates those nobody has acknowledged, and tells by mail and webhook (GX 11)."""

from datetime import datetime
from typing import Any

from connector.auth.actor import job_actor
from connector.bootstrap import Connector
from connector.incidents import alarm_notices, alarms, sanctions
from connector.webhooks.alarm_messages import announce_alarms


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    """Summary: entries `counted`, rows `escalated`, rows `told` of by mail, `sent` messages, people `informed`."""
    to = connector.settings.alarm_mail_to
    with connector.act(job_actor("mail_alarms"), now=now) as act:
        counted, escalated = alarms.collect(act), len(alarms.escalate(act))
        rows = alarm_notices.take_untold(act)
        return {
            "counted": counted,
            "escalated": escalated,
            "told": alarm_notices.mail_alarms(act, to, rows),
            "sent": announce_alarms(act, rows, public_url=connector.settings.public_url),
            "informed": sanctions.inform_by_mail(act),
        }
