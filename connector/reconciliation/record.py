"""Keeps what a comparison found, and states what became of the differences that earlier runs proposed."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.provisioning.agreement import Drift
from connector.reconciliation import store
from connector.reconciliation.compare import Comparison, Start
from connector.reconciliation.rules import Finding
from connector.reconciliation.tables import DifferenceRow, ReconciliationRow
from connector.register.tables import AccountRow
from connector.requests.store import OPEN_STATES, excluded_of
from connector.requests.tables import RequestRow

Key = tuple[str, str, str]  # kind, subject, name
OVERLAP = timedelta(hours=1)  # Events reach the mirror late; one seen twice changes nothing.
SPARED_FOR = timedelta(days=30)  # After that, people are asked again about what they left out.


def newest_run(act: Act) -> ReconciliationRow | None:
    """The last complete run."""
    newest = select(ReconciliationRow).order_by(ReconciliationRow.finished_at.desc(), ReconciliationRow.id)
    return act.session.scalars(newest.limit(1)).first()


def where_to_start(act: Act) -> Start:
    """Where the next comparison takes up."""
    last = newest_run(act)
    if last is None:
        return Start()
    outsiders = act.session.scalars(
        select(DifferenceRow.keycloak_id).where(
            DifferenceRow.run_id == last.id, DifferenceRow.kind == Drift.STRANGER_ROLE.value
        )
    )
    return Start(
        sample_after=last.sampled_to,
        events_since=last.started_at - OVERLAP,
        outsiders=frozenset(str(user_id) for user_id in outsiders),
    )


def record_run(act: Act, done: Comparison, started_at: datetime) -> ReconciliationRow:
    """Adds the run with its differences; an alarm in the record when there are any."""
    row = ReconciliationRow(
        started_at=started_at,
        finished_at=act.now,
        accounts=done.accounts,
        users=done.users,
        holdings=done.holdings,
        in_progress=done.in_progress,
        sampled=done.sampled,
        sampled_to=done.sampled_to,
        counts=dict(sorted(Counter(finding.kind.value for finding in done.findings).items())),
        beyond=done.beyond,
        shut_out=done.shut_out,
        excess=store.excess(act),
    )
    act.session.add(row)
    act.session.flush()
    act.session.add_all(
        DifferenceRow(
            run_id=row.id,
            kind=finding.kind.value,
            account_id=finding.account_id,
            keycloak_id=finding.keycloak_id,
            name=finding.name,
            step_id=finding.step_id,
        )
        for finding in done.findings
    )
    act.session.flush()
    audit.record(
        act, Event.RECONCILED, f"reconciliation:{row.id}", alarm=bool(row.counts or row.beyond),
        accounts=row.accounts, users=row.users, holdings=row.holdings, in_progress=row.in_progress,
        counts=row.counts, beyond=row.beyond,
    )  # fmt: skip
    return row


def settle_differences(act: Act, done: Comparison) -> int:
    """States of the differences of decided plans: repaired, left, or spared by those who decided (JC 9).

    Repaired is only what this run would have seen: whoever is in progress, or beyond its list, waits for the next one.
    Returns how many were repaired.
    """
    still = {_key(finding) for finding in done.findings}
    waiting = (
        select(DifferenceRow, RequestRow)
        .join(ReconciliationRow, ReconciliationRow.id == DifferenceRow.run_id)
        .join(RequestRow, RequestRow.id == ReconciliationRow.request_id)
    )
    closed = waiting.where(DifferenceRow.state.in_(("proposed", "left")), RequestRow.state.not_in(OPEN_STATES))
    repaired = 0
    for row, request in act.session.execute(closed).all():
        row.state = _outcome(act, row, request, still, done.unproved)
        repaired += row.state == "repaired"
    return repaired


def mark_withdrawn(act: Act, request_id: str) -> None:
    """The differences that a plan asked to put right are merely found again: it was withdrawn."""
    runs = select(ReconciliationRow.id).where(ReconciliationRow.request_id == request_id)
    asked = update(DifferenceRow).where(DifferenceRow.run_id.in_(runs), DifferenceRow.state == "proposed")
    act.session.execute(asked.values(state="found").execution_options(synchronize_session=False))


def spared_lately(act: Act) -> set[Key]:
    """(kind, subject, name) of what people left out of a plan not long ago."""
    query = (
        select(DifferenceRow)
        .join(ReconciliationRow, ReconciliationRow.id == DifferenceRow.run_id)
        .where(DifferenceRow.state == "spared", ReconciliationRow.finished_at > act.now - SPARED_FOR)
    )
    return {(row.kind, row.account_id or row.keycloak_id or "", row.name) for row in act.session.scalars(query)}


def findings_of(act: Act, run: ReconciliationRow) -> list[Finding]:
    """The differences of a run as they were found."""
    rows = act.session.scalars(select(DifferenceRow).where(DifferenceRow.run_id == run.id).order_by(DifferenceRow.id))
    return [Finding(Drift(row.kind), row.account_id, row.keycloak_id, row.name, row.step_id) for row in rows]


def mark_proposed(act: Act, run: ReconciliationRow, planned: Sequence[Finding]) -> None:
    """The differences that the run's request asks to put right."""
    keys = {_key(finding) for finding in planned}
    for row in act.session.scalars(select(DifferenceRow).where(DifferenceRow.run_id == run.id)):
        if _row_key(row) in keys:
            row.state = "proposed"


def _outcome(
    act: Act, row: DifferenceRow, request: RequestRow, still: Collection[Key], unproved: Collection[str]
) -> str:
    if request.state == "withdrawn":
        return "found"
    if request.state == "rejected" or _left_out(act, row, request):
        return "spared"
    kind, subject, name = _row_key(row)
    if (kind, subject, name) in still:
        return "left"
    return row.state if subject in unproved else "repaired"


def _left_out(act: Act, row: DifferenceRow, request: RequestRow) -> bool:
    account = act.session.get(AccountRow, row.account_id) if row.account_id else None
    return (account.user_name if account else row.keycloak_id) in excluded_of(act, request)


def _key(finding: Finding) -> Key:
    return finding.kind.value, finding.subject, finding.name


def _row_key(row: DifferenceRow) -> Key:
    return row.kind, row.account_id or row.keycloak_id or "", row.name
