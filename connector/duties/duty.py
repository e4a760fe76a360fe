"""What a duty is: what is due, for whom, by which article, until when. Pure; knows no room."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from connector.errors import Text
from connector.register.reach import Reach
from connector.register.tables import UnitRow
from connector.regulations.vocabulary import Office


class DutyState(StrEnum):
    """Whether a duty is done, still to be done in time, or late."""

    DONE = "done"
    DUE = "due"
    OVERDUE = "overdue"


@dataclass(frozen=True, kw_only=True)
class Duty:
    """One thing that is due. `office` in `unit` must do it, or the person named; `count` things of one kind together.

    `due_at` None: as soon as possible. `page` is where it is done.
    """

    key: str
    what: Text
    clause: str
    page: str
    office: Office | None = None
    unit: UnitRow | None = None
    person_id: str | None = None
    count: int = 1
    due_at: datetime | None = None
    done_at: datetime | None = None

    def state(self, now: datetime) -> DutyState:
        if self.done_at is not None:
            return DutyState.DONE
        return DutyState.OVERDUE if self.due_at is not None and self.due_at < now else DutyState.DUE


@dataclass(frozen=True)
class Reader:
    """Who looks: his person, the offices he holds by (office, unit id), and the paths below which he leads.

    `reach`: one who oversees a part of the tree sees that part; None where he oversees nothing, or everything.
    """

    person_id: str | None
    held: Collection[tuple[Office, str]]
    led: Collection[str]
    sees_all: bool
    reach: Reach | None = None


def is_visible(duty: Duty, reader: Reader) -> bool:
    """Those who oversee see all; others what their own office must do, what concerns units they lead, and their own."""
    if reader.sees_all or (duty.person_id is not None and duty.person_id == reader.person_id):
        return True
    if duty.unit is None:
        return False
    if duty.office is not None and (duty.office, duty.unit.id) in reader.held:
        return True
    if reader.reach is not None and reader.reach.covers(duty.unit.path):
        return True
    return any(duty.unit.path.startswith(path) for path in reader.led)
