"""Mails new alarms of the record to the address for alarms. They stay listed whether or not a mail goes out."""

from sqlalchemy import select

from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.outbox import service as outbox
from connector.outbox.tables import StepRow

LANE = "alarms"
MOST_IN_A_MAIL = 50


def mail_alarms(act: Act, to: str) -> int:
    """Enqueues one mail about the alarms since the last one (GX 11); returns how many it tells of.

    The mail names event, subject and time; who reads more signs in. Its key holds the last entry told of.
    """
    last_key = act.session.scalar(select(StepRow.key).where(StepRow.lane == LANE).order_by(StepRow.id.desc()).limit(1))
    last = int(last_key.rpartition(":")[2]) if last_key else 0
    alarms = act.session.scalars(
        select(AuditEntryRow)
        .where(AuditEntryRow.id > last, AuditEntryRow.alarm)
        .order_by(AuditEntryRow.id)
        .limit(MOST_IN_A_MAIL)
    ).all()
    if alarms:
        lines = [f"{entry.at:%Y-%m-%d %H:%M:%S}Z  {entry.event}  {entry.subject}" for entry in alarms]
        outbox.enqueue(
            act,
            "mail",
            key=f"alarms:{alarms[-1].id}",
            lane=LANE,
            payload={
                "to": to,
                "subject": f"告警{len(alarms)}条 / {len(alarms)} alarm(s)",
                "text": "\n".join([*lines, "", "详情：trading-idp audit search --alarms"]),
            },
        )
    return len(alarms)
