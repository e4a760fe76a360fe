"""Freezes the leavers of the HR directory; a read that is not complete freezes nobody (JC 14, 22; LC 7(2))."""

from datetime import datetime
from typing import Any

from connector.bootstrap import Connector
from connector.departures.sync import sync_departures


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    """One run. Raises DirectoryReadError, with 0 freezes, unless the answer is provably complete."""
    return sync_departures(connector, now)
