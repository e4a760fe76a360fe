"""Who is to be frozen after one reading of the HR directory, and whether a machine may do it alone. Pure.

An explicit departed status counts at once. Absence counts only in a second complete reading, at least an interval
after the first one without the person. More leavers than the breaker allows, or an answer that does not look like the
directory known so far, holds the whole plan: nobody is frozen until two people have approved exactly this plan.
"""

import hashlib
import json
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Any

from connector.ports import DirectoryEntry, DirectoryReading
from connector.regulations.vocabulary import AccountClass, AccountStatus

FREEZABLE = (AccountStatus.ACTIVE, AccountStatus.SUSPENDED)
NEVER_AUTOMATIC = (AccountClass.SYSTEM_ADMINISTRATOR, AccountClass.SUPER_ADMINISTRATOR)


class Cause(StrEnum):
    """Why somebody counts as having left."""

    STATUS = "status"
    ABSENCE = "absence"


class HoldReason(StrEnum):
    """Why a plan is not carried out by itself. The values stand in the record for ever."""

    TOO_MANY_LEAVERS = "too-many-leavers"
    BELOW_FLOOR = "below-floor"
    TOO_MANY_UNREADABLE = "too-many-unreadable"
    STATUS_VANISHED = "status-vanished"


@dataclass(frozen=True, kw_only=True)
class BreakerRules:
    """`count` and `share` (of the people read before) limit the leavers of a run, the lower one counts.

    `floor` is the least share of the last good read's rows. `canaries` are keys that are never frozen.
    """

    count: int
    share: float
    floor: float
    interval: timedelta = timedelta(hours=1)
    canaries: frozenset[str] = frozenset()

    def limit(self, people: int) -> int:
        """Most leavers of a run. One is always allowed, for else a share of a small unit would forbid every leaver;
        a count or a share of 0 forbids even him."""
        by_share = max(1, math.floor(_exact(self.share) * people)) if self.share > 0 else 0
        return min(self.count, by_share)


@dataclass(frozen=True, kw_only=True)
class KnownPerson:
    """What the complete reads before this one left of a key."""

    key: str
    dn_digest: str
    status: str
    missing_since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ManagedAccount:
    """An account whose person has a key in the directory."""

    account_id: str
    key: str
    account_class: AccountClass
    status: AccountStatus


@dataclass(frozen=True, kw_only=True, order=True)
class Item:
    """One account to be frozen, or with `manual` to be looked at by a person."""

    account_id: str
    key: str
    cause: Cause
    manual: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"account_id": self.account_id, "key": self.key, "cause": self.cause.value, "manual": self.manual}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be done after one reading; `items` are in a fixed order."""

    items: tuple[Item, ...]
    reasons: tuple[HoldReason, ...]

    @property
    def automatic(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if not item.manual)

    @property
    def manual(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.manual)

    @property
    def held(self) -> bool:
        return bool(self.reasons)

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical content: who, why, and why it was held; equal plans of two runs are equal here."""
        content = {"items": [item.as_json() for item in self.items], "reasons": [r.value for r in self.reasons]}
        text = json.dumps(content, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def plan_departures(
    reading: DirectoryReading,
    known: Mapping[str, KnownPerson],
    accounts: Collection[ManagedAccount],
    rules: BreakerRules,
    *,
    now: datetime,
    baseline: int | None,
) -> Plan:
    """The plan of one complete reading.

    `known` is by key, as it was before this reading. `accounts` are those of people with a key, of any status.
    `baseline` is the number of rows of the last good read, None before the first.
    """
    entries = {entry.key: entry for entry in reading.entries}
    absent = absent_keys(reading, known)
    items = []
    for account in accounts:
        cause = _cause(account.key, entries, absent, known, now=now, interval=rules.interval)
        if cause is not None and account.status in FREEZABLE:
            manual = account.account_class in NEVER_AUTOMATIC or account.key in rules.canaries
            items.append(Item(account_id=account.account_id, key=account.key, cause=cause, manual=manual))
    leavers = sum(1 for item in items if not item.manual)
    reasons = _hold_reasons(reading, known, leavers, rules, baseline)
    return Plan(items=tuple(sorted(items)), reasons=tuple(sorted(reasons)))


def absent_keys(reading: DirectoryReading, known: Mapping[str, KnownPerson]) -> frozenset[str]:
    """Known keys that this reading does not have. Somebody whose row was set aside is there, only unreadable."""
    present = {entry.key for entry in reading.entries}
    unreadable = {dn_digest(dn) for dn, _ in reading.quarantined}
    return frozenset(k for k, person in known.items() if k not in present and person.dn_digest not in unreadable)


def dn_digest(dn: str) -> str:
    """Digest by which a row is found again; DNs may hold names and are not kept. They compare without case."""
    return hashlib.sha256(dn.casefold().encode()).hexdigest()


def _cause(
    key: str,
    entries: Mapping[str, DirectoryEntry],
    absent: Collection[str],
    known: Mapping[str, KnownPerson],
    *,
    now: datetime,
    interval: timedelta,
) -> Cause | None:
    entry = entries.get(key)
    if entry is not None:
        return Cause.STATUS if entry.departed else None
    if key not in absent:
        return None
    missing_since = known[key].missing_since
    return Cause.ABSENCE if missing_since is not None and now - missing_since >= interval else None


def _hold_reasons(
    reading: DirectoryReading,
    known: Mapping[str, KnownPerson],
    leavers: int,
    rules: BreakerRules,
    baseline: int | None,
) -> Iterable[HoldReason]:
    rows = len(reading.entries) + len(reading.quarantined)
    limit = rules.limit(rows if baseline is None else baseline)
    if leavers > limit:
        yield HoldReason.TOO_MANY_LEAVERS
    if baseline is not None and rows < _exact(rules.floor) * baseline:
        yield HoldReason.BELOW_FLOOR
    if len(reading.quarantined) > limit:
        yield HoldReason.TOO_MANY_UNREADABLE
    if _lost_status(reading, known) > limit:
        yield HoldReason.STATUS_VANISHED


def _lost_status(reading: DirectoryReading, known: Mapping[str, KnownPerson]) -> int:
    """People who had a status and have none now: the attribute was renamed or hidden."""
    return sum(1 for e in reading.entries if not e.status and e.key in known and known[e.key].status)


def _exact(share: float) -> Fraction:
    """The share as it was written: 0.07 of 100 people are 7, and not 7.000000000000001."""
    return Fraction(str(share))
