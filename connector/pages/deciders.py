"""Names who decided, and who may decide in another's place: a deputy never without the name he stands for (HH 3)."""

from collections.abc import Collection

from connector.auth.act import Act
from connector.register import people
from connector.register.offices import OFFICE_NAMES
from connector.regulations.vocabulary import Office
from connector.requests import in_place
from connector.requests.tables import DecisionRow, RequestRow, StageRow


def name_of(act: Act, decision: DecisionRow) -> str:
    """The name of the one who decided; of a deputy with whom he stood for, of an alternate with his own office."""
    name = people.get_person(act, decision.person_id).name
    if decision.stands_for_id:
        return f"{name}（代{people.get_person(act, decision.stands_for_id).name}）"
    if decision.via_office:
        return f"{name}（{OFFICE_NAMES[Office(decision.via_office)].zh}）"
    return name


def in_place_of(act: Act, request: RequestRow, stage: StageRow, parties: Collection[str]) -> list[str]:
    """Who may decide an undecided stage beside its office holders: deputies, and alternates once it is overdue."""
    deputies = in_place.deputies_for(act, request, stage, parties)
    names = [f"{one.deputy.name}（代{one.holder.name}）" for one in deputies]
    added = [(person, row) for person, row in in_place.alternates_of(act, stage) if person.id not in parties]
    return names + [f"{person.name}（{OFFICE_NAMES[Office(row.office)].zh}）" for person, row in added]
