"""Three separated offices when two come at the same moment, and by the triggers alone, on SQLite and PostgreSQL."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy.exc import IntegrityError

from connector.errors import ConnectorError
from connector.register import accounts, appointments, separated
from connector.register.appointments import AppointmentForm
from connector.register.errors import AdministratorAloneError, SeparatedOfficesError
from connector.register.tables import AppointmentRow, GrantRow, PersonRow
from connector.regulations.vocabulary import AccountClass, Office
from tests.factories import make_account, make_centre, make_person
from tests.fixtures_register import NOON, Desk, open_desk

SECURITY, SYSTEM, AUDITOR = Office.SECURITY_ADMINISTRATOR, Office.SYSTEM_ADMINISTRATOR, Office.AUDITOR
PERMISSION = "website:notice.editor"


@pytest.fixture
def any_desk(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    opened = open_desk(tmp_path, database_url)
    yield opened
    opened.close()


def form(person: PersonRow, office: Office) -> AppointmentForm:
    return AppointmentForm(
        person_id=person.id, unit_code="jyzx", office=office, valid_from=date(2026, 1, 1), paper="聊公资任〔2026〕5号"
    )


def bare(person: PersonRow, office: Office) -> AppointmentRow:
    return AppointmentRow(
        person_id=person.id, unit_id=person.unit_id, office=office.value, valid_from=date(2026, 1, 1), paper="1",
        made_by="paper:1", made_at=NOON,
    )  # fmt: skip


def newcomer(desk: Desk, *permissions: str, account_class: AccountClass = AccountClass.ORDINARY) -> PersonRow:
    with desk.act() as act:
        person = make_person(act, "ywk")
        make_account(act, "ywk", *permissions, person=person, account_class=account_class)
        return person


@pytest.mark.req("G3")
def test_database_alone_refuses_what_spans_two_tables(any_desk: Desk) -> None:
    with any_desk.act() as act:
        make_centre(act)
    working, super_one = (
        newcomer(any_desk, PERMISSION),
        newcomer(any_desk, account_class=AccountClass.SUPER_ADMINISTRATOR),
    )
    for person, office in ((working, AUDITOR), (working, SYSTEM), (super_one, SYSTEM), (super_one, AUDITOR)):
        with pytest.raises(IntegrityError, match="administrator_alone"), any_desk.act() as act:
            act.session.add(bare(person, office))
    with any_desk.act() as act:
        act.session.add(bare(working, SECURITY))


@pytest.mark.req("G3")
def test_two_appointments_of_one_person_at_once_leave_him_one_office(any_desk: Desk) -> None:
    with any_desk.act() as act:
        centre = make_centre(act)
    for first, second in ((AUDITOR, SYSTEM), (SECURITY, AUDITOR), (AUDITOR, Office.VERIFIER)):
        person = newcomer(any_desk)
        gate = Barrier(2)

        def race(office: Office, person: PersonRow = person, gate: Barrier = gate) -> str:
            gate.wait()
            try:
                with any_desk.act(centre.actor(SECURITY)) as act:
                    appointments.appoint(act, form(person, office))
            except ConnectorError as refused:
                return type(refused).__name__
            return "made"

        with ThreadPoolExecutor(2) as pool:
            outcomes = sorted(pool.map(race, (first, second)))
        assert outcomes[1] == "made"
        assert outcomes[0] in (SeparatedOfficesError.__name__, AdministratorAloneError.__name__)


@pytest.mark.req("G3")
def test_appointment_and_permission_at_once_leave_one_of_them(any_desk: Desk) -> None:
    with any_desk.act() as act:
        make_centre(act)
    for _ in range(3):
        person, gate = newcomer(any_desk), Barrier(2)
        with any_desk.act() as act:
            account = accounts.find_by_person(act, person.id)
            assert account is not None

        def write(row: AppointmentRow | GrantRow, gate: Barrier = gate) -> str:
            gate.wait()
            try:
                with any_desk.act() as act:
                    act.session.add(row)
            except IntegrityError as refused:
                return str(separated.refusal_of(refused).__class__.__name__)
            return "made"

        grant = GrantRow(account_id=account.id, permission_id=PERMISSION, granted_by="paper:1", since=NOON)
        with ThreadPoolExecutor(2) as pool:
            outcomes = sorted(pool.map(write, (bare(person, AUDITOR), grant)))
        assert outcomes == ["AdministratorAloneError", "made"]
