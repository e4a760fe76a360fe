"""Powers that only narrow downwards, and the registration of administrators with the level above (GS 3, GS 5, GS 9)."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from connector.errors import NotFoundError
from connector.register import administrators, appointments
from connector.register.appointments import AppointmentForm
from connector.register.errors import BeyondOwnPowerError, ReportClosedError
from connector.register.tables import AppointmentRow, PersonRow
from connector.regulations.vocabulary import Office
from tests.factories import make_person
from tests.province import CITY, COUNTY, OTHER_CITY, PROVINCE, Province, make_province
from tests.town import HOST, NOON, Town, open_town

SECURITY = Office.SECURITY_ADMINISTRATOR


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Town, Province]]:
    town = open_town(tmp_path)
    with town.connector.act(HOST) as act:
        province = make_province(act)
    yield town, province
    town.close()


def form(town: Town, level: str, office: Office, unit: str = "") -> AppointmentForm:
    with town.connector.act(HOST) as act:
        person: PersonRow = make_person(act, unit or f"c{level}")
    return AppointmentForm(
        person_id=person.id,
        unit_code=unit or f"c{level}",
        office=office,
        valid_from=date(2026, 1, 1),
        paper="任〔2026〕1",
    )


def appoint(town: Town, province: Province, by: str, wanted: AppointmentForm) -> str:
    with town.connector.act(province.actor(by, SECURITY)) as act:
        return appointments.appoint(act, wanted).id


def confirm(town: Town, province: Province, by: str, appointment_id: str) -> None:
    with town.connector.act(province.actor(by, Office.PRINCIPAL)) as act:
        appointments.confirm(act, appointment_id)


@pytest.mark.req("G2")
@pytest.mark.parametrize("office", [SECURITY, Office.SYSTEM_ADMINISTRATOR, Office.AUDITOR])
def test_level_gives_the_next_level_its_administrators(both: tuple[Town, Province], office: Office) -> None:
    town, province = both
    confirm(town, province, CITY, appoint(town, province, CITY, form(town, COUNTY, office)))


@pytest.mark.req("G2")
def test_level_gives_the_next_level_no_other_office(both: tuple[Town, Province]) -> None:
    town, province = both
    with pytest.raises(BeyondOwnPowerError):
        appoint(town, province, CITY, form(town, COUNTY, Office.OPERATOR))
    assert appoint(town, province, CITY, form(town, CITY, Office.OPERATOR))


@pytest.mark.req("G2")
@pytest.mark.parametrize(("by", "level"), [(PROVINCE, COUNTY), (COUNTY, CITY), (CITY, OTHER_CITY), (CITY, PROVINCE)])
def test_unit_two_levels_below_beside_or_above_does_not_exist_for_an_administrator(
    both: tuple[Town, Province], by: str, level: str
) -> None:
    town, province = both
    with pytest.raises(NotFoundError):
        appoint(town, province, by, form(town, level, Office.SYSTEM_ADMINISTRATOR))


@pytest.mark.req("G2")
def test_appointment_by_somebody_whose_power_has_ended_is_not_confirmed(both: tuple[Town, Province]) -> None:
    town, province = both
    made = appoint(town, province, CITY, form(town, CITY, Office.OPERATOR))
    with town.connector.act(HOST) as act:
        held = AppointmentRow.person_id == province.people[CITY, SECURITY].id
        row = act.session.scalars(select(AppointmentRow).where(held)).one()
        row.ended_at, row.ended_by = NOON, "paper:1"
    with pytest.raises(BeyondOwnPowerError):
        confirm(town, province, CITY, made)
    with town.connector.act(HOST) as act:
        assert act.session.get_one(AppointmentRow, made).confirmed_at is None


@pytest.mark.req("G2")
def test_reach_is_what_the_offices_are_now(both: tuple[Town, Province]) -> None:
    """Whose office has ended sees at once what everybody sees, and no more of his level."""
    town, province = both
    with town.connector.act(province.actor(CITY, SECURITY)) as act:
        assert appointments.list_appointments(act)
    with town.connector.act(HOST) as act:
        held = AppointmentRow.person_id == province.people[CITY, SECURITY].id
        act.session.scalars(select(AppointmentRow).where(held)).one().ended_at = NOON
    with town.connector.act(province.actor(CITY, SECURITY)) as act, pytest.raises(Exception, match="Not permitted"):
        appointments.list_appointments(act)


@pytest.mark.req("G1")
def test_administrator_is_reported_to_the_level_above_and_acknowledged_there(both: tuple[Town, Province]) -> None:
    town, province = both
    made = appoint(town, province, COUNTY, form(town, COUNTY, Office.SYSTEM_ADMINISTRATOR))
    confirm(town, province, COUNTY, made)
    with town.connector.act(province.actor(CITY, SECURITY)) as act:
        [one] = administrators.list_reports(act, open_only=True)
    assert (one.appointment_id, one.what, one.unit_code, one.overdue) == (made, "set", f"c{COUNTY}", False)
    for level in (COUNTY, OTHER_CITY, PROVINCE):
        with town.connector.act(province.actor(level, SECURITY)) as act, pytest.raises(NotFoundError):
            administrators.acknowledge(act, one.id)
    with town.connector.act(province.actor(CITY, SECURITY), now=NOON + timedelta(days=30)) as act:
        assert [late.id for late in administrators.list_reports(act, overdue_only=True)] == [one.id]
        assert administrators.acknowledge(act, one.id).acknowledged_at is not None
        assert administrators.list_reports(act, open_only=True) == []
        with pytest.raises(ReportClosedError):
            administrators.acknowledge(act, one.id)
    with town.connector.act(province.actor(COUNTY, Office.PRINCIPAL)) as act:
        appointments.end(act, made)
    with town.connector.act(province.actor(CITY, SECURITY)) as act:
        assert [row.what for row in administrators.list_reports(act, open_only=True)] == ["ended"]


@pytest.mark.req("G1")
def test_handover_names_what_is_open_and_the_successor(both: tuple[Town, Province]) -> None:
    town, province = both
    left = appoint(town, province, CITY, form(town, CITY, Office.OPERATOR))
    with town.connector.act(HOST) as act:
        held = AppointmentRow.person_id == province.people[CITY, SECURITY].id
        leaving = act.session.scalars(select(AppointmentRow).where(held)).one().id
    with town.connector.act(province.actor(CITY, Office.PRINCIPAL)) as act:
        open_items = administrators.handover(act, leaving)
    assert (open_items.unconfirmed, open_items.successors) == ([left], [])
    confirm(town, province, CITY, appoint(town, province, CITY, form(town, CITY, SECURITY)))
    with town.connector.act(province.actor(CITY, Office.PRINCIPAL)) as act:
        assert len(administrators.handover(act, leaving).successors) == 1
