"""The nightly scan over what exists: conflicts that no exception covers become findings, until they are gone (HH 3)."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.conflicts import exceptions, holdings
from connector.conflicts.rules import Conflict, find_conflicts
from connector.conflicts.tables import FindingRow


@dataclass(frozen=True)
class Scanned:
    """What one scan did: persons with any charge, findings that are new, still open, and closed now."""

    persons: int
    found: int
    open: int
    closed: int


def scan_conflicts(act: Act) -> Scanned:
    """Compares everybody's charges, by permission, class and project, and keeps the worklist of findings."""
    by_person = holdings.charges_by_person(act)
    rows = act.session.scalars(select(FindingRow).where(FindingRow.closed_at.is_(None)))
    open_now = {(row.person_id, row.key): row for row in rows}
    standing: set[tuple[str, str]] = set()
    found = 0
    for person_id, held in sorted(by_person.items()):
        for conflict in find_conflicts(held, act.rulebook.exclusion):
            if exceptions.find_covering(act, person_id, conflict, None) is not None:
                continue
            place = (person_id, conflict.key)
            if (known := open_now.get(place)) is not None:
                known.seen_at = act.now
            elif place not in standing:
                _open(act, person_id, conflict)
                found += 1
            standing.add(place)
    gone = [row for place, row in open_now.items() if place not in standing]
    for row in gone:
        row.closed_at = act.now
        _record(act, Event.CONFLICT_CLOSED, row)
    act.session.flush()
    scanned = Scanned(len(by_person), found, len(standing), len(gone))
    audit.record(act, Event.CONFLICTS_SCANNED, "conflicts:all", **vars(scanned))
    return scanned


def list_findings(act: Act, *, open_only: bool = True, first: int = 0, count: int = 50) -> list[FindingRow]:
    """The worklist, oldest first."""
    query = select(FindingRow).order_by(FindingRow.found_at, FindingRow.id).offset(first).limit(count)
    if open_only:
        query = query.where(FindingRow.closed_at.is_(None))
    return list(act.session.scalars(query))


def _open(act: Act, person_id: str, conflict: Conflict) -> None:
    former = exceptions.find_former(act, person_id, conflict)
    row = FindingRow(
        person_id=person_id, key=conflict.key, charges=list(conflict.pair),
        sources=[conflict.first.source, conflict.second.source], project=conflict.project, clause=conflict.clause,
        cause="exception_over" if former else "found", details={"exception": former.number} if former else {},
        found_at=act.now, seen_at=act.now,
    )  # fmt: skip
    act.session.add(row)
    act.session.flush()
    _record(act, Event.CONFLICT_FOUND, row, cause=row.cause, **row.details)


def _record(act: Act, event: Event, row: FindingRow, **data: Any) -> None:
    audit.record(
        act, event, f"conflict:{row.id}", person_id=row.person_id, charges=row.charges, sources=row.sources,
        project=row.project, clause=row.clause, **data,
    )  # fmt: skip
