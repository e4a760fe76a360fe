"""The one path that decides: lock the request, apply the pure rules, store the decision, move the request on."""

from collections.abc import Collection, Sequence

from sqlalchemy.exc import IntegrityError

from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.levels import check_level, proof_words
from connector.errors import NotSignedInError
from connector.register import accounts, confine, separated
from connector.regulations.vocabulary import Office, Verdict
from connector.requests import entitlement, separation, store, verification
from connector.requests.deadlines import mark_missed
from connector.requests.effects import carry_out
from connector.requests.entitlement import Entitlement, Override
from connector.requests.errors import RepresentedPartError, SecondPartError
from connector.requests.in_place import check_capacity
from connector.requests.rules import Capacity, check_excluded, check_reason
from connector.requests.submit import open_stage, record_request
from connector.requests.tables import DecisionRow, ParticipantRow, RequestRow, StageRow
from connector.requests.verification import Comparison, record_compared
from connector.scans import service as scans
from connector.storage.tables import new_id


def decide(
    act: Act,
    *,
    stage_id: str,
    verdict: Verdict,
    reason: str = "",
    digest: str,
    excluded: Collection[str] = (),
    override: Override | None = None,
    compared: Sequence[Comparison] = (),
) -> RequestRow:
    """Decides one stage as the act's person; with the last approval everything that follows is written (C1).

    `digest` is that of the content the decider was shown (B12). `excluded` are user names (or strangers' ids) that a
    proposal is not approved for, by no later stage either. `override` names what the table of posts does not allow and
    is approved all the same (JC 11), `compared` what the verifier of a new registration compared (HH 4). With a second
    factor (GS 10(2)), as holder of the office, his deputy, or alternate of an overdue stage. Raises the rule that is
    broken, as SelfApprovalError or ContentChangedError, and what `entitlement` and `separation` raise.
    """
    person_id = act.actor.person_id
    if person_id is None:
        raise NotSignedInError
    check_level(act.actor)
    check_reason(verdict, reason)
    request = store.get_request(act, store.get_stage(act, stage_id).request_id, lock=True)
    confine.lift(act)
    stage = store.get_stage(act, stage_id)
    capacity = check_capacity(act, request, stage, person_id, digest, verdict)
    check_excluded(request.form, excluded)
    _check_separation(act, request, stage, (person_id, capacity.stands_for_id), verdict)
    beyond = entitlement.check_decision(act, request, stage, store.stages_of(act, request), verdict, override)
    verification.check_decision(act, request, stage, verdict, compared)
    decision = _store_decision(act, request, stage, capacity, verdict, reason)
    decision.excluded = sorted(set(excluded))
    record_compared(act, request, decision, compared)
    _record_override(act, request, decision, beyond, override)
    _move_on(act, request, stage, decision)
    return request


def _check_separation(
    act: Act, request: RequestRow, stage: StageRow, persons: Sequence[str | None], verdict: Verdict
) -> None:
    """Every rule of separation holds for the decider and for the one he stands for (HH 3)."""
    for each in filter(None, persons):
        separated.check_same_side(act, each, Office(stage.office), opened_at=request.submitted_at)
        separation.check_decision(act, request, stage, each, verdict)


def _record_override(
    act: Act, request: RequestRow, decision: DecisionRow, beyond: Entitlement | None, override: Override | None
) -> None:
    if beyond is not None and override is not None:
        row = entitlement.record_override(act, request, decision, beyond, override)
        record_request(act, Event.ENTITLEMENT_OVERRIDDEN, request, **entitlement.facts_of(row, beyond))


def _store_decision(
    act: Act, request: RequestRow, stage: StageRow, capacity: Capacity, verdict: Verdict, reason: str
) -> DecisionRow:
    """The decision, and the part it makes of its person and of the one he stands for.

    The database refuses a second part of either (JC 7, HH 3).
    """
    person_id = str(act.actor.person_id)
    _take_part(act, request, person_id, "decider", SecondPartError)
    if capacity.stands_for_id:
        _take_part(act, request, capacity.stands_for_id, "represented", RepresentedPartError)
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
        capacity=capacity.name,
        stands_for_id=capacity.stands_for_id,
        deputy_row_id=capacity.deputy_row_id,
        via_office=capacity.via_office,
    )
    act.session.add(decision)
    return decision


def _take_part(
    act: Act, request: RequestRow, person_id: str, part: str, refusal: type[SecondPartError | RepresentedPartError]
) -> None:
    row = ParticipantRow(request_id=request.id, version=request.version, person_id=person_id, part=part)
    try:
        with act.session.begin_nested():
            act.session.add(row)
    except IntegrityError as error:
        raise refusal from error


def _facts(act: Act, stage: StageRow, decision: DecisionRow) -> dict[str, str]:
    """What the record says of a decision; of one made in another's place, whose and how (HH 3)."""
    facts = {"stage": stage.id, "office": stage.office, "digest": decision.digest, "via": decision.via}
    facts["proof"] = decision.proof
    if attached := scans.hashes_of(act, decision.request_id, decision.version):
        facts["scans"] = " ".join(attached)
    if decision.capacity != "holder":
        facts["capacity"] = decision.capacity
    if decision.stands_for_id:
        holder = accounts.find_by_person(act, decision.stands_for_id)
        facts |= {"stands_for": holder.user_name if holder else "", "stands_for_id": decision.stands_for_id}
    if decision.via_office:
        facts["via_office"] = decision.via_office
    return facts


def _move_on(act: Act, request: RequestRow, stage: StageRow, decision: DecisionRow) -> None:
    verdict = Verdict(decision.verdict)
    later = [s for s in store.stages_of(act, request) if s.position > stage.position]
    facts = _facts(act, stage, decision)
    mark_missed(act, request, stage)
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
    entitlement.check_still_covered(act, request)
    record_request(act, Event.REQUEST_APPROVED, request, excluded=sorted(excluded), digest=request.digest)
    carry_out(act, request, excluded)


STAGE_STATES = {Verdict.APPROVE: "approved", Verdict.REJECT: "rejected", Verdict.RETURN: "returned"}
