"""The sample city is valid under the founding rules, the same on every machine, and can decide its own requests."""

from pathlib import Path

import pytest

from connector.auth.actor import host_actor
from connector.bootstrap import Connector, build
from connector.embedded.city import DIRECTORY_PEOPLE, STAFFED, document_number, person_fields, sample_city
from connector.migrations.every_table import metadata
from connector.realm_config import load_catalogue
from connector.register import founding, units
from connector.register.people import PersonForm, check_person
from connector.regulations.vocabulary import Office, RequestKind
from connector.requests.chain import plan_chain
from connector.settings import Settings
from tests.fakes.identity_provider import FakeIdentityProvider


@pytest.fixture
def connector(tmp_path: Path) -> Connector:
    made = build(Settings(data_dir=tmp_path), idp=FakeIdentityProvider())
    metadata.create_all(made.database.engine)
    return made


def test_found_sample_city_in_an_empty_register_opens_every_account(connector: Connector) -> None:
    city = sample_city()
    listed = founding.with_catalogue(city.founding, load_catalogue())
    with connector.act(host_actor("tests")) as act:
        report = founding.found(act, listed)
        assert (report.units, len(report.accounts)) == (12, report.persons)
        newcomers = [PersonForm(**person_fields(people[0])) for people in city.free.values()]
        for form in newcomers:
            check_person(act, form)
    connector.close()


@pytest.mark.parametrize("kind", [kind for kind in RequestKind if kind is not RequestKind.DISABLE_DORMANT])
def test_plan_any_chain_in_any_unit_of_the_city_has_a_different_person_for_each_stage(
    connector: Connector, kind: RequestKind
) -> None:
    listed = founding.with_catalogue(sample_city().founding, load_catalogue())
    with connector.act(host_actor("tests")) as act:
        founding.found(act, listed)
        for code in STAFFED:
            stages = plan_chain(act, kind, units.get_unit(act, code), sensitive=True, cause="", parties=())
            deciders = [person.id for stage in stages for person in stage.deciders]
            assert len(set(deciders)) == len(deciders) == len(stages)
    connector.close()


def test_read_sample_city_gives_each_office_to_another_person() -> None:
    city = sample_city()
    holders = [person.directory_key for person in city.founding.persons for _ in person.offices]
    assert len(holders) == len(set(holders)) == 30
    assert {office.office for person in city.founding.persons for office in person.offices} == set(Office)


def test_make_directory_of_the_city_knows_everybody_by_key_name_and_unit() -> None:
    city = sample_city()
    people = {person.number: person for unit in city.free.values() for person in unit}
    founded = {person.directory_key: person for person in city.founding.persons}
    assert len(people) + len(founded) == DIRECTORY_PEOPLE
    assert not people.keys() & founded.keys()
    assert city.ldif.count("objectClass: inetOrgPerson") == DIRECTORY_PEOPLE
    for key, person in founded.items():
        entry = city.ldif.split(f"dn: employeeNumber={key},")[1].split("dn: ")[0]
        assert f"departmentNumber: {person.unit_code}" in entry


def test_make_document_numbers_for_the_whole_directory_are_all_different() -> None:
    assert len({document_number(serial) for serial in range(1, DIRECTORY_PEOPLE + 1)}) == DIRECTORY_PEOPLE
