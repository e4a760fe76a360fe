"""Job: probes that the service account may do its work and nothing else (C9, JC 16, JC 17)."""

from datetime import datetime
from typing import Any

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.actor import job_actor
from connector.bootstrap import Connector


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    results = connector.idp.probe()
    failed = [result.name for result in results if not result.ok]
    if failed:
        with connector.act(job_actor("probe_service_account"), now=now) as act:
            audit.record(act, Event.PROBE_FAILED, "service-account:keycloak", alarm=True, failed=failed)
    return {"probes": len(results), "failed": failed}
