"""Founds the town of the year: its units and offices, everybody in Keycloak, its people in the directory."""

import random

from sqlalchemy import select

from connector.adapters.ldap import LdapDirectory
from connector.embedded.sample_people import make_ldif, sample_people
from connector.provisioning import service as provisioning
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import Office
from tests.factories import make_account, make_appointment, make_person, make_unit
from tests.fakes.directory import make_settings
from tests.servers.slapd import Slapd
from tests.town import HOST, Town
from tests.year.play import Year

REGIONS = ("371400", "371500", "371600")
UNIT_OFFICES = (Office.UNIT_HEAD, Office.LEADER_IN_CHARGE, Office.VERIFIER)


def unit_codes(units: int = 40) -> list[str]:
    """Codes of the departments, spread over the regions."""
    return [f"{REGIONS[n % 3]}-{n:02d}" for n in range(units - 8)]


def directory_ldif(count: int) -> str:
    """Everybody who may join this year; none of them is at work yet."""
    return make_ldif(count, units=unit_codes(), left=range(1, count + 1))


def settle(town: Town, slapd: Slapd, count: int, seed: int) -> Year:
    """Founds the units with their offices, everybody in Keycloak, and the year's people in the directory."""
    with town.connector.act(HOST) as act:
        for region in REGIONS:
            if region != "371500":
                make_unit(act, region, kind="region")
    for code in unit_codes():
        with town.connector.act(HOST) as act:
            make_unit(act, code, kind="bureau", parent=code.split("-")[0])
            for office in UNIT_OFFICES:
                person = make_person(act, code)
                make_appointment(act, person, code, office)
                town.centre.people[code, office] = person
                town.centre.accounts[person.id] = make_account(act, code, person=person)
    with town.connector.act(HOST) as act:
        for account in act.session.scalars(select(AccountRow).where(AccountRow.keycloak_id.is_(None))):
            provisioning.open_in_keycloak(act, account, [], request_id="paper:TEST-1", link=False)
    town.connector.deliver(limit=10_000)
    year = Year(town, slapd, list(sample_people(count, units=unit_codes())), unit_codes(), random.Random(seed))  # noqa: S311
    year.trouble.settle()
    year.rounds.silent = {town.centre.people[year.codes[0], Office.UNIT_HEAD].id}
    return year


def connect(url: str) -> LdapDirectory:
    """The directory as the connector reads it: name, status, unit and post."""
    unread = {f"{name}_attribute": "" for name in ("phone", "mail")}
    return LdapDirectory(make_settings(url=url, timeout_seconds=30, **unread))
