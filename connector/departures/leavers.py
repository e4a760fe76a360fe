"""What freezing leavers and opening their cases needs to know, read for all of them together. Changes nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from connector.auth.act import Act
from connector.departures import handover
from connector.departures.rotation_items import administrators_among
from connector.departures.tables import DepartureCaseRow
from connector.register import offices
from connector.register.tables import AccountRow, PersonRow, UnitRow
from connector.regulations.vocabulary import Office
from connector.storage.batches import in_batches


@dataclass(frozen=True, kw_only=True)
class Leavers:
    """`cases`: open ones by account; `units`, `duties`: by person; `heads`: by unit, those with a mail address."""

    cases: Mapping[str, DepartureCaseRow]
    units: Mapping[str, UnitRow]
    heads: Mapping[str, Sequence[PersonRow]]
    duties: Mapping[str, tuple[str, ...]]
    administrators: Collection[str]


def look_at(act: Act, accounts: Sequence[AccountRow]) -> Leavers:
    """A handful of questions for each 500 accounts, where one for each account took most of a run."""
    people = [account.person_id for account in accounts]
    cases: dict[str, DepartureCaseRow] = {}
    units: dict[str, UnitRow] = {}
    for some in in_batches([account.id for account in accounts]):
        found = select(DepartureCaseRow).where(
            DepartureCaseRow.account_id.in_(some), DepartureCaseRow.closed_at.is_(None)
        )
        cases |= {case.account_id: case for case in act.session.scalars(found)}
    for some in in_batches(people):
        own = select(PersonRow.id, UnitRow).join(UnitRow, UnitRow.id == PersonRow.unit_id)
        units |= {person: unit for person, unit in act.session.execute(own.where(PersonRow.id.in_(some)))}
    heads = {
        unit.id: [head for head in offices.holders(act, Office.UNIT_HEAD, unit.id) if head.mail]
        for unit in {unit.id: unit for unit in units.values()}.values()
    }
    duties, _ = handover.open_duties(act, people)
    return Leavers(
        cases=cases, units=units, heads=heads, duties=duties, administrators=administrators_among(act, accounts)
    )
