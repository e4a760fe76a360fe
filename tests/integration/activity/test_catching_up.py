"""Reading the events of a real Keycloak: what is cleared is noticed, and nothing that shares a moment is missed."""

import pytest
from sqlalchemy import select

from connector.activity import service as activity
from connector.audit.tables import AuditEntryRow
from connector.auth.actor import host_actor
from jobs import ingest_events
from tests.integration.checks.conftest import City, city

__all__ = ["city"]
HOST = host_actor("tests")


def alarms(city: City) -> list[str]:
    with city.connector.act(HOST) as act:
        entries = act.session.scalars(select(AuditEntryRow).order_by(AuditEntryRow.id))
        return [f"{entry.event} {entry.subject}" for entry in entries if entry.alarm]


@pytest.mark.parametrize(("path", "kind"), [("/events", "login"), ("/admin-events", "admin")])
def test_ingest_after_the_event_log_was_cleared_alarms_once_and_restarts_coverage(
    city: City, path: str, kind: str
) -> None:
    account = city.open_account()
    city.log_in(account).raise_for_status()
    assert not any(one["cleared"] for one in city.run(ingest_events).values())
    before = alarms(city)
    cleared_at = city.connector.clock.now()
    city.admin("DELETE", path)
    city.log_in(account).raise_for_status()
    found = city.run(ingest_events)
    assert {name: one["cleared"] for name, one in found.items()} == {"login": False, "admin": False} | {kind: True}
    assert alarms(city) == [*before, f"events.cleared_found events:{kind}"]
    with city.connector.act(HOST) as act:
        covers = activity.covers_since(act)
        assert covers is not None
        assert (covers > cleared_at) == (kind == "login"), "only the login events say who is dormant"
    city.log_in(account).raise_for_status()
    city.run(ingest_events)
    assert alarms(city) == [*before, f"events.cleared_found events:{kind}"]
