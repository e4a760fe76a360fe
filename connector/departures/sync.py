"""One departure run from end to end: reads the directory outside any transaction, decides in one, freezes at once."""

from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any, Protocol

from connector.auth.act import Act
from connector.auth.actor import Actor, job_actor
from connector.departures import service as departures
from connector.ports import Directory, DirectoryReadError
from connector.settings import Settings

JOB = job_actor("sync_departures")
ABSENCE_INTERVAL = timedelta(hours=1)  # Two reads within a shorter time are one look at the same moment.
NO_DIRECTORY = {"state": "no-directory"}


class Desk(Protocol):
    """The part of the composition root that a run needs. `act` tries the freezes at once after its commit."""

    settings: Settings
    directory: Directory | None

    def act(self, actor: Actor, *, now: datetime | None = None) -> AbstractContextManager[Act]: ...


def sync_departures(desk: Desk, now: datetime | None = None, interval: timedelta = ABSENCE_INTERVAL) -> dict[str, Any]:
    """One run; returns its summary. Raises DirectoryReadError after the refusal is on record (JC 14)."""
    if desk.directory is None:
        return dict(NO_DIRECTORY)
    try:
        reading = desk.directory.read()
    except DirectoryReadError as error:
        with desk.act(JOB, now=now) as act:
            departures.record_refused_read(act, error)
        raise
    rules = departures.breaker_rules(desk.settings, interval=interval)
    with desk.act(JOB, now=now) as act:
        outcome = departures.plan_run(act, reading, rules)
    return outcome.summary()


def preview_departures(
    desk: Desk, now: datetime | None = None, interval: timedelta = ABSENCE_INTERVAL
) -> dict[str, Any]:
    """What a run would do now: reads the directory, changes nothing."""
    if desk.directory is None:
        return dict(NO_DIRECTORY)
    reading = desk.directory.read()
    rules = departures.breaker_rules(desk.settings, interval=interval)
    with desk.act(JOB, now=now) as act:
        plan = departures.preview_plan(act, reading, rules)
        names = departures.user_names(act, [item.account_id for item in plan.items])
    return {
        "state": "held" if plan.held else "would-freeze" if plan.automatic else "nothing",
        "people": len(reading.entries),
        "quarantined": [{"dn": dn, "reason": reason} for dn, reason in reading.quarantined],
        "items": [item.as_json() | {"user_name": names[item.account_id]} for item in plan.items],
        "reasons": [reason.value for reason in plan.reasons],
        "plan_hash": plan.hash,
    }
