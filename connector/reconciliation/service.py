"""The reconciliation's front door: what jobs, routes, pages and commands call (C8; JC 9, 11)."""

from datetime import datetime
from typing import Any

from connector.reconciliation import record
from connector.reconciliation.compare import JOB, Desk, Progress, compare
from connector.reconciliation.propose import propose, propose_if_any
from connector.reconciliation.tables import ReconciliationRow
from connector.reconciliation.views import RunReport, RunView, show_run, show_runs

__all__ = ["JOB", "RunReport", "RunView", "propose", "reconcile", "show_run", "show_runs"]


def _unseen(_done: int, _total: int | None) -> None:
    """Nobody looks at the progress."""


def reconcile(
    desk: Desk,
    now: datetime | None = None,
    *,
    asks: bool = True,
    progress: Progress = _unseen,
) -> dict[str, Any]:
    """One run: compares, keeps what differs, says what was repaired, and asks for the repair of the rest.

    Changes nothing at Keycloak and no account. Without `asks` it only looks. Raises KeycloakUnavailableError,
    KeycloakRefusedError: then the listings were not complete, and nothing is kept.
    """
    with desk.act(JOB, now=now, reading=True) as act:
        start, started_at = record.where_to_start(act), act.now
    done = compare(desk, start, progress)
    with desk.act(JOB, now=now) as act:
        run = record.record_run(act, done, started_at)
        repaired = record.settle_differences(act, done)
        if asks:
            propose_if_any(act, run)
        return _summary(run, repaired)


def _summary(run: ReconciliationRow, repaired: int) -> dict[str, Any]:
    return {
        "run": run.id,
        "accounts": run.accounts,
        "users": run.users,
        "holdings": run.holdings,
        "in_progress": run.in_progress,
        "sampled": run.sampled,
        "counts": run.counts,
        "beyond": run.beyond,
        "repaired": repaired,
        "plan": run.plan,
        "plan_refused_by": run.plan_refused_by,
        "request_id": run.request_id,
    }
