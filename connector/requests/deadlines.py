"""Working-day clocks of open stages: reminders before the limit, overdue marks after it, the overdue list (B6)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.audit.events import Event
from connector.auth.act import Act
from connector.outbox import service as outbox
from connector.register import offices
from connector.register.tables import UnitRow
from connector.regulations.rulebook import WorkingCalendar
from connector.regulations.vocabulary import Office
from connector.requests import store
from connector.requests.submit import record_request
from connector.requests.tables import RequestRow, StageRow

REMIND_BEFORE = timedelta(days=30)  # Far enough to hold one working day across the longest holiday.


@dataclass(frozen=True)
class Overdue:
    """One stage past its limit: `late` in working days (0 = today)."""

    stage_id: str
    number: str
    kind: str
    office: str
    unit: str
    due_at: datetime
    late: int


def is_reminder_due(calendar: WorkingCalendar, now: datetime, opened_at: datetime, due_at: datetime) -> bool:
    """Pure: one working day or less is left, and the stage has been open since before today's reminder run."""
    return now < due_at and calendar.working_days_between(now, due_at) <= 1 and now - opened_at >= timedelta(hours=1)


def remind_due_stages(act: Act) -> dict[str, int]:
    """Reminds each open stage once when it is nearly due, and marks and alarms it once when it is overdue."""
    counted = {"reminded": 0, "overdue": 0}
    for stage, request in store.list_due_stages(act, act.now + REMIND_BEFORE):
        if stage.due_at is None or stage.opened_at is None:
            continue
        if stage.due_at <= act.now and stage.overdue_at is None:
            stage.overdue_at = act.now
            _tell(act, stage, request, Event.REQUEST_OVERDUE)
            counted["overdue"] += 1
        elif stage.reminded_at is None and is_reminder_due(
            act.rulebook.calendar, act.now, stage.opened_at, stage.due_at
        ):
            stage.reminded_at = act.now
            _tell(act, stage, request, Event.REQUEST_REMINDED)
            counted["reminded"] += 1
    return counted


def list_overdue(act: Act) -> list[Overdue]:
    """Every open stage past its limit, the longest overdue first."""
    return [
        Overdue(
            stage_id=stage.id,
            number=request.number,
            kind=request.kind,
            office=stage.office,
            unit=act.session.get_one(UnitRow, stage.unit_id).name,
            due_at=stage.due_at,
            late=act.rulebook.calendar.working_days_between(stage.due_at, act.now),
        )
        for stage, request in store.list_due_stages(act, act.now)
        if stage.due_at
    ]


def _tell(act: Act, stage: StageRow, request: RequestRow, event: Event) -> None:
    overdue = event is Event.REQUEST_OVERDUE
    record_request(act, event, request, stage=stage.id, office=stage.office, alarm=overdue)
    subject = f"{'审批已超期' if overdue else '审批即将到期'} {request.number}"
    for person in offices.holders(act, Office(stage.office), stage.unit_id):
        if person.mail:
            outbox.enqueue(
                act,
                "mail",
                key=f"{event}:{stage.id}:{person.id}",
                lane="mail",
                payload={
                    "to": person.mail,
                    "subject": subject,
                    "text": f"申请 {request.number} 的审批时限为 {stage.due_at:%Y-%m-%d %H:%M} UTC，请及时办理。\n"
                    f"Request {request.number} is due; please decide.",
                },
                request_id=request.id,
            )
