"""Every document by which a person is known: each belongs to one person alone (A2; LC 5(3)). Opens no accounts."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.errors import NotFoundError
from connector.register import confine, identifiers, offices
from connector.register.document_tables import PersonDocumentRow
from connector.register.errors import AlreadyRegisteredError
from connector.register.tables import PersonRow, UnitRow
from connector.regulations.vocabulary import Office
from connector.storage.batches import in_batches

DOCUMENT_CONTEXT = "person.document"
KEEPERS = (Office.VERIFIER, Office.OPERATOR, Office.SYSTEM_DEPARTMENT_HEAD)


class DocumentForm(BaseModel):
    """Another document of a registered person, as it was typed."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    document_kind: str
    document_number: str


@dataclass(frozen=True, kw_only=True)
class DocumentView:
    """One document of a person; the number masked. `registered`: the one he was registered with."""

    document_kind: str
    document_masked: str
    added_by: str
    added_at: datetime
    void_at: datetime | None
    registered: bool


def add_document(act: Act, person_id: str, form: DocumentForm) -> PersonDocumentRow:
    """Writes down that this document too is the person's (A2; LC 5(3)); nothing changes when it is known as his.

    Done by a verifier, an operator or the head of the system department, who has seen it. Raises RefusedInputError,
    NotFoundError, and AlreadyRegisteredError (naming the unit only) when it is another person's, also in a race.
    """
    offices.check_holds(act, *KEEPERS, doing="登记证件 / register a document")
    person = _get_person(act, person_id)
    today = offices.office_day(act)
    number = identifiers.check_document(form.document_kind, form.document_number, today)
    return ensure_document(act, person, form.document_kind, number)


def ensure_document(act: Act, person: PersonRow, kind: str, number: str) -> PersonDocumentRow:
    """The row of this checked number as the person's; raises AlreadyRegisteredError when it is somebody else's."""
    existing = _own(act, person, kind, number)
    if existing is not None:
        return existing
    row = make_row(act, person, kind, number)
    try:
        with act.session.begin_nested():
            act.session.add(row)
    except IntegrityError:
        existing = _own(act, person, kind, number)
        if existing is None:
            raise
        return existing
    audit.record(act, Event.DOCUMENT_ADDED, f"person:{person.id}", person_id=person.id, document_kind=row.kind)
    return row


def make_primary(act: Act, person: PersonRow, kind: str, number: str, *, former_untrue: bool) -> None:
    """Registers the person with this checked number from now on; an untrue former one is void (HH 4).

    AlreadyRegisteredError when it is another person's.
    """
    former = person.document_digest
    row = ensure_document(act, person, kind, number)
    person.document_kind, person.document_digest, person.document_masked = row.kind, row.digest, row.masked
    person.document_sealed = act.vault.encrypt(number, f"{DOCUMENT_CONTEXT}:{person.id}")
    if former_untrue and former != row.digest:
        for void in act.session.scalars(_valid().where(PersonDocumentRow.digest == former)):
            void.void_at = act.now
    act.session.flush()


def list_documents(act: Act, person_id: str) -> list[DocumentView]:
    """Every document of a person, the oldest first, void ones too. Whoever lists them checks that the actor may."""
    person = _get_person(act, person_id)
    statement = (
        select(PersonDocumentRow)
        .where(PersonDocumentRow.person_id == person_id)
        .order_by(PersonDocumentRow.added_at, PersonDocumentRow.id)
    )
    return [
        DocumentView(
            document_kind=row.kind,
            document_masked=row.masked,
            added_by=row.added_by,
            added_at=row.added_at,
            void_at=row.void_at,
            registered=row.digest == person.document_digest and row.void_at is None,
        )
        for row in act.session.scalars(statement)
    ]


def find_owner(act: Act, kind: str, number: str) -> PersonRow | None:
    """The person who has this checked number, as his registered document or as another one."""
    digest = digest_of(act, kind, number)
    registered = select(PersonRow).where(PersonRow.document_digest == digest)
    other = select(PersonRow).join(PersonDocumentRow, PersonDocumentRow.person_id == PersonRow.id)
    known = other.where(PersonDocumentRow.digest == digest, PersonDocumentRow.void_at.is_(None))
    with confine.beyond(act):  # One person, once, in the whole installation (LC 5(3)).
        person = act.session.scalars(registered).one_or_none()
        return person or act.session.scalars(known).one_or_none()


def has_document(act: Act, person_id: str, kind: str, number: str) -> bool:
    """Whether this checked number is one of the person's documents."""
    owner = find_owner(act, kind, number)
    return owner is not None and owner.id == person_id


def digest_of(act: Act, kind: str, number: str) -> str:
    """The keyed digest of a checked number; one series of numbers has one digest, whatever the card is called."""
    return act.vault.digest(identifiers.identity_of(kind, number), DOCUMENT_CONTEXT)


def make_row(act: Act, person: PersonRow, kind: str, number: str) -> PersonDocumentRow:
    """The row of one checked number, not yet stored."""
    return PersonDocumentRow(
        person_id=person.id,
        kind=str(identifiers.kind_of(kind, number)),
        sealed=act.vault.encrypt(number, f"{DOCUMENT_CONTEXT}:{person.id}"),
        digest=digest_of(act, kind, number),
        masked=identifiers.mask_document(number),
        added_by=act.actor.name,
        added_at=act.now,
    )


def reseal_of(act: Act, person_ids: Collection[str]) -> None:
    """Seals the documents of these persons under the present key (J5)."""
    for some in in_batches(person_ids):
        for row in act.session.scalars(select(PersonDocumentRow).where(PersonDocumentRow.person_id.in_(some))):
            if act.vault.needs_rotation(row.sealed):
                context = f"{DOCUMENT_CONTEXT}:{row.person_id}"
                row.sealed = act.vault.encrypt(act.vault.decrypt(row.sealed, context), context)


def _own(act: Act, person: PersonRow, kind: str, number: str) -> PersonDocumentRow | None:
    """The person's row of this number; AlreadyRegisteredError when another person has it."""
    owner = find_owner(act, kind, number)
    if owner is not None and owner.id != person.id:
        raise AlreadyRegisteredError(unit=act.session.get_one(UnitRow, owner.unit_id).name)
    # Only his own: another's may have been committed between the two looks, and is told as such by the insert.
    own = _valid().where(PersonDocumentRow.digest == digest_of(act, kind, number))
    return act.session.scalars(own.where(PersonDocumentRow.person_id == person.id)).one_or_none()


def _valid() -> Select[PersonDocumentRow]:
    return select(PersonDocumentRow).where(PersonDocumentRow.void_at.is_(None))


def _get_person(act: Act, person_id: str) -> PersonRow:
    person = act.session.get(PersonRow, person_id)
    if person is None:
        raise NotFoundError(kind="使用人 (person)", name=person_id)
    return person
