"""Held plans: mass departures freeze nobody until two people have released exactly this plan."""

from typing import Any

import pytest
from sqlalchemy import select

from connector.departures.tables import DeparturePlanRow, DirectoryReadRow
from connector.departures.views import show_plan
from connector.errors import NotFoundError
from connector.register.tables import AccountRow, AppointmentRow
from connector.regulations.vocabulary import AccountStatus, Office, RequestKind, Verdict
from connector.requests import service as requests
from connector.requests.tables import RequestRow
from tests.fixtures_departures import HOUR, DepartureDesk
from tests.fixtures_register import NOON

APPROVERS = (Office.SYSTEM_DEPARTMENT_HEAD, Office.PRINCIPAL)


def decide(desk: DepartureDesk, request_id: str, *verdicts: Verdict) -> None:
    """The offices of the chain decide, one after the other."""
    for office, verdict in zip(APPROVERS, verdicts, strict=False):
        with desk.act(desk.centre.actor(office), now=NOON + HOUR) as act:
            request = requests.get_request(act, request_id)
            stage = next(s for s in requests.stages_of(act, request) if s.state == "open")
            assert stage.office == office
            requests.decide(act, stage_id=stage.id, verdict=verdict, reason="已核对", digest=request.digest)


@pytest.mark.req("E4")
def test_mass_departure_is_held_and_freezes_nobody(desk: DepartureDesk) -> None:
    desk.leave("001", "002", "003")
    summary = desk.run(NOON + HOUR)
    assert (summary["state"], summary["frozen"], summary["reasons"]) == ("held", 0, ["too-many-leavers"])
    assert desk.frozen() == set()
    assert desk.urgent == []
    assert len(desk.alarms("plan.held")) == 1
    with desk.desk.act() as act:
        request = requests.get_request(act, summary["request_id"])
        assert request.kind == RequestKind.RELEASE_DEPARTURES
        assert request.form["plan_hash"] == summary["plan_hash"]
        assert len(request.form["accounts"]) == 3
        assert [row.good for row in act.session.scalars(select(DirectoryReadRow))] == [True, False]


@pytest.mark.req("E4")
def test_held_plan_runs_after_two_people_released_it(desk: DepartureDesk) -> None:
    desk.leave("001", "002", "003")
    held = desk.run(NOON + HOUR)
    decide(desk, held["request_id"], Verdict.APPROVE)
    assert desk.run(NOON + 2 * HOUR)["frozen"] == 0
    assert desk.frozen() == set()
    with desk.act(desk.centre.actor(Office.PRINCIPAL)) as act:
        request = requests.get_request(act, held["request_id"])
        stage = next(s for s in requests.stages_of(act, request) if s.state == "open")
        requests.decide(act, stage_id=stage.id, verdict=Verdict.APPROVE, reason="已核对", digest=request.digest)
    assert desk.frozen() == set()
    released = desk.run(NOON + 3 * HOUR)
    assert (released["state"], released["frozen"]) == ("released", 3)
    assert released["plan_hash"] == held["plan_hash"]
    assert desk.frozen() == {"001", "002", "003"}
    assert desk.run(NOON + 4 * HOUR)["state"] == "nothing"


@pytest.mark.req("E4")
def test_approval_of_one_plan_does_not_release_another(desk: DepartureDesk) -> None:
    desk.leave("001", "002", "003")
    first = desk.run(NOON + HOUR)
    decide(desk, first["request_id"], Verdict.APPROVE, Verdict.APPROVE)
    desk.leave("004")
    second = desk.run(NOON + 2 * HOUR)
    assert (second["state"], second["frozen"]) == ("held", 0)
    assert second["request_id"] != first["request_id"]
    assert desk.frozen() == set()
    assert sorted(row.state for row in desk.stored(DeparturePlanRow)) == ["held", "superseded"]


@pytest.mark.req("E4")
def test_changed_plan_withdraws_the_open_request(desk: DepartureDesk) -> None:
    desk.leave("001", "002", "003")
    first = desk.run(NOON + HOUR)
    desk.leave("004")
    desk.run(NOON + 2 * HOUR)
    with desk.desk.act() as act:
        assert requests.get_request(act, first["request_id"]).state == "withdrawn"


@pytest.mark.req("E4")
def test_same_plan_asks_only_once(desk: DepartureDesk) -> None:
    desk.leave("001", "002", "003")
    first = desk.run(NOON + HOUR)
    assert desk.run(NOON + 2 * HOUR)["request_id"] == first["request_id"]
    assert len(desk.stored(RequestRow)) == 1
    assert len(desk.alarms("plan.held")) == 1


@pytest.mark.req("E4")
def test_rejected_plan_freezes_nobody_and_is_not_asked_again(desk: DepartureDesk) -> None:
    desk.leave("001", "002", "003")
    held = desk.run(NOON + HOUR)
    decide(desk, held["request_id"], Verdict.REJECT)
    for hours in (2, 3):
        assert desk.run(NOON + hours * HOUR)["state"] == "rejected"
    assert desk.frozen() == set()
    assert len(desk.stored(RequestRow)) == 1


@pytest.mark.req("E4")
def test_used_release_does_not_count_for_the_same_people_again(desk: DepartureDesk) -> None:
    desk.leave("001", "002", "003")
    held = desk.run(NOON + HOUR)
    decide(desk, held["request_id"], Verdict.APPROVE, Verdict.APPROVE)
    desk.run(NOON + 2 * HOUR)
    with desk.desk.act() as act:
        for account in act.session.scalars(select(AccountRow).where(AccountRow.status == AccountStatus.FROZEN)):
            account.status = AccountStatus.ACTIVE.value
    again = desk.run(NOON + 3 * HOUR)
    assert (again["state"], again["plan_hash"], again["frozen"]) == ("held", held["plan_hash"], 0)
    assert again["request_id"] != held["request_id"]


@pytest.mark.req("E4")
def test_mass_departure_undone_in_the_directory_makes_the_plan_void(desk: DepartureDesk) -> None:
    desk.leave("001", "002", "003")
    held = desk.run(NOON + HOUR)
    for key in ("001", "002", "003"):
        desk.fake.change(desk.dns[key], "employeeStatus", "active")
    assert desk.run(NOON + 2 * HOUR)["state"] == "nothing"
    with desk.desk.act() as act:
        assert requests.get_request(act, held["request_id"]).state == "withdrawn"


@pytest.mark.req("E4")
def test_shrunken_directory_is_held(desk: DepartureDesk) -> None:
    """Nobody is absent for long enough, and still the run is not good: its count is no measure for the next one."""
    desk.vanish("001", "002", "003")
    assert desk.run(NOON + HOUR)["reasons"] == ["below-floor"]
    second = desk.run(NOON + 2 * HOUR)
    assert second["reasons"] == ["below-floor", "too-many-leavers"]
    assert desk.frozen() == set()


@pytest.mark.req("E4")
def test_held_plan_without_anybody_to_decide_stays_held_and_alarms(desk: DepartureDesk) -> None:
    with desk.desk.act() as act:
        for person in (desk.centre.person(office) for office in APPROVERS):
            _end_offices(act, person.id)
    desk.leave("001", "002", "003")
    summary = desk.run(NOON + HOUR)
    assert (summary["state"], summary["request_id"]) == ("held", None)
    assert {"request_refused": "no-approver"} in desk.alarms("plan.held")
    assert desk.frozen() == set()


def _end_offices(act: Any, person_id: str) -> None:
    for row in act.session.scalars(select(AppointmentRow).where(AppointmentRow.person_id == person_id)):
        row.ended_at = NOON - HOUR


def test_show_plan_names_accounts_and_no_persons(desk: DepartureDesk) -> None:
    desk.leave("001", "002", "003")
    held = desk.run(NOON + HOUR)
    with desk.desk.act() as act:
        shown = show_plan(act, held["plan_hash"][:12])
        assert (shown.state, shown.leavers, len(shown.items)) == ("held", 3, 3)
        assert shown.request == requests.get_request(act, held["request_id"]).number
        with pytest.raises(NotFoundError):
            show_plan(act, "0" * 64)


@pytest.mark.req("E4")
@pytest.mark.parametrize("change", [{"state": "withdrawn"}, {"state": "approved", "form": {"plan_hash": "0" * 64}}])
def test_request_not_approved_for_this_very_plan_releases_nothing(desk: DepartureDesk, change: dict[str, Any]) -> None:
    desk.leave("001", "002", "003")
    held = desk.run(NOON + HOUR)
    with desk.desk.act() as act:
        request = requests.get_request(act, held["request_id"])
        for name, value in change.items():
            setattr(request, name, value)
    assert desk.run(NOON + 2 * HOUR)["state"] == "rejected"
    assert desk.frozen() == set()
