"""Turns what a scan found into one request to the principal (LC 7(2), LC 6(3), JC 21). Disables nobody by itself."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from connector.activity.coverage import login_coverage
from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.checks.dormancy import DORMANT
from connector.checks.report import Outcome, list_outcomes
from connector.checks.scan import Found, R, Scan
from connector.checks.tables import FindingRow, ScanRow
from connector.register import units
from connector.regulations.vocabulary import RequestKind
from connector.requests import service as requests
from connector.requests.forms import RequestForm
from connector.requests.store import OPEN_STATES
from connector.requests.tables import RequestRow
from connector.storage.tables import new_id

LIMIT = 200  # What a person can look through in one sitting; the rest comes with the next proposal.
LATE = timedelta(seconds=30)  # Keycloak shows an event when its transaction ends; see the overlap of the mirror.


def propose(act: Act, scan: Scan[R], rule: R | None = None) -> ScanRow:
    """Runs the scan and asks the principal, in ONE request, to disable whom it found; returns the run.

    Its `request_id` is None when there is nobody to propose. Raises what `requests.service.submit_request` raises,
    for example when the office of principal is vacant.
    """
    settle_findings(act)
    rule = rule or scan.rule(act)
    counts = scan.count(act, rule)
    proposed, left = scan.list_proposable(act, rule, LIMIT)
    request = _submit(act, scan, rule, proposed) if proposed else None
    row = ScanRow(
        id=new_id(),
        scan=scan.name,
        started_at=act.now,
        finished_at=act.now,
        rule=rule.as_json(),
        counted=sum(counts.verdicts.values()),
        found=sum(counts.verdicts.get(verdict, 0) for verdict in scan.found),
        unknown=sum(counts.unknown.values()),
        left=left,
        request_id=request.id if request else None,
    )
    act.session.add(row)
    act.session.flush()
    _record(act, scan, row, proposed)
    return row


def propose_dormant(act: Act) -> RequestRow | None:
    """Asks the principal to disable the zombies; the request, or None when there is nobody to propose (LC 7(2))."""
    return request_of(act, propose(act, DORMANT))


def request_of(act: Act, run: ScanRow) -> RequestRow | None:
    """The proposal that a run made."""
    return act.session.get(RequestRow, run.request_id) if run.request_id else None


def summary(act: Act, run: ScanRow) -> dict[str, Any]:
    """What a job says of a run: the proposal's number, or None, and the counts."""
    request = request_of(act, run)
    proposed = len(request.form["accounts"]) if request else 0
    return {
        "request": request.number if request else None,
        "counted": run.counted,
        "found": run.found,
        "unknown": run.unknown,
        "proposed": proposed,
        "left": run.left,
    }


def settle_findings(act: Act) -> int:
    """Writes down what became of the accounts of closed proposals; returns of how many.

    A proposal is settled when the mirror has been read past its decision: only then is it known who was used before
    it. Who was disabled all the same is alarmed: the mirror learns of a use some seconds late, and a decision may fall
    into them.
    """
    read_at = login_coverage(act).read_at
    if read_at is None:
        return 0
    closed: dict[str, list[FindingRow]] = defaultdict(list)
    for finding in act.session.scalars(
        select(FindingRow)
        .join(RequestRow, RequestRow.id == FindingRow.request_id)
        .where(
            FindingRow.state == Outcome.PROPOSED.value,
            RequestRow.state.not_in(OPEN_STATES),
            RequestRow.closed_at < read_at - LATE,
        )
    ):
        closed[str(finding.request_id)].append(finding)
    for request_id, findings in closed.items():
        _settle(act, act.session.get_one(RequestRow, request_id), findings)
    return sum(map(len, closed.values()))


def _settle(act: Act, request: RequestRow, findings: Sequence[FindingRow]) -> None:
    states = {line.account_id: line.outcome for line in list_outcomes(act, findings, request)}
    for finding in findings:
        finding.state = states[finding.account_id].value
        if finding.state == Outcome.OVERTAKEN:
            audit.record(
                act, Event.FINDING_OVERTAKEN, f"account:{finding.account_id}", account_id=finding.account_id,
                request_id=request.id, alarm=True,
            )  # fmt: skip


def _submit(act: Act, scan: Scan[R], rule: R, found: Sequence[Found]) -> RequestRow:
    return requests.submit_request(
        act,
        RequestForm(
            kind=scan.kind,
            unit_code=units.centre(act).code,
            reason=scan.reason(rule, len(found)),
            cause=scan.name,
            accounts=tuple(account.user_name for account in found),
            evidence={account.user_name: dict(account.evidence) for account in found},
        ),
    )


def _record(act: Act, scan: Scan[Any], row: ScanRow, proposed: Sequence[Found]) -> None:
    event = Event.DORMANT_PROPOSED if scan.kind is RequestKind.DISABLE_DORMANT else Event.FINDING_PROPOSED
    for account in proposed:
        act.session.add(
            FindingRow(
                run_id=row.id,
                account_id=account.account_id,
                request_id=row.request_id,
                evidence=dict(account.evidence),
                state=Outcome.PROPOSED.value,
                found_at=act.now,
            )
        )
        audit.record(
            act, event, f"account:{account.account_id}", account_id=account.account_id, request_id=row.request_id,
            cause=scan.name, **account.evidence,
        )  # fmt: skip
    audit.record(
        act, Event.SCAN_FINISHED, f"scan:{row.id}", request_id=row.request_id, scan=row.scan, rule=row.rule,
        counted=row.counted, found=row.found, unknown=row.unknown, proposed=len(proposed), left=row.left,
    )  # fmt: skip
