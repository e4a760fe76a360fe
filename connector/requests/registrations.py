"""New registrations: what their deciders are shown, and the list of the refused ones. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select

from connector.auth.act import Act
from connector.register import candidates, people, units
from connector.register.offices import OFFICE_NAMES
from connector.register.reach import Units, inside
from connector.register.tables import AccountRow, PersonRow, UnitRow
from connector.regulations.vocabulary import Office, RequestKind
from connector.requests import verification
from connector.requests.schemas import (
    CandidateShown,
    ChecklistItem,
    RefusalShown,
    RegistrationShown,
    VerificationShown,
)
from connector.requests.tables import DecisionRow, RequestRow, StageRow
from connector.requests.verification import Comparison

REFUSED = "rejected"


@dataclass(frozen=True, kw_only=True)
class RefusedRegistration:
    """A registration that was refused: the person stays in the register, numbers sealed, without an account (HH 4)."""

    number: str
    person_id: str
    person_name: str
    document_kind: str
    document_masked: str
    unit: str
    refused_by: str
    office: str
    reason: str
    refused_at: datetime
    has_account: bool  # He applied again, and was accepted.


def show_registration(act: Act, request: RequestRow, stages: Sequence[StageRow]) -> RegistrationShown | None:
    """What the deciders of a new registration see; None for any other request."""
    if not verification.is_registration(request) or request.person_id is None:
        return None
    person = people.get_person(act, request.person_id)
    opened = next((stage for stage in stages if stage.state == "open"), None)
    items = verification.checklist_of(act, request, opened) if opened else ()
    return RegistrationShown(
        checklist=[ChecklistItem(**item.model_dump()) for item in items],
        verifications=[
            VerificationShown(
                version=decision.version,
                verified_by=people.get_person(act, decision.person_id).name,
                verdict=decision.verdict,
                items=[Comparison(**each) for each in row.items],
                at=row.verified_at,
            )
            for row, decision in verification.verifications_of(act, request.id)
        ],
        refusals=refusals_of(act, person.id, but=request.id),
        candidates=_candidates(act, person) if request.state == "pending" else [],
    )


def refusals_of(act: Act, person_id: str, *, but: str = "") -> list[RefusalShown]:
    """Refused registrations of this person, the newest first; they are shown whenever he applies again (HH 4)."""
    statement = _refused().where(RequestRow.person_id == person_id, RequestRow.id != but)
    return [
        RefusalShown(
            number=request.number,
            unit=unit.name,
            office=OFFICE_NAMES[Office(stage.office)].zh,
            reason=decision.reason,
            refused_at=decision.decided_at,
        )
        for request, decision, stage, _, unit, _ in act.session.execute(statement)
    ]


def list_refused(
    act: Act, *, within: Units = None, text: str = "", first: int = 0, count: int = 50
) -> list[RefusedRegistration]:
    """Refused registrations of these units, the newest first; `text` is part of a name or a whole number of a request.

    Whoever lists them checks that the actor may.
    """
    statement = _refused().where(*inside(within, UnitRow.path)).offset(first).limit(count)
    if text:
        statement = statement.where((PersonRow.name.contains(text, autoescape=True)) | (RequestRow.number == text))
    rows = list(act.session.execute(statement))
    return [
        RefusedRegistration(
            number=request.number,
            person_id=person.id,
            person_name=person.name,
            document_kind=person.document_kind,
            document_masked=person.document_masked,
            unit=unit.name,
            refused_by=people.get_person(act, decision.person_id).name,
            office=OFFICE_NAMES[Office(stage.office)].zh,
            reason=decision.reason,
            refused_at=decision.decided_at,
            has_account=account_id is not None,
        )
        for request, decision, stage, person, unit, account_id in rows
    ]


def _refused() -> "Select[RequestRow, DecisionRow, StageRow, PersonRow, UnitRow, str]":
    return (
        select(RequestRow, DecisionRow, StageRow, PersonRow, UnitRow, AccountRow.id)
        .join(DecisionRow, DecisionRow.request_id == RequestRow.id)
        .join(StageRow, StageRow.id == DecisionRow.stage_id)
        .join(PersonRow, PersonRow.id == RequestRow.person_id)
        .join(UnitRow, UnitRow.id == RequestRow.unit_id)
        .outerjoin(AccountRow, AccountRow.person_id == PersonRow.id)
        .where(
            RequestRow.kind == RequestKind.GRANT.value,
            RequestRow.state == REFUSED,
            RequestRow.account_id.is_(None),
            DecisionRow.verdict == "reject",
        )
        .order_by(DecisionRow.decided_at.desc(), RequestRow.id)
    )


def _candidates(act: Act, person: PersonRow) -> list[CandidateShown]:
    return [
        CandidateShown(
            person_id=each.person.id,
            unit=units.get_unit_by_id(act, each.unit.id).name,
            document_kind=each.person.document_kind,
            document_masked=each.person.document_masked,
            same_birth=each.same_birth,
            same_unit=each.same_unit,
            account_status=each.account.status if each.account else None,
        )
        for each in candidates.find_candidates(act, person)
    ]
