"""Opens an overdue stage to alternates, step by step as the rule packs say; the first keeps the right (B6)."""

from datetime import datetime

from connector.audit.events import Event
from connector.auth.act import Act
from connector.register import offices, units
from connector.register.tables import PersonRow, UnitRow
from connector.regulations.rulebook import EscalationStep
from connector.regulations.vocabulary import Office
from connector.requests import in_place, store
from connector.requests.deadline_tables import StageAlternateRow
from connector.requests.submit import record_request
from connector.requests.tables import RequestRow, StageRow

DEPUTY = "deputy"  # Whoever stands for the holder has the right already; he is told with the others.


def add_alternates(act: Act, request: RequestRow, stage: StageRow, due_at: datetime) -> list[PersonRow]:
    """Adds whom the steps that have come name, each once, and returns those who are new.

    Nobody is added who has a part in the request, whom a later stage cannot do without, or where the decision is made
    in person (HH 3); such a stage stays overdue and alarmed.
    """
    office = Office(stage.office)
    if in_place.in_person(act, request, office):
        return []
    late = act.rulebook.calendar.working_days_between(due_at, act.now)
    added = []
    for step in act.rulebook.escalation(office):
        if step.alternate == DEPUTY or step.after_working_days > late:
            continue
        unit = _unit_of(act, step, stage)
        if unit is not None:
            added += _add(act, request, stage, step, unit)
    return added


def _unit_of(act: Act, step: EscalationStep, stage: StageRow) -> UnitRow | None:
    own = act.session.get_one(UnitRow, stage.unit_id)
    if step.of == "unit":
        return own
    if step.of == "above":
        return act.session.get(UnitRow, own.parent_id) if own.parent_id else None
    return units.centre(act)


def _add(act: Act, request: RequestRow, stage: StageRow, step: EscalationStep, unit: UnitRow) -> list[PersonRow]:
    office = Office(step.alternate)
    taken = store.parts_of(act, request).keys()
    may_already = {p.id for p in offices.holders(act, Office(stage.office), stage.unit_id)}
    may_already |= {person.id for person, _ in in_place.alternates_of(act, stage)}
    added = []
    for person in offices.holders(act, office, unit.id):
        known = act.session.get(StageAlternateRow, (stage.id, person.id)) is not None
        if (
            known
            or person.id in may_already
            or person.id in taken
            or in_place.is_needed_later(act, request, stage, {*taken, person.id})
        ):
            continue
        act.session.add(
            StageAlternateRow(
                stage_id=stage.id, person_id=person.id, office=office.value, unit_id=unit.id, clause=step.clause,
                added_at=act.now,
            )
        )  # fmt: skip
        record_request(
            act, Event.ALTERNATE_ADDED, request,
            stage=stage.id, office=stage.office, alternate_id=person.id, via_office=office.value, unit=unit.code,
            clause=step.clause,
        )  # fmt: skip
        added.append(person)
    act.session.flush()
    return added
