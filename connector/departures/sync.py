"""Departure runs from end to end: read the directory outside any transaction, decide in one, freeze at once."""

from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any, Protocol

from connector.auth.act import Act
from connector.auth.actor import Actor, job_actor
from connector.departures import cursor, watch
from connector.departures import service as departures
from connector.ports import CursorLostError, Directory, DirectoryReadError
from connector.settings import Settings

JOB = job_actor("sync_departures")  # also of the changes: a job may withdraw only requests of its own
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
            departures.refuse_read(act, error)
        raise
    rules = departures.breaker_rules(desk.settings, interval=interval)
    with desk.act(JOB, now=now) as act:
        outcome = departures.plan_run(act, reading, rules)
    return outcome.summary()


def watch_directory(desk: Desk, now: datetime | None = None) -> dict[str, Any]:
    """Acts on what changed since the last look; returns its summary. Raises DirectoryReadError once it is on record.

    Without a cursor, or where the directory has lost it, nothing is done: the next read of everybody brings one.
    """
    if desk.directory is None:
        return dict(NO_DIRECTORY)
    with desk.act(JOB, now=now) as act:
        row = cursor.find_cursor(act)
        since, stopped = (row.cursor, row.stopped) if row else ("", None)
    if stopped is not None or not since:
        return {"state": "stopped" if stopped else "no-cursor", "reason": stopped or "no-cursor"}
    try:
        changes = desk.directory.changes(since)
    except DirectoryReadError as error:
        return _without_changes(desk, now, error)
    rules = departures.breaker_rules(desk.settings)
    with desk.act(JOB, now=now) as act:
        return watch.follow_reported(act, changes, since, rules).summary()


def _without_changes(desk: Desk, now: datetime | None, error: DirectoryReadError) -> dict[str, Any]:
    """A lost cursor is an ordinary thing; any other refusal stops the changes, with an alarm, and fails the job."""
    with desk.act(JOB, now=now) as act:
        cursor.stop_changes(act, error.code, alarm=not isinstance(error, CursorLostError))
    if isinstance(error, CursorLostError):
        return {"state": "cursor-lost", "reason": error.code}
    raise error


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
        moves = departures.preview_moves(act, reading)
        names = departures.user_names(act, [i.account_id for i in plan.items] + [m.account_id for m in moves])
    return {
        "state": "held" if plan.held else "would-freeze" if plan.automatic else "nothing",
        "people": len(reading.entries),
        "quarantined": [{"dn": dn, "reason": reason} for dn, reason in reading.quarantined],
        "moves": [{"user_name": names[move.account_id], "fields": list(move.fields)} for move in moves],
        "items": [item.as_json() | {"user_name": names[item.account_id]} for item in plan.items],
        "reasons": [reason.value for reason in plan.reasons],
        "plan_hash": plan.hash,
    }
