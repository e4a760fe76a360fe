"""Charges that exclude each other, by permission and by project: submission, decision, scan, exceptions."""

from datetime import timedelta

import pytest

from connector.conflicts import service as conflicts
from connector.conflicts.errors import AlreadyAssignedError, BlackoutError, ConflictOfDutyError, OwnExceptionError
from connector.conflicts.schemas import list_of_findings
from connector.errors import ForbiddenError, RefusedInputError
from connector.register import accounts
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import Office, RequestKind
from connector.requests.tables import RequestRow
from jobs import scan_conflicts
from tests.factories import make_appointment
from tests.fixtures_boxes import EVALUATION, HOUR, PLAIN, SENSITIVE, SUPERVISION, BoxDesk
from tests.town import HOST


def ask(desk: BoxDesk, account: AccountRow, *permissions: str, withdraw: tuple[str, ...] = ()) -> RequestRow:
    form = desk.town.form(kind=RequestKind.GRANT, account=account.user_name, permissions=permissions, withdraw=withdraw)
    return desk.town.submit(form)


def scan(desk: BoxDesk) -> dict[str, object]:
    return scan_conflicts.run(desk.town.connector, desk.now)


def worklist(desk: BoxDesk) -> list[tuple[str, list[str], str]]:
    with desk.town.connector.act(HOST) as act:
        return [(row.account, row.charges, row.cause) for row in list_of_findings(act, open_only=True)]


def test_apply_for_a_second_exclusive_charge_is_refused_with_both_and_the_clause(desk: BoxDesk) -> None:
    user = desk.hire("ywk", EVALUATION)
    with pytest.raises(ConflictOfDutyError) as refused:
        ask(desk, user, SUPERVISION)
    problem = refused.value.problem()
    assert problem["clause"] == "HH 3"
    assert "评标" in problem["title"]
    assert "监督" in problem["title"]
    assert {refused.value.facts["first"], refused.value.facts["second"]} == {EVALUATION, SUPERVISION}


def test_apply_for_two_exclusive_charges_at_once_is_refused(desk: BoxDesk, user: AccountRow) -> None:
    agency = desk.add_permission("member:agency.clerk")
    for pair in ((EVALUATION, SUPERVISION), (agency, EVALUATION)):
        with pytest.raises(ConflictOfDutyError):
            ask(desk, user, *pair)
    assert ask(desk, user, agency, PLAIN).state == "pending"


def test_exchange_one_charge_for_another_in_one_request_is_no_conflict(desk: BoxDesk) -> None:
    user = desk.hire("ywk", EVALUATION)
    request = desk.town.approve(ask(desk, user, SUPERVISION, withdraw=(EVALUATION,)))
    assert (request.state, desk.held(user)) == ("approved", {SUPERVISION})


def test_conflict_that_arises_before_the_decision_refuses_it(desk: BoxDesk, user: AccountRow) -> None:
    request = ask(desk, user, SUPERVISION)
    desk.town.decide(request)
    desk.assign(desk.project(), user, "evaluation")
    with pytest.raises(ConflictOfDutyError) as refused:
        desk.town.decide(request)
    assert "project:XM-1:评标" in refused.value.facts.values()
    assert "（项目XM-1）" in refused.value.problem()["title"]
    assert desk.held(user) == set()


def test_persons_of_one_project_have_one_charge_at_a_time_and_others_in_other_projects(
    desk: BoxDesk, user: AccountRow
) -> None:
    desk.assign(desk.project("XM-1"), user, "evaluation")
    with pytest.raises(ConflictOfDutyError):
        desk.assign("XM-1", user, "supervision")
    desk.project("XM-1", phase="监督检查", start=timedelta(days=20))
    desk.assign("XM-1", user, "supervision", phase="监督检查")  # Another time of the same project.
    desk.assign(desk.project("XM-2"), user, "supervision")  # The same time of another project.
    with pytest.raises(AlreadyAssignedError):
        desk.assign("XM-2", user, "supervision")


def test_assignment_against_a_permission_held_is_refused(desk: BoxDesk) -> None:
    user = desk.hire("ywk", SUPERVISION)
    with pytest.raises(ConflictOfDutyError):
        desk.assign(desk.project(), user, "evaluation")


def test_assignment_of_a_time_that_is_over_counts_no_more(desk: BoxDesk, user: AccountRow) -> None:
    desk.assign(desk.project(last=HOUR), user, "evaluation")
    with pytest.raises(ConflictOfDutyError):
        ask(desk, user, SUPERVISION)
    desk.pass_time(HOUR)
    assert ask(desk, user, SUPERVISION).state == "pending"


def test_scan_finds_what_stands_and_closes_what_is_gone(desk: BoxDesk) -> None:
    user = desk.hire("ywk", EVALUATION)
    with desk.town.connector.act(HOST) as act:
        accounts.add_grants(act, accounts.get_account(act, user.id), [SUPERVISION], granted_by="paper:OLD-1")
    assert scan(desk)["found"] == 1
    assert scan(desk)["found"] == 0
    assert worklist(desk) == [(user.user_name, ["evaluation", "supervision"], "found")]
    desk.town.approve(ask(desk, user, withdraw=(SUPERVISION,)))
    assert (scan(desk)["closed"], worklist(desk)) == (1, [])


def test_exception_lets_a_request_through_until_it_ends_and_is_then_listed_for_withdrawal(desk: BoxDesk) -> None:
    user = desk.hire("ywk", EVALUATION)
    exception = desk.town.approve(desk.except_(user, "evaluation", "supervision"))
    assert exception.state == "approved"
    assert desk.town.approve(ask(desk, user, SUPERVISION)).state == "approved"
    assert (scan(desk)["found"], worklist(desk)) == (0, [])
    desk.pass_time(timedelta(days=5))
    assert scan(desk)["exceptions"] == 1
    assert worklist(desk) == [(user.user_name, ["evaluation", "supervision"], "exception_over")]
    with desk.town.connector.act(HOST) as act:
        assert conflicts.list_exceptions(act) == []


def test_exception_that_ended_before_the_decision_does_not_count(desk: BoxDesk) -> None:
    user = desk.hire("ywk", EVALUATION)
    desk.town.approve(desk.except_(user, "evaluation", "supervision", last=HOUR))
    request = ask(desk, user, SUPERVISION)
    desk.pass_time(HOUR)
    with pytest.raises(ConflictOfDutyError):
        desk.town.decide(request)


def test_exception_for_one_project_does_not_cover_another(desk: BoxDesk) -> None:
    user = desk.hire("ywk", SUPERVISION)
    for number in ("XM-1", "XM-2"):
        desk.project(number)
    desk.town.approve(desk.except_(user, "evaluation", "supervision", project="XM-1", last=timedelta(days=20)))
    desk.assign("XM-1", user, "evaluation")
    with pytest.raises(ConflictOfDutyError):
        desk.assign("XM-2", user, "evaluation")


def test_approver_of_the_exception_does_not_decide_what_rests_on_it(desk: BoxDesk) -> None:
    """He holds the office of another stage too; somebody else must decide there."""
    user = desk.hire("ywk", EVALUATION)
    approver = desk.town.centre.person(Office.LEADER_IN_CHARGE, "jyzx")
    desk.town.approve(desk.except_(user, "evaluation", "supervision"))
    with desk.town.connector.act(HOST) as act:
        make_appointment(act, approver, "ywk", Office.UNIT_HEAD)
    request = ask(desk, user, SUPERVISION)
    with pytest.raises(OwnExceptionError):
        desk.town.decide(request, actor=desk.town.actor(Office.LEADER_IN_CHARGE, "jyzx"))
    assert desk.town.decide(request).state == "pending"


def test_exception_names_charges_that_conflict_and_a_moment_ahead(desk: BoxDesk, user: AccountRow) -> None:
    with pytest.raises(RefusedInputError) as refused:
        desk.except_(user, "evaluation", "reception", last=-HOUR)
    assert {problem.field for problem in refused.value.fields} == {"exception.until", "exception.charges"}


def test_sensitive_permission_is_not_given_around_the_opening_of_bids(desk: BoxDesk, user: AccountRow) -> None:
    request = ask(desk, user, SENSITIVE)
    while desk.town.open_stage(request).office != Office.OPERATOR:
        request = desk.town.decide(request)
    desk.project(opening=HOUR)
    with pytest.raises(BlackoutError) as refused:
        desk.town.decide(request)
    assert refused.value.facts["project"] == "XM-1"
    assert refused.value.problem()["clause"] == "LC 8"
    assert desk.held(user) == set()
    desk.pass_time(2 * HOUR)
    assert desk.town.decide(request).state == "approved"


def test_other_permissions_are_given_in_a_blackout(desk: BoxDesk, user: AccountRow) -> None:
    desk.project(opening=HOUR)
    assert desk.town.approve(ask(desk, user, PLAIN)).state == "approved"


def test_blackout_of_another_region_counts_here_nothing(desk: BoxDesk, user: AccountRow) -> None:
    from tests.factories import make_unit

    with desk.town.connector.act(HOST) as act:
        make_unit(act, "371600", kind="region")
        make_unit(act, "bzjy", kind="bureau", parent="371600")
    desk.project(opening=HOUR, unit="bzjy")
    assert desk.town.approve(ask(desk, user, SENSITIVE)).state == "approved"


def test_box_of_a_sensitive_permission_does_not_reach_into_a_blackout(desk: BoxDesk, user: AccountRow) -> None:
    desk.project(opening=5 * HOUR)
    with pytest.raises(BlackoutError):
        desk.ask(user, SENSITIVE, last=4 * HOUR)
    assert desk.ask(user, SENSITIVE, last=3 * HOUR).state == "pending"


def test_running_box_ends_when_a_blackout_begins_that_nobody_knew_of(desk: BoxDesk, user: AccountRow) -> None:
    box = desk.open_box(user, SENSITIVE, last=10 * HOUR)
    desk.project(opening=3 * HOUR)
    assert desk.turn()["ended"] == 0
    desk.pass_time(HOUR)
    assert desk.turn()["ended"] == 1
    assert (desk.box(box.number).end_cause, desk.roles(user)) == ("forbidden", set())


def test_planned_box_waits_out_a_blackout_and_opens_after_it(desk: BoxDesk, user: AccountRow) -> None:
    request = desk.town.approve(desk.ask(user, SENSITIVE, last=10 * HOUR))
    desk.project(opening=HOUR)
    assert desk.turn()["started"] == 0
    desk.pass_time(2 * HOUR)
    assert desk.turn()["started"] == 1
    assert desk.box(request.number).state == "running"


def test_box_of_an_exclusive_charge_is_refused(desk: BoxDesk) -> None:
    user = desk.hire("ywk", EVALUATION)
    with pytest.raises(ConflictOfDutyError):
        desk.ask(user, SUPERVISION)


def test_exception_from_a_blackout_is_for_one_project_and_its_time(desk: BoxDesk, user: AccountRow) -> None:
    desk.project(opening=HOUR)
    desk.town.approve(desk.except_(user, project="XM-1", last=2 * HOUR))
    assert desk.town.approve(ask(desk, user, SENSITIVE)).state == "approved"
    other = desk.hire()
    with pytest.raises(BlackoutError):
        desk.town.approve(ask(desk, other, SENSITIVE))


def test_keep_projects_needs_an_office_of_the_unit(desk: BoxDesk) -> None:
    from connector.conflicts.forms import ProjectForm

    form = ProjectForm(number="XM-9", name="桥梁工程", unit_code="ywk")
    with pytest.raises(ForbiddenError), desk.town.connector.act(desk.town.actor(Office.UNIT_HEAD, "xxjsk")) as act:
        conflicts.register_project(act, form)
    with desk.town.connector.act(desk.town.actor(Office.UNIT_HEAD, "ywk")) as act:
        assert conflicts.register_project(act, form).number == "XM-9"


def test_import_takes_right_rows_and_reports_each_wrong_one(desk: BoxDesk) -> None:
    user = desk.hire()
    rows = [
        "number,name,unit_code,bid_opening_at,phase,starts_at,ends_at,account,charge",
        f"XM-7,道路,ywk,2026-03-12 09:30,评标,2026-03-12 10:00,2026-03-13 18:00,{user.user_name},evaluation",
        f"XM-7,,ywk,,评标,,,{user.user_name},supervision",
        "XM-8,桥梁,ywk,明天,,,,,",
        "XM-8,桥梁,none,,,,,,",
        "XM-8,桥梁,ywk,,开标,2026-03-12 10:00,2026-03-12 09:00,,",
    ]
    with desk.town.connector.act(HOST) as act:
        report = conflicts.import_projects(act, "\n".join(rows))
        opening = conflicts.get_project(act, "XM-7").bid_opening_at
    assert [row.outcome for row in report] == ["done", "refused", "refused", "refused", "refused"]
    assert [row.line for row in report] == [2, 3, 4, 5, 6]
    assert opening is not None
    assert opening.isoformat() == "2026-03-12T01:30:00+00:00"  # 09:30 in China
    with pytest.raises(RefusedInputError), desk.town.connector.act(HOST) as act:
        conflicts.import_projects(act, "a,b\n1,2")
