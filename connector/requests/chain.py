"""The chain of stages of one request: computed from the rule packs, resolved to the people who may decide (B2)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.auth.act import Act
from connector.register import appointments, units
from connector.register.offices import OFFICE_NAMES
from connector.register.tables import PersonRow, UnitRow
from connector.regulations.rulebook import StageRule, WorkingCalendar
from connector.regulations.vocabulary import Office, RequestKind
from connector.requests.errors import NoApproverError
from connector.requests.rules import can_be_decided_by_different_people
from connector.requests.tables import StageRow
from connector.storage.tables import new_id


@dataclass(frozen=True, kw_only=True)
class PlannedStage:
    """One stage as it is shown before submission: who may decide it, by which clause, in how many working days."""

    office: Office
    unit: UnitRow
    deciders: tuple[PersonRow, ...]
    working_days: int
    clause: str
    level: str
    urgent_level: str


def plan_chain(
    act: Act, kind: RequestKind, unit: UnitRow, *, sensitive: bool, cause: str, parties: Collection[str]
) -> tuple[PlannedStage, ...]:
    """The stages with everybody who may decide each. `parties` (applicant, beneficiary) may decide none (JC 7).

    NoApproverError names every stage that has nobody, and is raised too when one person would be needed twice.
    """
    centre = units.centre(act)
    planned = tuple(
        _plan_stage(act, rule, centre if rule.of == "centre" else unit, parties)
        for rule in act.rulebook.stages(kind, sensitive=sensitive, cause=cause)
    )
    vacant = [OFFICE_NAMES[stage.office].zh for stage in planned if not stage.deciders]
    if vacant:
        raise NoApproverError(offices="、".join(vacant))
    if not can_be_decided_by_different_people([[p.id for p in stage.deciders] for stage in planned]):
        raise NoApproverError(offices="、".join(dict.fromkeys(OFFICE_NAMES[stage.office].zh for stage in planned)))
    return planned


def _plan_stage(act: Act, rule: StageRule, unit: UnitRow, parties: Collection[str]) -> PlannedStage:
    level = act.rulebook.service_level(rule.level)
    deciders = tuple(p for p in appointments.holders(act, rule.office, unit.id) if p.id not in parties)
    return PlannedStage(
        office=rule.office,
        unit=unit,
        deciders=deciders,
        working_days=level.working_days,
        clause=rule.clause,
        level=rule.level,
        urgent_level=rule.urgent_level,
    )


def make_stages(request_id: str, version: int, planned: Collection[PlannedStage], *, urgent: bool) -> list[StageRow]:
    """The rows of a chain, all waiting."""
    return [
        StageRow(
            id=new_id(),
            request_id=request_id,
            version=version,
            position=position,
            office=stage.office.value,
            unit_id=stage.unit.id,
            clause=stage.clause,
            level=(urgent and stage.urgent_level) or stage.level,
            state="waiting",
        )
        for position, stage in enumerate(planned)
    ]


def is_missed(due_at: datetime | None, moment: datetime) -> bool:
    """Pure: whether the limit has passed; what is decided in its last second is in time (LC 7, GX 8)."""
    return due_at is not None and due_at < moment


def used_days(calendar: WorkingCalendar, level: str, stages: Iterable[StageRow]) -> int:
    """Working days of a service level that a request has used up, over all its versions.

    A level's clock runs only while a stage of that level is open. So stages of one level share one limit (LC 7(1)
    gives the department one day, not each of its people), and it stands still while the applicant has the request.
    """
    return sum(
        calendar.working_days_between(stage.opened_at, stage.closed_at)
        for stage in stages
        if stage.level == level and stage.opened_at and stage.closed_at
    )


def stage_due(act: Act, level: str, used: int) -> datetime:
    """Last moment of a stage opened now: what is left of its service level, at least today.

    Where the last day of the level is today, the stage has until the end of its office hours and not until this moment.
    A level of no days is at once: so many minutes as the packs allow for reading and deciding (LC 7(1)).
    """
    days, calendar = act.rulebook.service_level(level).working_days, act.rulebook.calendar
    if days == 0:
        return act.now + timedelta(minutes=act.rulebook.number("at_once_minutes"))
    if used == days > 0:
        return max(act.now, calendar.due(act.now - timedelta(days=1), 1))
    return calendar.due(act.now, max(0, days - used))
