"""Job: judges the administrative changes that were read from Keycloak; what nothing explains becomes a finding."""

from datetime import datetime
from typing import Any

from connector.auth.actor import job_actor
from connector.bootstrap import Connector
from connector.provenance import gate


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    settings = connector.settings
    judged = gate.judge_changes(
        connector.idp,
        lambda: connector.act(job_actor("check_provenance"), now=now),
        policy=settings.unexplained_changes,
        most_freezes=settings.unexplained_freezes,
    )
    return vars(judged)
