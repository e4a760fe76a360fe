"""The end of a case: outcomes told by people, the analysis report with its signature (GS 15), the closing itself."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from connector.audit.events import Event
from connector.audit.leaf import canonical_bytes, moment_text
from connector.auth.act import Act
from connector.auth.levels import check_level
from connector.errors import NotFoundError, Text
from connector.incidents import case_access, cases, outcomes, proof, store, trace
from connector.incidents.case_tables import CaseCreatedRow, CaseOutcomeRow, CaseReportRow, CaseRow
from connector.incidents.errors import CaseStepError, ReportChangedError, ReportWriterError, WrongAnswerError
from connector.incidents.freezes import get_order
from connector.register import accounts
from connector.register.offices import check_holds
from connector.register.tables import PersonRow
from connector.regulations.vocabulary import Office

SIGNERS = (Office.SYSTEM_DEPARTMENT_HEAD, Office.PRINCIPAL)
MOST_WORDS = 4000


class ReportForm(BaseModel):
    """What people add to the facts (GS 15)."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    cause: str = Field(max_length=MOST_WORDS)
    consequences: str = Field(max_length=MOST_WORDS)
    corrections: str = Field(max_length=MOST_WORDS)


def tell_outcome(act: Act, number: str, *, outcome: str, note: str, receipt: str) -> CaseOutcomeRow:
    """A person says that an outcome no machine can see is done, with note and receipt (GS 13, GS 14)."""
    check_level(act.actor)
    case = case_access.take_case(act, number)
    cases.check_text("note", note)
    cases.check_text("receipt", receipt, most=128)
    row = act.session.get(CaseOutcomeRow, (case.id, outcome))
    if row is None or outcome not in outcomes.TOLD:
        raise WrongAnswerError(zh="此项由系统核对，不能登记", en="this outcome is checked, not told")
    if row.done_at is not None:
        raise WrongAnswerError(zh="此项已登记", en="it was entered already")
    row.note, row.receipt, row.told_by, row.done_at = note.strip(), receipt.strip(), act.actor.person_id, act.now
    cases.record(act, Event.INCIDENT_OUTCOME_TOLD, case, outcome=outcome, receipt=row.receipt)
    return row


def facts_of(act: Act, case: CaseRow) -> dict[str, Any]:
    """The facts of the report as the record has them now: times, accounts, measures with proof, gaps. Plain JSON."""
    seen = cases.trace_of(act, case)
    return {
        "number": case.number,
        "article": case.article,
        "account": accounts.get_account(act, case.account_id).user_name,
        "since": moment_text(case.since),
        "opened_at": moment_text(case.opened_at),
        "opened_by": case.opened_by,
        "reason": case.reason,
        "reported": {"to": case.reported_to, "at": _moment(case.reported_at), "receipt": case.receipt},
        "freeze": _freeze_facts(act, case),
        "created": [_created_fact(act, one) for one in cases.list_created(act, case)],
        "acts": _act_facts(seen),
        "answers": [
            {"question": one.question, "answer": one.answer, "clause": one.clause, "why": one.why,
             "at": moment_text(one.at)} for one in cases.answers_of(act, case)
        ],
        "outcomes": [
            {"outcome": one.outcome.value, "done": one.done, "receipt": one.row.receipt}
            for one in outcomes.states_of(act, case)
        ],
        "gaps": [{"zh": gap.zh, "en": gap.en} for gap in seen.gaps],
    }  # fmt: skip


def write_report(act: Act, number: str, form: ReportForm) -> CaseReportRow:
    """Stores the next version: the facts of this moment, and what people say of them (GS 15)."""
    case = case_access.take_case(act, number)
    for name in ("cause", "consequences", "corrections"):
        cases.check_text(name, getattr(form, name), most=MOST_WORDS)
    newest = newest_report(act, case)
    if newest is not None and newest.signed_at is not None:
        raise ReportChangedError
    facts = facts_of(act, case)
    row = CaseReportRow(
        case_id=case.id, version=newest.version + 1 if newest else 1, facts=facts, cause=form.cause,
        consequences=form.consequences, corrections=form.corrections, hash=report_hash(facts, form.model_dump()),
        writer_id=str(act.actor.person_id), written_at=act.now,
    )  # fmt: skip
    act.session.add(row)
    act.session.flush()
    cases.record(act, Event.INCIDENT_REPORT_WRITTEN, case, version=row.version, hash=row.hash)
    return row


def sign_report(act: Act, number: str, *, version: int, shown_hash: str) -> CaseReportRow:
    """Signs the version with this hash, which files it (GS 15): by the head or the principal, not by its writer.

    Raises CaseStepError while questions or outcomes are open, ReportChangedError, ReportWriterError.
    """
    check_level(act.actor)
    case = case_access.take_case_to_sign(act, number)
    check_holds(act, *SIGNERS, doing="签发分析报告 / sign the report")
    row = newest_report(act, case)
    if row is None or row.version != version or row.signed_at or not hmac.compare_digest(row.hash, shown_hash):
        raise ReportChangedError
    if row.writer_id == act.actor.person_id:
        raise ReportWriterError
    row.signer_id, row.signed_at = act.actor.person_id, act.now
    act.session.flush()
    cases.record(act, Event.INCIDENT_REPORT_FILED, case, version=row.version, hash=row.hash)
    return row


def close_case(act: Act, number: str) -> CaseRow:
    """Closes the case when the tree has ended, every outcome is done and the report is filed (GS 13-15).

    Raises CaseStepError naming everything that is open.
    """
    check_level(act.actor)
    case = case_access.take_case(act, number)
    if left := open_steps(act, case):
        raise CaseStepError(zh="、".join(one.zh for one in left), en=", ".join(one.en for one in left))
    case.state, case.closed_at, case.closed_by = "closed", act.now, act.actor.person_id
    cases.record(act, Event.INCIDENT_CLOSED, case)
    return case


def open_steps(act: Act, case: CaseRow) -> list[Text]:
    """What is still to be done before the case can close, in its order."""
    left = [] if case.reported_at else [Text("报告上级", "report up")]
    if case.freeze_order_id and get_order(act, case.freeze_order_id).state == "waiting":
        left.append(Text("确认冻结指令", "confirm the freeze order"))
    if case.question:
        left.append(Text("回答处置问题", "answer the questions"))
    left += [outcomes.NAMES[one.outcome] for one in outcomes.states_of(act, case) if not one.done]
    report = newest_report(act, case)
    if report is None or report.signed_at is None:
        left.append(Text("签发分析报告", "sign the report"))
    return left


def newest_report(act: Act, case: CaseRow) -> CaseReportRow | None:
    rows = select(CaseReportRow).where(CaseReportRow.case_id == case.id).order_by(CaseReportRow.version.desc())
    return act.session.scalars(rows.limit(1)).first()


def get_report(act: Act, case: CaseRow, version: int) -> CaseReportRow:
    """A version of the report; raises NotFoundError."""
    row = act.session.get(CaseReportRow, (case.id, version))
    if row is None:
        raise NotFoundError(kind="分析报告 (report)", name=f"{case.number}/{version}")
    return row


def report_hash(facts: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """Hex SHA-256 over the canonical form (RFC 8785) of everything the report says."""
    return hashlib.sha256(canonical_bytes({"facts": facts, **words})).hexdigest()


def name_of(act: Act, person_id: str | None) -> str:
    person = act.session.get(PersonRow, person_id) if person_id else None
    return person.name if person else ""


def _freeze_facts(act: Act, case: CaseRow) -> dict[str, Any]:
    if case.freeze_order_id is None:
        return {"order": "", "state": "", "proof": {}}
    order = store.get_order(act, case.freeze_order_id)
    lines = store.lines_of(act, order.id)
    looked = proof.look(act, order, lines)
    proved = {key: str(value) for line in lines for key, value in looked[line.id].proof.items()}
    return {"order": order.number, "state": order.state, "proof": proved}


def _created_fact(act: Act, one: CaseCreatedRow) -> dict[str, Any]:
    status = accounts.get_account(act, one.account_id).status if one.account_id else ""
    return {
        "name": one.name, "found_in": one.found_in, "reference": one.reference, "at": moment_text(one.created_at),
        "status": status,
    }  # fmt: skip


def _act_facts(seen: trace.Trace) -> list[dict[str, Any]]:
    """What it did, counted by kind, with the first and the last moment: the list itself stands in the record."""
    counted: dict[tuple[str, str], list[datetime]] = {}
    for item in seen.items:
        counted.setdefault((item.found_in, item.what), []).append(item.at)
    return [
        {"found_in": place, "what": what, "count": len(moments), "first": moment_text(min(moments)),
         "last": moment_text(max(moments))} for (place, what), moments in sorted(counted.items())
    ]  # fmt: skip


def _moment(at: datetime | None) -> str:
    return moment_text(at) if at else ""
