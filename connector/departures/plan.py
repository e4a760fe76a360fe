"""Who is to be frozen after one reading of the HR directory, and whether a machine may do it alone. Pure.

An explicit departed status counts at once. Absence counts only in a second complete reading, at least an interval
after the first one without the person. More leavers than the breaker allows, or an answer that does not look like the
directory known so far, holds the whole plan: nobody is frozen until two people have approved exactly this plan.
"""

import hashlib
import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntFlag, StrEnum
from fractions import Fraction
from typing import Any, NamedTuple

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
    ATTRIBUTE_VANISHED = "attribute-vanished"
    TOO_MANY_MOVERS = "too-many-movers"


class Filled(IntFlag):
    """Attributes that an entry has. A missing name sets the whole row aside, so that it needs no bit."""

    STATUS = 1
    UNIT = 2
    POST = 4


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
    mapped: Filled = Filled.STATUS | Filled.UNIT | Filled.POST  # what is not read any more has not vanished

    def limit(self, people: int) -> int:
        """Most leavers of a run. One is always allowed, for else a share of a small unit would forbid every leaver;
        a count or a share of 0 forbids even him."""
        by_share = max(1, math.floor(_exact(self.share) * people)) if self.share > 0 else 0
        return min(self.count, by_share)


class KnownPerson(NamedTuple):
    """What the reads before this one left of a key. A tuple: a province has a hundred thousand of them."""

    key: str
    dn_digest: str
    status: str
    missing_since: datetime | None = None
    departed: bool = False
    filled: int = 0


class ManagedAccount(NamedTuple):
    """An account whose person has a key in the directory; `administers` by an office he holds."""

    account_id: str
    key: str
    account_class: AccountClass
    status: AccountStatus
    administers: bool = False


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
        return content_hash([item.as_json() for item in self.items], self.reasons)


def content_hash(items: Sequence[Mapping[str, Any]], reasons: Sequence[HoldReason]) -> str:
    """SHA-256 (hex) of the canonical content of a plan."""
    content = {"items": items, "reasons": [reason.value for reason in reasons]}
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
    recent: int = 0,
) -> Plan:
    """The plan of one complete reading.

    `known` is by key, as it was before this reading. `accounts` are those of people with a key, of any status.
    `baseline` is the number of rows of the last good read, None before the first; `recent` the number of people
    frozen on reported changes since then, who count as leavers of this run.
    """
    causes = dict.fromkeys(absent_long_enough(reading, known, now=now, interval=rules.interval), Cause.ABSENCE)
    causes |= dict.fromkeys((entry.key for entry in reading.entries if entry.departed), Cause.STATUS)
    items = plan_items(causes, accounts, rules)
    leavers = sum(1 for item in items if not item.manual)
    reasons = _hold_reasons(reading, known, leavers and leavers + recent, rules, baseline)
    return Plan(items=items, reasons=tuple(sorted(reasons)))


def plan_changes(
    entries: Collection[DirectoryEntry],
    accounts: Collection[ManagedAccount],
    rules: BreakerRules,
    *,
    baseline: int,
    recent: int,
) -> Plan:
    """The plan of changes reported between two complete reads: only an explicit status makes a leaver here.

    `recent` are the people frozen on changes since the last good read of `baseline` rows: the limit is that of all.
    """
    items = plan_items({entry.key: Cause.STATUS for entry in entries if entry.departed}, accounts, rules)
    leavers = sum(1 for item in items if not item.manual)
    too_many = leavers and leavers + recent > rules.limit(baseline)
    return Plan(items=items, reasons=(HoldReason.TOO_MANY_LEAVERS,) if too_many else ())


def plan_items(
    causes: Mapping[str, Cause], accounts: Iterable[ManagedAccount], rules: BreakerRules
) -> tuple[Item, ...]:
    """Accounts in use of the people who count as having left, in a fixed order."""
    canaries = {key.casefold() for key in rules.canaries}  # as the directory compares them
    return tuple(
        sorted(
            Item(
                account_id=account.account_id,
                key=account.key,
                cause=causes[account.key],
                manual=account.administers
                or account.account_class in NEVER_AUTOMATIC
                or account.key.casefold() in canaries,
            )
            for account in accounts
            if account.key in causes and account.status in FREEZABLE
        )
    )


def absent_keys(reading: DirectoryReading, known: Mapping[str, KnownPerson]) -> frozenset[str]:
    """Known keys that this reading does not have. Somebody whose row was set aside is there, only unreadable."""
    present = {entry.key for entry in reading.entries}
    unreadable = {dn_digest(dn) for dn, _ in reading.quarantined}
    return frozenset(key for key in known.keys() - present if known[key].dn_digest not in unreadable)


def absent_long_enough(
    reading: DirectoryReading, known: Mapping[str, KnownPerson], *, now: datetime, interval: timedelta
) -> list[str]:
    """Keys missing in this reading and in an earlier one at least `interval` ago, with none between that had them."""
    missing = ((key, known[key].missing_since) for key in absent_keys(reading, known))
    return [key for key, since in missing if since is not None and now - since >= interval]


def filled(entry: DirectoryEntry) -> int:
    """Bits of `Filled` for what this entry has."""
    return (1 if entry.status else 0) | (2 if entry.unit_code else 0) | (4 if entry.post else 0)


def lost(entry: DirectoryEntry, person: KnownPerson, mapped: int = 7) -> int:
    """Bits of `Filled` that the person had, and has no more although they are still read."""
    return (person.filled | (1 if person.status else 0)) & ~filled(entry) & (mapped | 1)


def dn_digest(dn: str) -> str:
    """Digest by which a row is found again; DNs may hold names and are not kept. They compare without case."""
    return hashlib.sha256(dn.casefold().encode()).hexdigest()


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
    # An attribute that many people had and have no more was renamed or hidden.
    losses = _losses(reading, known, int(rules.mapped))
    if sum(1 for bits in losses if bits & Filled.STATUS) > limit:
        yield HoldReason.STATUS_VANISHED
    if any(sum(1 for bits in losses if bits & each) > limit for each in (Filled.UNIT, Filled.POST)):
        yield HoldReason.ATTRIBUTE_VANISHED


def _losses(reading: DirectoryReading, known: Mapping[str, KnownPerson], mapped: int) -> list[int]:
    losses = []
    for entry in reading.entries:
        person = known.get(entry.key)
        if person is not None and not (entry.status and entry.unit_code and entry.post):
            losses.append(lost(entry, person, mapped))
    return losses


def _exact(share: float) -> Fraction:
    """The share as it was written: 0.07 of 100 people are 7, and not 7.000000000000001."""
    return Fraction(str(share))
