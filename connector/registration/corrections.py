"""Corrected particulars of a case: sent by the unit, sealed, compared by a verifier, and then registered (HH 4)."""

import hmac
import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import IntegrityError

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.levels import check_level, proof_words
from connector.errors import FieldProblem, NotFoundError, NotSignedInError, RefusedInputError
from connector.outbox import service as outbox
from connector.register import documents, identifiers, offices, people
from connector.register.errors import AlreadyRegisteredError
from connector.register.fields import MAIL, checked, too_long
from connector.register.tables import PersonRow, UnitRow
from connector.registration import mismatches
from connector.registration.errors import CorrectionChangedError, CorrectionWaitsError, OwnVerificationError
from connector.registration.tables import MismatchRow, ParticularsRow
from connector.regulations.rulebook import CheckItem
from connector.regulations.vocabulary import Office
from connector.requests.forms import number_problems
from connector.requests.verification import CHECKLIST, Comparison, check_compared
from connector.storage.tables import new_id

CONTEXT = "registration.correction"
CLAUSE = "HH 4"


class CorrectionForm(BaseModel):
    """The right particulars; what is empty stays as registered. All empty: the registered data are right."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = ""
    document_kind: str = ""
    document_number: str = ""
    phone: str = ""
    post: str = ""
    mail: str = ""


class VerdictForm(BaseModel):
    """What the verifier found, bound to the correction that he was shown."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    digest: str = Field(min_length=64, max_length=64)
    approves: bool
    compared: list[Comparison] = Field(default_factory=list, max_length=50)
    reason: str = Field("", max_length=500)


class CorrectionView(BaseModel):
    """A correction as its verifier reads it: full values, read with a record of it (J5)."""

    correction_id: str
    case_id: str
    digest: str
    person_name: str
    document_kind: str
    document_number: str  # as registered, in full: it is compared with the document and the new one
    phone: str
    new: dict[str, str]


def send_correction(act: Act, case_id: str, form: CorrectionForm) -> ParticularsRow:
    """Keeps the corrected particulars sealed until they are verified (HH 4).

    By the person himself, his unit head or an operator. Raises RefusedInputError with every wrong field,
    AlreadyRegisteredError when the document is another person's, CorrectionWaitsError, MismatchClosedError.
    """
    case = mismatches.get_open_case(act, case_id)
    person = people.get_person(act, case.person_id)
    if act.actor.person_id is None:
        raise NotSignedInError
    if act.actor.person_id != person.id and not offices.units_where(act, [Office.OPERATOR]):
        doing = "提交更正 / send a correction"
        offices.check_holds(act, Office.UNIT_HEAD, unit_id=person.unit_id, doing=doing)
    new = _checked(act, person, form)
    row = ParticularsRow(id=new_id(), case_id=case.id, fields=sorted(new), state="waiting")
    text = json.dumps(new, ensure_ascii=False, sort_keys=True)
    row.sealed, row.digest = act.vault.encrypt(text, f"{CONTEXT}:{row.id}"), act.vault.digest(text + row.id, CONTEXT)
    row.sent_by, row.sent_at = act.actor.person_id, act.now
    try:
        with act.session.begin_nested():
            act.session.add(row)
    except IntegrityError:
        raise CorrectionWaitsError from None
    _record(act, Event.MISMATCH_CORRECTED, case, fields=row.fields)
    return row


def show_correction(act: Act, correction_id: str) -> CorrectionView:
    """What is to be compared, in full, for a verifier who may decide it, while it waits (J5; LC 5(5), HH 3).

    Each reading is recorded. Raises OwnVerificationError, CorrectionChangedError once it is decided.
    """
    offices.check_holds(act, Office.VERIFIER, doing="核验更正 / verify a correction")
    row, case = _get(act, correction_id)
    _check_verifier(act, row, case)
    if row.state != "waiting":
        raise CorrectionChangedError
    person = people.get_person(act, case.person_id)
    registered = people.disclose(act, person, reason=f"correction:{row.id}")
    return CorrectionView(
        correction_id=row.id,
        case_id=case.id,
        digest=row.digest,
        person_name=person.name,
        **registered._asdict(),
        new=_new(act, row),
    )


def case_of(act: Act, correction_id: str) -> MismatchRow:
    """The case that the correction belongs to; raises NotFoundError."""
    return _get(act, correction_id)[1]


def verify_correction(act: Act, correction_id: str, form: VerdictForm) -> MismatchRow:
    """Registers the corrected particulars, or refuses them; then the case goes on (HH 4).

    By a verifier with a second factor who is neither the person, nor the sender, nor the one who opened the case.
    Raises OwnVerificationError, CorrectionChangedError, RefusedInputError with every item not compared.
    """
    offices.check_holds(act, Office.VERIFIER, doing="核验更正 / verify a correction")
    check_level(act.actor)
    found = _get(act, correction_id)[1]
    case = mismatches.get_open_case(act, found.id)
    row = _get(act, correction_id)[0]
    _check_verifier(act, row, case)
    if row.state != "waiting" or not hmac.compare_digest(row.digest, form.digest):
        raise CorrectionChangedError
    check_verdict(act, form)
    row.state = "verified" if form.approves else "refused"
    row.verified_by, row.verified_at, row.reason = act.actor.person_id, act.now, form.reason
    row.compared, row.proof = [each.model_dump() for each in form.compared], proof_words(act.actor)
    if form.approves:
        _apply(act, case, _new(act, row))
        case.rectified_at = act.now
    act.session.flush()
    compared = {each.item: each.result for each in form.compared}
    _record(act, Event.MISMATCH_VERIFIED, case, fields=row.fields, approved=form.approves, compared=compared)
    mismatches.follow(act, case)
    return case


def _check_verifier(act: Act, row: ParticularsRow, case: MismatchRow) -> None:
    if act.actor.person_id in (case.person_id, row.sent_by, case.opener_id):
        raise OwnVerificationError


def checklist(act: Act) -> list[CheckItem]:
    """What a verifier compares before he approves a correction (HH 1, HH 4)."""
    return [item for item in act.rulebook.checklist(CHECKLIST) if item.clause.startswith("HH")]


def check_verdict(act: Act, form: VerdictForm) -> None:
    """Raises RefusedInputError with every item that is not compared, and for a refusal without its reason (HH 4)."""
    check_compared(checklist(act), form.compared, approves=form.approves)
    problems = number_problems("reason", form.reason)
    if not form.approves and len(form.reason) < people.LEAST_REASON:
        problems.append(FieldProblem("reason", "请写明不予核验的理由", "give the reason", CLAUSE))
    if problems:
        raise RefusedInputError(problems, clause=CLAUSE)


def _checked(act: Act, person: PersonRow, form: CorrectionForm) -> dict[str, str]:
    """What is given and right, normalised."""
    problems = too_long(form, {"name": 64, "post": 64}, "HH 1")
    new = {name: value for name, value in form.model_dump().items() if value}
    if form.document_number:
        kind, today = form.document_kind or person.document_kind, offices.office_day(act)
        number = checked(problems, identifiers.check_document, kind, form.document_number, today)
        new |= {"document_kind": kind, "document_number": number}
        owner = documents.find_owner(act, kind, number) if number else None
        if owner is not None and owner.id != person.id:
            raise AlreadyRegisteredError(unit=act.session.get_one(UnitRow, owner.unit_id).name)
    elif form.document_kind:
        problems.append(FieldProblem("document_number", "请填写证件号码", "give the number", "HH 1"))
    if form.phone:
        new["phone"] = checked(problems, identifiers.check_phone, form.phone)
    if form.name:
        new["name"] = people.clean_name(form.name)
    if form.mail and not MAIL.fullmatch(form.mail):
        problems.append(FieldProblem("mail", "邮箱地址不正确", "this is no mail address", "HH 1"))
    if problems:
        raise RefusedInputError(problems, clause="HH 1, HH 4")
    return new


def _apply(act: Act, case: MismatchRow, new: dict[str, str]) -> None:
    person = people.get_person(act, case.person_id)
    for field in ("name", "post", "mail"):
        if field in new:
            setattr(person, field, new[field])
    if "phone" in new:
        people.seal_phone(act, person, new["phone"])
    if "document_number" in new:
        untrue = "document_number" in case.fields
        documents.make_primary(act, person, new["document_kind"], new["document_number"], former_untrue=untrue)
    act.session.flush()
    if new:
        audit.record(
            act, Event.PERSON_CHANGED, f"person:{person.id}", person_id=person.id, fields=sorted(new),
            source="correction",
        )  # fmt: skip
    if "name" in new and case.account_id:
        outbox.enqueue_for_account(act, "keycloak.follow_register", case.account_id, {"fields": sorted(new)})


def _new(act: Act, row: ParticularsRow) -> dict[str, str]:
    found: dict[str, str] = json.loads(act.vault.decrypt(row.sealed, f"{CONTEXT}:{row.id}"))
    return found


def _get(act: Act, correction_id: str) -> tuple[ParticularsRow, MismatchRow]:
    row = act.session.get(ParticularsRow, correction_id, populate_existing=True)
    if row is None:
        raise NotFoundError(kind="更正 (correction)", name=correction_id)
    return row, mismatches.get_case(act, row.case_id)


def _record(act: Act, event: Event, case: MismatchRow, **data: Any) -> None:
    audit.record(
        act, event, f"mismatch:{case.id}", person_id=case.person_id, account_id=case.account_id, clause=CLAUSE, **data
    )
