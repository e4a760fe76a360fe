"""One list of alarms: put together, never hidden by a flood, acknowledged by somebody else, escalated (GX 11)."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.audit.tables import AuditEntryRow
from connector.errors import ForbiddenError
from connector.incidents import alarm_notices, alarms
from connector.incidents.alarm_tables import AlarmRow
from connector.incidents.errors import AlarmClosedError, OwnAlarmError
from connector.incidents.privilege_watch import PrivilegeWatch, is_out_of_hours, register_administrator
from connector.outbox.tables import StepRow
from connector.ports import IdpEvent
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import Office
from connector.webhooks import service as webhooks
from connector.webhooks.alarm_messages import announce_alarms
from tests.town import HOST, NOON, Town

SECURITY, AUDITOR = Office.SECURITY_ADMINISTRATOR, Office.AUDITOR
NIGHT = datetime(2026, 3, 10, 18, 0, tzinfo=UTC)  # 02:00 in China


def alarm(town: Town, event: Event = Event.LOGIN_LOCKED, subject: str = "account:1", **about: str) -> None:
    with town.connector.act(HOST) as act:
        audit.record(act, event, subject, alarm=True, **about)


def collect(town: Town) -> int:
    with town.connector.act(HOST) as act:
        return alarms.collect(act)


def listed(town: Town) -> list[tuple[str, str, int]]:
    with town.connector.act(town.actor(SECURITY)) as act:
        return [(one.row.event, one.row.subject, one.row.count) for one in alarms.list_alarms(act)]


def ack(town: Town, alarm_row: AlarmRow, by: Office = SECURITY, seen: int | None = None) -> None:
    with town.connector.act(town.actor(by)) as act:
        alarms.acknowledge(act, alarm_row.id, note="已核实，误报", seen=alarm_row.count if seen is None else seen)


def only(town: Town, event: Event) -> AlarmRow:
    with town.connector.act(HOST) as act:
        return next(one.row for one in alarms.list_alarms(act, event=event.value))


@pytest.fixture(autouse=True)
def _quiet(town: Town) -> None:
    """What the making of the town has alarmed is acknowledged."""
    collect(town)
    with town.connector.act(HOST) as act:
        for row in act.session.scalars(select(AlarmRow)):
            row.acknowledged_at = act.now


def test_collect_same_alarm_many_times_is_one_row_counted_once_each(town: Town) -> None:
    for _ in range(3):
        alarm(town)
    assert (collect(town), collect(town)) == (3, 0)
    alarm(town)
    collect(town)
    assert listed(town) == [("login.locked", "account:1", 4)]


def test_collect_a_flood_of_one_kind_hides_no_other_kind(town: Town) -> None:
    for number in range(200):
        alarm(town, subject=f"account:{number}")
    alarm(town, Event.WEBHOOK_REFUSED, "endpoint:1")
    collect(town)
    rows = listed(town)
    assert rows[0] == ("webhook.refused", "endpoint:1", 1)
    assert len(rows) == 22
    assert ("login.locked", "*", 180) in rows
    with town.connector.act(HOST) as act:
        told = alarm_notices.take_untold(act)
        alarm_notices.mail_alarms(act, "security@example.cn", told)
        text = act.session.scalars(select(StepRow.payload).where(StepRow.lane == alarm_notices.LANE)).one()["text"]
    assert "webhook.refused" in text
    assert "×180" in text


def test_acknowledge_by_the_subject_is_refused_and_by_another_holds(town: Town) -> None:
    alarm(town, person_id=str(town.actor(SECURITY).person_id))
    collect(town)
    row = only(town, Event.LOGIN_LOCKED)
    with pytest.raises(OwnAlarmError):
        ack(town, row)
    ack(town, row, Office.PRINCIPAL)
    assert listed(town) == []
    with pytest.raises(AlarmClosedError):
        ack(town, row, Office.PRINCIPAL)


def test_acknowledge_what_has_grown_since_or_by_nobody_of_office_is_refused(town: Town) -> None:
    alarm(town)
    collect(town)
    row = only(town, Event.LOGIN_LOCKED)
    with pytest.raises(AlarmClosedError):
        ack(town, row, seen=7)
    with pytest.raises(ForbiddenError):
        ack(town, row, Office.OPERATOR)
    with pytest.raises(ForbiddenError), town.connector.act(HOST) as act:
        alarms.acknowledge(act, row.id, note="主机操作", seen=1)


def test_alarm_after_its_acknowledgement_is_a_row_of_its_own(town: Town) -> None:
    alarm(town)
    collect(town)
    ack(town, only(town, Event.LOGIN_LOCKED))
    alarm(town)
    collect(town)
    assert listed(town) == [("login.locked", "account:1", 1)]


def test_alarm_nobody_acknowledges_escalates_once_after_the_packs_time(town: Town) -> None:
    alarm(town)
    collect(town)
    town.clock.advance(timedelta(hours=23))
    with town.connector.act(HOST) as act:
        assert alarms.escalate(act) == []
    town.clock.advance(timedelta(hours=1))
    with town.connector.act(HOST) as act:
        assert [row.severity for row in alarms.escalate(act)] == ["high"]
        assert alarms.escalate(act) == []


def test_tell_of_an_alarm_once_then_in_the_window_and_when_it_escalates(town: Town) -> None:
    def told() -> int:
        collect(town)
        with town.connector.act(HOST) as act:
            return len(alarm_notices.take_untold(act))

    alarm(town)
    assert (told(), told()) == (1, 0)
    town.clock.advance(timedelta(minutes=30))
    alarm(town)
    assert told() == 0
    town.clock.advance(timedelta(minutes=31))
    assert told() == 1
    town.clock.advance(timedelta(hours=24))
    with town.connector.act(HOST) as act:
        alarms.escalate(act)
    assert (told(), told()) == (1, 0)


def test_announce_alarm_goes_to_endpoints_of_the_security_administrator_without_any_person(town: Town) -> None:
    for name, office in (("oa", SECURITY), ("other", Office.UNIT_HEAD)):
        with town.connector.act(town.actor(SECURITY)) as act:
            form = webhooks.EndpointForm(unit_code="jyzx", name=name, url="https://oa.test/hook", offices=(office,))
            webhooks.register_endpoint(act, form)
    alarm(town)
    collect(town)
    with town.connector.act(HOST) as act:
        rows = alarm_notices.take_untold(act)
        assert announce_alarms(act, rows, public_url="https://idp.test") == len(rows)
        sent = act.session.scalars(select(StepRow.payload).where(StepRow.kind == "webhook")).all()
    assert {one["type"] for one in sent} == {"alarm.raised"}
    assert set(sent[0]["data"]) == {
        "alarm", "kind", "severity", "count", "first_at", "last_at", "escalated", "url",
    }  # fmt: skip


def event(kind: str, type_name: str, at: datetime, **fields: object) -> IdpEvent:
    given = {"user_id": None, "client_id": None, "ip": "192.0.2.1", "error": None, **fields}
    return IdpEvent(event_id=f"e-{type_name}-{at}", kind=kind, at=at, type=type_name, **given)  # type: ignore[arg-type]


def see(town: Town, *events: IdpEvent) -> list[str]:
    with town.connector.act(HOST) as act:
        before = act.session.scalars(select(AuditEntryRow.id)).all()
        PrivilegeWatch().see(act, events)
        act.session.flush()
        fresh = act.session.scalars(select(AuditEntryRow).order_by(AuditEntryRow.id)).all()
        return [one.event for one in fresh if one.id not in before]


def test_see_admin_event_of_an_unknown_administrator_alarms_until_he_is_registered(town: Town) -> None:
    by_hand = event(
        "admin", "CREATE:USER", NOON, resource_path="users/u1", details={"by_user_id": "adm", "by_us": False}
    )
    ours = event("admin", "UPDATE:USER", NOON, resource_path="users/u1", details={"by_user_id": "sa", "by_us": True})
    assert see(town, by_hand, by_hand, ours) == ["administrator.unknown_found"]
    with pytest.raises(ForbiddenError), town.connector.act(town.actor(AUDITOR)) as act:
        register_administrator(act, "adm", label="省平台管理员")
    with town.connector.act(town.actor(SECURITY)) as act:
        register_administrator(act, "adm", label="省平台管理员")
    assert see(town, by_hand) == []


def test_see_privileged_use_out_of_hours_alarms_for_administrators_only(town: Town) -> None:
    with town.connector.act(HOST) as act:
        for office, name in ((SECURITY, "kc-security"), (Office.UNIT_HEAD, "kc-head")):
            row = act.session.get_one(AccountRow, town.centre.accounts[town.centre.person(office).id].id)
            row.keycloak_id = name
    ordinary = event("login", "LOGIN", NIGHT, user_id="kc-head", details={})
    late = event("login", "LOGIN", NIGHT, user_id="kc-security", details={})
    noon = event("login", "LOGIN", NOON, user_id="kc-security", details={})
    assert see(town, ordinary, late, late, noon) == ["privilege.used_out_of_hours"]


@pytest.mark.parametrize(
    ("moment", "out"),
    [
        (datetime(2026, 3, 9, 23, 0, tzinfo=UTC), False),  # Tuesday 07:00
        (datetime(2026, 3, 9, 22, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 10, 12, 0, tzinfo=UTC), True),  # 20:00
        (datetime(2026, 3, 14, 4, 0, tzinfo=UTC), True),  # Saturday noon
        (datetime(2026, 2, 14, 4, 0, tzinfo=UTC), False),  # Saturday with work made up
    ],
)
def test_out_of_hours_follows_the_working_days_of_china(town: Town, moment: datetime, out: bool) -> None:
    assert is_out_of_hours(town.connector.rulebook, moment) is out
