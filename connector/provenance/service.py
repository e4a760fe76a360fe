"""The door of the provenance gate: findings are listed, shown, settled by a person, and what was held is carried out.

A finding is closed by a security administrator whom it does not name; the account it froze comes back by the ordinary
request and by nothing else (JC 8, JC 9, GS 13).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from connector.activity.tables import IdpEventRow
from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.levels import check_level
from connector.errors import FieldProblem, NotFoundError, RefusedInputError, Text
from connector.outbox.tables import StepRow
from connector.provenance import remedies
from connector.provenance.errors import FindingClosedError, NotHeldError, OwnFindingError, UnrelatedRequestError
from connector.provenance.kinds import ACTION_NAMES, SEVERITY_NAMES, STOLEN, TABLE, Action, Kind, Severity
from connector.provenance.tables import FindingRow
from connector.register import offices
from connector.register.readers import FINDINGS
from connector.register.tables import AccountRow, PersonRow, UnitRow
from connector.regulations.vocabulary import Office
from connector.requests.tables import RequestRow

REASON_LENGTH = 512
NOBODY: dict[str, Any] = {"user_name": "", "person": "", "unit": ""}


@dataclass(frozen=True, kw_only=True)
class FindingView:
    """One finding as it is shown: what, who, when, from where, how bad, what was done, what to do, who can do it."""

    id: str
    kind: str
    name: Text
    severity: str
    severity_name: Text
    subject: str  # user name; Keycloak's id of a user nobody applied for; "" for the realm
    user_name: str
    person: str
    unit: str
    keycloak_id: str | None
    actor: str  # user name where the register knows the administrator, else Keycloak's id; "" when nothing tells
    actor_id: str | None
    actor_realm: str | None
    actor_client: str | None
    by_service_account: bool
    address: str  # from the mirror of Keycloak's events
    facts: dict[str, Any]
    happened_at: datetime
    seen_at: datetime
    found_at: datetime
    action: str
    action_name: Text
    held: bool
    action_state: str  # "", waiting, done, failed, held
    to_do: Text
    who: Text
    closed_at: datetime | None
    closed_by: str  # name of the person
    reason: str
    request: str  # number of the request that explains it afterwards


def list_findings(act: Act, *, open_only: bool = False, count: int = 200, after: int = 0) -> list[FindingView]:
    """Findings, the newest first; `after` many are passed over. For the offices that may read them, and the host."""
    _check_may_read(act)
    query = select(FindingRow).order_by(FindingRow.found_at.desc(), FindingRow.id).limit(count).offset(after)
    if open_only:
        query = query.where(FindingRow.closed_at.is_(None))
    return _views(act, act.session.scalars(query).all())


def count_open(act: Act) -> dict[str, int]:
    """How many findings are open, by severity; for the boxes of a home page. Checks nothing: it names nobody."""
    rows = select(FindingRow.severity, func.count()).where(FindingRow.closed_at.is_(None)).group_by(FindingRow.severity)
    found = {severity: count for severity, count in act.session.execute(rows)}
    return {severity.value: found.get(severity.value, 0) for severity in Severity}


def get_finding(act: Act, finding_id: str) -> FindingView:
    """One finding by its id, or by the beginning of one (8 characters and more); NotFoundError."""
    _check_may_read(act)
    return _views(act, [_get(act, finding_id)])[0]


def close_finding(act: Act, finding_id: str, *, reason: str, request_number: str = "") -> FindingView:
    """Settles a finding with a reason, or by the approved request that explains it afterwards.

    Raises StepUpNeededError, ForbiddenError, OwnFindingError, FindingClosedError, UnrelatedRequestError. What the
    gate did stays done: a frozen account comes back by a request to enable it.
    """
    finding = _take(act, finding_id, reason, doing="关闭来源核查发现 / close a finding")
    request = _explaining(act, finding, request_number) if request_number else None
    finding.closed_at, finding.closed_by, finding.reason = act.now, act.actor.person_id, reason.strip()
    finding.request_id = request.id if request else None
    audit.record(
        act, Event.PROVENANCE_CLOSED, f"finding:{finding.id}", account_id=finding.account_id,
        request_id=finding.request_id, kind=finding.kind, reason=finding.reason,
    )  # fmt: skip
    act.session.flush()
    return _views(act, [finding])[0]


def carry_out_held(act: Act, finding_id: str, *, reason: str) -> FindingView:
    """Does what the guard held back because too many accounts would have been frozen in an hour. As `close_finding`."""
    finding = _take(act, finding_id, reason, doing="执行暂缓的处置 / carry out what was held")
    if not finding.held:
        raise NotHeldError
    remedies.carry_out(act, finding)
    audit.record(
        act, Event.PROVENANCE_CARRIED_OUT, f"finding:{finding.id}", account_id=finding.account_id, kind=finding.kind,
        action=finding.action, reason=reason.strip(),
    )  # fmt: skip
    act.session.flush()
    return _views(act, [finding])[0]


def _check_may_read(act: Act) -> None:
    offices.check_host_or_holds(act, *FINDINGS, doing="查看来源核查发现 / the findings of the provenance gate")


def _get(act: Act, finding_id: str, *, lock: bool = False) -> FindingRow:
    query = select(FindingRow).where(FindingRow.id == finding_id)
    if 8 <= len(finding_id) < 36:
        query = select(FindingRow).where(FindingRow.id.startswith(finding_id.lower(), autoescape=True)).limit(2)
    found = act.session.scalars(query.with_for_update() if lock else query).all()
    if len(found) != 1:
        raise NotFoundError(kind="发现 (finding)", name=finding_id)
    return found[0]


def _take(act: Act, finding_id: str, reason: str, *, doing: str) -> FindingRow:
    """The open finding, locked, for somebody who may settle it."""
    check_level(act.actor)
    offices.check_holds(act, Office.SECURITY_ADMINISTRATOR, doing=doing)
    if not reason.strip() or len(reason.strip()) > REASON_LENGTH:
        raise RefusedInputError(
            [FieldProblem("reason", f"请填写理由（{REASON_LENGTH}字以内）", f"give a reason of up to {REASON_LENGTH}")]
        )
    finding = _get(act, finding_id, lock=True)
    if act.actor.person_id in _named(act, finding):
        raise OwnFindingError
    if finding.closed_at is not None:
        raise FindingClosedError
    return finding


def _named(act: Act, finding: FindingRow) -> set[str]:
    """The persons whom the finding names: the one it happened to, and the one who did it, if he has an account."""
    named = select(AccountRow.person_id).where(
        (AccountRow.id == finding.account_id) | (AccountRow.keycloak_id == finding.actor_id)
    )
    return set(act.session.scalars(named))


def _explaining(act: Act, finding: FindingRow, number: str) -> RequestRow:
    request = act.session.scalar(select(RequestRow).where(RequestRow.number == number.strip()))
    if request is None:
        raise NotFoundError(kind="申请 (request)", name=number)
    about_another = finding.account_id is not None and not _is_about(act, request, finding.account_id)
    if request.state != "approved" or about_another:
        raise UnrelatedRequestError(number=request.number)
    return request


def _is_about(act: Act, request: RequestRow, account_id: str) -> bool:
    account = act.session.get_one(AccountRow, account_id)
    return request.account_id == account_id or account.user_name in request.form.get("accounts", ())


def _views(act: Act, rows: Sequence[FindingRow]) -> list[FindingView]:
    people = _people(act, rows)
    ids = {row.actor_id for row in rows if row.actor_id}
    known = select(AccountRow.keycloak_id, AccountRow.user_name).where(AccountRow.keycloak_id.in_(ids))
    actors = {str(user_id): name for user_id, name in act.session.execute(known)}
    events = select(IdpEventRow.id, IdpEventRow.ip).where(IdpEventRow.id.in_({row.event_id for row in rows}))
    addresses = {event_id: ip for event_id, ip in act.session.execute(events)}
    states = _step_states(act, rows)
    numbers = _column(act, RequestRow.id, RequestRow.number, {row.request_id for row in rows})
    closers = _column(act, PersonRow.id, PersonRow.name, {row.closed_by for row in rows})
    return [
        FindingView(
            **_words(row),
            **people.get(row.account_id or "", NOBODY),
            id=row.id,
            subject=people[row.account_id]["user_name"] if row.account_id in people else row.user_id or "",
            keycloak_id=row.user_id,
            actor=actors.get(row.actor_id or "", row.facts.get("administrator") or row.actor_id or ""),
            actor_id=row.actor_id,
            actor_realm=row.actor_realm,
            actor_client=row.actor_client,
            by_service_account=row.by_us,
            address=addresses.get(row.event_id) or "",
            facts=row.facts,
            happened_at=row.happened_at,
            seen_at=row.seen_at,
            found_at=row.found_at,
            held=row.held,
            action_state=_action_state(row, states),
            closed_at=row.closed_at,
            closed_by=closers.get(row.closed_by or "", ""),
            reason=row.reason,
            request=numbers.get(row.request_id or "", ""),
        )
        for row in rows
    ]


def _words(row: FindingRow) -> dict[str, Any]:
    entry, action = TABLE[Kind(row.kind)], Action(row.action)
    return {
        "kind": row.kind,
        "name": entry.name,
        "severity": row.severity,
        "severity_name": SEVERITY_NAMES[Severity(row.severity)],
        "action": row.action,
        "action_name": ACTION_NAMES[action],
        "to_do": STOLEN if row.by_us else entry.to_do,
        "who": entry.who,
    }


def _people(act: Act, rows: Sequence[FindingRow]) -> dict[str, dict[str, Any]]:
    wanted = (
        select(AccountRow.id, AccountRow.user_name, PersonRow.name, UnitRow.name)
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .join(UnitRow, UnitRow.id == PersonRow.unit_id)
        .where(AccountRow.id.in_({row.account_id for row in rows}))
    )
    return {
        account_id: {"user_name": user_name, "person": person, "unit": unit}
        for account_id, user_name, person, unit in act.session.execute(wanted)
    }


def _column(act: Act, key: Any, value: Any, ids: set[str | None]) -> dict[str, str]:
    return {k: v for k, v in act.session.execute(select(key, value).where(key.in_(ids - {None})))}


def _step_states(act: Act, rows: Sequence[FindingRow]) -> dict[int, str]:
    ids = {step_id for row in rows for step_id in row.steps}
    return {i: state for i, state in act.session.execute(select(StepRow.id, StepRow.state).where(StepRow.id.in_(ids)))}


def _action_state(row: FindingRow, states: dict[int, str]) -> str:
    if row.held:
        return "held"
    found = {states[step_id] for step_id in row.steps if step_id in states}
    if found & {"dead", "conflict"}:
        return "failed"
    return "" if not found else "done" if found == {"done"} else "waiting"
