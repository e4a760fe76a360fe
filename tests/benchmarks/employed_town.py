"""A desk whose people all stand in the sample HR directory, with an account each; filled without a form for each."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

import connector.migrations.every_table  # noqa: F401  # brings every table into the metadata
from connector.adapters.crypto import AesGcmVault
from connector.embedded.sample_people import DEFAULT_UNITS, SamplePerson
from connector.register.people import PHONE_CONTEXT
from connector.register.tables import AccountRow, AccountStateRow, Base, PersonRow
from connector.settings import Settings
from tests.factories import make_unit
from tests.fixtures_departures import DepartureDesk
from tests.fixtures_register import open_desk

_BATCH = 5000


def phone_of(person: SamplePerson) -> str:
    return f"139{int(person.number):08d}"


def employ_everybody(folder: Path, url: str, people: Sequence[SamplePerson]) -> DepartureDesk:
    """A desk on the empty database at `url` ("" is SQLite in `folder`); the register says what the directory says."""
    folder.mkdir(parents=True, exist_ok=True)
    desk = open_desk(folder, url or None, vault=AesGcmVault(folder / "ring.json"))
    town = DepartureDesk(desk, Settings(data_dir=folder))
    town.hire("first")
    with desk.act() as act:
        units = {code: make_unit(act, code, parent="jyzx").id for code in DEFAULT_UNITS}
        person, account, state = (_values(act.session.scalars(rows).one()) for rows in _first_rows())
        for at in range(0, len(people), _BATCH):
            some = people[at : at + _BATCH]
            act.session.execute(insert(PersonRow), [_person(p, person, units, act.vault) for p in some])
            act.session.execute(insert(AccountRow), [_account(p, account) for p in some])
            states = [state | {"account_id": f"a{p.number}"} for p in some]
            act.session.execute(insert(AccountStateRow), states)
    return town


def _first_rows() -> tuple[Any, ...]:
    """The rows that one hired person has, after which everybody else's are made."""
    first = select(AccountRow.id).join(PersonRow).where(PersonRow.directory_key == "first").scalar_subquery()
    return (
        select(PersonRow).where(PersonRow.directory_key == "first"),
        select(AccountRow).where(AccountRow.id == first),
        select(AccountStateRow).where(AccountStateRow.account_id == first),
    )


def _values(row: Base) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in row.__table__.columns if column.key != "id"}


def _person(person: SamplePerson, like: dict[str, Any], units: dict[str, str], vault: Any) -> dict[str, Any]:
    return like | {
        "id": f"p{person.number}",
        "name": person.name,
        "document_digest": person.number,
        "phone_digest": vault.digest(phone_of(person), PHONE_CONTEXT),
        "mail": f"p{person.number}@example.cn",
        "unit_id": units[person.unit_code],
        "post": person.title,
        "directory_key": person.number,
    }


def _account(person: SamplePerson, like: dict[str, Any]) -> dict[str, Any]:
    return like | {
        "id": f"a{person.number}",
        "person_id": f"p{person.number}",
        "user_name": f"371500-bench-{person.number}",
        "keycloak_id": f"k{person.number}",
    }
