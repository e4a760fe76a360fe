"""Who may decide a stage in another's place today: deputies (HH 3) and alternates of an overdue stage (B6).

Reads; what it finds is judged by the pure rules alone.
"""

from collections.abc import Collection, Iterable
from datetime import timedelta

from sqlalchemy import Exists, exists, select

from connector.auth.act import Act
from connector.register import catalogue, offices, standing
from connector.register.offices import in_office
from connector.register.standing import StandsIn
from connector.register.tables import AppointmentRow, PersonRow
from connector.regulations.vocabulary import Office, RequestKind, Verdict
from connector.requests import store
from connector.requests.deadline_tables import StageAlternateRow
from connector.requests.errors import NeededLaterError
from connector.requests.rules import Capacity, InPlace, Shown, can_be_decided_by_different_people, check_may_decide
from connector.requests.tables import RequestRow, StageRow

FAR = timedelta(days=36500)  # Stages without a limit come last.


def check_capacity(
    act: Act, request: RequestRow, stage: StageRow, person_id: str, digest: str, verdict: Verdict | None = None
) -> Capacity:
    """In which capacity this person may decide the stage, by every rule of separation, for both people (JC 7, HH 3).

    Raises what `rules.check_may_decide` raises, and NeededLaterError.
    """
    office = Office(stage.office)
    parts = store.parts_of(act, request)
    capacity = check_may_decide(
        Shown(
            request_state=request.state,
            stage_state=stage.state if stage.version == request.version else "dropped",
            digest=request.digest,
            office=office,
        ),
        digest=digest,
        person_id=person_id,
        parts=parts,
        office_holders=[p.id for p in offices.holders(act, office, stage.unit_id)],
        in_place=find_in_place(act, request, stage, person_id),
    )
    if capacity.name != "holder" and verdict in (None, Verdict.APPROVE):
        taken = {*parts, person_id, *([capacity.stands_for_id] if capacity.stands_for_id else [])}
        if is_needed_later(act, request, stage, taken):
            raise NeededLaterError
    return capacity


def find_in_place(act: Act, request: RequestRow, stage: StageRow, person_id: str) -> InPlace:
    """What lets the person decide this stage in another's place."""
    stood_for = [one for one in standing.stood_for_by(act, person_id) if _is_of(stage, one)]
    return InPlace(
        stands_for=[(one.holder.id, one.row_id) for one in stood_for],
        via_office=_alternate_office(act, stage, person_id),
        in_person=in_person(act, request, Office(stage.office)) or "",
    )


def in_person(act: Act, request: RequestRow, office: Office) -> str | None:
    """The clause by which the holder decides this request himself; None where somebody may stand for him."""
    return act.rulebook.in_person(
        office, RequestKind(request.kind), sensitive=_is_sensitive(act, request), cause=request.cause
    )


def deputies_for(act: Act, request: RequestRow, stage: StageRow, parts: Collection[str] = ()) -> list[StandsIn]:
    """The deputies who may decide the stage: neither they nor those they stand for have a part in it."""
    office = Office(stage.office)
    if in_person(act, request, office):
        return []
    found = standing.deputies_of(act, office, stage.unit_id)
    return [one for one in found if not {one.deputy.id, one.holder.id} & set(parts)]


def alternates_of(act: Act, stage: StageRow) -> list[tuple[PersonRow, StageAlternateRow]]:
    """Whom the stage was opened to when it was overdue, as far as they still hold the office they were added by."""
    statement = (
        select(PersonRow, StageAlternateRow)
        .join(StageAlternateRow, StageAlternateRow.person_id == PersonRow.id)
        .where(StageAlternateRow.stage_id == stage.id, _still_held(act))
        .order_by(StageAlternateRow.added_at, PersonRow.id)
    )
    return [(person, row) for person, row in act.session.execute(statement)]


def may_see(act: Act, stages: Iterable[StageRow], person_id: str) -> bool:
    """Whether the person may read the request of these stages because he may decide one in another's place."""
    stood_for = {(one.office.value, one.unit_id) for one in standing.stood_for_by(act, person_id)}
    return any(
        (stage.office, stage.unit_id) in stood_for or _alternate_office(act, stage, person_id) for stage in stages
    )


def list_tasks_in_place(act: Act, person_id: str) -> list[tuple[StageRow, RequestRow, str]]:
    """Open stages this person may decide for somebody else: with the name of the one he stands for, "" as alternate."""
    found: dict[str, tuple[StageRow, RequestRow, str]] = {}
    for one in standing.stood_for_by(act, person_id):
        for stage, request in store.list_open_at(act, one.office, one.unit_id):
            parts = store.parts_of(act, request)
            if person_id in parts or one.holder.id in parts or in_person(act, request, one.office):
                continue
            found.setdefault(stage.id, (stage, request, one.holder.name))
    for stage, request in store.list_open_to_alternate(act, person_id, _still_held(act)):
        if person_id not in store.parts_of(act, request):
            found.setdefault(stage.id, (stage, request, ""))
    return list(found.values())


def _is_of(stage: StageRow, one: StandsIn) -> bool:
    return (one.office.value, one.unit_id) == (stage.office, stage.unit_id)


def _still_held(act: Act) -> Exists:
    return exists().where(
        AppointmentRow.person_id == StageAlternateRow.person_id,
        AppointmentRow.office == StageAlternateRow.office,
        AppointmentRow.unit_id == StageAlternateRow.unit_id,
        in_office(act),
    )


def _alternate_office(act: Act, stage: StageRow, person_id: str) -> str:
    statement = select(StageAlternateRow.office).where(
        StageAlternateRow.stage_id == stage.id, StageAlternateRow.person_id == person_id, _still_held(act)
    )
    return act.session.scalar(statement) or ""


def _is_sensitive(act: Act, request: RequestRow) -> bool:
    asked: Iterable[str] = request.form.get("permissions", ())
    return any(permission.sensitive for permission in catalogue.check_permissions(act, asked))


def is_needed_later(act: Act, request: RequestRow, stage: StageRow, taken: Collection[str]) -> bool:
    """Whether a later stage would have nobody left, were these people taken: a chain must not end dead (B2)."""
    later = [s for s in store.stages_of(act, request) if s.position > stage.position]
    eligible = [[p.id for p in offices.holders(act, Office(s.office), s.unit_id) if p.id not in taken] for s in later]
    return not can_be_decided_by_different_people(eligible)


def list_inbox(act: Act, person_id: str, *, count: int = 200) -> list[tuple[StageRow, RequestRow]]:
    """Open stages this person may decide, in his own office or in another's place, due first."""
    found = {stage.id: (stage, request) for stage, request in store.list_inbox(act, person_id, count=count)}
    for stage, request, _ in list_tasks_in_place(act, person_id):
        found.setdefault(stage.id, (stage, request))
    latest = act.now + FAR
    listed = sorted(found.values(), key=lambda task: (task[0].due_at or latest, task[1].number))
    return listed[:count]
