"""What reported changes lead to between two reads of everybody: an explicit leaver is frozen at once, movers follow.

Absences are only counted here: a complete read alone proves them. The breaker counts everything since the last good
read, so that many small reports weigh as much as one large one.
"""

from dataclasses import dataclass
from typing import Any

from connector.auth.act import Act
from connector.departures import cursor, hints, movers, readings, release
from connector.departures.moves import Found, Staff, find_moves
from connector.departures.plan import BreakerRules, KnownPerson, Plan, plan_changes
from connector.departures.runs import execute, open_manual_cases
from connector.departures.staff import load_staff, load_units, managed_accounts
from connector.departures.tables import DirectoryCursorRow
from connector.ports import DirectoryChanges


@dataclass(frozen=True, kw_only=True)
class WatchRun:
    """What one look at the changes did. `state`: nothing, executed, held, stopped, overtaken."""

    state: str
    changed: int = 0
    gone: int = 0
    frozen: int = 0
    moved: int = 0
    reason: str | None = None

    def summary(self) -> dict[str, Any]:
        said = {"state": self.state, "changed": self.changed, "gone": self.gone}
        done = {"frozen": self.frozen, "moved": self.moved}
        return said | done | ({"reason": self.reason} if self.reason else {})


def follow_reported(act: Act, changes: DirectoryChanges, since: str, rules: BreakerRules) -> WatchRun:
    """Acts on what changed since the cursor `since` (JC 14, 22; LC 7(2)); the act must be a job's.

    Does nothing when a read of everybody has moved the cursor meanwhile, or stopped the changes.
    """
    row = cursor.find_cursor(act, lock=True)
    if row is None or row.cursor != since:
        return WatchRun(state="overtaken")
    if row.stopped is not None:
        return WatchRun(state="stopped", reason=row.stopped)
    baseline = readings.baseline(act) or 0
    keys = {entry.key for entry in changes.entries}
    known, staff = readings.load_known(act, keys), load_staff(act, keys)
    plan = plan_changes(changes.entries, managed_accounts(act, staff), rules, baseline=baseline, recent=row.frozen)
    if plan.held:
        cursor.stop_changes(act, plan.reasons[0].value, alarm=True)
        return WatchRun(state="held", changed=len(changes.entries), gone=changes.gone, reason=plan.reasons[0].value)
    frozen = _freeze(act, plan)
    found = find_moves(changes.entries, staff, load_units(act), act.vault) if changes.entries else Found([], [])
    moved = movers.follow_changes(act, found.moves, limit=rules.limit(baseline), recent=row.moved).moved
    _remember(act, changes, row, known, staff, found)
    row.frozen, row.moved = row.frozen + frozen, row.moved + moved
    state = "executed" if frozen or moved else "nothing"
    return WatchRun(state=state, changed=len(changes.entries), gone=changes.gone, frozen=frozen, moved=moved)


def _freeze(act: Act, plan: Plan) -> int:
    open_manual_cases(act, plan)
    if plan.automatic:
        release.store_plan(act, plan, "executed")
    return execute(act, plan)[0]


def _remember(
    act: Act,
    changes: DirectoryChanges,
    row: DirectoryCursorRow,
    known: dict[str, KnownPerson],
    staff: dict[str, Staff],
    found: Found,
) -> None:
    if changes.entries:
        readings.record_changes(act, changes.entries, known)
        hints.open_hints(act, changes.entries, known, staff, found.unknown_units, first=False)
    row.cursor, row.read_at = changes.cursor, changes.read_at
