"""Job: seals what waits in the record and signs a checkpoint; an idle hour is signed too (J2, GX 10)."""

from datetime import datetime
from typing import Any

from connector.audit import seal
from connector.bootstrap import Connector


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    return {"sealed": seal.seal_pending(connector.database, connector.signer, now)}
