"""Job: runs due steps of the outbox. Decides nothing."""

from datetime import datetime
from typing import Any

from connector.bootstrap import Connector


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    return {"steps": connector.deliver(now=now)}
