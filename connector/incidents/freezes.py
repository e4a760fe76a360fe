"""Freeze orders: previewed, given, confirmed by a second person, undone (GS 12-14). Writes rows; calls nothing outside.

Whoever sees something wrong may shut accounts at once, within his office and up to a number of people; a larger order
and every undoing take two people, who have both seen the same list.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import or_, select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.actor import ActorKind
from connector.auth.levels import check_level
from connector.errors import FieldProblem, ForbiddenError, RefusedInputError
from connector.incidents import carry_out, scopes, store
from connector.incidents.case_tables import CaseRow
from connector.incidents.errors import (
    FreezeNotUndoableError,
    FreezeOfCaseError,
    FreezeOrderClosedError,
    FreezePlanChangedError,
    FreezeSameOfficerError,
    NothingToFreezeError,
)
from connector.incidents.scopes import ANYBODY, Candidate, Scope, ScopeKind, check_may_order
from connector.incidents.tables import FreezeOrderRow
from connector.register.offices import OFFICE_NAMES, check_holds, units_where
from connector.regulations.vocabulary import Office

WAITS = timedelta(hours=1)  # A list that nobody has confirmed by then is old.
ALONE_WITHIN = timedelta(hours=1)  # Small orders in a row count together against what one officer may do alone.
MOST_REASON = 500
OVERSEERS = (*ANYBODY, Office.AUDITOR)


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What an order would do now. `hash` binds it to this list; `alone` is how many may still be frozen alone."""

    scope: Scope
    name: str
    accounts: tuple[Candidate, ...]
    left_out: tuple[Candidate, ...]
    hash: str
    alone: int
    needs_second: bool


def preview(act: Act, scope: Scope, *, alone: int) -> Preview:
    """The accounts that a freeze of this scope takes out of use, and those left out with the reason; stores nothing.

    `alone` is the setting `freeze_alone`. Raises ForbiddenError, NotFoundError.
    """
    check_may_order(act, scope)
    left = max(0, alone - store.size_frozen_alone(act, act.now - ALONE_WITHIN))
    return _preview(act, scope, own_person_id=act.actor.person_id, left=left)


def order_freeze(act: Act, scope: Scope, *, reason: str, plan_hash: str, alone: int) -> FreezeOrderRow:
    """Freezes the accounts of the preview with this hash: at once, or, above the limit, when somebody confirms it.

    The act's urgent steps are tried right after its commit. Raises StepUpNeededError, ForbiddenError,
    RefusedInputError without a reason, NothingToFreezeError, FreezePlanChangedError when the list is another one.
    """
    check_level(act.actor)
    _check_reason(reason)
    check_may_order(act, scope)
    number = store.next_number(act)  # Held to the end: two orders at the same moment count each other's people.
    seen = preview(act, scope, alone=alone)
    if not seen.accounts:
        raise NothingToFreezeError
    if seen.hash != plan_hash:
        raise FreezePlanChangedError(count=len(seen.accounts))
    order = _new_order(act, number, "freeze", reason, seen, alone=alone)
    _record(act, Event.FREEZE_ORDERED, order, alarm=act.actor.kind is ActorKind.HOST)
    if not seen.needs_second:
        carry_out.start(act, order, list(seen.accounts))
        _record(act, Event.FREEZE_STARTED, order)
    return order


def preview_undo(act: Act, number: str) -> Preview:
    """The accounts that this order froze and that are frozen for no other cause since; an undoing takes two people."""
    order = store.get_order(act, number)
    scope = scope_of(order)
    check_may_order(act, scope)
    return _preview_undo(act, order)


def order_undo(act: Act, number: str, *, reason: str, plan_hash: str) -> FreezeOrderRow:
    """Asks for the accounts of an order to be put back as they were; a second person confirms it (GS 13, GS 14).

    Raises StepUpNeededError, ForbiddenError (also for the operator of the machine), RefusedInputError,
    FreezeNotUndoableError, FreezePlanChangedError.
    """
    check_level(act.actor)
    _check_reason(reason)
    frozen = store.get_order(act, number, lock=True)
    check_may_order(act, scope_of(frozen))
    _check_no_open_case(act, frozen)
    _check_person(act)
    seen = _preview_undo(act, frozen)
    if not seen.accounts:
        raise FreezeNotUndoableError(number=frozen.number)
    if seen.hash != plan_hash:
        raise FreezePlanChangedError(count=len(seen.accounts))
    order = _new_order(act, store.next_number(act), "unfreeze", reason, seen, alone=0)
    order.undoes_id = frozen.id
    _record(act, Event.FREEZE_ORDERED, order, undoes=frozen.number)
    return order


def preview_waiting(act: Act, number: str) -> Preview:
    """What a waiting order would do now, as who confirms it is to see it."""
    order = store.get_order(act, number)
    check_may_order(act, scope_of(order))
    return _preview_again(act, order)


def confirm_order(act: Act, number: str, *, plan_hash: str) -> FreezeOrderRow:
    """Starts a waiting order as its second person, who was shown the list with this hash (JC 7).

    Raises StepUpNeededError, ForbiddenError, FreezeSameOfficerError, FreezeOrderClosedError, and
    FreezePlanChangedError when the list is no longer the one that was ordered or shown.
    """
    check_level(act.actor)
    _check_person(act)
    order = store.get_order(act, number, lock=True)
    check_may_order(act, scope_of(order))
    _check_waiting(act, order)
    if act.actor.person_id == order.orderer_id:
        raise FreezeSameOfficerError
    if order.direction == "unfreeze":
        check_holds(act, *ANYBODY, doing="确认解冻 / confirm an unfreezing")
    seen = _preview_again(act, order)
    if not seen.hash == order.plan_hash == plan_hash:
        raise FreezePlanChangedError(count=len(seen.accounts))
    order.confirmed_by, order.confirmer_id, order.expires_at = act.actor.name, act.actor.person_id, None
    carry_out.start(act, order, list(seen.accounts), spared_person_id=act.actor.person_id)
    _record(act, Event.FREEZE_CONFIRMED, order)
    _record(act, Event.FREEZE_STARTED, order)
    return order


def refuse_order(act: Act, number: str, *, reason: str) -> FreezeOrderRow:
    """Closes a waiting order without carrying it out; its giver may take it back so."""
    check_level(act.actor)
    _check_reason(reason)
    _check_person(act)
    order = store.get_order(act, number, lock=True)
    check_may_order(act, scope_of(order))
    _check_waiting(act, order)
    _close(act, order, "refused", reason=reason)
    _record(act, Event.FREEZE_REFUSED, order)
    return order


def expire_orders(act: Act) -> int:
    """Closes orders that nobody confirmed within the hour; returns how many."""
    late = [order for order in store.list_orders(act, states=("waiting",), count=1000) if is_expired(act, order)]
    for order in late:
        locked = store.get_order(act, order.id, lock=True)
        if locked.state == "waiting":
            _close(act, locked, "expired")
            _record(act, Event.FREEZE_EXPIRED, locked, alarm=True)
    return len(late)


def get_order(act: Act, number: str) -> FreezeOrderRow:
    """The order, for those who oversee or might have given it; raises NotFoundError, ForbiddenError."""
    order = store.get_order(act, number)
    if not _oversees(act):
        check_may_order(act, scope_of(order))
    return order


def list_orders(act: Act, *, states: tuple[str, ...] = (), count: int = 100) -> list[FreezeOrderRow]:
    """Orders that the actor may see, the newest first."""
    found = store.list_orders(act, states=states, count=count)
    return found if _oversees(act) else [order for order in found if may_order(act, scope_of(order))]


def may_order(act: Act, scope: Scope) -> bool:
    """Whether the actor's office reaches this scope."""
    try:
        check_may_order(act, scope)
    except ForbiddenError:
        return False
    return True


def scope_of(order: FreezeOrderRow) -> Scope:
    return Scope(ScopeKind(order.scope_kind), order.scope_value)


def is_expired(act: Act, order: FreezeOrderRow) -> bool:
    return order.state == "waiting" and order.expires_at is not None and order.expires_at <= act.now


def _preview(act: Act, scope: Scope, *, own_person_id: str | None, left: int) -> Preview:
    found = scopes.candidates(act, scope, own_person_id=own_person_id)
    plan = tuple(one for one in found if one.left_out is None)
    return Preview(
        scope=scope,
        name=scopes.name_of(act, scope),
        accounts=plan,
        left_out=tuple(one for one in found if one.left_out is not None),
        hash=scopes.plan_hash(f"freeze:{scope.kind.value}:{scope.value}", plan),
        alone=left,
        needs_second=len(plan) > left,
    )


def _preview_undo(act: Act, order: FreezeOrderRow) -> Preview:
    if order.direction != "freeze" or order.started_at is None:
        raise FreezeNotUndoableError(number=order.number)
    plan = tuple(scopes.frozen_by(act, carry_out.cause_of(order)))
    return Preview(
        scope=scope_of(order),
        name=scopes.name_of(act, scope_of(order)),
        accounts=plan,
        left_out=(),
        hash=scopes.plan_hash(f"unfreeze:{order.number}", plan),
        alone=0,
        needs_second=True,
    )


def _preview_again(act: Act, order: FreezeOrderRow) -> Preview:
    """The plan of a waiting order as it is now; its giver stays out of it, as when he gave it."""
    if order.direction == "unfreeze":
        return _preview_undo(act, store.get_order(act, str(order.undoes_id)))
    return _preview(act, scope_of(order), own_person_id=order.orderer_id, left=0)


def _new_order(act: Act, number: str, direction: str, reason: str, seen: Preview, *, alone: int) -> FreezeOrderRow:
    order = FreezeOrderRow(
        number=number,
        direction=direction,
        scope_kind=seen.scope.kind.value,
        scope_value=seen.scope.value,
        reason=reason.strip(),
        plan_hash=seen.hash,
        size=len(seen.accounts),
        alone=alone,
        state="waiting",
        ordered_by=act.actor.name,
        orderer_id=act.actor.person_id,
        ordered_at=act.now,
        expires_at=act.now + WAITS if seen.needs_second else None,
    )
    act.session.add(order)
    act.session.flush()
    return order


def _close(act: Act, order: FreezeOrderRow, state: str, *, reason: str = "") -> None:
    order.state, order.closed_at, order.closed_reason, order.expires_at = state, act.now, reason.strip(), None


def _oversees(act: Act) -> bool:
    return act.actor.kind in (ActorKind.HOST, ActorKind.JOB) or bool(units_where(act, OVERSEERS))


def _check_person(act: Act) -> None:
    """The operator of the machine may raise the alarm, and is nobody's second person: two of him look alike."""
    if act.actor.kind is not ActorKind.PERSON:
        officers = "、".join(f"{OFFICE_NAMES[office].zh} ({OFFICE_NAMES[office].en})" for office in ANYBODY)
        raise ForbiddenError(act="须由登录的人员办理 / needs a person who is signed in", offices=officers)


def _check_waiting(act: Act, order: FreezeOrderRow) -> None:
    if order.state != "waiting" or is_expired(act, order):
        raise FreezeOrderClosedError(number=order.number, state="expired" if is_expired(act, order) else order.state)


def _check_no_open_case(act: Act, order: FreezeOrderRow) -> None:
    """The compromised account and the users it created come back by the case, not by undoing its order (GS 13)."""
    by_scope = CaseRow.number == order.scope_value if order.scope_kind == ScopeKind.INCIDENT else CaseRow.id.is_(None)
    open_one = select(CaseRow.number).where(CaseRow.state == "open", or_(CaseRow.freeze_order_id == order.id, by_scope))
    if (number := act.session.scalar(open_one.limit(1))) is not None:
        raise FreezeOfCaseError(number=order.number, case=number)


def _check_reason(reason: str) -> None:
    if not 0 < len(reason.strip()) <= MOST_REASON:
        zh, en = f"请填写原因（{MOST_REASON}字以内）", f"give a reason of at most {MOST_REASON} characters"
        raise RefusedInputError([FieldProblem("reason", zh, en, "GS 13")], clause="GS 13")


def _record(act: Act, event: Event, order: FreezeOrderRow, *, alarm: bool = False, **data: str) -> None:
    audit.record(
        act, event, f"freeze_order:{order.id}", alarm=alarm, number=order.number, direction=order.direction,
        scope=f"{order.scope_kind}:{order.scope_value}", accounts=order.size, plan=order.plan_hash, **data,
    )  # fmt: skip
