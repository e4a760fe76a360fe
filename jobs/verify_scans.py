"""Job: compares every stamped scan with its hash; a missing or changed file fails the job, with an alarm (GX 10)."""

from datetime import datetime
from typing import Any

from connector.auth.actor import job_actor
from connector.bootstrap import Connector
from connector.scans import service as scans
from jobs.errors import ScansBrokenError


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    """Raises ScansBrokenError; which scans they are stands in the record then."""
    with connector.act(job_actor("verify_scans"), now=now) as act:
        found = scans.verify_scans(act, connector.scan_intake.files)
    if not found.is_whole:
        raise ScansBrokenError(missing=len(found.missing), changed=len(found.changed))
    return {"checked": found.checked, "unnamed": found.unnamed}
