"""What the clock does with boxes: start, end, notices, and the watch over ends that are not proved. One act each.

The clock takes access away, and gives only what people approved for this very time.
"""

from collections.abc import Callable
from datetime import timedelta

from connector.audit.events import Event
from connector.auth.act import Act
from connector.outbox import service as outbox
from connector.privileged import store
from connector.privileged.approve import END_STEP, open_box, order_step, record_box
from connector.privileged.ending import end_box, raise_late, tell
from connector.privileged.rules import LATE
from connector.privileged.tables import BoxRow, NoticeRow
from connector.register import accounts
from connector.register.offices import OFFICE_ZONE
from connector.regulations.vocabulary import AccountStatus

Blocked = Callable[[Act, BoxRow], bool]  # Whether a blackout or a conflict of duty forbids the use at this moment.


def end_due(act: Act, blocked: Blocked) -> int:
    """Ends what is over, what belongs to an account that was taken out of use, and what a blackout forbids now."""
    due = store.list_due_ends(act)
    ended = sum(end_box(act, box.id, "over" if box.ends_at <= act.now else "frozen") is not None for box in due)
    running = [box for box in store.list_open(act) if box.state == "running" and blocked(act, box)]
    return ended + sum(end_box(act, box.id, "forbidden") is not None for box in running)


def start_due(act: Act, blocked: Blocked) -> int:
    """Opens the boxes whose time has come. One whose whole time has passed is never opened (JC 18)."""
    return sum(start_box(act, box.id, blocked) for box in store.list_due_starts(act))


def start_box(act: Act, box_id: str, blocked: Blocked) -> bool:
    """Opens one planned box under its locks, if its time has come; returns whether it did."""
    account = accounts.lock_account(act, store.get_box(act, box_id).account_id)
    box = store.get_box(act, box_id, lock=True)
    if box.state != "planned" or box.starts_at > act.now:
        return False
    if box.ends_at <= act.now:
        end_box(act, box.id, "lapsed")
        return False
    if account.status != AccountStatus.ACTIVE:
        end_box(act, box.id, "frozen")
        return False
    if blocked(act, box):  # It is tried again each minute, and lapses at its end.
        return False
    open_box(act, box, account)
    return True


def send_notices(act: Act) -> int:
    """Tells the users of ends that come near, each end once; returns how many."""
    ahead = timedelta(minutes=act.rulebook.number("box_notice_minutes"))
    ending = store.list_ending(act, act.now + ahead)
    for box in ending:
        act.session.add(NoticeRow(box_id=box.id, ends_at=box.ends_at, sent_at=act.now))
        act.session.flush()
        moment = f"{box.ends_at.astimezone(OFFICE_ZONE):%Y-%m-%d %H:%M}"
        tell(
            act, box, box.person_id, f"ends:{box.ends_at:%Y%m%dT%H%M%S}",
            f"临时权限即将收回 / Privileged use about to end: {box.number}",
            f"{box.number} 的临时权限将于 {moment} 自动收回，届时全部会话退出（依据 JC 18）。"
            "如需延长，须在此前申请并获批准。\n"
            f"The permissions of {box.number} end at {moment}, with every session (JC 18). "
            "An extension must be applied for and approved before.\n",
        )  # fmt: skip
        record_box(act, Event.PRIVILEGE_NOTICE_SENT, box, ends_at=box.ends_at.isoformat())
    return len(ending)


def watch_ends(act: Act) -> int:
    """Alarms of ends that Keycloak has not confirmed in time, and orders again what nobody is trying any more.

    Returns how many were alarmed now.
    """
    unproved = [box for box in store.list_unproved(act, act.now - LATE) if box.state == "ended"]
    for box in unproved:
        steps = outbox.list_steps(act, states=("pending", "leased"), account_id=box.account_id)
        if not any(step.kind == END_STEP and step.payload["box"] == box.id for step in steps):
            order_step(act, box, END_STEP)
    new = [box for box in unproved if box.late_alarmed_at is None]
    for box in new:
        raise_late(act, box)
    return len(new)


def tell_missing_reviews(act: Act) -> int:
    """Tells reviewer and record of reviews past their limit, each once; returns how many."""
    missing = store.list_missing_reviews(act)
    for box in missing:
        box.overdue_at = act.now
        tell(
            act, box, box.reviewer_id, "overdue",
            f"使用记录复核已超期 / Review overdue: {box.number}",
            f"{box.number} 的使用记录尚未复核签字，已超过时限（依据 JC 18）。\n"
            f"The record of {box.number} is not signed and past its limit (JC 18).\n",
        )  # fmt: skip
        record_box(act, Event.PRIVILEGE_REVIEW_OVERDUE, box, alarm=True)
    return len(missing)
