"""Job: reads Keycloak's login and admin events into the mirror, from where the last run stopped, and watches them.

A backlog takes about a ninth of the time and leaves the rest to the log-ins at the same Keycloak: some 2,000 events a
second on two cores.
"""

from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

from connector.activity import reader
from connector.activity.alarms import LoginWatch
from connector.activity.coverage import ADMIN, LOGIN, RecordingWatch
from connector.activity.watch import Watch, Watches
from connector.adapters.realm_setup import expected_realm
from connector.auth.actor import job_actor
from connector.bootstrap import Connector
from connector.incidents.privilege_watch import PrivilegeWatch
from connector.provenance.gate import ProvenanceWatch

REST = 8.0  # Times as long as reading and storing a page took, while more than a minute behind.
BUDGET = timedelta(seconds=30)  # Then the other kind has its turn: an unexplained change is found within a minute.


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    caught: dict[str, Any] = {}

    def read(kind: str, watches: list[Watch]) -> None:
        one = reader.catch_up(
            connector.idp,
            lambda: connector.act(job_actor("ingest_events"), now=now),
            kind,
            now=now,
            rest=REST,
            budget=BUDGET,
            watch=Watches(*watches),
        )
        caught[kind] = vars(one)

    with ExitStack() as stack:  # A fault with one kind does not keep the other from being read; then it is raised.
        for kind, watches in reversed(watches_of(connector).items()):
            stack.callback(read, kind, watches)
    return caught


def watches_of(connector: Connector) -> dict[str, list[Watch]]:
    """Who looks on, by kind of event.

    The admin events come first: a log-out that was ordered tells the watch over logins that a session has ended.
    """
    gate = ProvenanceWatch(expected_realm(connector.settings, connector.rulebook))
    return {
        ADMIN: [RecordingWatch(), gate, PrivilegeWatch()],
        LOGIN: [LoginWatch(connector.settings.same_place_networks), gate, PrivilegeWatch()],
    }
