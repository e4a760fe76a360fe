"""Working-day clocks of open stages: reminders, overdue marks, alternates added after the limit, the overdue list (B6).

A clock stands still while the request is with the applicant: no stage is open then. Sends nothing but by the outbox.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.actor import ActorKind
from connector.outbox import service as outbox
from connector.register import offices, units
from connector.register.offices import OFFICE_NAMES
from connector.register.reach import Units, units_in_reach
from connector.register.readers import REQUESTS
from connector.register.tables import PersonRow, UnitRow
from connector.regulations.rulebook import WorkingCalendar
from connector.regulations.vocabulary import Office
from connector.requests import in_place, store
from connector.requests.chain import is_missed
from connector.requests.escalation import add_alternates
from connector.requests.submit import record_request
from connector.requests.tables import RequestRow, StageRow

REMIND_BEFORE = timedelta(days=30)  # Far enough to hold one working day across the longest holiday.


@dataclass(frozen=True)
class Overdue:
    """One stage past its limit: `late` in working days (0 = today), who must decide, whom it was opened to as well."""

    stage_id: str
    number: str
    kind: str
    office: str
    unit: str
    due_at: datetime
    late: int
    unit_code: str = ""
    level: str = ""
    clause: str = ""
    deciders: list[str] = field(default_factory=list)
    alternates: list[str] = field(default_factory=list)


def is_reminder_due(calendar: WorkingCalendar, now: datetime, opened_at: datetime, due_at: datetime) -> bool:
    """Pure: one working day or less is left, and the stage has been open since before today's reminder run."""
    return now < due_at and calendar.working_days_between(now, due_at) <= 1 and now - opened_at >= timedelta(hours=1)


def remind_due_stages(act: Act) -> dict[str, int]:
    """Reminds each open stage once when it is nearly due, marks and alarms it once when it is overdue (LC 7).

    An overdue stage is opened to alternates, step by step as the packs say; its office keeps the right to decide.
    """
    counted = {"reminded": 0, "overdue": 0, "alternates": 0}
    for stage, request in store.list_due_stages(act, act.now + REMIND_BEFORE):
        if stage.due_at is None or stage.opened_at is None:
            continue
        if is_missed(stage.due_at, act.now):
            if mark_missed(act, request, stage):
                _mail(act, stage, request, _deciders(act, request, stage), str(Event.REQUEST_OVERDUE), "审批已超期")
                counted["overdue"] += 1
            added = add_alternates(act, request, stage, stage.due_at)
            _mail(act, stage, request, added, "alternate", "审批已超期，请代为审批")
            counted["alternates"] += len(added)
        elif stage.reminded_at is None and is_reminder_due(
            act.rulebook.calendar, act.now, stage.opened_at, stage.due_at
        ):
            stage.reminded_at = act.now
            record_request(act, Event.REQUEST_REMINDED, request, stage=stage.id, office=stage.office, level=stage.level)
            _mail(act, stage, request, _deciders(act, request, stage), str(Event.REQUEST_REMINDED), "审批即将到期")
            counted["reminded"] += 1
    return counted


def mark_missed(act: Act, request: RequestRow, stage: StageRow) -> bool:
    """Marks an open stage as overdue, and alarms it, once its limit has passed; whether it did so now (LC 7, GX 8).

    The clock does it, and whoever ends the stage before the clock came round: no limit is missed in silence.
    """
    if stage.state != "open" or stage.overdue_at is not None or not is_missed(stage.due_at, act.now):
        return False
    stage.overdue_at = act.now
    record_request(
        act, Event.REQUEST_OVERDUE, request, stage=stage.id, office=stage.office, level=stage.level, alarm=True
    )
    return True


def list_overdue(act: Act, *, unit_code: str | None = None, office: Office | None = None) -> list[Overdue]:
    """Every open stage past its limit that the actor may see, the longest overdue first (B6).

    `unit_code` takes the units below it too. Those who oversee requests see all, a unit head his own units, the
    machine's operator and the jobs everything; ForbiddenError for anybody else (LC 7(1), GS 16).
    """
    scope = unit_paths(act, unit_code)
    found = []
    for stage, request in store.list_due_stages(act, act.now):
        if not is_missed(stage.due_at, act.now):
            continue
        unit = act.session.get_one(UnitRow, stage.unit_id)
        if not is_in(scope, unit) or (office is not None and stage.office != office.value):
            continue
        found.append(_overdue(act, stage, request, unit))
    return found


def unit_paths(act: Act, unit_code: str | None) -> tuple[list[str], ...]:
    """The lists of paths under one of which a unit must lie, each: the actor's reach, and the unit asked for."""
    reach: Units = None
    if act.actor.kind not in (ActorKind.HOST, ActorKind.JOB):
        reach = units_in_reach(act, REQUESTS, doing="查看超期清单和时限统计 / the overdue list and its statistics")
    asked = [[units.get_unit(act, unit_code).path]] if unit_code else []
    return (*([] if reach is None else [[unit.path for unit in reach]]), *asked)


def is_in(scope: tuple[list[str], ...], unit: UnitRow) -> bool:
    """Whether the unit lies under one path of each list."""
    return all(any(unit.path.startswith(path) for path in paths) for paths in scope)


def _overdue(act: Act, stage: StageRow, request: RequestRow, unit: UnitRow) -> Overdue:
    due_at = stage.due_at or act.now
    return Overdue(
        stage_id=stage.id,
        number=request.number,
        kind=request.kind,
        office=stage.office,
        unit=unit.name,
        due_at=due_at,
        late=act.rulebook.calendar.working_days_between(due_at, act.now),
        unit_code=unit.code,
        level=stage.level,
        clause=stage.clause,
        deciders=[person.name for person in offices.holders(act, Office(stage.office), stage.unit_id)],
        alternates=[person.name for person, _ in in_place.alternates_of(act, stage)],
    )


def _deciders(act: Act, request: RequestRow, stage: StageRow) -> list[PersonRow]:
    """Those who may decide: the holders, and the deputies who stand for them today."""
    people = offices.holders(act, Office(stage.office), stage.unit_id)
    return [*people, *(one.deputy for one in in_place.deputies_for(act, request, stage))]


def _mail(act: Act, stage: StageRow, request: RequestRow, people: list[PersonRow], occasion: str, subject: str) -> None:
    office = OFFICE_NAMES[Office(stage.office)]
    for person in people:
        if not person.mail:
            continue
        outbox.enqueue(
            act,
            "mail",
            key=f"{occasion}:{stage.id}:{person.id}",
            lane="mail",
            payload={
                "to": person.mail,
                "subject": f"{subject} {request.number}",
                "text": f"申请 {request.number} 的“{office.zh}”环节时限为 {stage.due_at:%Y-%m-%d %H:%M} UTC，"
                f"请及时办理。\nRequest {request.number} is due at the stage of the {office.en}; please decide.",
            },
            request_id=request.id,
        )
