"""Job: verifies the whole record against its signed checkpoints; a finding fails the job, with an alarm (J2)."""

from datetime import datetime
from typing import Any

from connector.audit.note import VerifierKey
from connector.audit.sources import DatabaseSource
from connector.audit.verify import verify_log
from connector.bootstrap import Connector
from jobs.errors import RecordBrokenError


def run(connector: Connector, _now: datetime) -> dict[str, Any]:
    """Raises RecordBrokenError."""
    report = verify_log(DatabaseSource(connector.database), VerifierKey.parse(connector.signer.verifier_key()))
    if report.finding is not None:
        raise RecordBrokenError(kind=report.finding.kind.value, position=report.finding.position)
    return {"entries": report.entries, "checkpoints": report.checkpoints, "unsealed": report.unsealed}
