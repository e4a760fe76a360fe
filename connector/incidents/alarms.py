"""One list of alarms (GX 11): put together from the record, acknowledged by a person, escalated when nobody does.

An entry is counted once. The same alarm is one row with a count until somebody has looked at it; of one kind only so
many subjects have rows of their own, so that a flood of one kind never hides another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select, and_, exists, func, or_, select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.auth.actor import ActorKind
from connector.auth.levels import check_level
from connector.errors import ForbiddenError, NotFoundError
from connector.incidents.alarm_tables import AlarmEntryRow, AlarmRow
from connector.incidents.cases import check_text
from connector.incidents.errors import AlarmClosedError, OwnAlarmError
from connector.register import confine
from connector.register.offices import check_host_or_holds
from connector.register.tables import PersonRow
from connector.regulations.incidents import SEVERITIES, Severity
from connector.regulations.vocabulary import Office

READERS = (
    Office.SECURITY_ADMINISTRATOR, Office.AUDITOR, Office.PRINCIPAL, Office.SYSTEM_ADMINISTRATOR,
    Office.SYSTEM_DEPARTMENT_HEAD,
)  # fmt: skip
ACKNOWLEDGERS = (Office.SECURITY_ADMINISTRATOR, Office.PRINCIPAL, Office.SYSTEM_DEPARTMENT_HEAD)  # The auditor reads.
MANY = "*"
CHUNK = 1000
LATE = timedelta(hours=1)  # An entry may be committed after one that was written later; so long it is looked for.


@dataclass(frozen=True, kw_only=True)
class AlarmView:
    """One row of the list; `by` names who acknowledged it. `grave` ones are shown first."""

    row: AlarmRow
    by: str
    overdue: bool

    @property
    def severity(self) -> Severity:
        return Severity(self.row.severity)


def collect(act: Act) -> int:
    """Counts the alarmed entries that no row has yet; returns how many. Whatever is repeated, each is counted once."""
    counted = 0
    while entries := list(act.session.scalars(_uncounted(act))):
        for entry in entries:
            alarm = _row_for(act, entry)
            alarm.count += 1
            alarm.first_at, alarm.last_at = min(alarm.first_at, entry.at), max(alarm.last_at, entry.at)
            act.session.add(AlarmEntryRow(entry_id=entry.id, alarm_id=alarm.id))
        act.session.flush()
        counted += len(entries)
    return counted


def list_alarms(act: Act, *, open_only: bool = True, event: str = "", count: int = 200) -> list[AlarmView]:
    """Alarms, open ones first, then the worst, then the newest. For the offices that watch, and the host (GX 11)."""
    check_host_or_holds(act, *READERS, doing="查看告警 / read the alarms")
    query = select(AlarmRow, PersonRow.name).outerjoin(PersonRow, PersonRow.id == AlarmRow.acknowledged_by)
    if open_only:
        query = query.where(AlarmRow.acknowledged_at.is_(None))
    if event:
        query = query.where(AlarmRow.event == event)
    rows = act.session.execute(query.order_by(AlarmRow.last_at.desc(), AlarmRow.id).limit(5000))
    views = [AlarmView(row=row, by=name or "", overdue=_is_overdue(act, row)) for row, name in rows]
    views.sort(key=lambda one: (one.row.acknowledged_at is not None, SEVERITIES.index(one.severity)))
    return views[:count]


def count_open(act: Act) -> dict[str, int]:
    """Open rows by severity, for a badge; checks nothing and names nobody."""
    rows = select(AlarmRow.severity, func.count()).where(AlarmRow.acknowledged_at.is_(None)).group_by(AlarmRow.severity)
    found = {severity: count for severity, count in act.session.execute(rows)}
    return {severity.value: found.get(severity.value, 0) for severity in SEVERITIES}


def get_alarm(act: Act, alarm_id: str) -> AlarmView:
    """One alarm by its id, or by the first 8 characters and more of it; raises NotFoundError, ForbiddenError."""
    check_host_or_holds(act, *READERS, doing="查看告警 / read the alarms")
    row = _find(act, alarm_id)
    person = act.session.get(PersonRow, row.acknowledged_by) if row.acknowledged_by else None
    return AlarmView(row=row, by=person.name if person else "", overdue=_is_overdue(act, row))


def entries_of(act: Act, alarm: AlarmRow, count: int = 50) -> list[AuditEntryRow]:
    """The newest entries of the record that the row counts."""
    counted = select(AlarmEntryRow.entry_id).where(AlarmEntryRow.alarm_id == alarm.id)
    rows = select(AuditEntryRow).where(AuditEntryRow.id.in_(counted)).order_by(AuditEntryRow.id.desc()).limit(count)
    return list(act.session.scalars(rows))


def acknowledge(act: Act, alarm_id: str, *, note: str, seen: int) -> AlarmRow:
    """Somebody has looked and says what it was. `seen` is the count he was shown: what came since is not his.

    Raises StepUpNeededError, ForbiddenError (also for the host), OwnAlarmError, AlarmClosedError, RefusedInputError.
    """
    check_level(act.actor)
    if act.actor.kind is not ActorKind.PERSON:
        raise ForbiddenError(act="确认告警须由登录的人员 / acknowledge an alarm", offices="安全管理员 (officers)")
    check_host_or_holds(act, *ACKNOWLEDGERS, doing="确认告警 / acknowledge an alarm")
    check_text("note", note)
    row = _find(act, alarm_id, lock=True)
    if row.acknowledged_at is not None or row.count != seen:
        raise AlarmClosedError
    if _is_about(act, row, str(act.actor.person_id)):
        raise OwnAlarmError
    row.acknowledged_at, row.acknowledged_by, row.note = act.now, act.actor.person_id, note.strip()
    act.session.flush()
    audit.record(
        act, Event.ALARM_ACKNOWLEDGED, f"alarm:{row.id}", kind=row.event, about=row.subject, count=row.count,
        note=row.note,
    )  # fmt: skip
    return row


def escalate(act: Act) -> list[AlarmRow]:
    """Marks alarms nobody has acknowledged in the pack's time, once each, one step worse; returns them."""
    late = select(AlarmRow).where(
        AlarmRow.acknowledged_at.is_(None), AlarmRow.escalated_at.is_(None), AlarmRow.due_at <= act.now
    )
    found = list(act.session.scalars(late.order_by(AlarmRow.due_at).with_for_update(skip_locked=True)))
    for row in found:
        row.escalated_at = act.now
        row.severity = SEVERITIES[max(0, SEVERITIES.index(Severity(row.severity)) - 1)].value
        audit.record(act, Event.ALARM_ESCALATED, f"alarm:{row.id}", kind=row.event, count=row.count)
    return found


def _uncounted(act: Act) -> Select[AuditEntryRow]:
    """Alarmed entries of late without a row; the first time, all there are."""
    counted = exists().where(AlarmEntryRow.entry_id == AuditEntryRow.id)
    newest = act.session.scalar(select(func.max(AlarmRow.last_at)))
    query = select(AuditEntryRow).where(AuditEntryRow.alarm, ~counted)
    if newest is not None:
        query = query.where(AuditEntryRow.at >= newest - LATE)
    return query.order_by(AuditEntryRow.id).limit(CHUNK)


def _row_for(act: Act, entry: AuditEntryRow) -> AlarmRow:
    """The open row of this kind and subject; a new one; or the row of many subjects, once a kind has too many."""
    found = _open_row(act, entry.event, entry.subject)
    if found is not None:
        return found
    of_kind = and_(AlarmRow.event == entry.event, AlarmRow.acknowledged_at.is_(None))
    is_flood = (act.session.scalar(select(func.count()).where(of_kind)) or 0) >= act.rulebook.incidents.alarms(
    ).most_subjects  # fmt: skip
    if is_flood and (many := _open_row(act, entry.event, MANY)) is not None:
        return many
    part = act.rulebook.incidents.alarm(entry.event)
    row = AlarmRow(
        event=entry.event, subject=MANY if is_flood else entry.subject, severity=part.severity.value, count=0,
        first_at=entry.at, last_at=entry.at, due_at=entry.at + timedelta(hours=part.hours),
    )  # fmt: skip
    act.session.add(row)
    act.session.flush()
    return row


def _open_row(act: Act, event: str, subject: str) -> AlarmRow | None:
    statement = select(AlarmRow).where(
        AlarmRow.event == event, AlarmRow.subject == subject, AlarmRow.acknowledged_at.is_(None)
    )
    return act.session.scalar(statement)


def _is_about(act: Act, alarm: AlarmRow, person_id: str) -> bool:
    """Whether any entry the row counts names this person, or is his own act."""
    about = (
        select(AuditEntryRow.id)
        .join(AlarmEntryRow, AlarmEntryRow.entry_id == AuditEntryRow.id)
        .where(
            AlarmEntryRow.alarm_id == alarm.id,
            or_(AuditEntryRow.person_id == person_id, AuditEntryRow.actor_person_id == person_id),
        )
    )
    with confine.beyond(act):  # His own act counts wherever the one it was about has been.
        return act.session.scalar(about.limit(1)) is not None


def _find(act: Act, alarm_id: str, *, lock: bool = False) -> AlarmRow:
    named = AlarmRow.id == alarm_id
    if len(alarm_id) >= 8:
        named = AlarmRow.id.startswith(alarm_id, autoescape=True)
    query = select(AlarmRow).where(named).limit(2)
    found: Sequence[AlarmRow] = act.session.scalars(query.with_for_update() if lock else query).all()
    if len(found) != 1:
        raise NotFoundError(kind="告警 (alarm)", name=alarm_id)
    return found[0]


def _is_overdue(act: Act, row: AlarmRow) -> bool:
    return row.acknowledged_at is None and row.due_at <= act.now
