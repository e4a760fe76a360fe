"""Tells of alarms outside the pages: one mail with a line for each row, and what an endpoint is to be told (GX 11).

The rate is limited: a row is told of when it is new, when it escalates, and once in the pack's window while it grows.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import or_, select

from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.incidents.alarm_tables import AlarmRow
from connector.outbox import service as outbox
from connector.regulations.incidents import SEVERITIES, Severity

LANE = "alarms"
MOST_IN_A_MAIL = 50


def take_untold(act: Act) -> list[AlarmRow]:
    """The rows that somebody is to be told of now, the worst first; from now on they count as told."""
    window = act.rulebook.incidents.alarms().window
    grown = (AlarmRow.told_at <= act.now - window) & (AlarmRow.last_at > AlarmRow.told_at)
    escalated = AlarmRow.escalated_at.is_not(None) & AlarmRow.escalation_told_at.is_(None)
    query = select(AlarmRow).where(
        AlarmRow.acknowledged_at.is_(None), or_(AlarmRow.told_at.is_(None), grown, escalated)
    )
    found = list(act.session.scalars(query.with_for_update(skip_locked=True)))
    for row in found:
        row.told_at = act.now
        row.escalation_told_at = act.now if row.escalated_at else None
    return sorted(found, key=lambda row: (SEVERITIES.index(Severity(row.severity)), row.last_at))


def mail_alarms(act: Act, to: str, rows: Sequence[AlarmRow]) -> int:
    """Enqueues one mail about these rows; returns how many it tells of. Names kind, subject, count and time only."""
    if not to or not rows:
        return 0
    shown = _each_kind_first(rows)[:MOST_IN_A_MAIL]
    more = [f"…{len(rows) - len(shown)}"] if len(rows) > len(shown) else []
    total = sum(row.count for row in rows)
    act.session.flush()
    newest = act.session.scalar(select(AuditEntryRow.id).order_by(AuditEntryRow.id.desc()).limit(1)) or 0
    outbox.enqueue(
        act,
        "mail",
        key=f"alarms:{newest}:{rows[0].id}:{act.now.isoformat()}",
        lane=LANE,
        payload={
            "to": to,
            "subject": f"告警{total}条 / {total} alarm(s)",
            "text": "\n".join([*map(_line, shown), *more, "", "详情：trading-idp alarms list"]),
        },
    )
    return len(rows)


def message(row: AlarmRow, *, url: str) -> dict[str, Any]:
    """What an endpoint is told of a row: thin, nothing about any person."""
    return {
        "alarm": row.id,
        "kind": row.event,
        "severity": row.severity,
        "count": row.count,
        "first_at": row.first_at.isoformat(),
        "last_at": row.last_at.isoformat(),
        "escalated": row.escalated_at is not None,
        "url": f"{url.rstrip('/')}/pages/alarms/{row.id}",
    }


def _each_kind_first(rows: Sequence[AlarmRow]) -> list[AlarmRow]:
    """One row of every kind before the second of any: a flood of one kind does not push another out of the mail."""
    seen: dict[str, int] = {}
    ranked = []
    for row in rows:
        ranked.append((seen.get(row.event, 0), row))
        seen[row.event] = seen.get(row.event, 0) + 1
    return [row for _, row in sorted(ranked, key=lambda one: one[0])]


def _line(row: AlarmRow) -> str:
    escalated = "  已升级 escalated" if row.escalated_at else ""
    return f"[{row.severity}] {row.last_at:%Y-%m-%d %H:%M:%S}Z  {row.event}  {row.subject}  ×{row.count}{escalated}"
