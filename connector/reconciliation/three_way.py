"""The three-way check: tables of posts, approvals, Keycloak, and what subsystems say (F7; JC 4, 5, 11).

It reads, keeps a worklist, and changes no account: each difference ends by an ordinary request, and is closed only when
a check no longer finds it.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.actor import job_actor
from connector.reconciliation import record, three_way_sources
from connector.reconciliation.compare import JOB, Comparison, Desk, Progress, compare
from connector.reconciliation.propose import propose_if_any
from connector.reconciliation.tables import ReconciliationRow
from connector.reconciliation.three_way_exports import newest_exports
from connector.reconciliation.three_way_rules import OF_KEYCLOAK, Found, Gap, Key
from connector.reconciliation.three_way_tables import MatrixCheckRow, MatrixDifferenceRow
from connector.register.tables import MatrixRow, UnitRow
from connector.storage.tables import new_id
from connector.storage.upsert import dialect_insert

CHECK = job_actor("check_matrix")
NOWHERE = "-"  # the unit of users whom the register does not know


def _unseen(_done: int, _total: int | None) -> None:
    """Nobody looks at the progress."""


def check_matrix(
    desk: Desk, now: datetime | None = None, *, asks: bool = True, progress: Progress = _unseen
) -> dict[str, Any]:
    """One check of everything. Keycloak is read by role, as a reconciliation, and its repair is asked for the same way.

    Raises KeycloakUnavailableError, KeycloakRefusedError: then the reading was not complete, and nothing is kept.
    """
    with desk.act(JOB, now=now, reading=True) as act:
        start, started_at = record.where_to_start(act), act.now
    done = compare(desk, start, progress)
    with desk.act(JOB, now=now) as act:
        run = record.record_run(act, done, started_at)
        record.settle_differences(act, done)
        if asks:
            propose_if_any(act, run)
        run_id = run.id
    with desk.act(CHECK, now=now) as act:
        return _summary(_keep(act, act.session.get_one(ReconciliationRow, run_id), done))


def note_adoption(act: Act, matrix_id: str) -> int:
    """A new version came into force: whoever holds more than it allows is on the worklist; returns how many lines.

    Closes nothing: that is the next check's.
    """
    table = act.session.get_one(MatrixRow, matrix_id)
    if table.until is not None:
        return 0
    found = three_way_sources.beyond_tables(act, table.unit_id).found
    return _note(act, found, {row.key: row for row in map(_Open, _open_rows(act))})


class _Open:
    """An open line of the worklist under its key."""

    def __init__(self, row: MatrixDifferenceRow) -> None:
        self.row = row
        self.key: Key = (row.kind, row.subject, row.permission)


def _keep(act: Act, run: ReconciliationRow, done: Comparison) -> MatrixCheckRow:
    against = three_way_sources.beyond_tables(act)
    exports = newest_exports(act)
    found = [
        *against.found,
        *three_way_sources.in_keycloak(act, done.findings),
        *(one for export in exports for one in three_way_sources.in_subsystem(act, export)),
    ]
    open_rows = {row.key: row for row in map(_Open, _open_rows(act))}
    opened = _note(act, found, open_rows)
    check = MatrixCheckRow(
        started_at=run.started_at,
        finished_at=act.now,
        run_id=run.id,
        counts=dict(sorted(Counter(one.kind.value for one in found).items())),
        by_unit=_by_unit(act, found),
        opened=opened,
        closed=0,
        excepted=against.excepted,
        unproved=len(done.unproved),
        without_table=three_way_sources.units_without_table(act),
        exports={export.subsystem_id: export.taken_at.isoformat() for export in exports},
    )
    act.session.add(check)
    act.session.flush()
    check.closed = _close(act, check, {one.key for one in found}, open_rows.values(), done.unproved)
    _link_repair(act, run, found)
    audit.record(
        act, Event.MATRIX_CHECKED, f"matrix_check:{check.id}", alarm=bool(opened),
        counts=check.counts, opened=opened, closed=check.closed, excepted=check.excepted,
    )  # fmt: skip
    return check


def _open_rows(act: Act) -> Iterable[MatrixDifferenceRow]:
    return act.session.scalars(select(MatrixDifferenceRow).where(MatrixDifferenceRow.closed_at.is_(None))).all()


def _note(act: Act, found: Iterable[Found], known: dict[Key, _Open]) -> int:
    """Adds what is new to the worklist and marks what is seen again; returns how many lines are new."""
    opened = 0
    for one in {one.key: one for one in found}.values():
        line = known.get(one.key)
        if line is not None:
            line.row.seen_at, line.row.unit_id, line.row.post = act.now, one.unit_id, one.post
            continue
        values = one._asdict() | {"id": new_id(), "kind": one.kind.value, "found_at": act.now, "seen_at": act.now}
        # A check and an adoption may find the same at the same moment: the second finds it noted.
        added = dialect_insert(act.session, MatrixDifferenceRow).values(**values).on_conflict_do_nothing()
        opened += act.session.connection().execute(added).rowcount
    return opened


def _close(
    act: Act, check: MatrixCheckRow, found: Collection[Key], lines: Iterable[_Open], unproved: Collection[str]
) -> int:
    """Closes what this check looked for and did not find; returns how many lines."""
    closed = 0
    for line in lines:
        unseen = Gap(line.row.kind) in OF_KEYCLOAK and line.row.subject in unproved
        if line.key not in found and not unseen:
            line.row.closed_at, line.row.closed_by = act.now, check.id
            closed += 1
    return closed


def _link_repair(act: Act, run: ReconciliationRow, found: Iterable[Found]) -> None:
    """The lines of Keycloak lead to the request that would repair them."""
    if run.request_id is None:
        return
    keys = {one.key for one in found if one.kind in OF_KEYCLOAK}
    for line in map(_Open, _open_rows(act)):
        if line.key in keys:
            line.row.request_id = run.request_id


def _by_unit(act: Act, found: Iterable[Found]) -> dict[str, dict[str, int]]:
    codes = {unit_id: code for unit_id, code in act.session.execute(select(UnitRow.id, UnitRow.code))}
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in found:
        counts[codes.get(one.unit_id or "", NOWHERE)][one.kind.value] += 1
    return {code: dict(sorted(counted.items())) for code, counted in sorted(counts.items())}


def _summary(check: MatrixCheckRow) -> dict[str, Any]:
    return {
        "check": check.id,
        "run": check.run_id,
        "counts": check.counts,
        "by_unit": check.by_unit,
        "opened": check.opened,
        "closed": check.closed,
        "excepted": check.excepted,
        "unproved": check.unproved,
        "without_table": check.without_table,
        "exports": check.exports,
    }
