"""Alarms are told once, in one mail, without anything personal."""

from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.outbox import alarms
from connector.outbox.tables import StepRow
from tests.town import HOST, Town


def tell(town: Town) -> int:
    with town.connector.act(HOST) as act:
        return alarms.mail_alarms(act, "security@example.cn")


def test_mail_alarms_tells_each_alarm_once(town: Town) -> None:
    tell(town)  # Whatever the making of the town has alarmed.
    with town.connector.act(HOST) as act:
        for number in range(3):
            audit.record(act, Event.JOB_FAILED, f"job:{number}", alarm=True)
        audit.record(act, Event.JOB_FAILED, "job:quiet")
    assert tell(town) == 3
    assert tell(town) == 0
    with town.connector.act(HOST) as act:
        audit.record(act, Event.JOB_FAILED, "job:3", alarm=True)
    assert tell(town) == 1
    with town.connector.act(HOST) as act:
        mails = [s.payload for s in act.session.scalars(select(StepRow).where(StepRow.lane == alarms.LANE))]
    assert [mail["to"] for mail in mails[-2:]] == ["security@example.cn"] * 2
    assert "job:2" in mails[-2]["text"]
    assert "job:quiet" not in mails[-2]["text"]
