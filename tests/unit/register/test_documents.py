"""Documents of persons: typed, checked, normalised; each belongs to one person alone (LC 5(3))."""

from datetime import date

import pytest

from connector.errors import ForbiddenError, RefusedInputError
from connector.register import documents, identifiers, people
from connector.register.documents import DocumentForm
from connector.register.errors import AlreadyRegisteredError
from connector.regulations.vocabulary import Office
from tests.factories import make_person, make_person_form, resident_id
from tests.town import HOST, Town, open_town

TODAY = date(2026, 3, 10)
PERMIT = resident_id(1, region="810000")
CARD = resident_id(2, region="931156")


@pytest.fixture
def town(tmp_path):  # type: ignore[no-untyped-def]
    opened = open_town(tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("kind", "typed", "normal", "known_as"),
    [
        ("resident_id", "110105491231002", "11010519491231002X", "resident_id"),
        ("resident_id", " １１０１０５１９４９１２３１００２ｘ", "11010519491231002X", "resident_id"),
        ("residence_permit", PERMIT.lower(), PERMIT, "residence_permit"),
        ("resident_id", PERMIT, PERMIT, "residence_permit"),
        ("foreign_resident", CARD, CARD, "foreign_resident"),
        ("foreign_resident", "usa310181123456", "USA310181123456", "foreign_resident"),
        ("hk_macao_permit", "h1234567801", "H12345678", "hk_macao_permit"),
        ("taiwan_permit", "1234567801(B)", "12345678", "taiwan_permit"),
        ("passport", "e 12345678", "E12345678", "passport"),
    ],
)
def test_check_document_of_each_kind_gives_its_one_shape(kind: str, typed: str, normal: str, known_as: str) -> None:
    number = identifiers.check_document(kind, typed, TODAY)
    assert (number, identifiers.kind_of(kind, number)) == (normal, known_as)


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("residence_permit", resident_id(3)),
        ("residence_permit", PERMIT[:-1] + ("0" if PERMIT[-1] != "0" else "1")),
        ("foreign_resident", resident_id(4)),
        ("foreign_resident", PERMIT),
        ("foreign_resident", "US1310181123456"),
        ("hk_macao_permit", "X12345678"),
        ("taiwan_permit", "1234567"),
        ("passport", "ABCDEFG"),
    ],
)
def test_check_document_that_is_none_of_its_kind_is_refused(kind: str, typed: str) -> None:
    with pytest.raises(RefusedInputError):
        identifiers.check_document(kind, typed, TODAY)


def test_register_one_number_under_two_kinds_is_one_person(town: Town) -> None:
    with town.connector.act(HOST) as act:
        make_person(act, "ywk", document_kind="resident_id", document_number=PERMIT)
        with pytest.raises(AlreadyRegisteredError, match="业务科"):
            make_person(act, "dljg", document_kind="residence_permit", document_number=PERMIT)


def test_register_the_fifteen_digits_of_a_registered_person_is_refused(town: Town) -> None:
    with town.connector.act(HOST) as act:
        make_person(act, "ywk", document_number="11010519491231002X")
        with pytest.raises(AlreadyRegisteredError):
            make_person(act, "dljg", document_number="110105491231002")


def test_second_document_finds_the_person_and_is_refused_for_another(town: Town) -> None:
    permit = DocumentForm(document_kind="hk_macao_permit", document_number="H12345678")
    with town.connector.act(HOST) as act:
        person, other = make_person(act, "ywk", document_number=PERMIT), make_person(act, "dljg")
    with town.connector.act(town.actor(Office.VERIFIER, "jyzx")) as act:
        documents.add_document(act, person.id, permit)
        documents.add_document(act, person.id, permit)
        found = people.find_by_document(act, "hk_macao_permit", "H1234567802")
        assert found is not None
        assert found.id == person.id
        assert sorted(view.registered for view in documents.list_documents(act, person.id)) == [False, True]
        with pytest.raises(AlreadyRegisteredError, match="业务科"):
            documents.add_document(act, other.id, permit)
    with town.connector.act(HOST) as act, pytest.raises(AlreadyRegisteredError, match="业务科"):
        make_person(act, "dljg", document_kind="hk_macao_permit", document_number="H12345678")


def test_second_account_under_a_second_document_is_refused(town: Town) -> None:
    first = make_person_form("ywk", name="陈两证", document_number=PERMIT)
    account = town.account_of(town.approve(town.submit(town.form(person=first))))
    permit = DocumentForm(document_kind="hk_macao_permit", document_number="H12345678")
    with town.connector.act(town.actor(Office.OPERATOR)) as act:
        documents.add_document(act, account.person_id, permit)
    again = first.model_copy(update={"document_kind": "hk_macao_permit", "document_number": "H12345678"})
    with pytest.raises(Exception, match="one person, one account"):
        town.submit(town.form(person=again))


def test_add_document_without_the_office_is_refused(town: Town) -> None:
    with town.connector.act(HOST) as act:
        person = make_person(act, "ywk")
    with town.connector.act(town.applicant()) as act, pytest.raises(ForbiddenError):
        documents.add_document(act, person.id, DocumentForm(document_kind="passport", document_number="E12345678"))


def test_documents_stand_sealed_and_masked(town: Town) -> None:
    with town.connector.act(HOST) as act:
        person = make_person(act, "ywk", document_number=PERMIT)
        (view,) = documents.list_documents(act, person.id)
    assert PERMIT not in str(view)
    assert view.document_masked.endswith(PERMIT[-4:])
