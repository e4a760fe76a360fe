"""After the limit: alternates are added step by step, the first keeps the right; figures and vacancies (B6)."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import event, select

from connector.audit.tables import AuditEntryRow
from connector.errors import ForbiddenError, RefusedInputError
from connector.register import absences, accounts, appointments, units
from connector.register.absences import AbsenceForm
from connector.register.tables import AppointmentRow
from connector.regulations.calendar import ChinaCalendar
from connector.regulations.vocabulary import AccountClass, AccountStatus, Office, RequestKind, Verdict
from connector.requests import service as requests
from connector.requests import show, statistics, vacancies
from connector.requests.deadline_tables import VacancyRow
from connector.requests.errors import WrongOfficeError
from tests.factories import make_account, make_appointment, make_person, make_unit
from tests.town import HOST, NOON, Town

LIMIT = datetime(2026, 3, 12, 9, 30, tzinfo=UTC)  # Thursday 17:30: two working days after Tuesday noon
HOURS = (time(8, 30), time(17, 30))


def remind(town: Town, now: datetime) -> int:
    with town.connector.act(HOST, now=now) as act:
        return requests.remind_due_stages(act)["alternates"]


def make_head_above(town: Town) -> str:
    """A head of the centre, which stands above ywk, who holds no other office."""
    with town.connector.act(HOST) as act:
        person = make_person(act, "jyzx")
        make_appointment(act, person, "jyzx", Office.UNIT_HEAD)
        accounts.open_account(act, person, account_class=AccountClass.ORDINARY, opened_by="paper:TEST-9")
        return person.id


@pytest.mark.req("B6")
@pytest.mark.parametrize("first_decides", [True, False])
def test_open_an_overdue_stage_to_the_head_above_and_keep_the_first(town: Town, first_decides: bool) -> None:
    person_id = make_head_above(town)
    above = type(town.applicant())(**{**town.applicant().__dict__, "person_id": person_id, "name": "above"})
    request = town.submit(now=NOON)
    assert remind(town, LIMIT) == 0
    with pytest.raises(WrongOfficeError):
        town.decide(request, actor=above, now=LIMIT)
    late = LIMIT + timedelta(days=1)
    assert remind(town, late) == 1
    assert remind(town, late) == 0
    with town.connector.act(HOST, now=late) as act:
        (overdue,) = requests.list_overdue(act)
        entry = act.session.scalars(select(AuditEntryRow).where(AuditEntryRow.event == "alternate.added")).one()
    assert len(overdue.alternates) == 1
    assert (entry.data["alternate_id"], entry.data["via_office"], entry.data["clause"]) == (
        person_id, "unit_head", "HOUSE 21",
    )  # fmt: skip
    town.decide(request, actor=town.actor(Office.UNIT_HEAD, "ywk") if first_decides else above, now=late)
    with town.connector.act(HOST) as act:
        (decision,) = show.show_request(act, request.id).decisions
    assert (decision.capacity, decision.via_office) == (("holder", "") if first_decides else ("alternate", "unit_head"))


@pytest.mark.req("B6")
def test_add_alternates_leaves_out_whom_a_later_stage_needs_and_the_parties(town: Town) -> None:
    """The only leader of ywk decides the sensitive stage himself: he is not spent on the unit head's."""
    town.submit(town.form(permissions=town.permissions(1, sensitive=True)), now=NOON)
    assert remind(town, LIMIT + timedelta(days=7)) == 0


@pytest.mark.req("B6")
def test_an_alternate_who_lost_his_office_may_not_decide(town: Town) -> None:
    person_id = make_head_above(town)
    request = town.submit(now=NOON)
    late = LIMIT + timedelta(days=1)
    assert remind(town, late) == 1
    with town.connector.act(town.actor(Office.SECURITY_ADMINISTRATOR), now=late) as act:
        held = act.session.scalars(select(AppointmentRow.id).where(AppointmentRow.person_id == person_id)).one()
        appointments.end(act, held)
    above = type(town.applicant())(**{**town.applicant().__dict__, "person_id": person_id, "name": "above"})
    with pytest.raises(WrongOfficeError):
        town.decide(request, actor=above, now=late)


@pytest.mark.req("B6")
def test_a_clock_stands_still_while_the_request_is_with_the_applicant(town: Town) -> None:
    """Two working days: returned on Wednesday, sent again a week later, due the working day after."""
    request = town.submit(now=NOON)
    town.decide(request, Verdict.RETURN, reason="请补充材料", now=NOON + timedelta(days=1))
    again = NOON + timedelta(days=8)
    with town.connector.act(HOST, now=again - timedelta(hours=1)) as act:
        assert requests.list_overdue(act) == []
    with town.connector.act(town.applicant(), now=again) as act:
        requests.resubmit_request(act, request.id, town.form())
    assert town.open_stage(request).due_at == datetime(2026, 3, 19, 9, 30, tzinfo=UTC)


@pytest.mark.req("B6")
def test_the_last_day_of_a_shared_level_holds_until_the_end_of_office_hours(town: Town) -> None:
    """LC 7(2): one working day for the department. What its head passes on next day is due that day at 17:30."""
    account = town.account_of(town.approve(town.submit(now=NOON), now=NOON))
    request = town.submit(town.form(kind=RequestKind.DISABLE, account=account.user_name, cause="departure"), now=NOON)
    while town.open_stage(request).office != Office.SYSTEM_DEPARTMENT_HEAD:
        request = town.decide(request, now=NOON)
    request = town.decide(request, now=NOON + timedelta(days=1))
    assert town.open_stage(request).due_at == datetime(2026, 3, 11, 9, 30, tzinfo=UTC)


@pytest.mark.req("B6")
def test_list_overdue_by_unit_and_office_within_the_readers_reach(town: Town) -> None:
    town.submit(now=NOON)
    town.submit(town.form("xxjsk"), now=NOON)
    late = LIMIT + timedelta(days=1)
    with town.connector.act(town.actor(Office.AUDITOR), now=late) as act:
        assert {one.unit_code for one in requests.list_overdue(act)} == {"ywk", "xxjsk"}
        assert {one.unit_code for one in requests.list_overdue(act, unit_code="ywk")} == {"ywk"}
        assert requests.list_overdue(act, office=Office.OPERATOR) == []
    with town.connector.act(town.actor(Office.UNIT_HEAD, "ywk"), now=late) as act:
        assert {one.unit_code for one in requests.list_overdue(act)} == {"ywk"}
    with pytest.raises(ForbiddenError), town.connector.act(town.applicant(), now=late) as act:
        requests.list_overdue(act)


@pytest.mark.req("B6")
def test_month_figures_count_what_was_decided_in_time_and_late(town: Town) -> None:
    town.decide(town.submit(now=NOON), now=NOON + timedelta(hours=2))
    town.decide(town.submit(now=NOON), now=NOON + timedelta(days=3))
    with town.connector.act(HOST) as act:
        (line,) = [one for one in statistics.month_figures(act, "2026-03") if one.office == "unit_head"]
        assert statistics.month_figures(act, "2026-02") == []
        with pytest.raises(RefusedInputError):
            statistics.month_figures(act, "2026-13")
    assert (line.unit_code, line.kind, line.decided, line.in_time, line.late) == ("ywk", "grant", 2, 1, 1)
    assert (line.median_hours, line.longest_hours) == (14.5, 27.0)  # 2 h and 5.5 + 9 + 9 + 3.5 h


def test_office_hours_between_leave_out_nights_and_holidays_and_count_make_up_days() -> None:
    calendar = ChinaCalendar()
    friday, saturday = (datetime(2026, 2, day, 9, 0, tzinfo=UTC) for day in (13, 14))  # 17:00; 14 is made up
    assert statistics.office_hours_between(calendar, HOURS, friday, saturday) == timedelta(hours=9)
    sunday = datetime(2026, 2, 15, 1, 0, tzinfo=UTC)
    assert statistics.office_hours_between(calendar, HOURS, sunday, sunday + timedelta(days=7)) == timedelta()
    bounds = [statistics.month_bounds(f"2026-{month:02d}") for month in range(1, 13)]
    assert all(end == start for (_, end), (start, _) in pairwise(bounds))


def problems(town: Town, office: Office, unit: str = "ywk") -> set[str]:
    with town.connector.act(HOST) as act:
        found = vacancies.list_vacancies(act)
    return {one.problem for one in found if (one.office, one.unit_code) == (office.value, unit)}


@pytest.mark.req("B6")
def test_list_vacancies_tells_each_problem_before_it_blocks(town: Town) -> None:
    head = town.actor(Office.UNIT_HEAD, "ywk")
    assert problems(town, Office.UNIT_HEAD) == set()
    today = date(2026, 3, 10)
    with town.connector.act(head) as act:
        absence = absences.note_absence(act, AbsenceForm(first_day=today, last_day=today, reason="休假")).id
    assert problems(town, Office.UNIT_HEAD) == {"away"}
    with town.connector.act(head) as act:
        absences.end_absence(act, absence)
        row = act.session.scalars(select(AppointmentRow).where(AppointmentRow.person_id == head.person_id)).one()
        row.valid_to = today + timedelta(days=14)
    assert problems(town, Office.UNIT_HEAD) == {"ending"}
    with town.connector.act(HOST) as act:
        act.session.get_one(AppointmentRow, row.id).valid_to = today + timedelta(days=15)
    assert problems(town, Office.UNIT_HEAD) == set()
    with town.connector.act(HOST) as act:
        accounts.set_status(act, accounts.lock_account(act, str(head.account_id)), AccountStatus.FROZEN, cause="x")
    assert problems(town, Office.UNIT_HEAD) == {"out_of_use"}
    with town.connector.act(town.actor(Office.SECURITY_ADMINISTRATOR)) as act:
        appointments.end(act, row.id)
    assert problems(town, Office.UNIT_HEAD) == {"vacant"}


@pytest.mark.req("B6")
def test_list_vacancies_tells_of_one_person_for_two_stages(town: Town) -> None:
    """The head of the unit becomes its only leader in charge too: two stages of one chain, one person."""
    head = town.centre.person(Office.UNIT_HEAD, "ywk")
    leader = town.actor(Office.LEADER_IN_CHARGE, "ywk")
    with town.connector.act(town.actor(Office.SECURITY_ADMINISTRATOR)) as act:
        held = select(AppointmentRow.id).where(AppointmentRow.person_id == leader.person_id)
        appointments.end(act, act.session.scalars(held).one())
    with town.connector.act(HOST) as act:
        make_appointment(act, head, "ywk", Office.LEADER_IN_CHARGE)
        assert units.get_unit(act, "ywk").code == "ywk"
    assert problems(town, Office.UNIT_HEAD) == {"too_few"}
    assert problems(town, Office.LEADER_IN_CHARGE) == {"too_few"}


@pytest.mark.req("B6")
def test_record_vacancies_alarms_each_once_and_closes_what_is_filled(town: Town) -> None:
    head = town.actor(Office.UNIT_HEAD, "ywk")
    with town.connector.act(HOST) as act:
        before = vacancies.record_vacancies(act)["vacant"]
        accounts.set_status(act, accounts.lock_account(act, str(head.account_id)), AccountStatus.FROZEN, cause="x")
    with town.connector.act(HOST) as act:
        assert vacancies.record_vacancies(act) == {"vacant": before + 1, "new": 1, "filled": 0}
        assert vacancies.record_vacancies(act)["new"] == 0
        accounts.set_status(act, accounts.lock_account(act, str(head.account_id)), AccountStatus.ACTIVE, cause="x")
    with town.connector.act(HOST) as act:
        assert vacancies.record_vacancies(act)["filled"] == 1
        rows = act.session.scalars(select(VacancyRow).where(VacancyRow.problem == "out_of_use")).all()
        told = select(AuditEntryRow).where(AuditEntryRow.event == "vacancy.found")
        alarmed = [entry for entry in act.session.scalars(told) if entry.data["problem"] == "out_of_use"]
    assert [row.cleared_at for row in rows] == [NOON]
    assert [entry.alarm for entry in alarmed] == [True]


def test_list_vacancies_of_many_units_asks_as_often_as_of_few(town: Town) -> None:
    """A province has ten thousand units: a question for each office of each would take the night."""

    def count() -> int:
        asked: list[str] = []
        listening = (town.connector.database.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
        event.listen(*listening)
        try:
            with town.connector.act(HOST) as act:
                vacancies.list_vacancies(act)
        finally:
            event.remove(*listening)
        return len(asked)

    few = count()
    with town.connector.act(HOST) as act:
        for number in range(5):
            make_unit(act, f"d{number}", parent="jyzx")
            make_account(act, f"d{number}")
    assert count() == few
