"""Two transactions at the same moment: one document, one person, one account, on SQLite and PostgreSQL."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import func, select

from connector.auth.act import Act
from connector.errors import ConnectorError
from connector.register import accounts, appointments, documents, people, user_names
from connector.register.appointments import AppointmentForm
from connector.register.documents import DocumentForm
from connector.register.errors import AlreadyRegisteredError, SecondAccountError, SeparatedOfficesError
from connector.register.tables import AccountRow, AppointmentRow, PersonRow, UnitRow
from connector.regulations.vocabulary import AccountClass, Office
from tests.factories import FOUNDED, Centre, make_centre, make_person, make_person_form
from tests.fixtures_register import Desk, open_desk

THREADS = 8


@pytest.fixture
def desk(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    opened = open_desk(tmp_path, database_url)
    yield opened
    opened.close()


@pytest.fixture
def centre(desk: Desk) -> Centre:
    with desk.act() as act:
        return make_centre(act)


def race(desk: Desk, what: Callable[[Act, int], object]) -> list[object]:
    """Does `what` in one transaction per thread, all at once; returns each result or refusal."""
    start = Barrier(THREADS)

    def run(number: int) -> object:
        start.wait(timeout=30)
        try:
            with desk.act() as act:
                return what(act, number)
        except ConnectorError as refusal:
            return refusal

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


@pytest.mark.req("A2")
def test_register_same_document_at_once_registers_one_and_refuses_the_rest(desk: Desk, centre: Centre) -> None:
    form = make_person_form("ywk")
    results = race(desk, lambda act, _: people.register_person(act, form).id)
    assert len([r for r in results if isinstance(r, str)]) == 1
    assert len([r for r in results if isinstance(r, AlreadyRegisteredError)]) == THREADS - 1


@pytest.mark.req("A2")
def test_ensure_same_document_at_once_gives_everybody_the_same_person(desk: Desk, centre: Centre) -> None:
    form = make_person_form("ywk")
    results = race(desk, lambda act, _: people.ensure_person(act, form).id)
    assert len(set(results)) == 1
    with desk.act() as act:
        assert act.session.scalar(select(func.count()).where(PersonRow.name == form.name)) == 1


@pytest.mark.req("A2")
def test_open_account_for_one_person_at_once_opens_one_and_refuses_the_rest(desk: Desk, centre: Centre) -> None:
    with desk.act() as act:
        person = make_person(act, "ywk")

    def open_one(act: Act, number: int) -> str:
        mine = people.get_person(act, person.id)
        opened = accounts.open_account(act, mine, account_class=AccountClass.ORDINARY, opened_by=f"r{number}")
        return opened.user_name

    results = race(desk, open_one)
    assert len([r for r in results if isinstance(r, str)]) == 1
    assert len([r for r in results if isinstance(r, SecondAccountError)]) == THREADS - 1
    with desk.act() as act:
        assert act.session.scalar(select(func.count()).where(AccountRow.person_id == person.id)) == 1


@pytest.mark.req("A2")
def test_one_document_added_to_many_persons_at_once_is_one_persons(desk: Desk, centre: Centre) -> None:
    form = DocumentForm(document_kind="hk_macao_permit", document_number="H12345678")
    with desk.act() as act:
        persons = [make_person(act, "ywk").id for _ in range(THREADS)]

    def add(act: Act, number: int) -> str:
        person = people.get_person(act, persons[number])
        return documents.ensure_document(act, person, form.document_kind, form.document_number).person_id

    results = race(desk, add)
    assert len([r for r in results if isinstance(r, str)]) == 1
    assert len([r for r in results if isinstance(r, AlreadyRegisteredError)]) == THREADS - 1


@pytest.mark.req("A2")
def test_open_account_without_the_lock_of_the_unit_is_still_refused(
    desk: Desk, centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The unique constraint alone must hold: the lock is taken away, and user names come from elsewhere."""
    with desk.act() as act:
        person = make_person(act, "ywk")
    names = iter(f"name-{number}" for number in range(THREADS))
    monkeypatch.setattr(accounts, "_lock_unit", lambda act, unit_id: act.session.get_one(UnitRow, unit_id))
    monkeypatch.setattr(user_names, "next_user_name", lambda *_: next(names))
    results = race(
        desk,
        lambda act, n: (
            accounts.open_account(
                act, people.get_person(act, person.id), account_class=AccountClass.ORDINARY, opened_by=f"r{n}"
            ).user_name
        ),
    )
    assert len([r for r in results if isinstance(r, str)]) == 1
    assert len([r for r in results if isinstance(r, SecondAccountError)]) == THREADS - 1


@pytest.mark.req("A4")
def test_open_accounts_of_one_unit_at_once_gives_each_another_name(desk: Desk, centre: Centre) -> None:
    with desk.act() as act:
        persons = [make_person(act, "ywk") for _ in range(THREADS)]

    def open_one(act: Act, number: int) -> str:
        mine = people.get_person(act, persons[number].id)
        return accounts.open_account(act, mine, account_class=AccountClass.ORDINARY, opened_by="r").user_name

    results = race(desk, open_one)
    assert all(isinstance(result, str) for result in results)
    assert len(set(results)) == THREADS
    serials = sorted(int(str(name)[-3:]) for name in results)
    assert serials == list(range(serials[0], serials[0] + THREADS))


@pytest.mark.req("B13")
def test_appoint_one_person_to_separated_offices_at_once_leaves_one(desk: Desk, centre: Centre) -> None:
    with desk.act() as act:
        person = make_person(act, "ywk")

    def appoint_one(act: Act, number: int) -> str:
        office = (Office.AUDITOR, Office.SYSTEM_ADMINISTRATOR)[number % 2]
        form = AppointmentForm(person_id=person.id, unit_code="jyzx", office=office, valid_from=FOUNDED, paper="1")
        return appointments.record_appointment(act, form, made_by=f"paper:{number}").id

    results = race(desk, appoint_one)
    assert len([r for r in results if isinstance(r, str)]) == 1
    assert any(isinstance(r, SeparatedOfficesError) for r in results)
    assert all(isinstance(r, str | ConnectorError) for r in results)
    with desk.act() as act:
        assert act.session.scalar(select(func.count()).where(AppointmentRow.person_id == person.id)) == 1
