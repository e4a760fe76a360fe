"""The calendar of duties: asks the rooms, shows what the reader may see, the most pressing first. Changes nothing."""

from datetime import datetime

from pydantic import BaseModel

from connector.auth.act import Act
from connector.auth.actor import ActorKind
from connector.duties.duty import Duty, DutyState, Reader, is_visible
from connector.duties.periodic import list_periodic
from connector.duties.waiting import list_waiting
from connector.register import confine, offices
from connector.register.offices import OFFICE_NAMES
from connector.register.reach import reach_of
from connector.register.readers import OVERSEERS
from connector.register.tables import PersonRow
from connector.regulations.vocabulary import Office

LEADING = (Office.UNIT_HEAD, Office.LEADER_IN_CHARGE)
PRESSING = {DutyState.OVERDUE: 0, DutyState.DUE: 1, DutyState.DONE: 2}


class DutyShown(BaseModel):
    """One duty: what, for whom, by which article, due when, done when. `due_at` null: as soon as possible."""

    key: str
    what: str
    what_en: str
    clause: str
    office: str | None
    office_name: str
    unit_code: str
    unit_name: str
    person: str
    count: int
    due_at: datetime | None
    done_at: datetime | None
    state: DutyState
    page: str


def list_duties(act: Act, *, every: bool = False) -> list[DutyShown]:
    """What is due for the reader; `every` takes in what is done in the present period.

    Those who oversee, the operator of the machine and the jobs see everything, others what their own offices must do,
    what concerns the units they lead, and what they are responsible for themselves (GS 3, GS 5).
    """
    reader = _reader(act)
    with confine.beyond(act):  # What is due is asked of the whole; who sees which of it is said by `is_visible`.
        found = [*list_periodic(act), *list_waiting(act)]
        shown = [_show(act, duty) for duty in found if is_visible(duty, reader)]
    kept = [duty for duty in shown if every or duty.state is not DutyState.DONE]
    return sorted(kept, key=lambda duty: (PRESSING[duty.state], duty.due_at is None, duty.due_at or act.now, duty.key))


def _reader(act: Act) -> Reader:
    person_id = act.actor.person_id
    held = offices.offices_of(act, person_id) if person_id else []
    oversees = any(office in OVERSEERS for office, _ in held)
    part = reach_of(act)
    return Reader(
        person_id=person_id,
        held=frozenset((office, unit.id) for office, unit in held),
        led=frozenset(unit.path for office, unit in held if office in LEADING),
        sees_all=(oversees and part is None) or act.actor.kind in (ActorKind.HOST, ActorKind.JOB),
        reach=part if oversees else None,
    )


def _show(act: Act, duty: Duty) -> DutyShown:
    person = act.session.get(PersonRow, duty.person_id) if duty.person_id else None
    return DutyShown(
        key=duty.key,
        what=duty.what.zh,
        what_en=duty.what.en,
        clause=duty.clause,
        office=duty.office.value if duty.office else None,
        office_name=OFFICE_NAMES[duty.office].zh if duty.office else "",
        unit_code=duty.unit.code if duty.unit else "",
        unit_name=duty.unit.name if duty.unit else "",
        person=person.name if person else "",
        count=duty.count,
        due_at=duty.due_at,
        done_at=duty.done_at,
        state=duty.state(act.now),
        page=duty.page,
    )
