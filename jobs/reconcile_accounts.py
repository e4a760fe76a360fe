"""Compares the register with Keycloak and asks for the repair of what differs (C8; JC 9, 11)."""

from datetime import datetime
from typing import Any

from connector.bootstrap import Connector
from connector.reconciliation import service


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    """One run. Raises KeycloakUnavailableError when the comparison was not complete; then nothing of it is kept."""
    return service.reconcile(connector, now)
