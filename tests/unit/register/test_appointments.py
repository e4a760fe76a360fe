"""Appointments: two people, nobody for himself, three separated offices, days of China."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy.exc import IntegrityError

from connector.errors import ForbiddenError, NotFoundError, RefusedInputError
from connector.register import appointments
from connector.register.appointments import AppointmentForm
from connector.register.errors import (
    AlreadyAppointedError,
    AppointmentClosedError,
    LastSecurityAdministratorError,
    SelfAppointmentError,
    SelfConfirmationError,
    SeparatedOfficesError,
)
from connector.register.tables import AppointmentRow, PersonRow
from connector.regulations.vocabulary import Office
from tests.factories import Centre, make_account, make_appointment, make_centre, make_person
from tests.fixtures_register import NOON, Desk

SECURITY = Office.SECURITY_ADMINISTRATOR


@pytest.fixture
def centre(desk: Desk) -> Centre:
    with desk.act() as act:
        return make_centre(act)


@pytest.fixture
def newcomer(desk: Desk, centre: Centre) -> PersonRow:
    with desk.act() as act:
        person = make_person(act, "ywk")
        centre.accounts[person.id] = make_account(act, "ywk", person=person)
    return person


def form(person: PersonRow, office: Office = Office.VERIFIER, unit: str = "dljg", **fields: object) -> AppointmentForm:
    right = {"valid_from": date(2026, 1, 1), "paper": "聊公资任〔2026〕3号"}
    return AppointmentForm(person_id=person.id, office=office, unit_code=unit, **{**right, **fields})


def appoint(desk: Desk, centre: Centre, wanted: AppointmentForm) -> str:
    with desk.act(centre.actor(SECURITY)) as act:
        return appointments.appoint(act, wanted).id


def held(desk: Desk, person: PersonRow, now: datetime = NOON) -> list[tuple[Office, str]]:
    with desk.act(now=now) as act:
        return [(office, unit.code) for office, unit in appointments.offices_of(act, person.id)]


@pytest.mark.req("B13")
def test_appointment_counts_only_after_a_second_person_confirmed_it(
    desk: Desk, centre: Centre, newcomer: PersonRow
) -> None:
    appointment_id = appoint(desk, centre, form(newcomer))
    assert held(desk, newcomer) == []
    with desk.act(centre.actor(Office.PRINCIPAL)) as act:
        appointments.confirm(act, appointment_id)
    assert held(desk, newcomer) == [(Office.VERIFIER, "dljg")]
    with desk.act() as act:
        unit_id = appointments.get_appointment(act, appointment_id).unit_id
        assert [p.id for p in appointments.holders(act, Office.VERIFIER, unit_id)] == [newcomer.id]
        assert appointments.holders(act, Office.OPERATOR, unit_id) == []


@pytest.mark.req("B13")
@pytest.mark.parametrize("office", [o for o in Office if o is not SECURITY])
def test_appoint_by_any_other_office_is_refused(
    desk: Desk, centre: Centre, newcomer: PersonRow, office: Office
) -> None:
    with desk.act(centre.actor(office)) as act, pytest.raises(ForbiddenError) as refused:
        appointments.appoint(act, form(newcomer))
    assert "安全管理员" in refused.value.problem()["who"]


@pytest.mark.req("B13")
def test_appoint_by_host_or_job_is_refused(desk: Desk, centre: Centre, newcomer: PersonRow) -> None:
    with desk.act() as act, pytest.raises(ForbiddenError):
        appointments.appoint(act, form(newcomer))


@pytest.mark.req("B13")
def test_appoint_oneself_is_refused(desk: Desk, centre: Centre) -> None:
    with desk.act(centre.actor(SECURITY)) as act, pytest.raises(SelfAppointmentError):
        appointments.appoint(act, form(centre.person(SECURITY)))


@pytest.mark.req("B13")
def test_confirm_by_the_maker_is_refused(desk: Desk, centre: Centre, newcomer: PersonRow) -> None:
    appointment_id = appoint(desk, centre, form(newcomer))
    with desk.act(centre.actor(SECURITY)) as act, pytest.raises(SelfConfirmationError):
        appointments.confirm(act, appointment_id)


@pytest.mark.req("B13")
def test_confirm_by_the_person_appointed_is_refused(desk: Desk, centre: Centre) -> None:
    principal = centre.person(Office.PRINCIPAL)
    appointment_id = appoint(desk, centre, form(principal))
    with desk.act(centre.actor(Office.PRINCIPAL)) as act, pytest.raises(SelfAppointmentError):
        appointments.confirm(act, appointment_id)


@pytest.mark.req("B13")
def test_confirm_by_another_office_is_refused(desk: Desk, centre: Centre, newcomer: PersonRow) -> None:
    appointment_id = appoint(desk, centre, form(newcomer))
    with desk.act(centre.actor(Office.AUDITOR)) as act, pytest.raises(ForbiddenError):
        appointments.confirm(act, appointment_id)


@pytest.mark.req("B13")
def test_confirm_twice_or_after_the_end_is_refused(desk: Desk, centre: Centre, newcomer: PersonRow) -> None:
    appointment_id = appoint(desk, centre, form(newcomer))
    principal = centre.actor(Office.PRINCIPAL)
    with desk.act(principal) as act:
        appointments.confirm(act, appointment_id)
    with desk.act(principal) as act, pytest.raises(AppointmentClosedError):
        appointments.confirm(act, appointment_id)
    with desk.act(principal) as act:
        appointments.end(act, appointment_id)
        with pytest.raises(AppointmentClosedError):
            appointments.end(act, appointment_id)
    assert held(desk, newcomer) == []
    with desk.act(principal) as act, pytest.raises(NotFoundError):
        appointments.confirm(act, "nothing")


@pytest.mark.req("B13")
@pytest.mark.parametrize(("confirmed_by", "made_by"), [("paper:1", "paper:1"), ("PERSON", "paper:1"), (None, "PERSON")])
def test_one_person_in_two_parts_is_refused_by_the_database_itself(
    desk: Desk, newcomer: PersonRow, confirmed_by: str | None, made_by: str
) -> None:
    with pytest.raises(IntegrityError, match=r"two_people|not_himself"), desk.act() as act:
        act.session.add(
            AppointmentRow(
                person_id=newcomer.id, unit_id=newcomer.unit_id, office="verifier", valid_from=date(2026, 1, 1),
                paper="1", made_by=made_by.replace("PERSON", newcomer.id), made_at=NOON,
                confirmed_by=confirmed_by and confirmed_by.replace("PERSON", newcomer.id), confirmed_at=NOON,
            )
        )  # fmt: skip


@pytest.mark.req("B13")
@pytest.mark.parametrize("first", [SECURITY, Office.SYSTEM_ADMINISTRATOR, Office.AUDITOR])
@pytest.mark.parametrize("second", [SECURITY, Office.SYSTEM_ADMINISTRATOR, Office.AUDITOR])
def test_appoint_to_two_separated_offices_is_refused(
    desk: Desk, centre: Centre, newcomer: PersonRow, first: Office, second: Office
) -> None:
    appoint(desk, centre, form(newcomer, first))
    expected = AlreadyAppointedError if first is second else SeparatedOfficesError
    with desk.act(centre.actor(SECURITY)) as act, pytest.raises(expected):
        appointments.appoint(act, form(newcomer, second, unit="jyzx"))


@pytest.mark.req("B13")
def test_two_separated_offices_are_refused_by_the_database_itself(desk: Desk, newcomer: PersonRow) -> None:
    with pytest.raises(IntegrityError), desk.act() as act:
        act.session.add_all(
            AppointmentRow(
                person_id=newcomer.id, unit_id=newcomer.unit_id, office=office, valid_from=date(2026, 1, 1),
                paper="1", made_by="paper:1", made_at=NOON,
            )
            for office in ("auditor", "system_administrator")
        )  # fmt: skip


@pytest.mark.req("B13")
def test_appoint_to_a_separated_office_after_the_former_ended_is_stored(
    desk: Desk, centre: Centre, newcomer: PersonRow
) -> None:
    former = appoint(desk, centre, form(newcomer, Office.AUDITOR))
    with desk.act(centre.actor(SECURITY)) as act:
        appointments.end(act, former)
    assert appoint(desk, centre, form(newcomer, Office.SYSTEM_ADMINISTRATOR))


def test_appoint_twice_to_the_same_office_and_unit_is_refused(desk: Desk, centre: Centre, newcomer: PersonRow) -> None:
    appoint(desk, centre, form(newcomer))
    with desk.act(centre.actor(SECURITY)) as act, pytest.raises(AlreadyAppointedError):
        appointments.appoint(act, form(newcomer))
    assert appoint(desk, centre, form(newcomer, unit="ywk"))


def test_appoint_with_wrong_fields_names_each(desk: Desk, centre: Centre, newcomer: PersonRow) -> None:
    wrong = form(newcomer, paper=" ", valid_to=date(2025, 12, 31))
    with desk.act(centre.actor(SECURITY)) as act, pytest.raises(RefusedInputError) as refused:
        appointments.appoint(act, wrong)
    assert {problem.field for problem in refused.value.fields} == {"paper", "valid_to"}
    for unknown in (form(newcomer, unit="nowhere"), form(newcomer).model_copy(update={"person_id": "nobody"})):
        with desk.act(centre.actor(SECURITY)) as act, pytest.raises(NotFoundError):
            appointments.appoint(act, unknown)


@pytest.mark.req("B13")
def test_appointment_holds_from_its_first_to_its_last_day_in_china(desk: Desk, newcomer: PersonRow) -> None:
    with desk.act() as act:
        days = {"valid_from": date(2026, 4, 1), "valid_to": date(2026, 4, 30)}
        make_appointment(act, newcomer, "ywk", Office.UNIT_HEAD, **days)
    expected = {
        datetime(2026, 3, 31, 15, 59, tzinfo=UTC): False,
        datetime(2026, 3, 31, 16, 0, tzinfo=UTC): True,  # 1 April 00:00 in China
        datetime(2026, 4, 30, 15, 59, tzinfo=UTC): True,
        datetime(2026, 4, 30, 16, 0, tzinfo=UTC): False,
    }
    assert {now: bool(held(desk, newcomer, now)) for now in expected} == expected


@pytest.mark.req("B13")
def test_check_holds_counts_offices_of_the_unit_and_of_those_above(desk: Desk, centre: Centre) -> None:
    with desk.act() as act:
        unit_ids = {code: p.unit_id for (code, _), p in centre.people.items()}
    with desk.act(centre.actor(Office.LEADER_IN_CHARGE, "jyzx")) as act:
        appointments.check_holds(act, Office.LEADER_IN_CHARGE, unit_id=unit_ids["ywk"])
        with pytest.raises(ForbiddenError):
            appointments.check_holds(act, Office.LEADER_IN_CHARGE, unit_id=unit_ids["dljg"])
    with desk.act(centre.actor(Office.UNIT_HEAD, "ywk")) as act:
        appointments.check_holds(act, Office.UNIT_HEAD, Office.PRINCIPAL)
        for code in ("jyzx", "xxjsk"):
            with pytest.raises(ForbiddenError):
                appointments.check_holds(act, Office.UNIT_HEAD, unit_id=unit_ids[code])
        with pytest.raises(NotFoundError):
            appointments.check_holds(act, Office.UNIT_HEAD, unit_id="nowhere")


@pytest.mark.req("B13")
def test_end_the_last_security_administrator_is_refused(desk: Desk, centre: Centre, newcomer: PersonRow) -> None:
    with desk.act() as act:
        [only] = [
            row.id for row, person, _ in appointments.list_appointments(act) if person.id == centre.person(SECURITY).id
        ]
    principal = centre.actor(Office.PRINCIPAL)
    successor = appoint(desk, centre, form(newcomer, SECURITY, unit="jyzx"))
    with desk.act(principal) as act, pytest.raises(LastSecurityAdministratorError):
        appointments.end(act, only)
    with desk.act(principal) as act:
        appointments.confirm(act, successor)
        appointments.end(act, only)
    assert held(desk, newcomer) == [(SECURITY, "jyzx")]


def test_list_appointments_shows_ended_ones_only_when_asked(desk: Desk, centre: Centre, newcomer: PersonRow) -> None:
    appointment_id = appoint(desk, centre, form(newcomer))
    with desk.act(centre.actor(SECURITY)) as act:
        appointments.end(act, appointment_id)
    with desk.act(centre.actor(Office.AUDITOR)) as act:
        assert not [r for r, _, _ in appointments.list_appointments(act) if r.id == appointment_id]
        assert [r.id for r, _, _ in appointments.list_appointments(act, unit_code="dljg", ended=True)][
            -1
        ] == appointment_id
    with desk.act(centre.actor(Office.OPERATOR)) as act, pytest.raises(ForbiddenError):
        appointments.list_appointments(act)
