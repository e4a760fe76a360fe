"""Persons: real names, right numbers, one registration each, sealed numbers."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from connector.audit.tables import AuditEntryRow
from connector.errors import ForbiddenError, NotFoundError, RefusedInputError
from connector.register import people
from connector.register.errors import AlreadyRegisteredError
from connector.register.tables import PersonRow
from connector.regulations.vocabulary import Office
from tests.factories import Centre, make_centre, make_person, make_person_form, make_unit, phone, resident_id
from tests.fixtures_register import NOON, Desk


@pytest.fixture
def centre(desk: Desk) -> Centre:
    with desk.act() as act:
        return make_centre(act)


def entries(desk: Desk, event: str) -> list[AuditEntryRow]:
    with desk.act() as act:
        return list(act.session.scalars(select(AuditEntryRow).where(AuditEntryRow.event == event)))


@pytest.mark.req("A1")
def test_register_person_with_every_field_wrong_names_each_and_stores_nothing(desk: Desk) -> None:
    form = people.PersonForm(
        name=" \t",
        document_kind="resident_id",
        document_number="371502198503171234",
        phone="12345",
        unit_code="nowhere",
        mail="nobody",
        post="长" * 65,
    )
    with desk.act() as act, pytest.raises(RefusedInputError) as refused:
        people.register_person(act, form)
    assert {problem.field for problem in refused.value.fields} == {
        "name",
        "document_number",
        "phone",
        "unit_code",
        "mail",
        "post",
    }
    assert all(problem.zh and problem.en for problem in refused.value.fields)
    assert "371502" not in str(refused.value.problem())
    with desk.act() as act:
        assert act.session.scalars(select(PersonRow)).all() == []


@pytest.mark.req("A1")
def test_register_person_with_unknown_kind_of_document_is_refused(desk: Desk, centre: Centre) -> None:
    with desk.act() as act, pytest.raises(RefusedInputError) as refused:
        people.register_person(act, make_person_form("ywk", document_kind="library_card"))
    assert "document_kind" in {problem.field for problem in refused.value.fields}


@pytest.mark.req("A1")
def test_register_person_with_name_of_control_characters_is_refused(desk: Desk, centre: Centre) -> None:
    with desk.act() as act, pytest.raises(RefusedInputError) as refused:
        people.register_person(act, make_person_form("ywk", name="王\u202e试"))
    assert [problem.field for problem in refused.value.fields] == ["name"]


@pytest.mark.req("A1")
def test_register_person_with_old_number_finds_the_same_person_by_the_new_one(desk: Desk, centre: Centre) -> None:
    new = resident_id(77)
    old = new[:6] + new[8:17]
    with desk.act() as act:
        person = people.register_person(act, make_person_form("ywk", document_number=old))
        found = people.find_by_document(act, "resident_id", new)
    assert found is not None
    assert found.id == person.id


@pytest.mark.req("A2")
def test_register_person_twice_is_refused_and_names_the_unit_only(desk: Desk, centre: Centre) -> None:
    number = resident_id()
    with desk.act() as act:
        first = make_person(act, "ywk", document_number=number)
    with desk.act() as act, pytest.raises(AlreadyRegisteredError) as refused:
        make_person(act, "dljg", document_number=number.lower())
    said = str(refused.value.problem())
    assert "业务科" in said
    assert first.name not in said
    assert number not in said


@pytest.mark.req("A2")
def test_ensure_person_registered_before_returns_the_same_person(desk: Desk, centre: Centre) -> None:
    form = make_person_form("ywk", name="张 伟")
    with desk.act() as act:
        first = people.ensure_person(act, form)
        again = people.ensure_person(act, form.model_copy(update={"name": "张　 伟", "unit_code": "dljg"}))
    assert again.id == first.id
    assert len([e for e in entries(desk, "person.registered") if e.person_id == first.id]) == 1


@pytest.mark.req("A1")
def test_ensure_person_under_another_name_is_refused(desk: Desk, centre: Centre) -> None:
    form = make_person_form("ywk", name="张伟")
    with desk.act() as act:
        people.ensure_person(act, form)
    with desk.act() as act, pytest.raises(RefusedInputError) as refused:
        people.ensure_person(act, form.model_copy(update={"name": "张维"}))
    assert [problem.field for problem in refused.value.fields] == ["name"]
    assert "张伟" not in str(refused.value.problem())


def test_register_person_with_directory_key_of_another_is_refused(desk: Desk, centre: Centre) -> None:
    with desk.act() as act:
        make_person(act, "ywk", directory_key="E0001")
    with desk.act() as act, pytest.raises(RefusedInputError) as refused:
        make_person(act, "ywk", directory_key="E0001")
    assert [problem.field for problem in refused.value.fields] == ["directory_key"]


@pytest.mark.req("J5")
def test_register_person_leaves_no_number_in_the_clear_in_any_table(desk: Desk, centre: Centre) -> None:
    number, mobile = resident_id(), phone()
    with desk.act() as act:
        make_person(act, "ywk", document_number=number, phone=mobile)
        tables = act.session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")).all()
        stored = [str(row) for t in tables for row in act.session.execute(text(f'SELECT * FROM "{t}"'))]  # noqa: S608
    assert len(stored) > 20
    assert not [row for row in stored if number in row or mobile in row]


@pytest.mark.req("J5")
def test_sealed_number_moved_to_another_person_cannot_be_read(desk: Desk, centre: Centre) -> None:
    with desk.act() as act:
        one, other = make_person(act, "ywk"), make_person(act, "ywk")
        one.document_sealed = other.document_sealed
    with desk.act(centre.actor(Office.OPERATOR)) as act, pytest.raises(Exception, match=r".") as refused:
        people.reveal(act, one.id, "核对证件")
    assert type(refused.value).__name__ == "SealedValueError"


@pytest.mark.req("J5")
@pytest.mark.parametrize("office", [Office.SYSTEM_DEPARTMENT_HEAD, Office.OPERATOR, Office.SECURITY_ADMINISTRATOR])
def test_reveal_by_an_office_holder_is_recorded_each_time_with_the_reason(
    desk: Desk, centre: Centre, office: Office
) -> None:
    number, mobile = resident_id(), phone()
    with desk.act() as act:
        person = make_person(act, "ywk", document_number=number, phone=mobile)
    for reason in ("核对证件原件", "电话通知本人"):
        with desk.act(centre.actor(office)) as act:
            assert people.reveal(act, person.id, reason) == ("resident_id", number, mobile)
    found = entries(desk, "person.revealed")
    assert [(e.person_id, e.data["reason"]) for e in found] == [
        (person.id, "核对证件原件"),
        (person.id, "电话通知本人"),
    ]
    assert all(number not in str(e.data) and mobile not in str(e.data) for e in found)


@pytest.mark.req("J5")
@pytest.mark.parametrize("office", [Office.AUDITOR, Office.UNIT_HEAD, Office.PRINCIPAL])
def test_reveal_by_another_office_is_refused(desk: Desk, centre: Centre, office: Office) -> None:
    with desk.act(centre.actor(office)) as act, pytest.raises(ForbiddenError):
        people.reveal(act, centre.person(Office.OPERATOR).id, "想看一看")
    assert entries(desk, "person.revealed") == []


@pytest.mark.req("J5")
def test_reveal_without_a_reason_is_refused(desk: Desk, centre: Centre) -> None:
    with desk.act(centre.actor(Office.OPERATOR)) as act, pytest.raises(RefusedInputError):
        people.reveal(act, centre.person(Office.AUDITOR).id, " 看看 ")


@pytest.mark.req("J5")
def test_reseal_after_a_new_key_leaves_every_number_readable(desk: Desk, centre: Centre) -> None:
    desk.vault.generation = 2  # type: ignore[attr-defined]
    pages = 0
    with desk.act() as act:
        after: str | None = ""
        while after is not None:
            after = people.reseal(act, after_id=after, count=5)
            pages += 1
    assert pages == 3
    with desk.act(centre.actor(Office.OPERATOR)) as act:
        persons = act.session.scalars(select(PersonRow)).all()
        assert not [p for p in persons if desk.vault.needs_rotation(p.document_sealed)]
        assert all(len(people.reveal(act, p.id, "换钥后核对").phone) == 11 for p in persons)


def test_change_contact_with_wrong_values_is_refused_and_changes_nothing(desk: Desk, centre: Centre) -> None:
    person = centre.person(Office.OPERATOR)
    with desk.act() as act, pytest.raises(RefusedInputError) as refused:
        people.change_contact(act, person.id, phone="1", mail="@")
    assert {problem.field for problem in refused.value.fields} == {"phone", "mail"}
    with desk.act() as act:
        assert people.get_person(act, person.id).phone_masked == person.phone_masked


@pytest.mark.req("J5")
def test_change_contact_is_recorded_without_the_values(desk: Desk, centre: Centre) -> None:
    person, mobile = centre.person(Office.OPERATOR), phone()
    with desk.act(now=NOON + timedelta(days=1)) as act:
        people.change_contact(act, person.id, phone=mobile, mail="wang@example.cn")
    [entry] = entries(desk, "person.changed")
    assert entry.data == {"fields": ["phone", "mail"]}
    with desk.act(centre.actor(Office.OPERATOR)) as act:
        assert people.reveal(act, person.id, "核对电话").phone == mobile


def test_find_by_document_that_is_no_number_finds_nobody(desk: Desk) -> None:
    with desk.act() as act:
        make_unit(act, "371500", kind="region")
        assert people.find_by_document(act, "resident_id", "123") is None
        with pytest.raises(NotFoundError):
            people.get_person(act, "nobody")
