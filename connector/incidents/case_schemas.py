"""Shapes of cases, sanctions and alarms in the API, the commands and the pages. Names of persons, no number of any."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from connector.auth.act import Act
from connector.errors import Text
from connector.incidents import alarms, cases, closing, outcomes, sanctions, store
from connector.incidents.case_tables import CaseReportRow, CaseRow
from connector.incidents.schemas import PreviewShown, show_preview
from connector.register import accounts, people


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class ReportUp(Strict):
    to: str = Field(max_length=128, description="whom it was reported to")
    receipt: str = Field(max_length=128, description="number of the receipt, or how it was confirmed")


class GivenAnswer(Strict):
    question: str = Field(max_length=32)
    answer: str = Field(max_length=32)
    why: str = Field(max_length=500)


class ToldOutcome(Strict):
    note: str = Field(max_length=500)
    receipt: str = Field(max_length=128)


class PlanHash(Strict):
    plan_hash: str = Field(max_length=64, description="hash of the list that was shown")


class Signature(Strict):
    version: int
    hash: str = Field(max_length=64, description="hash of the version that was shown")


class Suspicion(Strict):
    user_name: str = Field(max_length=64)
    reason: str = Field(max_length=500)


class Receipt(Strict):
    receipt: str = Field(max_length=128)


class Acknowledgement(Strict):
    note: str = Field(max_length=500)
    seen: int = Field(description="the count that was shown")


class AdministratorForm(Strict):
    user_id: str = Field(max_length=64, description="id that Keycloak's events name")
    label: str = Field(max_length=128)


class CaseListed(BaseModel):
    number: str
    article: str
    account: str
    person: str
    state: str
    opened_by: str
    opened_at: datetime
    next: list[str] = Field(description="what is still to be done, in its order")


class CreatedShown(BaseModel):
    name: str
    account: bool = Field(description="false: a user of Keycloak whom nobody applied for")
    found_in: str = Field(description="requests, record, console")
    reference: str
    created_at: datetime
    status: str
    shut: bool


class OutcomeShown(BaseModel):
    outcome: str
    name: str
    to_do: str
    done: bool
    told: bool = Field(description="true: a person must say that it is done")
    note: str
    receipt: str


class AnswerShown(BaseModel):
    question: str
    answer: str
    why: str
    clause: str
    by: str
    at: datetime


class CaseShown(CaseListed):
    """One case: what is known, answered, asked for, and next."""

    since: datetime
    reason: str
    freeze_order: str
    freeze_state: str
    reported_to: str
    reported_at: datetime | None
    receipt: str
    question: str
    answers: list[AnswerShown]
    outcomes: list[OutcomeShown]
    created: list[CreatedShown]
    report: int = Field(description="newest version of the report; 0: none")
    filed: bool


class ItemShown(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    at: datetime
    found_in: str
    what: str
    subject: str
    reference: str


class TraceShown(BaseModel):
    items: list[ItemShown]
    gaps: list[dict[str, str]]


class CreatedPreviewShown(BaseModel):
    accounts: PreviewShown
    strangers: list[str] = Field(description="users of Keycloak whom nobody applied for")


class ReportShown(BaseModel):
    version: int
    hash: str
    facts: dict[str, Any]
    cause: str
    consequences: str
    corrections: str
    written_by: str
    written_at: datetime
    signed_by: str
    signed_at: datetime | None


class SanctionShown(BaseModel):
    id: str
    user_name: str
    person: str
    unit: str
    violation: str
    impact: str
    counted_as: str
    earlier: int
    measure: str
    days: int
    term_ends_at: datetime
    state: str = Field(description="pending, refused, in_force, term_over, lifted")
    request: str
    lifted_by: str
    informed_at: datetime | None
    informed_by: str


class AlarmShown(BaseModel):
    id: str
    event: str
    subject: str
    severity: str
    count: int
    first_at: datetime
    last_at: datetime
    due_at: datetime
    overdue: bool
    escalated: bool
    acknowledged_at: datetime | None
    acknowledged_by: str
    note: str


def list_case(act: Act, case: CaseRow) -> CaseListed:
    return CaseListed(
        number=case.number,
        article=case.article,
        account=accounts.get_account(act, case.account_id).user_name,
        person=people.get_person(act, case.person_id).name,
        state=case.state,
        opened_by=case.opened_by,
        opened_at=case.opened_at,
        next=[both(step) for step in closing.open_steps(act, case)] if case.state == "open" else [],
    )


def show_case(act: Act, case: CaseRow) -> CaseShown:
    order = store.get_order(act, case.freeze_order_id) if case.freeze_order_id else None
    report = closing.newest_report(act, case)
    return CaseShown(
        **list_case(act, case).model_dump(),
        since=case.since,
        reason=case.reason,
        freeze_order=order.number if order else "",
        freeze_state=order.state if order else "",
        reported_to=case.reported_to,
        reported_at=case.reported_at,
        receipt=case.receipt,
        question=case.question,
        answers=[
            AnswerShown(
                question=one.question, answer=one.answer, why=one.why, clause=one.clause,
                by=closing.name_of(act, one.person_id), at=one.at,
            ) for one in cases.answers_of(act, case)
        ],
        outcomes=[_outcome(one) for one in outcomes.states_of(act, case)],
        created=show_created(act, case),
        report=report.version if report else 0,
        filed=bool(report and report.signed_at),
    )  # fmt: skip


def show_created(act: Act, case: CaseRow) -> list[CreatedShown]:
    return [
        CreatedShown(
            name=one.name, account=one.account_id is not None, found_in=one.found_in, reference=one.reference,
            created_at=one.created_at, shut=outcomes.is_shut(act, one),
            status=accounts.get_account(act, one.account_id).status if one.account_id else "",
        ) for one in cases.list_created(act, case)
    ]  # fmt: skip


def show_trace(act: Act, case: CaseRow) -> TraceShown:
    seen = cases.trace_of(act, case)
    return TraceShown(
        items=[ItemShown.model_validate(item) for item in seen.items],
        gaps=[{"zh": gap.zh, "en": gap.en} for gap in seen.gaps],
    )


def show_created_preview(seen: cases.CreatedPreview) -> CreatedPreviewShown:
    return CreatedPreviewShown(accounts=show_preview(seen.freeze), strangers=[one.name for one in seen.strangers])


def show_report(act: Act, row: CaseReportRow) -> ReportShown:
    return ReportShown(
        version=row.version, hash=row.hash, facts=row.facts, cause=row.cause, consequences=row.consequences,
        corrections=row.corrections, written_by=closing.name_of(act, row.writer_id), written_at=row.written_at,
        signed_by=closing.name_of(act, row.signer_id), signed_at=row.signed_at,
    )  # fmt: skip


def show_sanction(one: sanctions.SanctionView) -> SanctionShown:
    row = one.row
    return SanctionShown(
        id=row.id, user_name=one.user_name, person=one.person, unit=one.unit, violation=row.violation,
        impact=row.impact, counted_as=row.counted_as, earlier=row.earlier, measure=row.measure, days=row.days,
        term_ends_at=row.term_ends_at, state=one.state, request=one.request, lifted_by=one.lifted_by,
        informed_at=row.informed_at, informed_by=row.informed_by,
    )  # fmt: skip


def show_alarm(one: alarms.AlarmView) -> AlarmShown:
    row = one.row
    return AlarmShown(
        id=row.id, event=row.event, subject=row.subject, severity=row.severity, count=row.count, first_at=row.first_at,
        last_at=row.last_at, due_at=row.due_at, overdue=one.overdue, escalated=row.escalated_at is not None,
        acknowledged_at=row.acknowledged_at, acknowledged_by=one.by, note=row.note,
    )  # fmt: skip


def both(words: Text) -> str:
    return f"{words.zh} / {words.en}"


def _outcome(one: outcomes.OutcomeState) -> OutcomeShown:
    return OutcomeShown(
        outcome=one.outcome.value, name=both(outcomes.NAMES[one.outcome]), to_do=both(outcomes.TO_DO[one.outcome]),
        done=one.done, told=one.told, note=one.row.note, receipt=one.row.receipt,
    )  # fmt: skip
