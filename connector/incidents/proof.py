"""What an order has proved of each account: read from its steps and the record, and asked of Keycloak once more."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.errors import ConflictError, Text
from connector.incidents import store
from connector.incidents.carry_out import cause_of
from connector.incidents.tables import FreezeLineRow, FreezeOrderRow
from connector.outbox.tables import StepRow
from connector.ports import IdentityProvider
from connector.signals.service import KIND as SIGNAL

PROOFS = {Event.ACCOUNT_FROZEN.value: "frozen_at", Event.FREEZE_VERIFIED.value: "verified_at"}
AT_ONCE = 5000  # Lines looked at in one transaction of the job.


@dataclass(frozen=True, kw_only=True)
class Looked:
    """A line as its steps have left it. `signals`: how many subsystems' streams took theirs, of how many."""

    state: str
    proof: dict[str, Any]
    signals_taken: int
    signals: int


@dataclass(frozen=True, kw_only=True)
class LiveProof:
    """What Keycloak answers now: a disabled user with no session has no refresh token that works."""

    enabled: bool
    online_sessions: int
    offline_sessions: int

    @property
    def shut(self) -> bool:
        return not (self.enabled or self.online_sessions or self.offline_sessions)


class NotInKeycloakError(ConflictError):
    """Keycloak has no user for this account: there is nothing that could be let in."""

    code = "not-in-keycloak"
    clause = "GS 13, GS 14"
    says = Text("身份服务中没有该账号的用户", "Keycloak has no user for this account")
    remedy = Text("无需核实；开通步骤执行后再核实", "Nothing to prove; ask again once the account is provisioned")


def look(act: Act, order: FreezeOrderRow, lines: Sequence[FreezeLineRow]) -> dict[int, Looked]:
    """The lines as they are now, by id, from three queries; writes nothing."""
    states = _states(act, {step_id for line in lines for step_id in line.steps})
    entries = _entries(act, order)
    signals = _signals(act, order)
    return {
        line.id: Looked(
            state=_state(line, [states.get(step_id, "done") for step_id in line.steps]),
            proof=entries.get(line.account_id) or line.proof,
            signals_taken=signals[line.account_id].count("done"),
            signals=len(signals[line.account_id]),
        )
        for line in lines
    }


def settle_orders(act: Act) -> int:
    """Writes down which lines have ended, with their proof, and closes orders that are done; returns how many closed.

    A line whose step failed stays open, alarmed by the outbox, until a person has had the step done again.
    """
    return sum(_settle(act, order) for order in store.list_orders(act, states=("started",), count=1000))


def prove(idp: IdentityProvider, keycloak_id: str | None) -> LiveProof:
    """Asks Keycloak about one account now, outside any transaction. Raises NotInKeycloakError, UnknownUserError."""
    if not keycloak_id:
        raise NotInKeycloakError
    user, sessions = idp.get_user(keycloak_id), idp.sessions_of(keycloak_id)
    return LiveProof(enabled=user.enabled, online_sessions=sessions.online, offline_sessions=sessions.offline)


def _settle(act: Act, order: FreezeOrderRow) -> bool:
    open_lines = [line for line in store.lines_of(act, order.id) if line.state in ("pending", "failed")][:AT_ONCE]
    looked = look(act, order, open_lines)
    for line in open_lines:
        line.state, line.proof = looked[line.id].state, looked[line.id].proof
        line.ended_at = act.now if line.state == "done" else None
    act.session.flush()
    counts = store.count_lines(act, order.id)
    if counts.get("pending") or counts.get("failed"):
        return False
    order.state, order.closed_at = "done", act.now
    audit.record(
        act, Event.FREEZE_FINISHED, f"freeze_order:{order.id}", number=order.number, direction=order.direction,
        done=counts.get("done", 0), skipped=counts.get("skipped", 0),
    )  # fmt: skip
    return True


def _state(line: FreezeLineRow, steps: Iterable[str]) -> str:
    if line.state in ("done", "skipped") or line.begun_at is None:
        return line.state
    found = set(steps)
    if found & {"dead", "conflict"}:
        return "failed"
    return "done" if found <= {"done"} else "pending"


def _states(act: Act, step_ids: set[int]) -> dict[int, str]:
    if not step_ids:
        return {}
    between = StepRow.id.between(min(step_ids), max(step_ids))  # A list of thousands of ids is no query.
    found = act.session.execute(select(StepRow.id, StepRow.state).where(between))
    return {step_id: state for step_id, state in found if step_id in step_ids}


def _entries(act: Act, order: FreezeOrderRow) -> dict[str, dict[str, Any]]:
    """By account: when it was shut and when that was verified, and the sessions counted the last time."""
    proofs: dict[str, dict[str, Any]] = {}
    if order.direction != "freeze":
        return proofs
    statement = (
        select(AuditEntryRow.account_id, AuditEntryRow.event, AuditEntryRow.at, AuditEntryRow.data)
        .where(AuditEntryRow.event.in_(PROOFS), AuditEntryRow.at >= (order.started_at or order.ordered_at))
        .order_by(AuditEntryRow.id)
    )
    for account_id, event, at, data in act.session.execute(statement):
        if data.get("cause") == cause_of(order):
            proof = proofs.setdefault(str(account_id), {"disabled": True})
            proof |= {**data.get("proof", {}), PROOFS[event]: at.isoformat()}
    return proofs


def _signals(act: Act, order: FreezeOrderRow) -> dict[str, list[str]]:
    """By account: the states of the signals that were enqueued with its line."""
    statement = (
        select(StepRow.account_id, StepRow.state)
        .join(FreezeLineRow, FreezeLineRow.account_id == StepRow.account_id)
        .where(
            FreezeLineRow.order_id == order.id,
            StepRow.enqueued_at == FreezeLineRow.begun_at,
            StepRow.kind == SIGNAL,
        )
    )
    states: dict[str, list[str]] = defaultdict(list)
    for account_id, state in act.session.execute(statement):
        states[str(account_id)].append(state)
    return states
