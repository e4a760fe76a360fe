"""Who may be the same person under another document: a hint for the verifier, never a refusal (LC 5(3)).

Birth dates are read from sealed numbers for a comparison and go nowhere.
"""

from typing import NamedTuple

from sqlalchemy import select

from connector.auth.act import Act
from connector.register import identifiers, people
from connector.register.tables import AccountRow, PersonRow, UnitRow

MOST_CANDIDATES = 20


class Candidate(NamedTuple):
    """Somebody of the same name. `same_birth` is None where a document does not tell the birth date."""

    person: PersonRow
    unit: UnitRow
    account: AccountRow | None
    same_birth: bool | None
    same_unit: bool


def find_candidates(act: Act, person: PersonRow) -> list[Candidate]:
    """Persons of the same name who may be this one: not those whose birth date is another one; the likeliest first."""
    statement = (
        select(PersonRow, UnitRow, AccountRow)
        .join(UnitRow, UnitRow.id == PersonRow.unit_id)
        .outerjoin(AccountRow, AccountRow.person_id == PersonRow.id)
        .where(PersonRow.name == person.name, PersonRow.id != person.id)
        .order_by(PersonRow.registered_at, PersonRow.id)
        .limit(MOST_CANDIDATES)
    )
    born = _born(act, person)
    found = []
    for other, unit, account in act.session.execute(statement):
        theirs = _born(act, other)
        same_birth = born == theirs if born and theirs else None
        same_unit = other.unit_id == person.unit_id
        # With no birth date to compare, a common name in another unit says nothing.
        if same_birth or (same_birth is None and same_unit):
            found.append(Candidate(other, unit, account, same_birth, same_unit))
    return sorted(found, key=lambda each: (not each.same_birth, not each.same_unit))


def _born(act: Act, person: PersonRow) -> str:
    return identifiers.birth_date(people.read_document(act, person))
