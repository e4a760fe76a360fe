"""Working-day clocks: reminders before the limit, marks after it, the overdue list (B6)."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from connector.audit.tables import AuditEntryRow
from connector.outbox.tables import StepRow
from connector.register.tables import PersonRow
from connector.regulations.vocabulary import RequestKind, Verdict
from connector.requests import deadlines
from connector.requests import service as requests
from connector.requests.tables import RequestRow, StageRow
from tests.town import HOST, NOON, Town


def run(town: Town, now: datetime) -> dict[str, int]:
    with town.connector.act(HOST, now=now) as act:
        return requests.remind_due_stages(act)


def events(town: Town, request: RequestRow, event: str) -> list[AuditEntryRow]:
    with town.connector.act(HOST) as act:
        query = select(AuditEntryRow).where(AuditEntryRow.request_id == request.id, AuditEntryRow.event == event)
        return list(act.session.scalars(query))


@pytest.mark.req("B6")
def test_remind_once_on_the_last_working_day_but_one(town: Town) -> None:
    """A unit head has 2 working days from Tuesday noon: Thursday 17:30. The reminder goes out on Wednesday."""
    request = town.submit(now=NOON)
    assert run(town, NOON + timedelta(minutes=30)) == {"reminded": 0, "overdue": 0, "alternates": 0}
    assert run(town, NOON + timedelta(days=1)) == {"reminded": 1, "overdue": 0, "alternates": 0}
    assert run(town, NOON + timedelta(days=1, hours=1)) == {"reminded": 0, "overdue": 0, "alternates": 0}
    assert len(events(town, request, "request.reminded")) == 1


@pytest.mark.req("B6")
def test_mark_overdue_once_and_alarm_it(town: Town) -> None:
    request = town.submit(now=NOON)
    due = town.open_stage(request).due_at
    assert due == datetime(2026, 3, 12, 9, 30, tzinfo=UTC)
    assert run(town, due)["overdue"] == 0
    assert run(town, due + timedelta(seconds=1))["overdue"] == 1
    assert run(town, due + timedelta(days=1))["overdue"] == 0
    (entry,) = events(town, request, "request.overdue")
    assert entry.alarm
    assert entry.data["office"] == "unit_head"


@pytest.mark.req("B6")
@pytest.mark.parametrize("verdict", list(Verdict))
def test_decide_after_the_limit_before_the_clock_came_round_marks_and_alarms_it(town: Town, verdict: Verdict) -> None:
    request = town.submit(now=NOON)
    stage = town.open_stage(request)
    late = stage.due_at + timedelta(minutes=1)
    town.decide(request, verdict, reason="补充材料", now=late)
    (entry,) = events(town, request, "request.overdue")
    assert (entry.alarm, entry.data["stage"]) == (True, stage.id)
    with town.connector.act(HOST) as act:
        assert act.session.get_one(StageRow, stage.id).overdue_at == late
    assert run(town, late)["overdue"] == 0


@pytest.mark.req("B6")
def test_decide_in_the_last_second_of_the_limit_is_in_time(town: Town) -> None:
    request = town.submit(now=NOON)
    town.decide(request, now=town.open_stage(request).due_at)
    assert events(town, request, "request.overdue") == []


@pytest.mark.req("B6")
def test_decide_after_the_clock_marked_it_marks_it_once(town: Town) -> None:
    request = town.submit(now=NOON)
    late = town.open_stage(request).due_at + timedelta(hours=1)
    run(town, late)
    town.decide(request, now=late + timedelta(hours=1))
    (entry,) = events(town, request, "request.overdue")
    assert entry.at == late


@pytest.mark.req("B6")
def test_withdraw_after_the_limit_marks_it(town: Town) -> None:
    request = town.submit(now=NOON)
    late = town.open_stage(request).due_at + timedelta(minutes=1)
    with town.connector.act(town.applicant(), now=late) as act:
        requests.withdraw_request(act, request.id, "不再需要")
    assert len(events(town, request, "request.overdue")) == 1


@pytest.mark.req("B6")
def test_decide_an_urgent_reset_within_minutes_is_in_time_and_an_hour_later_late(town: Town) -> None:
    account = town.account_of(town.approve(town.submit()))
    form = town.form(kind=RequestKind.PASSWORD_RESET, account=account.user_name, urgent=True)
    request = town.submit(form, now=NOON)
    town.decide(request, now=NOON + timedelta(minutes=20))
    assert events(town, request, "request.overdue") == []
    town.decide(request, now=NOON + timedelta(hours=1))
    assert len(events(town, request, "request.overdue")) == 1


@pytest.mark.req("B6")
def test_overdue_list_counts_working_days_over_a_weekend(town: Town) -> None:
    request = town.submit(now=NOON)
    with town.connector.act(HOST, now=NOON + timedelta(days=2)) as act:
        assert requests.list_overdue(act) == []
    with town.connector.act(HOST, now=datetime(2026, 3, 16, 2, 0, tzinfo=UTC)) as act:  # Monday
        (late,) = requests.list_overdue(act)
    assert (late.number, late.office, late.unit, late.late) == (request.number, "unit_head", "业务科", 2)


@pytest.mark.req("B6")
def test_limit_over_spring_festival_skips_the_holiday_and_counts_the_make_up_day(town: Town) -> None:
    """2026: holiday 15 to 23 February, made up on Saturday 14 and Saturday 28 February."""
    friday = datetime(2026, 2, 13, 4, 0, tzinfo=UTC)
    request = town.submit(now=friday)
    assert town.open_stage(request).due_at == datetime(2026, 2, 24, 9, 30, tzinfo=UTC)


@pytest.mark.req("B6")
def test_limit_over_new_year_into_a_year_not_yet_published_is_counted_monday_to_friday(town: Town) -> None:
    thursday = datetime(2026, 12, 31, 4, 0, tzinfo=UTC)
    request = town.submit(now=thursday)
    assert town.open_stage(request).due_at == datetime(2027, 1, 4, 9, 30, tzinfo=UTC)


def test_reminders_are_mailed_to_those_who_may_decide(town: Town) -> None:
    request = town.submit(now=NOON)
    head = town.holder(town.open_stage(request))
    with town.connector.act(HOST) as act:
        holder = act.session.get_one(PersonRow, head.person_id)
        holder.mail = "head@example.cn"
    run(town, NOON + timedelta(days=1))
    with town.connector.act(HOST) as act:
        mails = [
            s for s in act.session.scalars(select(StepRow).where(StepRow.kind == "mail")) if "到期" in str(s.payload)
        ]
    assert [mail.payload["to"] for mail in mails] == ["head@example.cn"]


@pytest.mark.req("B6")
def test_a_late_form_is_recorded_with_its_days(town: Town) -> None:
    """LC 7(2): the form is due 2 working days after the event; this one comes 3 working days after that."""
    account = town.account_of(town.approve(town.submit()))
    form = town.form(kind=RequestKind.DISABLE, account=account.user_name, event_on="2026-03-03", cause="departure")
    request = town.submit(form, now=NOON)  # Tuesday 3 March + 2 = Thursday 5; today is Tuesday 10.
    (entry,) = events(town, request, "request.submitted")
    assert entry.data["days_late"] == 3


def test_a_reminder_is_not_sent_in_the_first_hour() -> None:
    class Calendar:
        def working_days_between(self, _start: datetime, _end: datetime) -> int:
            return 0

    due = NOON + timedelta(hours=3)
    assert not deadlines.is_reminder_due(Calendar(), NOON + timedelta(minutes=59), NOON, due)  # type: ignore[arg-type]
    assert deadlines.is_reminder_due(Calendar(), NOON + timedelta(hours=1), NOON, due)  # type: ignore[arg-type]
