"""How a box ends: over, given back, frozen, forbidden, never begun. Writes the register; Keycloak follows by step."""

from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.actor import ActorKind
from connector.outbox import lanes
from connector.outbox import service as outbox
from connector.privileged import store
from connector.privileged.approve import END_STEP, order_step, record_box
from connector.privileged.errors import BoxStateError
from connector.privileged.rules import is_late
from connector.privileged.tables import BoxRow
from connector.provisioning import service as provisioning
from connector.register import accounts, offices, people
from connector.regulations.vocabulary import Office
from connector.signals import service as signals

ENDERS = (Office.UNIT_HEAD, Office.SECURITY_ADMINISTRATOR, Office.PRINCIPAL)


def end_box(act: Act, box_id: str, cause: str) -> BoxRow | None:
    """Ends one open box under the locks of its account and its own; None when somebody else was first.

    `cause`: over, given_back, withdrawn, frozen, forbidden, lapsed. What was given is withdrawn in the register now; in
    Keycloak permissions, sessions and offline sessions end by a step tried at once after the commit, until proved.
    """
    accounts.lock_account(act, store.get_box(act, box_id).account_id)
    box = store.get_box(act, box_id, lock=True)
    if box.state not in store.OPEN:
        return None
    close_box(act, box, cause)
    if box.opened_at is not None:
        act.urgent.append(order_step(act, box, END_STEP).id)
    return box


def close_box(act: Act, box: BoxRow, cause: str) -> None:
    """Writes the end of a locked box into the register; Keycloak is the caller's to see to."""
    box.state, box.ended_at, box.end_cause = "ended", act.now, cause
    act.session.flush()
    if box.opened_at is None:
        record_box(act, Event.PRIVILEGE_LAPSED, box, cause=cause, alarm=cause == "lapsed")
        return
    account = store.account_of(act, box)
    taken = accounts.withdraw_grants(act, account, store.granted_by_box(act, box), withdrawn_by=box.request_id)
    # An enabling ordered before may still wait to give back what was held then: this is done behind it.
    if outbox.list_pending(act, [f"{lanes.ACCOUNT}{account.id}"]):
        provisioning.withdraw_in_keycloak(act, account, taken, request_id=box.request_id)
    box.review_due_at = act.rulebook.calendar.due(act.now, act.rulebook.service_level("privileged_review").working_days)
    record_box(act, Event.PRIVILEGE_ENDED, box, cause=cause, planned_end=box.ends_at.isoformat())
    signals.announce(act, account, "sessions-revoked", cause="privilege_ended", request_id=box.request_id)
    tell(
        act, box, box.reviewer_id, "review",
        f"请复核系统账号权限使用记录 / Record to review: {box.number}",
        f"{box.number} 的使用已结束，请在 {box.review_due_at.astimezone(offices.OFFICE_ZONE):%Y-%m-%d %H:%M} 前复核"
        f"使用记录并签字（依据 JC 18）。\nThe use {box.number} has ended. Review and sign its record (JC 18).\n",
    )  # fmt: skip


def give_back(act: Act, number: str) -> BoxRow:
    """The user gives the permissions back before the end, or those answerable take them (JC 18).

    ForbiddenError for everybody else; BoxStateError when it has ended.
    """
    box = store.get_box(act, number)
    own = act.actor.kind is ActorKind.PERSON and act.actor.person_id == box.person_id
    if not own:
        offices.check_holds(act, *ENDERS, unit_id=box.unit_id, doing="收回临时权限 / end a privileged use")
    ended = end_box(act, box.id, "given_back" if own else "withdrawn")
    if ended is None:
        raise BoxStateError(number=box.number, state="ended")
    return ended


def settle_end(act: Act, box_id: str, proof: dict[str, int]) -> None:
    """Writes down, with the step's outcome, that Keycloak shows neither permission nor session of the box.

    Where the step at the end was faster than the clock's job, the register's end is written here too.
    """
    accounts.lock_account(act, store.get_box(act, box_id).account_id)
    box = store.get_box(act, box_id, lock=True)
    if box.proved_at is not None:
        return
    if box.state == "running":
        close_box(act, box, "over")
    box.proved_at, box.proof = act.now, dict(proof)
    due = min(box.ends_at, box.ended_at or box.ends_at)
    late = is_late(due, act.now)
    record_box(act, Event.PRIVILEGE_END_PROVED, box, proof=proof, late=late)
    if late and box.late_alarmed_at is None:
        raise_late(act, box)


def raise_late(act: Act, box: BoxRow) -> None:
    """The alarm that access lived on after its end, once for each box (GX 11)."""
    box.late_alarmed_at = act.now
    act.session.flush()
    due = min(box.ends_at, box.ended_at or box.ends_at)
    record_box(
        act, Event.PRIVILEGE_ENDED_LATE, box, alarm=True, due=due.isoformat(), minutes=(act.now - due).seconds // 60,
        proved=box.proved_at is not None,
    )  # fmt: skip


def tell(act: Act, box: BoxRow, person_id: str, what: str, subject: str, text: str) -> None:
    """Mails one person about the box, once for each occasion `what`; whoever has no mail reads the page."""
    mail = people.get_person(act, person_id).mail
    if not mail:
        return
    outbox.enqueue(
        act,
        "mail",
        key=f"privileged:{what}:{box.id}:{person_id}",
        lane="mail",
        payload={"to": mail, "subject": subject, "text": text},
        account_id=box.account_id,
        request_id=box.request_id,
    )
