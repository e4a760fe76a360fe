"""Acts on what the HR directory reports as changed since the last look (JC 14, 22; LC 7(2))."""

from datetime import datetime
from typing import Any

from connector.bootstrap import Connector
from connector.departures import sync


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    """One look. Raises DirectoryReadError, with 0 freezes, when the directory refuses to say what changed."""
    return sync.watch_directory(connector, now)
