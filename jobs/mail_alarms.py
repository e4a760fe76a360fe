"""Job: mails new alarms to TRADING_IDP_ALARM_MAIL_TO (GX 11)."""

from datetime import datetime
from typing import Any

from connector.auth.actor import job_actor
from connector.bootstrap import Connector
from connector.outbox import alarms


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    """Summary: `told`, how many alarms the mail tells of; `off` while no address is set."""
    to = connector.settings.alarm_mail_to
    if not to:
        return {"off": True}
    with connector.act(job_actor("mail_alarms"), now=now) as act:
        return {"told": alarms.mail_alarms(act, to)}
