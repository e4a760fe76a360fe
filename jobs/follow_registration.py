"""Carries on cases of untrue data and announced changes by the clock, and compares numbers with the HR directory."""

from datetime import datetime
from typing import Any

from connector.auth.actor import job_actor
from connector.bootstrap import Connector
from connector.departures import service as departures
from connector.register import accounts
from connector.registration import service as registration
from connector.requests import reorganise

JOB = job_actor("follow_registration")


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    """Summary: `mismatches`, `changes`, and `compared` where a directory is configured (HH 3, HH 4, GX 12)."""
    with connector.act(JOB, now=now) as act:
        summary: dict[str, Any] = {
            "mismatches": registration.follow_mismatches(act),
            "changes": registration.follow_contacts(act),
            "units": reorganise.follow_plans(act),
        }
        secrets = departures.list_secrets(act)
        for change in registration.unsigned_changes(act):
            account = accounts.find_by_person(act, str(change.giver_id))
            known = [("secret", s.name) for s in secrets if account and account.user_name in s.known_by]
            registration.add_drawn(act, change, known)
    if connector.directory is None:
        return summary
    entries = connector.directory.read().entries
    with connector.act(JOB, now=now) as act:
        summary["compared"] = registration.compare_entries(act, entries)
    return summary
