"""The founding list: all of it or nothing, into an empty register only, by two papers."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from connector.audit.tables import AuditEntryRow
from connector.errors import ForbiddenError, RefusedInputError
from connector.realm_config import load_catalogue
from connector.register import accounts, appointments, catalogue, founding, units
from connector.register.errors import RegisterNotEmptyError, UnknownPermissionError
from connector.register.tables import PersonRow, UnitRow
from connector.regulations.vocabulary import Office
from tests.factories import FOUNDING_LIST, make_centre, phone, resident_id
from tests.fixtures_register import Desk


@pytest.fixture
def listed(tmp_path: Path) -> founding.FoundingList:
    file = tmp_path / "founding.toml"
    file.write_text(FOUNDING_LIST.format(resident_id(), resident_id()), encoding="utf-8")
    return founding.with_catalogue(founding.read_founding_list(file), load_catalogue())


def is_empty(desk: Desk) -> bool:
    with desk.act() as act:
        tables = (UnitRow, PersonRow, AuditEntryRow)
        return not any(act.session.scalar(select(func.count()).select_from(table)) for table in tables)


@pytest.mark.req("B13")
def test_found_an_empty_register_makes_everything_of_the_list(desk: Desk, listed: founding.FoundingList) -> None:
    with desk.act() as act:
        report = founding.found(act, listed)
    assert (report.units, report.permissions, report.persons, report.appointments) == (2, len(load_catalogue()), 2, 2)
    with desk.act() as act:
        [account] = report.accounts
        assert account.opened_by == "paper:聊公资〔2026〕1号"
        assert [p.id for p in accounts.list_grants(act, account)] == ["website:notice.editor"]
        assert [s.id for s in catalogue.list_subsystems(act)] == sorted({e.subsystem for e in load_catalogue()})
        assert len(catalogue.list_permissions(act)) == report.permissions
        assert catalogue.list_permissions(act, subsystem_id="member")
        centre = units.centre(act)
        assert [p.name for p in appointments.holders(act, Office.PRINCIPAL, centre.id)] == ["钱主任"]
        [entry] = act.session.scalars(select(AuditEntryRow).where(AuditEntryRow.event == "register.founded"))
        assert entry.data["paper"] == listed.paper


@pytest.mark.req("B13")
def test_found_a_register_that_is_not_empty_is_refused(desk: Desk, listed: founding.FoundingList) -> None:
    with desk.act() as act:
        founding.found(act, listed)
    with desk.act() as act, pytest.raises(RegisterNotEmptyError):
        founding.found(act, listed)


@pytest.mark.req("B13")
def test_found_by_a_person_is_refused(desk: Desk, listed: founding.FoundingList, tmp_path: Path) -> None:
    with desk.act() as act:
        actor = make_centre(act).actor(Office.OPERATOR)
        act.session.rollback()
    with desk.act(actor) as act, pytest.raises(ForbiddenError):
        founding.found(act, listed)
    assert is_empty(desk)


def broken(listed: founding.FoundingList, case: str) -> founding.FoundingList:
    raw = listed.model_dump()
    security, principal = raw["persons"]
    changes: dict[str, Any] = {
        "one_paper": lambda: raw.update(confirmed_paper=raw["paper"]),
        "no_principal": lambda: principal["offices"].clear(),
        "no_security_administrator": lambda: security["offices"].clear(),
        "bad_document": lambda: principal.update(document_number="1"),
        "bad_unit": lambda: raw["units"][1].update(parent_code="nowhere"),
        "bad_days": lambda: principal["offices"][0].update(valid_to="2025-01-01"),
    }
    changes[case]()
    return founding.FoundingList.model_validate(raw)


@pytest.mark.req("B13")
@pytest.mark.parametrize(
    ("case", "fields"),
    [
        ("one_paper", {"confirmed_paper"}),
        ("no_principal", {"persons"}),
        ("no_security_administrator", {"persons"}),
        ("bad_document", {"persons.1.document_number"}),
        ("bad_unit", {"units.1.parent_code"}),
        ("bad_days", {"persons.1.valid_to"}),
    ],
)
def test_found_from_a_wrong_list_is_refused_and_stores_nothing(
    desk: Desk, listed: founding.FoundingList, case: str, fields: set[str]
) -> None:
    with pytest.raises(RefusedInputError) as refused, desk.act() as act:
        founding.found(act, broken(listed, case))
    assert {problem.field for problem in refused.value.fields} == fields
    assert is_empty(desk)


def test_found_with_an_unknown_permission_is_refused_and_stores_nothing(
    desk: Desk, listed: founding.FoundingList
) -> None:
    listed.persons[0].permissions.append("website:nothing")
    with pytest.raises(UnknownPermissionError), desk.act() as act:
        founding.found(act, listed)
    assert is_empty(desk)


def test_with_catalogue_keeps_a_list_that_brings_its_own(listed: founding.FoundingList) -> None:
    assert founding.with_catalogue(listed, []) is listed


def test_read_founding_list_with_wrong_places_names_them_without_the_values(tmp_path: Path) -> None:
    number = resident_id()
    file = tmp_path / "founding.json"
    raw = {"paper": "1号", "units": [], "persons": [{"name": 5, "document_number": number, "phone": phone()}]}
    file.write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(RefusedInputError) as refused:
        founding.read_founding_list(file)
    assert {p.field for p in refused.value.fields} == {"confirmed_paper", "persons.0.name", "persons.0.unit_code"}
    assert number not in str(refused.value.problem())


@pytest.mark.parametrize("name", ["missing.toml", "broken.toml", "broken.json"])
def test_read_founding_list_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    if name.startswith("broken"):
        (tmp_path / name).write_bytes(b"\xff= [")
    with pytest.raises(RefusedInputError) as refused:
        founding.read_founding_list(tmp_path / name)
    assert [problem.field for problem in refused.value.fields] == ["file"]
