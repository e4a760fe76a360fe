"""What inspectors say of what was drawn, and the report that ends an inspection (JC 9, GS 17)."""

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.errors import MalformedNoteError
from connector.audit.events import Event
from connector.audit.note import VerifierKey, open_checkpoint
from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.auth.levels import check_level
from connector.errors import NotFoundError
from connector.register import confine, offices
from connector.register.tables import PersonRow
from connector.regulations.vocabulary import Office
from connector.reviews import corrections, inspections
from connector.reviews.errors import (
    AlreadyAnsweredError,
    InspectionStateError,
    NotInspectorError,
    OwnUnitInspectionError,
)
from connector.reviews.inspection_tables import InspectionItemRow, InspectionRow
from connector.reviews.sampling import ALGORITHM, hash_population, make_seed

IN_ORDER, FINDING = "in_order", "finding"


class ItemAnswer(BaseModel):
    """What an inspector says of one thing drawn. A finding is put right by a person until a day."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    key: str = Field(max_length=160)
    result: Literal["in_order", "finding"]
    finding: str = Field("", max_length=500)
    responsible: str = Field("", max_length=64, description="user name; by default the unit's head")
    due_on: date | None = None


def answer_item(act: Act, number: str, given: ItemAnswer) -> InspectionItemRow:
    """Answers for one thing drawn, once. The inspector is not of the inspected unit and never the person himself.

    Raises StepUpNeededError, NotInspectorError, OwnUnitInspectionError, AlreadyAnsweredError, InspectionStateError,
    RefusedInputError.
    """
    check_level(act.actor)
    inspection = inspections.get_inspection(act, number, lock=True)
    inspections.check_state(inspection, inspections.DRAWN, "未抽取或已报告 / not drawn yet, or reported")
    item = act.session.get(InspectionItemRow, (inspection.id, given.key))
    if item is None:
        raise NotFoundError(kind="抽查对象 (thing drawn)", name=given.key)
    _check_inspector(act, inspection, item)
    confine.lift(act)  # A named inspector may come from elsewhere; who puts it right is of the inspected unit.
    if item.answered_at is not None:
        raise AlreadyAnsweredError(at=f"{item.answered_at:%Y-%m-%d %H:%M} UTC")
    item.result, item.answered_by, item.answered_at = given.result, act.actor.person_id, act.now
    if given.result == FINDING:
        item.finding = given.finding
        corrections.open_correction(
            act, source="inspection", source_id=inspection.id, item=given.key, finding=given.finding,
            unit_id=item.unit_id, clause=inspection.clause, responsible=given.responsible, due_on=given.due_on,
        )  # fmt: skip
    audit.record(
        act, Event.INSPECTION_ANSWERED, inspections.subject_of(inspection), number=number, key=given.key,
        result=given.result,
    )  # fmt: skip
    return item


def report_inspection(act: Act, number: str, *, conclusion: str) -> InspectionRow:
    """Ends an inspection: everything drawn is answered, every correction is checked (GS 17). Raises otherwise."""
    offices.check_holds(act, *inspections.INSPECTORS, doing="出具抽查报告 / report an inspection")
    inspection = inspections.get_inspection(act, number, lock=True)
    inspections.check_state(inspection, inspections.DRAWN, "未抽取或已报告 / not drawn yet, or reported")
    corrections.check_words(conclusion, "conclusion")
    waiting = sum(not item.result for item in inspections.items_of(act, inspection))
    uncorrected = len(corrections.open_of(act, "inspection", inspection.id))
    if waiting or uncorrected:
        missing = f"未检查{waiting}项、未复查整改{uncorrected}项 / {waiting} not answered, {uncorrected} not corrected"
        raise InspectionStateError(state=inspection.state, missing=missing)
    inspection.state, inspection.conclusion = inspections.REPORTED, conclusion.strip()
    inspection.reported_by, inspection.reported_at = act.actor.name, act.now
    audit.record(act, Event.INSPECTION_REPORTED, inspections.subject_of(inspection), number=number)
    return inspection


class Proof(BaseModel):
    """One thing that `inspections verify` looked at."""

    what: str
    ok: bool
    detail: str = ""


def verify_inspection(act: Act, number: str, verifier_key: str) -> list[Proof]:
    """Draws again from what was recorded, and compares every part of it (JC 9). Changes nothing."""
    inspection = inspections.get_inspection(act, number)
    entry = _committed(act, inspection)
    proofs = [
        _proof("algorithm", inspection.algorithm, ALGORITHM),
        _proof("population", hash_population(inspection.population), inspection.population_hash),
        _proof("population in the record", str(entry.get("population")), inspection.population_hash),
        Proof(what="rule in the record", ok=entry.get("rule") == inspection.rule),
    ]
    if inspection.state == inspections.COMMITTED:
        return proofs
    seed = make_seed(inspection.population_hash, inspection.number, inspection.checkpoint)
    keys = [item.key for item in inspections.items_of(act, inspection)]
    return [
        *proofs,
        Proof(what="checkpoint is the first over the commitment", ok=_is_first(act, inspection)),
        _signature(inspection.checkpoint, verifier_key),
        _proof("seed", seed, inspection.seed),
        _proof("sample", hash_population(inspections.redraw(inspection, seed)), hash_population(keys)),
        _proof("sample in the record", _recorded_sample(act, inspection), hash_population(keys)),
    ]


def _check_inspector(act: Act, inspection: InspectionRow, item: InspectionItemRow) -> None:
    person = act.session.get(PersonRow, act.actor.person_id) if act.actor.person_id else None
    named = person is not None and person.id in inspection.inspectors
    if person is None or not (named or offices.units_where(act, inspections.INSPECTORS)):
        raise NotInspectorError
    heads = {unit.id for unit in offices.units_where(act, [Office.UNIT_HEAD, Office.LEADER_IN_CHARGE])}
    if item.unit_id in {person.unit_id, *heads} or item.shown.get("person_id") == person.id:
        raise OwnUnitInspectionError


def _committed(act: Act, inspection: InspectionRow) -> dict[str, Any]:
    return _entry(act, Event.INSPECTION_COMMITTED, inspection)


def _recorded_sample(act: Act, inspection: InspectionRow) -> str:
    return str(_entry(act, Event.INSPECTION_DRAWN, inspection).get("sample"))


def _entry(act: Act, event: Event, inspection: InspectionRow) -> dict[str, Any]:
    data = act.session.scalar(
        select(AuditEntryRow.data).where(
            AuditEntryRow.event == event.value, AuditEntryRow.subject == inspections.subject_of(inspection)
        )
    )
    return data or {}


def _is_first(act: Act, inspection: InspectionRow) -> bool:
    return inspections.find_checkpoint(act, inspection) == inspection.checkpoint


def _signature(note: str, verifier_key: str) -> Proof:
    try:
        checkpoint = open_checkpoint(note, VerifierKey.parse(verifier_key))
    except MalformedNoteError as error:
        return Proof(what="signature of the checkpoint", ok=False, detail=str(error))
    return Proof(what="signature of the checkpoint", ok=True, detail=f"{checkpoint.origin} {checkpoint.size}")


def _proof(what: str, found: str, wanted: str) -> Proof:
    return Proof(what=what, ok=found == wanted, detail=wanted if found == wanted else f"{found} ≠ {wanted}")
