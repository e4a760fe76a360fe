"""Composes what is shown of a request, and who may see it."""

from collections.abc import Collection

from connector.auth.act import Act
from connector.auth.actor import ActorKind
from connector.errors import NotFoundError
from connector.outbox import service as outbox
from connector.register import accounts, confine, offices, people, readers, units
from connector.register.offices import OFFICE_NAMES
from connector.register.tables import PersonRow
from connector.regulations.vocabulary import Office
from connector.requests import in_place, store
from connector.requests.chain import PlannedStage
from connector.requests.entitled import show_entitlement, show_matrix_change, show_overrides
from connector.requests.registrations import show_registration
from connector.requests.schemas import DecisionShown, RequestShown, StageShown, StepShown, TaskListed
from connector.requests.tables import RequestRow, StageRow


def show_request(act: Act, request_id: str) -> RequestShown:
    """The whole request, for those who take part, may decide, or oversee; NotFoundError for everybody else."""
    request = store.get_request(act, request_id)
    stages = store.stages_of(act, request)
    check_may_see(act, request, stages)
    confine.lift(act)
    person = people.get_person(act, request.person_id) if request.person_id else None
    account = accounts.get_account(act, request.account_id) if request.account_id else None
    steps = outbox.list_steps(act, request_id=request.id)
    return RequestShown(
        id=request.id,
        number=request.number,
        kind=request.kind,
        state=request.state,
        version=request.version,
        digest=request.digest,
        form=request.form,
        unit=units.get_unit_by_id(act, request.unit_id).name,
        person=person.name if person else None,
        document=person.document_masked if person else None,
        account=account.user_name if account else None,
        submitted_by=request.submitted_by,
        submitted_at=request.submitted_at,
        due_at=request.due_at,
        closed_at=request.closed_at,
        stages=[_show_stage(act, request, stage) for stage in stages],
        decisions=_decisions(act, request),
        versions=[version.version for version in store.versions_of(act, request.id)],
        steps=[
            StepShown(id=s.id, kind=s.kind, state=s.state, attempts=s.attempts, last_error=s.last_error) for s in steps
        ],
        provisioned=all(s.state == "done" for s in steps) if request.state == "approved" else None,
        entitlement=show_entitlement(act, request),
        overrides=show_overrides(act, request),
        matrix_change=show_matrix_change(act, request),
        registration=show_registration(act, request, stages),
    )


def check_may_see(act: Act, request: RequestRow, stages: Collection[StageRow]) -> None:
    """A request is seen by its parties, by those who may decide a stage, and by those who oversee."""
    if act.actor.kind is not ActorKind.PERSON:
        return
    person_id = str(act.actor.person_id)
    if person_id in (request.applicant_id, request.person_id) or person_id in store.parts_of(act, request):
        return
    held = {(office, unit.id) for office, unit in offices.offices_of(act, person_id)}
    if any(office in readers.REQUESTS for office, _ in held):
        return
    if any((Office(stage.office), stage.unit_id) in held for stage in stages):
        return
    if in_place.may_see(act, stages, person_id):
        return
    raise NotFoundError(kind="申请 (request)", name=request.number)


def show_chain(planned: Collection[PlannedStage]) -> list[StageShown]:
    """A planned chain as the applicant is shown it (B2)."""
    return [
        StageShown(
            position=position,
            office=stage.office.value,
            office_name=OFFICE_NAMES[stage.office].zh,
            unit=stage.unit.name,
            deciders=[person.name for person in stage.deciders],
            working_days=stage.working_days,
            clause=stage.clause,
        )
        for position, stage in enumerate(planned)
    ]


def show_inbox(act: Act) -> list[TaskListed]:
    """The tasks of the act's person, the most urgent first."""
    calendar, person_id = act.rulebook.calendar, str(act.actor.person_id)
    stood_for = {stage.id: name for stage, _, name in in_place.list_tasks_in_place(act, person_id)}
    return [
        TaskListed(
            stage_id=stage.id,
            request_id=request.id,
            number=request.number,
            kind=request.kind,
            office=stage.office,
            digest=request.digest,
            due_at=stage.due_at,
            days_left=calendar.working_days_between(act.now, stage.due_at) if stage.due_at else None,
            stands_for=stood_for.get(stage.id) or None,
        )
        for stage, request in in_place.list_inbox(act, person_id)
    ]


def _show_stage(act: Act, request: RequestRow, stage: StageRow) -> StageShown:
    office = Office(stage.office)
    return StageShown(
        id=stage.id,
        position=stage.position,
        office=stage.office,
        office_name=OFFICE_NAMES[office].zh,
        unit=units.get_unit_by_id(act, stage.unit_id).name,
        deciders=[person.name for person in offices.holders(act, office, stage.unit_id)],
        deputies=[f"{d.deputy.name}（代{d.holder.name}）" for d in in_place.deputies_for(act, request, stage)],
        alternates=[person.name for person, _ in in_place.alternates_of(act, stage)],
        clause=stage.clause,
        state=stage.state,
        due_at=stage.due_at,
    )


def _decisions(act: Act, request: RequestRow) -> list[DecisionShown]:
    return [
        DecisionShown(
            version=decision.version,
            stage_id=decision.stage_id,
            decided_by=act.session.get_one(PersonRow, decision.person_id).name,
            capacity=decision.capacity,
            stands_for=people.get_person(act, decision.stands_for_id).name if decision.stands_for_id else None,
            via_office=decision.via_office,
            verdict=decision.verdict,
            reason=decision.reason,
            via=decision.via,
            proof=decision.proof,
            decided_at=decision.decided_at,
        )
        for decision in store.decisions_of(act, request.id)
    ]
