"""Movers on a database: the register follows, excess is asked for, too many wait for two people."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from connector.audit.tables import AuditEntryRow
from connector.departures.mover_cases import MoverView, list_movers
from connector.departures.staff_tables import MoverCaseRow
from connector.departures.tables import DeparturePlanRow
from connector.outbox.tables import StepRow
from connector.realm_config import load_catalogue
from connector.register import matrix, people
from connector.register.tables import AccountRow, GrantRow
from connector.regulations.vocabulary import AccountStatus, Office, RequestKind, Verdict
from connector.requests import service as requests
from connector.requests.forms import RequestForm
from connector.requests.tables import RequestRow
from tests.fixtures_departures import HOUR, DepartureDesk
from tests.fixtures_register import NOON

KEPT, LOST, OTHER = [f"{e.subsystem}:{e.role}" for e in load_catalogue() if not e.sensitive][:3]


def adopt(desk: DepartureDesk, unit: str = "xxjsk", post: str = "运维") -> None:
    with desk.desk.act() as act:
        matrix.adopt_matrix(act, unit, {post: [KEPT]}, adopted_by="paper:JZ-1")


def cases(desk: DepartureDesk, *, open_only: bool = False) -> list[MoverView]:
    with desk.desk.act() as act:
        return list_movers(act, open_only=open_only)


def grants(desk: DepartureDesk, key: str) -> set[str]:
    account = desk.account(key)
    with desk.desk.act() as act:
        held = select(GrantRow.permission_id).where(GrantRow.account_id == account.id, GrantRow.until.is_(None))
        return set(act.session.scalars(held))


def test_contact_and_name_flow_to_register_and_keycloak_recorded_without_values(desk: DepartureDesk) -> None:
    desk.move("003", phone="139-1234-5678", mail="new@example.cn", name="王新名")
    assert desk.run(NOON + HOUR)["moved"] == 1
    person = desk.person("003")
    assert (person.name, person.mail, person.phone_masked) == ("王新名", "new@example.cn", "139****5678")
    with desk.desk.act() as act:
        assert people.get_form(act, person.id).phone == "13912345678"
    assert desk.events("person.changed") == [{"fields": ["mail", "name", "phone"], "source": "directory"}]
    (step,) = (step for step in desk.stored(StepRow) if step.kind == "keycloak.follow_register")
    assert step.account_id == desk.account("003").id
    written = repr([entry.data for entry in desk.stored(AuditEntryRow)] + [s.payload for s in desk.stored(StepRow)])
    assert "12345678" not in written
    assert "王新名" not in written
    assert cases(desk) == []
    assert desk.run(NOON + 2 * HOUR)["moved"] == 0


def test_contact_alone_orders_nothing_of_keycloak(desk: DepartureDesk) -> None:
    desk.move("003", phone="13912345678")
    assert desk.run(NOON + HOUR)["moved"] == 1
    assert [step for step in desk.stored(StepRow) if step.kind == "keycloak.follow_register"] == []


def test_mover_with_excess_is_asked_for_once_and_loses_it_by_decision_only(desk: DepartureDesk) -> None:
    adopt(desk)
    desk.grant("003", KEPT, LOST)
    desk.move("003", unit="xxjsk", post="运维")
    assert desk.run(NOON + HOUR)["moved"] == 1
    (case,) = cases(desk)
    assert (case.from_unit, case.to_unit, case.from_post, case.to_post) == ("ywk", "xxjsk", "科员", "运维")
    assert (case.excess, case.problem, case.request_state) == ([LOST], "", "pending")
    assert grants(desk, "003") == {KEPT, LOST}
    (request,) = desk.stored(RequestRow)
    assert (request.kind, request.cause, request.submitted_by) == ("grant", "transfer", "job:sync_departures")
    assert (request.form["withdraw"], request.form["permissions"], request.form["unit_code"]) == ([LOST], [], "xxjsk")
    desk.run(NOON + 2 * HOUR)
    assert len(desk.stored(RequestRow)) == 1
    desk.decide(request.id)
    assert grants(desk, "003") == {KEPT}
    desk.run(NOON + 3 * HOUR)
    (case,) = cases(desk)
    assert (case.outcome, case.closed_at) == ("withdrawn", NOON + 3 * HOUR)
    assert cases(desk, open_only=True) == []


def test_mover_whose_withdrawal_is_refused_keeps_it(desk: DepartureDesk) -> None:
    adopt(desk)
    desk.grant("003", LOST)
    desk.move("003", unit="xxjsk", post="运维")
    desk.run(NOON + HOUR)
    desk.decide(desk.stored(RequestRow)[0].id, Verdict.REJECT)
    desk.run(NOON + 2 * HOUR)
    assert [case.outcome for case in cases(desk)] == ["kept"]
    assert grants(desk, "003") == {LOST}
    desk.run(NOON + 3 * HOUR)
    assert len(desk.stored(RequestRow)) == 1


def test_mover_request_that_was_returned_is_asked_anew(desk: DepartureDesk) -> None:
    adopt(desk)
    desk.grant("003", LOST)
    desk.move("003", unit="xxjsk", post="运维")
    desk.run(NOON + HOUR)
    desk.decide(desk.stored(RequestRow)[0].id, Verdict.RETURN)
    desk.run(NOON + 2 * HOUR)
    assert sorted(request.state for request in desk.stored(RequestRow)) == ["pending", "withdrawn"]


def test_mover_without_excess_closes_at_once(desk: DepartureDesk) -> None:
    adopt(desk)
    desk.grant("003", KEPT)
    desk.move("003", unit="xxjsk", post="运维")
    desk.run(NOON + HOUR)
    assert [case.outcome for case in cases(desk)] == ["nothing_in_excess"]
    assert desk.stored(RequestRow) == []


def test_mover_to_a_post_without_matrix_says_so_until_there_is_one(desk: DepartureDesk) -> None:
    desk.grant("003", LOST)
    desk.move("003", unit="xxjsk", post="运维")
    desk.run(NOON + HOUR)
    (case,) = cases(desk, open_only=True)
    assert (case.problem, case.excess, case.request) == ("no-matrix", [], None)
    adopt(desk)
    desk.run(NOON + 2 * HOUR)
    (case,) = cases(desk, open_only=True)
    assert (case.problem, case.excess, case.request_state) == ("", [LOST], "pending")


def test_mover_with_another_open_request_waits_for_its_end(desk: DepartureDesk) -> None:
    adopt(desk)
    desk.grant("003", LOST)
    account = desk.account("003")
    clerk = desk.centre.actor(Office.UNIT_HEAD, "ywk")
    form = RequestForm(
        kind=RequestKind.GRANT, unit_code="ywk", account=account.user_name, permissions=(OTHER,), reason="办理业务"
    )
    with desk.act(clerk) as act, act.session.no_autoflush:
        first = RequestRow(
            number="QX-1", kind="grant", state="pending", digest="", form=form.model_dump(mode="json"),
            unit_id=desk.centre.unit.id, person_id=account.person_id, account_id=account.id,
            submitted_by="x", submitted_at=NOON,
        )  # fmt: skip
        act.session.add(first)
    desk.move("003", unit="xxjsk", post="运维")
    desk.run(NOON + HOUR)
    (case,) = cases(desk)
    assert (case.problem, case.request, case.excess) == ("open-request", None, [LOST])
    with desk.desk.act() as act:
        act.session.get_one(RequestRow, first.id).state = "rejected"
    desk.run(NOON + 2 * HOUR)
    (case,) = cases(desk)
    assert (case.problem, case.request_state) == ("", "pending")


def test_second_move_asks_anew_for_the_new_post(desk: DepartureDesk) -> None:
    adopt(desk)
    adopt(desk, "dljg", "经理")
    desk.grant("003", LOST)
    desk.move("003", unit="xxjsk", post="运维")
    desk.run(NOON + HOUR)
    desk.move("003", unit="dljg", post="经理")
    desk.run(NOON + 2 * HOUR)
    (case,) = cases(desk)
    assert (case.from_unit, case.to_unit, case.request_state) == ("ywk", "dljg", "pending")
    assert sorted((r.state, r.form["unit_code"]) for r in desk.stored(RequestRow)) == [
        ("pending", "dljg"),
        ("withdrawn", "xxjsk"),
    ]


def test_mover_who_leaves_does_not_block_his_written_form(desk: DepartureDesk) -> None:
    adopt(desk)
    desk.grant("003", LOST)
    desk.move("003", unit="xxjsk", post="运维")
    desk.run(NOON + HOUR)
    desk.leave("003")
    desk.run(NOON + 2 * HOUR)
    assert desk.frozen() == {"003"}
    assert [request.state for request in desk.stored(RequestRow)] == ["withdrawn"]
    assert [case.problem for case in cases(desk)] == ["wrong-status"]
    account_id = desk.account("003").id
    with desk.desk.act() as act:
        act.session.get_one(AccountRow, account_id).status = AccountStatus.CANCELLED.value
    desk.run(NOON + 3 * HOUR)
    assert [case.outcome for case in cases(desk)] == ["account_ended"]


@pytest.mark.req("E4")
@pytest.mark.parametrize(("movers", "moved"), [(1, 1), (2, 2), (3, 0)])
def test_movers_at_threshold_flow_or_wait(desk: DepartureDesk, movers: int, moved: int) -> None:
    for number in range(movers):
        desk.move(f"{number:03d}", unit="xxjsk")
    summary = desk.run(NOON + HOUR)
    assert (summary["moved"], summary["moves_waiting"]) == (moved, movers - moved)
    here = [desk.person(f"{n:03d}").unit_id == desk.person("019").unit_id for n in range(movers)]
    assert here == [moved == 0] * movers


@pytest.mark.req("E4")
def test_too_many_movers_wait_for_two_people_and_leavers_do_not(desk: DepartureDesk) -> None:
    for key in ("000", "001", "002"):
        desk.move(key, name="王新")
    desk.leave("010")
    held = desk.run(NOON + HOUR)
    assert (held["state"], held["frozen"], held["moved"], held["moves_waiting"]) == ("executed", 1, 0, 3)
    assert {alarm["reasons"][0] for alarm in desk.alarms("plan.held")} == {"too-many-movers"}
    plans = [row for row in desk.stored(DeparturePlanRow) if row.kind == "movers"]
    assert "王新" not in repr(plans[0].items)
    desk.decide(held["moves_request_id"], Verdict.APPROVE)
    desk.move("005", post="科长")
    waiting = desk.run(NOON + 2 * HOUR)
    assert (waiting["moved"], waiting["moves_waiting"]) == (0, 4)
    desk.decide(held["moves_request_id"], Verdict.APPROVE)
    desk.move("001", name="王又新")  # Not what was released.
    again = desk.run(NOON + 3 * HOUR)
    assert (again["moved"], again["moves_waiting"]) == (4, 0)
    assert [desk.person(key).name for key in ("000", "001", "002")] == ["王新", "王又新", "王新"]


@pytest.mark.req("E4")
def test_release_of_movers_covers_no_other_change(desk: DepartureDesk) -> None:
    for key in ("000", "001", "002"):
        desk.move(key, name="王新")
    held = desk.run(NOON + HOUR)
    desk.decide(held["moves_request_id"])
    for key in ("001", "002", "003", "004"):
        desk.move(key, name="王别")
    again = desk.run(NOON + 2 * HOUR)
    assert (again["moved"], again["moves_waiting"]) == (1, 4)
    assert [desk.person(f"{n:03d}").name for n in range(5)] == ["王新", "王某", "王某", "王某", "王某"]
    assert again["moves_request_id"] != held["moves_request_id"]


@pytest.mark.req("E4")
def test_refused_movers_stay_and_are_not_asked_again(desk: DepartureDesk) -> None:
    for key in ("000", "001", "002"):
        desk.move(key, name="王新")
    held = desk.run(NOON + HOUR)
    desk.decide(held["moves_request_id"], Verdict.REJECT)
    desk.move("005", post="科长")
    again = desk.run(NOON + 2 * HOUR)
    assert (again["moved"], again["moves_waiting"]) == (1, 0)
    assert desk.person("000").name == "王某"
    assert len([r for r in desk.stored(RequestRow) if r.kind == "release_departures"]) == 1


def test_held_movers_undone_in_the_directory_withdraw_the_request(desk: DepartureDesk) -> None:
    for key in ("000", "001", "002"):
        desk.move(key, name="王新")
    held = desk.run(NOON + HOUR)
    for key in ("000", "001", "002"):
        desk.move(key, name="王某")
    assert desk.run(NOON + 2 * HOUR)["moves_waiting"] == 0
    with desk.desk.act() as act:
        assert requests.get_request(act, held["moves_request_id"]).state == "withdrawn"


@pytest.mark.req("E4")
def test_nothing_flows_while_the_leavers_are_held(desk: DepartureDesk) -> None:
    desk.leave("001", "002", "003")
    desk.move("005", unit="xxjsk")
    summary = desk.run(NOON + HOUR)
    assert (summary["state"], summary["moved"]) == ("held", 0)
    assert cases(desk) == []


def test_mover_to_unknown_unit_stays_where_he_is(desk: DepartureDesk) -> None:
    desk.move("003", unit="0099", post="科长")
    assert desk.run(NOON + HOUR)["moved"] == 1
    assert desk.person("003").unit_id == desk.person("004").unit_id
    assert desk.person("003").post == "科长"


def test_list_of_cases_is_that_of_the_table(desk: DepartureDesk) -> None:
    adopt(desk)
    desk.move("003", unit="xxjsk", post="运维")
    desk.run(NOON + timedelta(hours=1))
    assert [case.case_id for case in cases(desk)] == [row.id for row in desk.stored(MoverCaseRow)]
