"""What became of each account a scan found: read from the record, the register and the mirror. Changes nothing.

Every outcome is derived from rows that never change again, so that a report of last year says what it said then.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from connector.activity.rules import USE_TYPES
from connector.activity.tables import ActivityRow, IdpEventRow
from connector.audit.events import Event
from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.checks.tables import FindingRow
from connector.errors import Text
from connector.register.tables import AccountRow, AccountStateRow, GrantRow
from connector.regulations.vocabulary import AccountStatus
from connector.requests.store import OPEN_STATES, excluded_of
from connector.requests.tables import RequestRow


class Outcome(StrEnum):
    """What became of one finding. The values stand in `scan_findings.state`."""

    PROPOSED = "proposed"  # the principal has not decided yet
    REJECTED = "rejected"  # the whole proposal was refused or withdrawn
    EXCLUDED = "excluded"  # the principal left this account out
    SPARED = "spared"  # cleared up between proposal and decision
    ALREADY_OUT = "already_out"  # taken out of use by another road before the decision
    DISABLED = "disabled"
    FROZEN = "frozen"  # by the clock, without a proposal: its approved end had come
    OVERTAKEN = "overtaken"  # disabled, and only afterwards the mirror showed that it was used before the decision


OUTCOMES: Mapping[Outcome, Text] = {
    Outcome.PROPOSED: Text("待审批", "awaits the decision"),
    Outcome.REJECTED: Text("未获批准，保留", "not approved, kept"),
    Outcome.EXCLUDED: Text("审批时排除，保留", "left out by the principal, kept"),
    Outcome.SPARED: Text("提请后情况已消除，保留", "cleared up after the proposal, kept"),
    Outcome.ALREADY_OUT: Text("审批前已停用", "out of use before the decision"),
    Outcome.DISABLED: Text("已禁用", "disabled"),
    Outcome.FROZEN: Text("到期冻结", "frozen when its approved end came"),
    Outcome.OVERTAKEN: Text(
        "已禁用，但审批前曾使用，请核实", "disabled, though used before the decision: look into it"
    ),
}


@dataclass(frozen=True, kw_only=True)
class ReportLine:
    """One account with what was found and what became of it.

    `at` is the moment of the outcome (None while it awaits the decision): of the disabling, of the decision that left
    it out, of the use that spared it. `verified_at` is when Keycloak was read back and showed it disabled, without a
    session; None as long as that is not proved.
    """

    account_id: str
    user_name: str
    evidence: Mapping[str, Any]
    outcome: Outcome
    at: datetime | None
    verified_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """The report after a proposal (LC 7(2), GS 17); `counts` by outcome, every outcome named."""

    scan_id: str
    request: str | None
    request_state: str | None
    decided_at: datetime | None
    counts: Mapping[Outcome, int]
    verified: int
    lines: Sequence[ReportLine]


def make_report(act: Act, scan_id: str, request: RequestRow | None) -> Report:
    """The report of one scan as things stand at the act's moment."""
    findings = act.session.scalars(select(FindingRow).where(FindingRow.run_id == scan_id)).all()
    lines = list_outcomes(act, findings, request)
    counted = Counter(line.outcome for line in lines)
    return Report(
        scan_id=scan_id,
        request=request.number if request else None,
        request_state=request.state if request else None,
        decided_at=request.closed_at if request else None,
        counts={outcome: counted[outcome] for outcome in Outcome},
        verified=sum(line.verified_at is not None for line in lines),
        lines=lines,
    )


def list_outcomes(act: Act, findings: Sequence[FindingRow], request: RequestRow | None) -> list[ReportLine]:
    """What became of these findings of one proposal (or of none), by user name."""
    ids = [finding.account_id for finding in findings]
    names = act.session.execute(select(AccountRow.id, AccountRow.user_name).where(AccountRow.id.in_(ids)))
    known = {account_id: user_name for account_id, user_name in names}
    if request is None:
        lines = [_stored(finding, known[finding.account_id]) for finding in findings]
    else:
        seen = _Seen(act, request, ids)
        lines = [seen.line(finding, known[finding.account_id]) for finding in findings]
    return sorted(lines, key=lambda line: line.user_name)


def _stored(finding: FindingRow, user_name: str) -> ReportLine:
    return ReportLine(
        account_id=finding.account_id, user_name=user_name, evidence=finding.evidence,
        outcome=Outcome(finding.state), at=finding.found_at,
    )  # fmt: skip


class _Seen:
    """Everything the outcomes of one proposal are read from: five queries, however many accounts it has."""

    def __init__(self, act: Act, request: RequestRow, account_ids: Sequence[str]) -> None:
        self._request = request
        self._closed_at = request.closed_at
        self._excluded = excluded_of(act, request)
        self._disabled = _disabled(act, request)
        self._verified = _verified(act, request)
        self._cleared_up = _cleared_up(act, request, account_ids)
        self._was_active = _was_active(act, request, account_ids)

    def line(self, finding: FindingRow, user_name: str) -> ReportLine:
        account_id = finding.account_id
        outcome, at = self._outcome(account_id, user_name)
        return ReportLine(
            account_id=account_id, user_name=user_name, evidence=finding.evidence,
            outcome=outcome, at=at, verified_at=self._verified.get(account_id),
        )  # fmt: skip

    def _outcome(self, account_id: str, user_name: str) -> tuple[Outcome, datetime | None]:
        if self._request.state in OPEN_STATES:
            return Outcome.PROPOSED, None
        if self._request.state != "approved":
            return Outcome.REJECTED, self._closed_at
        used = self._cleared_up.get(account_id)
        if account_id in self._disabled:
            return (Outcome.OVERTAKEN if used else Outcome.DISABLED), self._disabled[account_id]
        if user_name in self._excluded:
            return Outcome.EXCLUDED, self._closed_at
        if account_id in self._was_active:
            return Outcome.SPARED, used or self._closed_at
        return Outcome.ALREADY_OUT, self._closed_at


def _disabled(act: Act, request: RequestRow) -> dict[str, datetime]:
    rows = act.session.execute(
        select(AccountStateRow.account_id, AccountStateRow.since).where(AccountStateRow.request_id == request.id)
    )
    return {account_id: since for account_id, since in rows}


def _verified(act: Act, request: RequestRow) -> dict[str, datetime]:
    """When the freeze was first proved at Keycloak, by account: disabled there, and no session left."""
    rows = act.session.execute(
        select(AuditEntryRow.account_id, func.min(AuditEntryRow.at))
        .where(AuditEntryRow.request_id == request.id, AuditEntryRow.event == Event.ACCOUNT_FROZEN.value)
        .group_by(AuditEntryRow.account_id)
    )
    return {account_id: at for account_id, at in rows if account_id is not None}


def _cleared_up(act: Act, request: RequestRow, account_ids: Sequence[str]) -> dict[str, datetime]:
    """When an account was used, its password changed, or a permission given, between proposal and decision."""
    if request.closed_at is None or request.cause not in ("dormant", "weak_password", "orphaned"):
        return {}
    if request.cause == "orphaned":
        return _within(act, request, account_ids, GrantRow.since, GrantRow.account_id, of=AccountRow.id)
    if request.cause == "weak_password":
        return _within(act, request, account_ids, ActivityRow.password_set_at, ActivityRow.keycloak_id)
    # The mirror keeps the last use only; the events know the one before the decision where another came after it.
    lately = _within(act, request, account_ids, ActivityRow.last_used_at, ActivityRow.keycloak_id)
    is_use = and_(IdpEventRow.type.in_(USE_TYPES), IdpEventRow.error.is_(None))
    return lately | _within(act, request, account_ids, IdpEventRow.at, IdpEventRow.user_id, is_use)


def _within(
    act: Act,
    request: RequestRow,
    account_ids: Sequence[str],
    moment: InstrumentedAttribute[Any],
    key: InstrumentedAttribute[Any],
    *more: ColumnElement[bool],
    of: InstrumentedAttribute[Any] = AccountRow.keycloak_id,
) -> dict[str, datetime]:
    """The latest such moment from the proposal up to the decision, by account."""
    query = (
        select(AccountRow.id, func.max(moment))
        .join(AccountRow, of == key)
        .where(AccountRow.id.in_(account_ids), moment >= request.submitted_at, moment < request.closed_at, *more)
        .group_by(AccountRow.id)
    )
    return {account_id: at for account_id, at in act.session.execute(query)}


def _was_active(act: Act, request: RequestRow, account_ids: Sequence[str]) -> frozenset[str]:
    """Accounts that were in use at the moment of the decision."""
    if request.closed_at is None:
        return frozenset()
    query = select(AccountStateRow.account_id).where(
        AccountStateRow.account_id.in_(account_ids),
        AccountStateRow.status == AccountStatus.ACTIVE.value,
        AccountStateRow.since <= request.closed_at,
        or_(AccountStateRow.until.is_(None), AccountStateRow.until > request.closed_at),
    )
    return frozenset(act.session.scalars(query))
