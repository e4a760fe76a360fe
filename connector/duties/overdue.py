"""Tells, once, of each duty that comes round and is late: an alarm, and a letter to whoever holds its office (GX 11).

A filing and a correction that is not done alarm in their own room, and a review is raised there.
"""

from collections.abc import Iterator

from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.duties.duty import Duty, DutyState
from connector.duties.periodic import TOLD_HERE, list_periodic
from connector.outbox import service as outbox
from connector.register import offices
from connector.regulations.calendar import local_day

SUBJECT = "duty:"


def tell_overdue(act: Act) -> int:
    """Alarms each late duty that nobody was told of, and mails the holders of its office; returns how many."""
    told = select(AuditEntryRow.subject).where(AuditEntryRow.event == Event.DUTY_OVERDUE.value)
    known = set(act.session.scalars(told))
    late = [duty for duty in _late(act) if f"{SUBJECT}{duty.key}" not in known]
    for duty in late:
        audit.record(
            act, Event.DUTY_OVERDUE, f"{SUBJECT}{duty.key}", alarm=True, clause=duty.clause,
            unit=duty.unit.code if duty.unit else "", office=duty.office.value if duty.office else "",
            due_at=duty.due_at.isoformat() if duty.due_at else "",
        )  # fmt: skip
        _mail(act, duty)
    return len(late)


def _late(act: Act) -> Iterator[Duty]:
    for duty in list_periodic(act):
        if duty.state(act.now) is DutyState.OVERDUE and duty.office is not None and duty.key.startswith(TOLD_HERE):
            yield duty


def _mail(act: Act, duty: Duty) -> None:
    """To each holder who has an address; it names the duty and the unit, never people."""
    if duty.office is None or duty.unit is None or duty.due_at is None:
        return
    due = f"{local_day(duty.due_at):%Y-%m-%d}"
    for person in offices.holders(act, duty.office, duty.unit.id):
        if person.mail:
            outbox.enqueue(
                act,
                "mail",
                key=f"duty.overdue:{duty.key}:{person.id}",
                lane="mail",
                payload={
                    "to": person.mail,
                    "subject": f"逾期未办 / Overdue: {duty.what.zh}",
                    "text": f"{duty.unit.name}：{duty.what.zh}，期限 {due}（{duty.clause}），尚未办理。\n"
                    f"{duty.what.en}: due {due} ({duty.clause}), not done.",
                },
            )
