"""What one complete reading leads to: leavers frozen or held, movers followed, hints opened, cases carried on."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.departures import cursor, hints, mover_cases, movers, readings, release, rotation
from connector.departures.cases import open_case, settle_cases
from connector.departures.leavers import look_at
from connector.departures.moves import Move, Staff, find_moves
from connector.departures.plan import FREEZABLE, BreakerRules, KnownPerson, Plan, plan_departures
from connector.departures.staff import load_staff, load_units, managed_accounts
from connector.departures.tables import DirectoryPersonRow
from connector.ports import DirectoryReadError, DirectoryReading
from connector.provisioning import service as provisioning
from connector.register import accounts
from connector.regulations.vocabulary import AccountStatus

STILL_HELD = ("held", "rejected")


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one run did. `state`: nothing, executed, released (a held plan after its approval), held, rejected."""

    state: str
    plan: Plan
    people: int
    quarantined: int
    frozen: int
    settled: int
    request_id: str | None
    step_ids: tuple[int, ...]
    moves: movers.MoveRun = field(default=movers.MoveRun(0, 0))
    hints: int = 0

    def summary(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "people": self.people,
            "quarantined": self.quarantined,
            "leavers": len(self.plan.automatic),
            "manual": len(self.plan.manual),
            "frozen": self.frozen,
            "moved": self.moves.moved,
            "moves_waiting": self.moves.waiting,
            "moves_request_id": self.moves.request_id,
            "hints": self.hints,
            "cases_settled": self.settled,
            "reasons": [reason.value for reason in self.plan.reasons],
            "plan_hash": self.plan.hash if self.plan.items or self.plan.held else None,
            "request_id": self.request_id,
        }


class Look(NamedTuple):
    """What a run compares the reading with, loaded once."""

    known: Mapping[str, KnownPerson]
    staff: Mapping[str, Staff]
    baseline: int | None
    frozen_lately: int  # on reported changes, since the last good read
    moved_lately: int


def plan_run(act: Act, reading: DirectoryReading, rules: BreakerRules) -> Run:
    """Stores a complete reading, plans, and freezes or holds (JC 14, 22; LC 7(2)); what is held moves nobody either.

    The act must be a job's. The freezes stand in `act.urgent`: tried at once after the commit, they do not wait.
    """
    readings.check_newest(act, reading)
    newer = _changed_after(act, reading)
    if newer:
        reading = replace(reading, entries=tuple(e for e in reading.entries if e.key not in newer))
    look = _look(act, newer)
    plan = _plan(act, reading, look, rules)
    open_manual_cases(act, plan)
    state, request_id = _settle_state(act, plan)
    good = state not in STILL_HELD
    row = readings.record_reading(act, reading, known=look.known, good=good)
    frozen, step_ids = execute(act, plan) if good else (0, [])
    moves, opened = _follow(act, reading, look, rules) if good else (movers.MoveRun(0, 0), 0)
    cursor.renew_cursor(act, reading, row, stopped=None if good else plan.reasons[0].value)
    settled = settle_cases(act)
    mover_cases.settle_cases(act)
    rotation.open_missing(act)
    rotation.remind(act)
    return Run(
        state=state,
        plan=plan,
        people=len(reading.entries),
        quarantined=len(reading.quarantined),
        frozen=frozen,
        settled=settled,
        request_id=request_id,
        step_ids=tuple(step_ids),
        moves=moves,
        hints=opened,
    )


def preview_plan(act: Act, reading: DirectoryReading, rules: BreakerRules) -> Plan:
    """The plan that a run would make of this reading; changes nothing."""
    return _plan(act, reading, _look(act, frozenset()), rules)


def preview_moves(act: Act, reading: DirectoryReading) -> list[Move]:
    """What a run would change of persons, if nothing is held; changes nothing."""
    return find_moves(reading.entries, load_staff(act), load_units(act), act.vault).moves


def refuse_read(act: Act, error: DirectoryReadError) -> None:
    """Stores that a read of everybody was not believed; reported changes are not acted on until there is a good one."""
    readings.record_refused_read(act, error)
    cursor.stop_changes(act, error.code)


def execute(act: Act, plan: Plan) -> tuple[int, list[int]]:
    """Freezes each account that is still in use, and opens its case; returns how many, and the steps to run."""
    locked = accounts.lock_accounts(act, [item.account_id for item in plan.automatic])
    leaving = [
        (account, item.cause)
        for item, account in ((item, locked[item.account_id]) for item in plan.automatic)
        if AccountStatus(account.status) in FREEZABLE or accounts.is_frozen_for_key(act, account)
    ]
    step_ids = provisioning.freeze_accounts(
        act, [(account, cause.value) for account, cause in leaving], cause="departure"
    )
    known = look_at(act, [account for account, _ in leaving])
    for account, cause in leaving:
        open_case(act, account, cause=cause, frozen=True, known=known)
    frozen = len(leaving)
    if plan.automatic:
        audit.record(
            act, Event.PLAN_EXECUTED, f"plan:{plan.hash}", alarm=plan.held, frozen=frozen,
            reasons=[reason.value for reason in plan.reasons],
        )  # fmt: skip
    return frozen, step_ids


def open_manual_cases(act: Act, plan: Plan) -> None:
    """Administrators and canaries are never frozen by a machine: their case, with its alarm, calls a person (JC 22)."""
    for item in plan.manual:
        open_case(act, accounts.get_account(act, item.account_id), cause=item.cause, frozen=False)


def _look(act: Act, newer: frozenset[str]) -> Look:
    row = cursor.find_cursor(act)
    known = readings.load_known(act)
    for key in newer:
        known.pop(key, None)
    return Look(
        known=known,
        staff=load_staff(act),
        baseline=readings.baseline(act),
        frozen_lately=row.frozen if row else 0,
        moved_lately=row.moved if row else 0,
    )


def _changed_after(act: Act, reading: DirectoryReading) -> frozenset[str]:
    """Keys of which a reported change is newer than this reading, which took its time: they are left for the next."""
    row = cursor.find_cursor(act, lock=True)
    if row is None or row.read_at <= reading.read_at:
        return frozenset()
    return frozenset(
        act.session.scalars(select(DirectoryPersonRow.key).where(DirectoryPersonRow.last_seen_at >= reading.read_at))
    )


def _plan(act: Act, reading: DirectoryReading, look: Look, rules: BreakerRules) -> Plan:
    return plan_departures(
        reading,
        look.known,
        managed_accounts(act, look.staff),
        rules,
        now=act.now,
        baseline=look.baseline,
        recent=look.frozen_lately,
    )


def _settle_state(act: Act, plan: Plan) -> tuple[str, str | None]:
    """What becomes of the plan: carried out, released, or held with the request that may release it."""
    if plan.held:
        row = release.hold_plan(act, plan)
        return row.state, row.request_id
    release.supersede_open_plans(act)
    if not plan.automatic:
        return "nothing", None
    release.store_plan(act, plan, "executed")
    return "executed", None


def _follow(act: Act, reading: DirectoryReading, look: Look, rules: BreakerRules) -> tuple[movers.MoveRun, int]:
    """Lets the register follow the directory, and opens and closes the hints; returns the moves and the new hints."""
    found = find_moves(reading.entries, look.staff, load_units(act), act.vault)
    rows = len(reading.entries) + len(reading.quarantined)
    limit = rules.limit(rows if look.baseline is None else look.baseline)
    moves = movers.follow_directory(act, found.moves, limit=limit, recent=look.moved_lately)
    opened = hints.open_hints(act, reading.entries, look.known, look.staff, found.unknown_units, first=not look.known)
    present = {entry.key for entry in reading.entries if not entry.departed}
    hints.settle_hints(act, present, {entry.key for entry in found.unknown_units})
    return moves, opened
