"""Departure runs on a database with a directory in memory: freezes, absences, cases."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from connector.auth.actor import host_actor
from connector.departures import service as departures
from connector.departures.errors import SizeLimitError, StaleReadingError
from connector.departures.sync import preview_departures
from connector.departures.tables import DepartureCaseRow, DeparturePlanRow, DirectoryPersonRow, DirectoryReadRow
from connector.keys import service as keys
from connector.keys.sheets import SheetRow
from connector.outbox.tables import StepRow
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import AccountClass, Office
from connector.requests.tables import RequestRow
from tests.factories import make_appointment
from tests.fixtures_departures import HOUR, DepartureDesk
from tests.fixtures_register import NOON

KEY = SheetRow(2, {"serial": "K-1", "model": "UK-1", "cert_serial": "0a01"})


@pytest.mark.req("E1")
def test_run_freezes_leaver_and_asks_for_the_form(desk: DepartureDesk) -> None:
    with desk.desk.act() as act:
        act.session.get_one(PersonRow, desk.centre.person(Office.UNIT_HEAD, "ywk").id).mail = "head@example.cn"
    desk.leave("003")
    summary = desk.run(NOON + HOUR)
    assert (summary["state"], summary["frozen"]) == ("executed", 1)
    assert desk.frozen() == {"003"}
    steps = desk.stored(StepRow)
    assert [s.kind for s in steps if s.kind.startswith("keycloak.")] == ["keycloak.freeze", "keycloak.sweep"]
    assert desk.urgent == [next(s.id for s in steps if s.kind == "keycloak.freeze")]
    (mail,) = (s for s in steps if s.kind == "mail")
    assert (mail.lane, mail.payload["to"]) == ("mail", "head@example.cn")
    (case,) = desk.stored(DepartureCaseRow)
    # Tuesday noon and two working days: the end of Thursday's office hours.
    assert timedelta(days=2) < case.form_due_at - case.opened_at < timedelta(days=2, hours=12)
    assert case.frozen_at == NOON + HOUR


@pytest.mark.req("E1")
def test_run_again_freezes_nobody_twice(desk: DepartureDesk) -> None:
    desk.leave("003")
    desk.run(NOON + HOUR)
    again = desk.run(NOON + 2 * HOUR)
    assert (again["state"], again["frozen"]) == ("nothing", 0)
    assert len(desk.stored(DepartureCaseRow)) == 1
    assert len(desk.urgent) == 1


@pytest.mark.req("E1")
def test_case_is_overdue_until_a_disable_request_is_approved(desk: DepartureDesk) -> None:
    desk.leave("003")
    desk.run(NOON + HOUR)
    late = NOON + timedelta(days=7)
    with desk.act(host_actor("t"), now=NOON + 2 * HOUR) as act:
        assert [case.overdue for case in departures.list_cases(act)] == [False]
        assert departures.list_cases(act, overdue_only=True) == []
    with desk.act(host_actor("t"), now=late) as act:
        (case,) = departures.list_cases(act, overdue_only=True)
        account = act.session.scalars(select(AccountRow).where(AccountRow.user_name == case.user_name)).one()
        form = {"kind": "disable", "state": "pending", "submitted_by": "x", "submitted_at": late, "closed_at": late}
        act.session.add(
            RequestRow(number="QX-1", digest="", form={}, unit_id=desk.centre.unit.id, account_id=account.id, **form)
        )
    with desk.act(host_actor("t"), now=late) as act:
        assert len(departures.list_cases(act)) == 1
        act.session.scalars(select(RequestRow)).one().state = "approved"
    with desk.act(host_actor("t"), now=late) as act:
        assert departures.list_cases(act) == []
    assert desk.run(late + HOUR)["cases_settled"] == 1
    (row,) = desk.stored(DepartureCaseRow)
    assert row.closed_at == late + HOUR
    assert row.form_request_id is not None


@pytest.mark.req("E4")
def test_absence_counts_only_in_the_second_read_an_interval_later(desk: DepartureDesk) -> None:
    desk.vanish("004")
    assert desk.run(NOON + HOUR)["frozen"] == 0
    assert desk.run(NOON + HOUR + timedelta(minutes=59))["frozen"] == 0
    assert desk.run(NOON + 2 * HOUR)["frozen"] == 1
    assert desk.frozen() == {"004"}


@pytest.mark.req("E4")
def test_person_back_between_two_absences_is_not_frozen(desk: DepartureDesk) -> None:
    desk.vanish("004")
    desk.run(NOON + HOUR)
    dn = desk.fake.add("004")
    desk.run(NOON + 2 * HOUR)
    desk.fake.remove(dn)
    assert desk.run(NOON + 3 * HOUR)["frozen"] == 0
    assert desk.run(NOON + 4 * HOUR)["frozen"] == 1


@pytest.mark.req("E4")
def test_person_back_as_an_unreadable_row_is_not_frozen(desk: DepartureDesk) -> None:
    desk.vanish("004")
    desk.run(NOON + HOUR)
    desk.fake.add(["004", "04"], dn=desk.dns["004"])
    assert desk.run(NOON + 2 * HOUR)["quarantined"] == 1
    desk.vanish("004")
    assert desk.run(NOON + 3 * HOUR)["frozen"] == 0


@pytest.mark.req("E4")
def test_refused_read_between_two_absences_does_not_count(desk: DepartureDesk) -> None:
    desk.fake.fails_with = SizeLimitError(count=3)
    for hours in (1, 2, 3):
        with pytest.raises(SizeLimitError):
            desk.run(NOON + hours * HOUR)
    assert desk.frozen() == set()
    assert [alarm["code"] for alarm in desk.alarms("directory.read_refused")] == ["directory-size-limit"] * 3
    assert [row.missing_since for row in desk.stored(DirectoryPersonRow)] == [None] * 20


@pytest.mark.req("E4")
def test_leaving_administrator_is_not_frozen_and_alarms_once(desk: DepartureDesk) -> None:
    desk.hire("900", account_class=AccountClass.SYSTEM_ADMINISTRATOR)
    desk.fake.add("900", status="left")
    for hours in (1, 2):
        assert desk.run(NOON + hours * HOUR)["manual"] == 1
    assert desk.frozen() == set()
    (case,) = desk.stored(DepartureCaseRow)
    assert case.frozen_at is None
    assert len(desk.alarms("departure.opened")) == 1


@pytest.mark.req("E4")
def test_vanished_attribute_holds_every_run_until_it_is_back(desk: DepartureDesk) -> None:
    for key in ("000", "001", "002"):
        desk.move(key, post="科员")
    desk.run(NOON + HOUR)
    for key in ("000", "001", "002"):
        desk.fake.change(desk.dns[key], desk.fake.settings.post_attribute)
    desk.leave("010")
    for hours in (2, 3):
        held = desk.run(NOON + hours * HOUR)
        assert (held["state"], held["reasons"]) == ("held", ["attribute-vanished"])
    assert desk.frozen() == set()
    assert len(desk.alarms("plan.held")) == 1
    for key in ("000", "001", "002"):
        desk.move(key, post="科员")
    assert desk.run(NOON + 4 * HOUR)["frozen"] == 1


@pytest.mark.req("E4")
def test_vanished_attribute_is_accepted_when_two_people_release_the_plan(desk: DepartureDesk) -> None:
    for key in ("000", "001", "002"):
        desk.fake.change(desk.dns[key], desk.fake.settings.status_attribute)
    desk.leave("010")
    held = desk.run(NOON + HOUR)
    assert held["reasons"] == ["status-vanished"]
    desk.decide(held["request_id"])
    assert desk.run(NOON + 2 * HOUR)["state"] == "released"
    assert desk.run(NOON + 3 * HOUR)["state"] == "nothing"


@pytest.mark.req("E4")
@pytest.mark.parametrize("office", [Office.SYSTEM_ADMINISTRATOR, Office.SECURITY_ADMINISTRATOR])
def test_leaver_who_administers_by_office_is_left_to_a_person(desk: DepartureDesk, office: Office) -> None:
    person = desk.person("003")
    with desk.desk.act() as act:
        make_appointment(act, person, "jyzx", office)
    desk.leave("003")
    assert desk.run(NOON + HOUR)["manual"] == 1
    assert desk.frozen() == set()
    assert len(desk.alarms("departure.opened")) == 1


def test_older_reading_after_a_newer_one_is_refused(desk: DepartureDesk) -> None:
    older = desk.fake.read()
    desk.run(NOON + HOUR)
    with desk.act(host_actor("t")) as act, pytest.raises(StaleReadingError):
        departures.record_reading(act, older)


def test_preview_changes_nothing(desk: DepartureDesk) -> None:
    desk.leave("003")
    shown = preview_departures(desk, NOON + HOUR)
    assert shown["state"] == "would-freeze"
    assert [item["key"] for item in shown["items"]] == ["003"]
    assert desk.frozen() == set()
    assert len(desk.stored(DirectoryReadRow)) == 1
    assert desk.stored(DeparturePlanRow) == []


def test_run_without_directory_says_so(empty_desk: DepartureDesk) -> None:
    empty_desk.directory = None
    assert empty_desk.run() == {"state": "no-directory"}


def test_case_stays_open_until_the_key_is_back(desk: DepartureDesk) -> None:
    desk.leave("003")
    desk.run(NOON + HOUR)
    custodian = desk.centre.actor(Office.KEY_CUSTODIAN)
    with desk.act(custodian, now=NOON + HOUR) as act:
        (case,) = departures.list_cases(act)
        account = act.session.scalars(select(AccountRow).where(AccountRow.user_name == case.user_name)).one()
        keys.import_batch(act, [KEY], keys.Delivery(paper="RK-1", batch="B1"))
        key = keys.get_key(act, "K-1")
        key.status, key.account_id, key.issued_at = "bound", account.id, NOON  # He had it before he left.
        form = {"kind": "disable", "submitted_by": "x", "submitted_at": NOON + HOUR, "closed_at": NOON + HOUR}
        act.session.add(
            RequestRow(
                number="QX-1", digest="", form={}, unit_id=desk.centre.unit.id, account_id=account.id, state="approved",
                **form,
            )
        )  # fmt: skip
    late = NOON + timedelta(days=7)
    assert desk.run(late)["cases_settled"] == 0
    with desk.act(custodian, now=late) as act:
        (case,) = departures.list_cases(act)
        assert (case.key_serial, case.overdue) == ("K-1", False)
        assert departures.list_cases(act, overdue_only=True) == []
        keys.return_key(act, "K-1", receipt="SH-1")
        assert departures.list_cases(act) == []
    assert desk.run(late + HOUR)["cases_settled"] == 1
