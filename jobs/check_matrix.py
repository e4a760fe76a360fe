"""Job: compares tables of posts, approvals, Keycloak and subsystems' lists, and keeps the worklist (F7; JC 11)."""

from datetime import datetime
from typing import Any

from connector.bootstrap import Connector
from connector.reconciliation import three_way


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    """One check. Raises KeycloakUnavailableError when the reading was not complete; then nothing of it is kept."""
    return three_way.check_matrix(connector, now)
