"""What is open in the scheduled half, in numbers, for the first page of those who may look into it. Reads only."""

from typing import NamedTuple

from sqlalchemy import Select, func, select

from connector.auth.act import Act
from connector.departures import service as departures
from connector.departures.tables import DeparturePlanRow
from connector.incidents import alarms
from connector.pages.language import mark
from connector.pages.proposals import DISABLING
from connector.pages.visitor import Visitor
from connector.provenance import service as provenance
from connector.register import readers
from connector.requests.tables import RequestRow


class Tally(NamedTuple):
    """One number with the page behind it. `words` take it as {count}; `grave` ones are red."""

    path: str
    words: str
    number: int
    grave: bool = False


def tallies(act: Act, visitor: Visitor) -> list[Tally]:
    """What is open, apart from nothing: at most five counting queries."""
    found: list[Tally] = []
    if visitor.offices & frozenset(readers.FINDINGS):
        counts = provenance.count_open(act)
        grave = bool(counts["critical"] or counts["high"])
        found.append(Tally("/pages/findings", mark("来源核查有{count}项发现未关闭。"), sum(counts.values()), grave))
    if visitor.offices & frozenset(alarms.READERS):
        waiting_alarms = alarms.count_open(act)
        grave = bool(waiting_alarms["critical"] or waiting_alarms["high"])
        found.append(Tally("/pages/alarms", mark("有{count}项告警未确认。"), sum(waiting_alarms.values()), grave))
    if visitor.offices & frozenset(readers.DEPARTURES):
        held = _count(act, select(func.count()).select_from(DeparturePlanRow).where(DeparturePlanRow.state == "held"))
        found.append(Tally("/pages/departures", mark("有{count}个离岗处理方案已暂停，待审批。"), held, grave=True))
        late = departures.count_overdue(act)
        found.append(Tally("/pages/departures", mark("有{count}名离岗人员的书面申请已超期。"), late, grave=True))
    if visitor.offices & frozenset(readers.SCANS):
        kinds = [kind.value for kind in DISABLING]
        waiting = select(func.count()).select_from(RequestRow)
        waiting = waiting.where(RequestRow.state == "pending", RequestRow.kind.in_(kinds))
        found.append(Tally("/pages/scans", mark("有{count}份排查清理申请待审批。"), _count(act, waiting)))
    return [tally for tally in found if tally.number]


def _count(act: Act, statement: Select[int]) -> int:
    return act.session.scalar(statement) or 0
