"""The one path that decides: lock the request, apply the pure rules, store the decision, move the request on."""

from collections.abc import Collection

from sqlalchemy.exc import IntegrityError

from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.levels import check_level, proof_words
from connector.errors import NotSignedInError
from connector.register import offices
from connector.regulations.vocabulary import Office, Verdict
from connector.requests import store
from connector.requests.effects import carry_out
from connector.requests.errors import SecondPartError
from connector.requests.rules import Shown, check_excluded, check_may_decide, check_reason
from connector.requests.submit import open_stage, record_request
from connector.requests.tables import DecisionRow, ParticipantRow, RequestRow, StageRow
from connector.storage.tables import new_id


def decide(
    act: Act, *, stage_id: str, verdict: Verdict, reason: str = "", digest: str, excluded: Collection[str] = ()
) -> RequestRow:
    """Decides one stage as the act's person; with the last approval everything that follows is written (C1).

    `digest` is that of the content the decider was shown (B12). `excluded` are user names (or strangers' ids) that a
    proposal is not approved for: what one stage left out, no later one can bring back. The person must have proved a
    second factor (GS 10(2)). Raises the rule that is broken: StepUpNeededError, SelfApprovalError, SecondPartError,
    WrongOfficeError, StageClosedError, RequestClosedError, ContentChangedError, RefusedInputError; then nothing is
    stored.
    """
    person_id = act.actor.person_id
    if person_id is None:
        raise NotSignedInError
    check_level(act.actor)
    check_reason(verdict, reason)
    request = store.get_request(act, store.get_stage(act, stage_id).request_id, lock=True)
    stage = store.get_stage(act, stage_id)
    _check(act, request, stage, person_id, digest)
    check_excluded(request.form, excluded)
    decision = _store_decision(act, request, stage, person_id, verdict, reason)
    decision.excluded = sorted(set(excluded))
    _move_on(act, request, stage, verdict)
    return request


def _check(act: Act, request: RequestRow, stage: StageRow, person_id: str, digest: str) -> None:
    current = stage.version == request.version
    office = Office(stage.office)
    check_may_decide(
        Shown(
            request_state=request.state,
            stage_state=stage.state if current else "dropped",
            digest=request.digest,
            office=office,
        ),
        digest=digest,
        person_id=person_id,
        parts=store.parts_of(act, request),
        office_holders=[p.id for p in offices.holders(act, office, stage.unit_id)],
    )


def _store_decision(
    act: Act, request: RequestRow, stage: StageRow, person_id: str, verdict: Verdict, reason: str
) -> DecisionRow:
    """The decision and the part it makes of its person. The database refuses a second part (JC 7, HH 3)."""
    part = ParticipantRow(request_id=request.id, version=request.version, person_id=person_id, part="decider")
    try:
        with act.session.begin_nested():
            act.session.add(part)
    except IntegrityError as error:
        raise SecondPartError from error
    decision = DecisionRow(
        id=new_id(),
        request_id=request.id,
        version=request.version,
        stage_id=stage.id,
        person_id=person_id,
        verdict=verdict.value,
        reason=reason.strip(),
        digest=request.digest,
        via=act.actor.via,
        proof=proof_words(act.actor),
        decided_at=act.now,
    )
    act.session.add(decision)
    return decision


def _move_on(act: Act, request: RequestRow, stage: StageRow, verdict: Verdict) -> None:
    later = [s for s in store.stages_of(act, request) if s.position > stage.position]
    facts = {"stage": stage.id, "office": stage.office, "digest": request.digest, "via": act.actor.via}
    facts["proof"] = proof_words(act.actor)
    stage.state, stage.closed_at, request.due_at = STAGE_STATES[verdict], act.now, None
    if verdict is Verdict.APPROVE:
        record_request(act, Event.REQUEST_STAGE_APPROVED, request, **facts)
        if later:
            open_stage(act, request, later[0])
        else:
            _approve(act, request)
        return
    for dropped in later:
        dropped.state = "dropped"
    request.state = stage.state
    if verdict is Verdict.REJECT:
        request.closed_at = act.now
    event = Event.REQUEST_RETURNED if verdict is Verdict.RETURN else Event.REQUEST_REJECTED
    record_request(act, event, request, **facts)


def _approve(act: Act, request: RequestRow) -> None:
    request.state, request.closed_at = "approved", act.now
    excluded = store.excluded_of(act, request)
    record_request(act, Event.REQUEST_APPROVED, request, excluded=sorted(excluded), digest=request.digest)
    carry_out(act, request, excluded)


STAGE_STATES = {Verdict.APPROVE: "approved", Verdict.REJECT: "rejected", Verdict.RETURN: "returned"}
