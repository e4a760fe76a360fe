"""What is shown of the scans: the list of runs, one run with its accounts, a dry run. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select

from connector.auth.act import Act
from connector.checks import cleanup
from connector.checks.cleanup import CleanUpRow
from connector.checks.dormancy import DormancyRule
from connector.checks.report import Report, make_report
from connector.checks.scan import Found
from connector.checks.scans import PASSWORDS, SCANS, find_scan
from connector.checks.tables import FindingRow, ScanRow
from connector.errors import NotFoundError, Text
from connector.requests.tables import RequestRow


@dataclass(frozen=True, kw_only=True)
class ScanView:
    """One run of a scan. `proposed` accounts stand in its request; `left` wait for the next proposal."""

    scan_id: str
    scan: str
    title: Text
    clause: str
    at: datetime
    rule: Mapping[str, Any]
    counted: int
    found: int
    unknown: int
    proposed: int
    left: int
    request: str | None
    request_state: str | None


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A dry run: what the scan would find and propose now. `unknown` says why nothing can be said, with how many."""

    scan: str
    title: Text
    clause: str
    at: datetime
    rule: Mapping[str, Any]
    counts: Mapping[str, int]
    unknown: Mapping[str, int]
    accounts: Sequence[Found]


def list_scans(act: Act, *, name: str = "", first: int = 0, count: int = 50) -> list[ScanView]:
    """Runs that wrote something, the newest first; `name` of one scan only."""
    wanted = (ScanRow.scan == name,) if name else ()
    return _views(act, *wanted, first=first, count=count)


def get_scan(act: Act, scan_id: str) -> ScanView:
    """One run; raises NotFoundError."""
    found = _views(act, ScanRow.id == scan_id)
    if not found:
        raise NotFoundError(kind="检查 (scan)", name=scan_id)
    return found[0]


def report(act: Act, scan_id: str) -> Report:
    """What became of every account of one run, each with its moment; raises NotFoundError (LC 7(2), GS 17)."""
    row = act.session.get(ScanRow, scan_id)
    if row is None:
        raise NotFoundError(kind="检查 (scan)", name=scan_id)
    return make_report(act, scan_id, act.session.get(RequestRow, row.request_id) if row.request_id else None)


def cleanup_list(act: Act, scan_id: str) -> list[CleanUpRow]:
    """The clean-up list of one run in the columns of JC annex 3; raises NotFoundError."""
    return cleanup.list_rows(act, report(act, scan_id).lines)


def preview(act: Act, name: str, *, first: int = 0, count: int = 100, as_of: bool = False) -> Preview:
    """What the scan finds at the act's moment, without writing anything; raises NotFoundError.

    `as_of`: the act's moment is not now, and the mirror is taken as if it had been read until then.
    """
    scan = find_scan(name)
    rule = scan.rule(act)
    if as_of and isinstance(rule, DormancyRule):
        rule = rule.as_if_read()
    counts = scan.count(act, rule)
    return Preview(
        scan=scan.name,
        title=scan.title,
        clause=scan.clause,
        at=act.now,
        rule=rule.as_json(),
        counts=counts.verdicts,
        unknown=counts.unknown,
        accounts=scan.list_found(act, rule, first=first, count=count),
    )


def _views(act: Act, *wanted: ColumnElement[bool], first: int = 0, count: int = 1) -> list[ScanView]:
    proposed = select(func.count()).where(FindingRow.run_id == ScanRow.id).scalar_subquery()
    rows = act.session.execute(
        select(ScanRow, RequestRow.number, RequestRow.state, proposed)
        .outerjoin(RequestRow, RequestRow.id == ScanRow.request_id)
        .where(*wanted)
        .order_by(ScanRow.started_at.desc(), ScanRow.id)
        .offset(first)
        .limit(count)
    )
    return [_view(*row) for row in rows]


def _view(row: ScanRow, number: str | None, state: str | None, proposed: int) -> ScanView:
    scan = SCANS.get(row.scan)
    return ScanView(
        scan_id=row.id, scan=row.scan, title=scan.title if scan else PASSWORDS,
        clause=scan.clause if scan else "JC 25, GS 10(4)", at=row.started_at, rule=row.rule,
        counted=row.counted, found=row.found, unknown=row.unknown, proposed=proposed, left=row.left,
        request=number, request_state=state,
    )  # fmt: skip
