"""The verifier's stage of a new registration: what he compared, item by item; without it the stage is not decided.

The items are data of the rule packs. What was compared is kept with the decision; it never holds a number (J5).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.errors import FieldProblem, RefusedInputError
from connector.regulations.rulebook import CheckItem
from connector.regulations.vocabulary import Office, RequestKind, Verdict
from connector.requests.forms import number_problems
from connector.requests.tables import DecisionRow, RequestRow, StageRow
from connector.requests.verification_tables import VerificationRow

CHECKLIST = "verification"
INDISPENSABLE = "document_seen"  # Nobody is registered under his real name unless somebody saw who he is (HH 1).
LEAST_NOTE = 4  # characters
CLAUSE = "HH 4, GX 8"


class Comparison(BaseModel):
    """One item of the checklist and what the comparison showed; `note` says why something was not compared."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    item: str = Field(max_length=64)
    result: Literal["agrees", "differs", "not_compared"]
    note: str = Field("", max_length=200)


def checklist_of(act: Act, request: RequestRow, stage: StageRow) -> tuple[CheckItem, ...]:
    """The items that the verifier of a new registration answers; empty at every other stage (HH 4, GX 8)."""
    if stage.office != Office.VERIFIER or not is_registration(request):
        return ()
    return act.rulebook.checklist(CHECKLIST)


def is_registration(request: RequestRow) -> bool:
    """Whether the request would open a person's first account: then he is verified before anybody approves (HH 4)."""
    return request.kind == RequestKind.GRANT and not request.form.get("account")


def check_decision(
    act: Act, request: RequestRow, stage: StageRow, verdict: Verdict, compared: Sequence[Comparison]
) -> None:
    """Raises RefusedInputError when the stage of a new registration is to be approved without its checklist."""
    check_compared(checklist_of(act, request, stage), compared, approves=verdict is Verdict.APPROVE)


def check_compared(items: Sequence[CheckItem], compared: Sequence[Comparison], *, approves: bool) -> None:
    """The answers fit the checklist; to approve, each item is answered and none differs (HH 4, GX 8).

    Raises RefusedInputError with one problem per item. A refusal may say what differs, and need not.
    """
    known = {item.name: item for item in items}
    problems = list(_misfits(known, compared))
    if approves:
        problems += _gaps(items, {each.item: each for each in compared})
    if problems:
        raise RefusedInputError(problems, clause=CLAUSE)


def record_compared(act: Act, request: RequestRow, decision: DecisionRow, compared: Sequence[Comparison]) -> None:
    """Keeps what the verifier compared with his decision; names of items and results go to the record (HH 4)."""
    if not compared:
        return
    act.session.flush()
    act.session.add(
        VerificationRow(
            decision_id=decision.id,
            request_id=request.id,
            items=[each.model_dump() for each in compared],
            verified_at=act.now,
            clause=CLAUSE,
        )
    )
    audit.record(
        act, Event.REGISTRATION_VERIFIED, f"request:{request.id}", request_id=request.id, person_id=request.person_id,
        verdict=decision.verdict, compared={each.item: each.result for each in compared},
    )  # fmt: skip


def verifications_of(act: Act, request_id: str) -> list[tuple[VerificationRow, DecisionRow]]:
    """What was compared for this request, in all its versions, the oldest first, with the decisions."""
    statement = (
        select(VerificationRow, DecisionRow)
        .join(DecisionRow, DecisionRow.id == VerificationRow.decision_id)
        .where(VerificationRow.request_id == request_id)
        .order_by(VerificationRow.verified_at, VerificationRow.decision_id)
    )
    return [(row, decision) for row, decision in act.session.execute(statement)]


def _misfits(known: Mapping[str, CheckItem], compared: Sequence[Comparison]) -> Iterable[FieldProblem]:
    seen: set[str] = set()
    for each in compared:
        field = f"compared.{each.item}" if each.item in known else "compared"
        if each.item not in known:
            yield FieldProblem(field, "核验清单中没有此项", "is not an item of the checklist", CLAUSE)
        elif each.item in seen:
            yield FieldProblem(field, "此项填写了两次", "is answered twice", CLAUSE)
        if each.result == "not_compared" and len(each.note) < LEAST_NOTE:
            yield FieldProblem(field, "未比对的，请说明原因", "say why it was not compared", CLAUSE)
        yield from number_problems(field, each.note)
        seen.add(each.item)


def _gaps(items: Sequence[CheckItem], answers: Mapping[str, Comparison]) -> Iterable[FieldProblem]:
    for item in items:
        field, answer = f"compared.{item.name}", answers.get(item.name)
        if answer is None:
            zh, en = f"请填写比对结果：{item.label}", f"State the result: {item.label_en}"
            yield FieldProblem(field, zh, en, item.clause)
        elif answer.result == "differs":
            zh, en = "比对不一致，不能同意；请退回或不同意", "It differs: return or reject, it cannot be approved"
            yield FieldProblem(field, zh, en, item.clause)
        elif answer.result == "not_compared" and item.name == INDISPENSABLE:
            yield FieldProblem(field, "必须查验证件", "The document itself must be seen", item.clause)
