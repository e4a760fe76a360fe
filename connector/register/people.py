"""Registers persons under their real name, once each, and keeps their numbers sealed (J5). Opens no accounts."""

import hmac
import unicodedata
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.errors import FieldProblem, NotFoundError, RefusedInputError
from connector.register import documents, identifiers, offices, units
from connector.register.documents import DOCUMENT_CONTEXT
from connector.register.errors import AlreadyRegisteredError
from connector.register.fields import MAIL, checked, too_long
from connector.register.tables import PersonRow, UnitRow
from connector.regulations.vocabulary import Office
from connector.storage.tables import new_id

PHONE_CONTEXT = "person.phone"
REGISTER_CLAUSE = "LC 5(2), HH 1"
LEAST_REASON = 4  # characters


class PersonForm(BaseModel):
    """A person to be registered, as the applicant typed it; numbers are normalised when registered (A1)."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str
    document_kind: str = "resident_id"
    document_number: str
    phone: str
    unit_code: str
    post: str = ""
    mail: str = ""
    directory_key: str = ""


class Revealed(NamedTuple):
    """The full numbers of one person, for the eyes of the one who asked and gave a reason."""

    document_kind: str
    document_number: str
    phone: str


class _Checked(NamedTuple):
    name: str
    number: str
    phone: str
    unit: UnitRow


def check_person(act: Act, form: PersonForm) -> None:
    """Raises RefusedInputError with every wrong field at once (A1; LC 5(2), HH 1). Stores nothing."""
    _check(act, form)


def register_person(act: Act, form: PersonForm) -> PersonRow:
    """Registers a person under his real name, once (A1, A2; LC 5(2)(3), HH 1).

    Raises RefusedInputError with every wrong field, AlreadyRegisteredError (names the unit only) when the document is
    registered, also by a transaction at the same moment.
    """
    person, is_new = _find_or_register(act, form)
    if not is_new:
        raise AlreadyRegisteredError(unit=units.get_unit_by_id(act, person.unit_id).name)
    return person


def ensure_person(act: Act, form: PersonForm) -> PersonRow:
    """The person with this document, registered now when he is not yet (LC 5(3)).

    A registered document under another name is refused (LC 5(2), HH 4): one of the two names is untrue.
    """
    person, is_new = _find_or_register(act, form)
    if not is_new and person.name != clean_name(form.name):
        mismatch = FieldProblem(
            "name",
            "姓名与该证件登记的姓名不一致",
            "the name is not the one registered for this document",
            "LC 5(2), HH 4",
        )
        raise RefusedInputError([mismatch], clause="LC 5(2), HH 4")
    return person


def find_by_document(act: Act, kind: str, number: str) -> PersonRow | None:
    """The person registered with this document; None when there is none or the number is not a valid one."""
    problems: list[FieldProblem] = []
    normal = checked(problems, identifiers.check_document, kind, number, offices.office_day(act))
    return None if problems else documents.find_owner(act, kind, normal)


def get_person(act: Act, person_id: str) -> PersonRow:
    """The person with this id; raises NotFoundError."""
    person = act.session.get(PersonRow, person_id)
    if person is None:
        raise NotFoundError(kind="使用人 (person)", name=person_id)
    return person


def get_form(act: Act, person_id: str) -> PersonForm:
    """The person as he was registered, numbers and all, for the next version of a request; never to be shown."""
    person = get_person(act, person_id)
    return PersonForm(
        name=person.name,
        document_kind=person.document_kind,
        document_number=read_document(act, person),
        phone=act.vault.decrypt(person.phone_sealed, f"{PHONE_CONTEXT}:{person.id}"),
        unit_code=units.get_unit_by_id(act, person.unit_id).code,
        post=person.post,
        mail=person.mail or "",
    )


def find_by_directory_key(act: Act, key: str) -> PersonRow | None:
    """The person that the HR directory knows under this key."""
    return act.session.scalars(select(PersonRow).where(PersonRow.directory_key == key)).one_or_none()


def change_contact(act: Act, person_id: str, *, phone: str | None = None, mail: str | None = None) -> PersonRow:
    """Changes phone and mail; what is None stays. Raises RefusedInputError."""
    person = get_person(act, person_id)
    problems: list[FieldProblem] = []
    if phone is not None:
        phone = checked(problems, identifiers.check_phone, phone)
    if mail:
        problems += _mail_problems(mail)
    if problems:
        raise RefusedInputError(problems, clause=REGISTER_CLAUSE)
    if phone is not None:
        seal_phone(act, person, phone)
    if mail is not None:
        person.mail = mail or None
    changed = [name for name, value in (("phone", phone), ("mail", mail)) if value is not None]
    audit.record(act, Event.PERSON_CHANGED, f"person:{person.id}", person_id=person.id, fields=changed)
    return person


def reveal(act: Act, person_id: str, reason: str) -> Revealed:
    """The full document number and phone (J5; LC 5(5), HH 3). Each reading is recorded with its reason.

    The actor must be head of the system department, operator or security administrator; the reason has at least four
    characters. Raises ForbiddenError, RefusedInputError.
    """
    offices.check_holds(
        act, Office.SYSTEM_DEPARTMENT_HEAD, Office.OPERATOR, Office.SECURITY_ADMINISTRATOR,
        doing="查看完整证件号码 / see full numbers",
    )  # fmt: skip
    reason = reason.strip()
    if len(reason) < LEAST_REASON:
        short = FieldProblem(
            "reason",
            f"请说明理由，至少{LEAST_REASON}个字",
            f"give a reason of at least {LEAST_REASON} characters",
            "LC 5(5)",
        )
        raise RefusedInputError([short], clause="LC 5(5)")
    return disclose(act, get_person(act, person_id), reason=reason)


def disclose(act: Act, person: PersonRow, *, reason: str, request_id: str | None = None) -> Revealed:
    """The full numbers, with the entry of the record. Whoever calls it has checked that the actor may (J5)."""
    audit.record(
        act, Event.PERSON_REVEALED, f"person:{person.id}", person_id=person.id, request_id=request_id, reason=reason
    )
    return Revealed(
        person.document_kind,
        read_document(act, person),
        act.vault.decrypt(person.phone_sealed, f"{PHONE_CONTEXT}:{person.id}"),
    )


def read_document(act: Act, person: PersonRow) -> str:
    """The full number, to be compared and never shown."""
    return act.vault.decrypt(person.document_sealed, f"{DOCUMENT_CONTEXT}:{person.id}")


def has_document_ending(act: Act, person: PersonRow, ending: str) -> bool:
    """Whether the person's document number ends so; compared in constant time, the number goes nowhere (JC 23)."""
    number = read_document(act, person)
    return hmac.compare_digest(number[-len(ending) :].encode(), ending.encode())


def reseal(act: Act, *, after_id: str = "", count: int = 500) -> str | None:
    """Seals one page of persons under the present key (J5); returns where the next page starts, None at the end."""
    page = act.session.scalars(
        select(PersonRow).where(PersonRow.id > after_id).order_by(PersonRow.id).limit(count)
    ).all()
    for person in page:
        if act.vault.needs_rotation(person.document_sealed):
            context = f"{DOCUMENT_CONTEXT}:{person.id}"
            person.document_sealed = act.vault.encrypt(act.vault.decrypt(person.document_sealed, context), context)
        if act.vault.needs_rotation(person.phone_sealed):
            context = f"{PHONE_CONTEXT}:{person.id}"
            person.phone_sealed = act.vault.encrypt(act.vault.decrypt(person.phone_sealed, context), context)
    documents.reseal_of(act, [person.id for person in page])
    return page[-1].id if len(page) == count else None


def clean_name(name: str) -> str:
    """The name with compatibility characters folded and blanks single, so that the same name compares equal."""
    return " ".join(unicodedata.normalize("NFKC", name).split())


def _find_or_register(act: Act, form: PersonForm) -> tuple[PersonRow, bool]:
    right = _check(act, form)
    existing = documents.find_owner(act, form.document_kind, right.number)
    if existing is not None:
        return existing, False
    _check_directory_key(act, form.directory_key)
    person = _sealed_row(act, form, right)
    try:
        with act.session.begin_nested():
            act.session.add(person)
            act.session.flush()
            act.session.add(documents.make_row(act, person, form.document_kind, right.number))
    except IntegrityError:
        # Somebody registered the same document, or the same directory key, between our look and our insert.
        winner = documents.find_owner(act, form.document_kind, right.number)
        if winner is not None:
            return winner, False
        _check_directory_key(act, form.directory_key)
        raise
    audit.record(
        act, Event.PERSON_REGISTERED, f"person:{person.id}", person_id=person.id,
        unit=right.unit.code, document_kind=form.document_kind,
    )  # fmt: skip
    return person, True


def _sealed_row(act: Act, form: PersonForm, right: _Checked) -> PersonRow:
    person = PersonRow(
        id=new_id(),
        name=right.name,
        document_kind=identifiers.kind_of(form.document_kind, right.number),
        document_digest=documents.digest_of(act, form.document_kind, right.number),
        document_masked=identifiers.mask_document(right.number),
        mail=form.mail or None,
        unit_id=right.unit.id,
        post=form.post,
        directory_key=form.directory_key or None,
        registered_at=act.now,
    )
    person.document_sealed = act.vault.encrypt(right.number, f"{DOCUMENT_CONTEXT}:{person.id}")
    seal_phone(act, person, right.phone)
    return person


def seal_phone(act: Act, person: PersonRow, phone: str) -> None:
    """Puts a normalised phone into the row: sealed, its digest, and as it is shown (J5)."""
    person.phone_sealed = act.vault.encrypt(phone, f"{PHONE_CONTEXT}:{person.id}")
    person.phone_digest = act.vault.digest(phone, PHONE_CONTEXT)
    person.phone_masked = identifiers.mask_phone(phone)


def _check(act: Act, form: PersonForm) -> _Checked:
    problems = too_long(form, {"name": 64, "post": 64, "directory_key": 64}, "HH 1")
    name = clean_name(form.name)
    if not name or any(unicodedata.category(c).startswith("C") for c in name):
        problems.append(FieldProblem("name", "请填写真实姓名", "give the real name", "LC 5(2)"))
    today = offices.office_day(act)
    number = checked(problems, identifiers.check_document, form.document_kind, form.document_number, today)
    phone = checked(problems, identifiers.check_phone, form.phone)
    unit = units.find_unit(act, form.unit_code)
    if unit is None:
        problems.append(FieldProblem("unit_code", "没有此单位", "there is no such unit", "HH 1"))
    elif unit.closed_at is not None:
        problems.append(FieldProblem("unit_code", "单位已撤并", "the unit is closed", "HH 1"))
    if form.mail:
        problems += _mail_problems(form.mail)
    if problems or unit is None:
        raise RefusedInputError(problems, clause=REGISTER_CLAUSE)
    return _Checked(name, number, phone, unit)


def _check_directory_key(act: Act, key: str) -> None:
    if key and find_by_directory_key(act, key) is not None:
        taken = FieldProblem(
            "directory_key", "该人事编号已属于另一使用人", "this directory key belongs to another person", "LC 5(3)"
        )
        raise RefusedInputError([taken], clause="LC 5(3)")


def _mail_problems(mail: str) -> list[FieldProblem]:
    if MAIL.fullmatch(mail):
        return []
    return [FieldProblem("mail", "邮箱地址不正确", "this is no mail address", "HH 1")]
