"""Carries an order out: lines by pages, each in one transaction, so that no crowd holds the writer for seconds.

It writes the register and the outbox; what touches Keycloak are the steps of `provisioning`.
"""

from typing import NamedTuple

from connector.auth.act import Act
from connector.incidents import store
from connector.incidents.scopes import FREEZABLE, Candidate
from connector.incidents.tables import FreezeLineRow, FreezeOrderRow
from connector.keys import service as keys
from connector.outbox import service as outbox
from connector.provisioning import service as provisioning
from connector.register import accounts, holds
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountStatus

PAGE = 200  # Lines of one transaction: about half a second of the writer (measured).
FEW = 4  # As many accounts are shut by their own steps within a second; for more, all doors are shut first.
HELD = "held"  # by a case: why a line of an undoing was left out
NEXT_PAGE = "freeze.next_page"
SHUT_DOORS = "keycloak.shut_doors"


class Begun(NamedTuple):
    """How a line was begun: its steps, or why there are none."""

    steps: list[int]
    state: str = "pending"
    because: str = ""


def cause_of(order: FreezeOrderRow) -> str:
    """The cause that stands in the history of every account this order changes."""
    return f"order:{order.number}"


def start(act: Act, order: FreezeOrderRow, plan: list[Candidate], *, spared_person_id: str | None = None) -> None:
    """Writes the lines and begins the first page in the act's own transaction; the rest follows by the outbox.

    The account of `spared_person_id`, the confirmer, is skipped: who gave and who confirmed the order can undo it.
    """
    order.state, order.started_at = "started", act.now
    for one in sorted(plan, key=lambda one: one.account_id):  # One order for all: two orders never lock crosswise.
        spared = one.person_id == spared_person_id and order.size > 1
        act.session.add(
            FreezeLineRow(
                order_id=order.id,
                account_id=one.account_id,
                state="skipped" if spared else "pending",
                skipped_because="own" if spared else "",
                former_status=one.status.value,
                former_cause=one.cause,
                former_until=one.until,
                steps=[],
                proof={},
                ended_at=act.now if spared else None,
            )
        )
    act.session.flush()
    begin_page(act, order)


def begin_page(act: Act, order: FreezeOrderRow) -> int:
    """Begins the next lines, and enqueues the page after them; returns how many were begun."""
    lines = store.take_page(act, order.id, PAGE)
    if order.direction == "freeze" and len(lines) > FEW:
        _shut_doors(act, order, lines)
    for line in lines:
        account = accounts.lock_account(act, line.account_id)
        begun = _freeze(act, order, line, account) if order.direction == "freeze" else _undo(act, order, account)
        line.steps, line.state, line.skipped_because = begun.steps, begun.state, begun.because
        line.begun_at = act.now
        line.ended_at = None if begun.state == "pending" else act.now
    if len(lines) == PAGE:
        key = f"{NEXT_PAGE}:{order.id}:{lines[-1].id}"
        outbox.enqueue(act, NEXT_PAGE, key=key, lane=f"order:{order.id}", payload={"order_id": order.id})
    return len(lines)


def _shut_doors(act: Act, order: FreezeOrderRow, lines: list[FreezeLineRow]) -> None:
    """One step that disables everybody of the page, before each one's sessions are ended one by one."""
    step = outbox.enqueue(
        act,
        SHUT_DOORS,
        key=f"{SHUT_DOORS}:{order.id}:{lines[0].id}",
        lane=f"order:{order.id}",
        payload={"account_ids": [line.account_id for line in lines]},
    )
    act.urgent.append(step.id)


def _freeze(act: Act, order: FreezeOrderRow, line: FreezeLineRow, account: AccountRow) -> Begun:
    status = AccountStatus(account.status)
    if status not in FREEZABLE and not accounts.is_frozen_for_key(act, account):
        return Begun([], "skipped", status.value)
    line.former_status, line.former_until = status.value, account.suspended_until
    line.former_cause = accounts.present_cause(act, account)
    return Begun(provisioning.freeze_account(act, account, cause=cause_of(order), reason=order.number))


def _undo(act: Act, order: FreezeOrderRow, account: AccountRow) -> Begun:
    """Back to what it was before: into use, or into a suspension that has its own end."""
    frozen = act.session.get_one(FreezeOrderRow, order.undoes_id)
    if account.status != AccountStatus.FROZEN or accounts.present_cause(act, account) != cause_of(frozen):
        return Begun([], "skipped", account.status)
    before = store.get_line(act, frozen.id, account.id)
    if before.former_status != AccountStatus.ACTIVE:
        former = AccountStatus(before.former_status)
        accounts.set_status(act, account, former, cause=before.former_cause, until=before.former_until)
        return Begun([], "done", former.value)
    if holds.find_hold(act, account) is not None:
        return Begun([], "skipped", HELD)  # Frozen still for this order, which can be undone again when the case ends.
    if keys.keeps_out(act, account):
        return Begun([], "done", AccountStatus.FROZEN.value)
    provisioning.enable_account(act, account, cause=cause_of(order), request_id=None)
    waiting = outbox.list_steps(act, account_id=account.id, states=("pending",))
    return Begun([step.id for step in waiting if step.kind == "keycloak.enable"][-1:])
