"""Job: compares Keycloak's credentials with the inventory of keys, and ends the waivers that are due (GS 10, 16)."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from connector.auth.actor import job_actor
from connector.bootstrap import Connector
from connector.keys import service as keys


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    def open_act() -> Any:
        return connector.act(job_actor("reconcile_keys"), now=now)

    return asdict(keys.reconcile(connector.idp, open_act, policy=connector.settings.unknown_keys))
