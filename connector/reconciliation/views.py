"""What is shown of the runs: counts, differences and what became of them. No names of persons."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from connector.auth.act import Act
from connector.errors import NotFoundError, Text
from connector.provisioning.agreement import Drift
from connector.reconciliation.rules import NAMED
from connector.reconciliation.tables import DifferenceRow, ReconciliationRow
from connector.reconciliation.words import KINDS, who_repairs
from connector.register.tables import AccountRow
from connector.requests.tables import RequestRow


@dataclass(frozen=True, kw_only=True)
class DifferenceView:
    """One difference. `user_name` is empty for a user who cannot be read: he is named by `keycloak_id`.

    `name` is the role ("subsystem:role") or the attribute. `state`: found, proposed, repaired, left, spared.
    `stopped_step` is the step of the outbox that stopped and is the reason.
    """

    kind: str
    kind_zh: str
    kind_en: str
    user_name: str
    account_id: str | None
    keycloak_id: str | None
    name: str
    stopped_step: int | None
    state: str
    who_zh: str
    who_en: str


@dataclass(frozen=True, kw_only=True)
class RunView:
    """One run. `agrees` when nothing differed. `plan`: none, proposed, waiting, refused, undecidable.

    `counts` by kind; `beyond` is how many accounts differ beyond those in the list; `shut_out` are users nobody applied
    for who are disabled already. `excess_accounts` hold permissions that their units' tables of posts do not allow: for
    information (JC 11).
    """

    id: str
    started_at: datetime
    finished_at: datetime
    agrees: bool
    accounts: int
    users: int
    holdings: int
    in_progress: int
    sampled: int
    counts: dict[str, int]
    beyond: int
    shut_out: int
    excess_accounts: int
    excess_permissions: int
    plan: str
    plan_hash: str | None
    plan_refused_by: str | None
    request_id: str | None
    request: str | None
    request_state: str | None


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """One run with its differences, and how many of them a later run found no more."""

    run: RunView
    differences: list[DifferenceView]
    repaired: int
    left: int
    spared: int


def show_runs(act: Act, *, limit: int = 50, first: int = 0) -> list[RunView]:
    """Runs, the newest first."""
    newest = select(ReconciliationRow).order_by(ReconciliationRow.finished_at.desc(), ReconciliationRow.id)
    rows = act.session.scalars(newest.offset(first).limit(limit)).all()
    requests = _requests(act, [row.request_id for row in rows if row.request_id])
    return [_run(row, requests) for row in rows]


def show_run(act: Act, run_id: str = "") -> RunReport:
    """One run, or the newest when `run_id` is empty; raises NotFoundError."""
    newest = select(ReconciliationRow).order_by(ReconciliationRow.finished_at.desc(), ReconciliationRow.id).limit(1)
    row = act.session.get(ReconciliationRow, run_id) if run_id else act.session.scalar(newest)
    if row is None:
        raise NotFoundError(kind="对账 (reconciliation)", name=run_id)
    listed = (
        select(DifferenceRow, AccountRow.user_name)
        .outerjoin(AccountRow, AccountRow.id == DifferenceRow.account_id)
        .where(DifferenceRow.run_id == row.id)
        .order_by(AccountRow.user_name, DifferenceRow.id)
    )
    found = [_difference(difference, user_name or "") for difference, user_name in act.session.execute(listed)]
    states = [view.state for view in found]
    return RunReport(
        run=_run(row, _requests(act, [row.request_id] if row.request_id else [])),
        differences=found,
        repaired=states.count("repaired"),
        left=states.count("left"),
        spared=states.count("spared"),
    )


def _requests(act: Act, ids: list[str]) -> dict[str, RequestRow]:
    return {row.id: row for row in act.session.scalars(select(RequestRow).where(RequestRow.id.in_(ids)))}


def _run(row: ReconciliationRow, requests: dict[str, RequestRow]) -> RunView:
    request = requests.get(row.request_id or "")
    return RunView(
        id=row.id,
        started_at=row.started_at,
        finished_at=row.finished_at,
        agrees=not row.counts and not row.beyond,
        accounts=row.accounts,
        users=row.users,
        holdings=row.holdings,
        in_progress=row.in_progress,
        sampled=row.sampled,
        counts=row.counts,
        beyond=row.beyond,
        shut_out=row.shut_out,
        excess_accounts=int(row.excess.get("accounts", 0)),
        excess_permissions=int(row.excess.get("permissions", 0)),
        plan=row.plan,
        plan_hash=row.plan_hash,
        plan_refused_by=row.plan_refused_by,
        request_id=row.request_id,
        request=request.number if request else None,
        request_state=request.state if request else None,
    )


def _difference(row: DifferenceRow, user_name: str) -> DifferenceView:
    kind = Drift(row.kind)
    words: Text = KINDS[kind]
    who = who_repairs(kind, stopped=row.step_id is not None)
    return DifferenceView(
        kind=kind.value,
        kind_zh=words.zh,
        kind_en=words.en,
        user_name=row.name if kind in NAMED else user_name,
        account_id=row.account_id,
        keycloak_id=row.keycloak_id,
        name="" if kind in NAMED else row.name,
        stopped_step=row.step_id,
        state=row.state,
        who_zh=who.zh,
        who_en=who.en,
    )
