"""A box from its application to its proved end: what refuses it, what ends it, and that its end is never forgotten."""

from datetime import timedelta
from typing import Any

import pytest

from connector.errors import ForbiddenError, RefusedInputError
from connector.outbox import service as outbox
from connector.ports import KeycloakRefusedError, KeycloakUnavailableError
from connector.privileged import service as privileged
from connector.privileged.errors import AlreadyHeldError, BoxOverError, BoxOverlapError, BoxStateError, ExtensionError
from connector.provisioning import service as provisioning
from connector.register import accounts
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountStatus, Office, RequestKind
from connector.requests.errors import TermsMissingError
from tests.fixtures_boxes import HOUR, MINUTE, OTHER, PLAIN, BoxDesk
from tests.town import HOST


def log_in(desk: BoxDesk, account: AccountRow, **how: Any) -> Any:
    found = desk.account(account)
    desk.town.idp.users[found.keycloak_id].password = "Zb7#ttkwz2"
    return desk.town.idp.log_in(found.user_name, **how)


@pytest.mark.parametrize("packs", [("JC",), ("LC", "GS", "HH", "GX")])
def test_apply_for_privileged_use_passes_unit_principal_and_security(packs: tuple[str, ...]) -> None:
    from connector.regulations.loader import load_rulebook

    chain = load_rulebook(packs).stages(RequestKind.USE_PRIVILEGED)
    assert [stage.office for stage in chain] == [Office.UNIT_HEAD, Office.PRINCIPAL, Office.SECURITY_ADMINISTRATOR]
    assert {stage.clause for stage in chain} == ({"JC 18"} if packs == ("JC",) else {"HOUSE 7"})


def test_approved_box_gives_nothing_before_its_start_and_all_at_it(desk: BoxDesk, user: AccountRow) -> None:
    request = desk.town.approve(desk.ask(user, PLAIN, OTHER, start=HOUR))
    desk.turn()
    desk.town.connector.deliver()
    assert (desk.held(user), desk.roles(user)) == (set(), set())
    desk.pass_time(HOUR)
    assert desk.turn()["started"] == 1
    assert desk.held(user) == desk.roles(user) == {PLAIN, OTHER}
    box = desk.box(request.number)
    assert (box.state, box.opened_at, box.granted_at) == ("running", desk.now, desk.now)


def test_box_ends_by_itself_with_its_sessions_and_leaves_what_was_held_before(desk: BoxDesk) -> None:
    user = desk.hire("ywk", OTHER)
    box = desk.open_box(user)
    online, offline = log_in(desk, user), log_in(desk, user, offline=True)
    desk.pass_time(HOUR)
    assert desk.turn()["ended"] == 1
    assert desk.held(user) == desk.roles(user) == {OTHER}
    assert (online.alive, offline.alive) == (False, False)
    ended = desk.box(box.number)
    assert (ended.state, ended.end_cause, ended.proof) == (
        "ended",
        "over",
        {"online_sessions": 0, "offline_sessions": 0},
    )
    assert ended.proved_at == desk.now
    assert desk.entries("privilege.ended_late") == []
    assert desk.town.idp.is_enabled(desk.account(user).keycloak_id)


def test_box_ends_by_its_own_step_when_the_clock_job_does_not_run(desk: BoxDesk, user: AccountRow) -> None:
    box = desk.open_box(user)
    desk.pass_time(HOUR - MINUTE)
    desk.town.connector.deliver()
    assert desk.roles(user) == {PLAIN}
    desk.pass_time(MINUTE)
    desk.town.connector.deliver()
    assert desk.held(user) == desk.roles(user) == set()
    ended = desk.box(box.number)
    assert (ended.state, ended.end_cause, ended.proved_at) == ("ended", "over", desk.now)
    assert desk.turn()["ended"] == 0


def test_box_over_while_everything_stood_still_ends_late_with_an_alarm(desk: BoxDesk, user: AccountRow) -> None:
    box = desk.open_box(user)
    desk.pass_time(HOUR + 6 * MINUTE)
    desk.turn()
    assert desk.roles(user) == set()
    (late,) = desk.entries("privilege.ended_late")
    assert (late.alarm, late.data["minutes"], late.data["number"]) == (True, 6, box.number)


def test_end_while_keycloak_is_down_is_alarmed_tried_again_and_proved(desk: BoxDesk, user: AccountRow) -> None:
    box = desk.open_box(user)
    session = log_in(desk, user)
    desk.town.idp.fail("withdraw_roles", times=3)
    desk.pass_time(HOUR)
    desk.turn()
    assert (desk.held(user), desk.roles(user)) == (set(), {PLAIN})
    desk.pass_time(6 * MINUTE)
    assert desk.turn()["late"] == 1
    assert desk.turn()["late"] == 0  # Told once.
    for _ in range(4):
        desk.pass_time(MINUTE)
        desk.town.connector.deliver()
    ended = desk.box(box.number)
    assert (desk.roles(user), session.alive, ended.proved_at is not None) == (set(), False, True)
    assert len(desk.entries("privilege.ended_late")) == 1


@pytest.mark.req("G4")
def test_end_while_keycloak_is_down_for_nine_hours_is_never_given_up_and_happens_within_a_minute_of_its_return(
    desk: BoxDesk, user: AccountRow
) -> None:
    box = desk.open_box(user)
    session = log_in(desk, user)
    desk.town.idp.fail("withdraw_roles", times=10_000)
    desk.pass_time(HOUR)
    for _ in range(54):
        desk.turn()
        desk.town.connector.deliver()
        desk.pass_time(10 * MINUTE)
    with desk.town.connector.act(HOST) as act:
        assert outbox.list_steps(act, states=("dead",)) == []
    assert (desk.roles(user), session.alive, desk.box(box.number).proved_at) == ({PLAIN}, True, None)
    desk.town.idp.faults["withdraw_roles"].clear()
    desk.pass_time(MINUTE)
    desk.town.connector.deliver()
    assert (desk.roles(user), session.alive, desk.box(box.number).proved_at) == (set(), False, desk.now)
    assert len(desk.entries("privilege.ended_late")) == 1


def test_end_that_was_given_up_is_ordered_again(desk: BoxDesk, user: AccountRow) -> None:
    """A refusal by Keycloak ends a step for good; the watch orders the end anew until it is proved."""
    desk.open_box(user)
    desk.town.idp.fail("withdraw_roles", KeycloakRefusedError(reason="403"), times=2)
    desk.pass_time(HOUR)
    desk.turn()
    desk.town.connector.deliver()
    with desk.town.connector.act(HOST) as act:
        assert len(outbox.list_steps(act, states=("dead",))) == 2
    assert desk.roles(user) == {PLAIN}
    desk.pass_time(6 * MINUTE)
    desk.turn()
    desk.town.connector.deliver()
    assert desk.roles(user) == set()


def test_end_is_not_held_up_by_what_stands_still_in_the_accounts_lane(desk: BoxDesk, user: AccountRow) -> None:
    desk.open_box(user)
    with desk.town.connector.act(HOST) as act:
        provisioning.require_password_change(act, accounts.get_account(act, user.id), reason="test")
    desk.town.idp.fail("require_actions", KeycloakRefusedError(reason="400"))
    desk.town.connector.deliver()
    desk.pass_time(HOUR)
    desk.turn()
    assert desk.roles(user) == set()


def test_grant_that_comes_after_the_end_gives_nothing(desk: BoxDesk, user: AccountRow) -> None:
    desk.town.approve(desk.ask(user))
    desk.town.idp.fail("grant_roles", KeycloakUnavailableError(reason="down"), times=1)
    desk.turn()
    assert desk.roles(user) == set()
    desk.pass_time(HOUR)
    desk.turn()
    desk.town.connector.deliver()
    assert (desk.held(user), desk.roles(user)) == (set(), set())


def test_box_whose_whole_time_has_passed_is_never_opened(desk: BoxDesk, user: AccountRow) -> None:
    request = desk.town.approve(desk.ask(user))
    desk.pass_time(2 * HOUR)
    desk.turn()
    box = desk.box(request.number)
    assert (box.state, box.end_cause, box.opened_at, desk.roles(user)) == ("ended", "lapsed", None, set())
    assert [entry.alarm for entry in desk.entries("privilege.lapsed")] == [True]


def test_approve_after_the_end_is_refused(desk: BoxDesk, user: AccountRow) -> None:
    request = desk.ask(user)
    desk.pass_time(2 * HOUR)
    with pytest.raises(BoxOverError):
        desk.town.decide(request)


def test_freeze_takes_the_box_away_for_good(desk: BoxDesk, user: AccountRow) -> None:
    box = desk.open_box(user)
    with desk.town.connector.act(HOST) as act:
        provisioning.freeze_account(act, accounts.get_account(act, user.id), cause="order")
    with desk.town.connector.act(HOST) as act:  # Enabled again within the minute.
        provisioning.enable_account(act, accounts.get_account(act, user.id), cause="order", request_id=None)
    desk.turn()
    desk.town.connector.deliver()
    assert (desk.box(box.number).end_cause, desk.held(user), desk.roles(user)) == ("frozen", set(), set())
    assert desk.town.idp.is_enabled(desk.account(user).keycloak_id)


def test_planned_box_of_a_frozen_account_is_not_opened(desk: BoxDesk, user: AccountRow) -> None:
    request = desk.town.approve(desk.ask(user))
    with desk.town.connector.act(HOST) as act:
        provisioning.freeze_account(
            act, accounts.get_account(act, user.id), cause="order", status=AccountStatus.DISABLED
        )
    desk.turn()
    assert desk.box(request.number).end_cause == "frozen"
    assert desk.roles(user) == set()


def test_give_back_early_ends_the_box_and_not_the_next_session(desk: BoxDesk, user: AccountRow) -> None:
    box = desk.open_box(user)
    first = log_in(desk, user)
    desk.pass_time(MINUTE)
    with desk.town.connector.act(desk.actor_of(user)) as act:
        privileged.give_back(act, box.number)
    assert (desk.roles(user), first.alive, desk.box(box.number).end_cause) == (set(), False, "given_back")
    second = log_in(desk, user)
    desk.pass_time(HOUR)
    desk.turn()
    desk.town.connector.deliver()
    assert second.alive  # The step that stood ready for the former end does nothing.
    with pytest.raises(BoxStateError), desk.town.connector.act(desk.actor_of(user)) as act:
        privileged.give_back(act, box.number)


def test_take_a_box_away_needs_an_office_answerable_for_the_unit(desk: BoxDesk, user: AccountRow) -> None:
    box = desk.open_box(user)
    for somebody in (desk.town.actor(Office.UNIT_HEAD, "xxjsk"), desk.town.applicant("dljg")):
        with pytest.raises(ForbiddenError), desk.town.connector.act(somebody) as act:
            privileged.give_back(act, box.number)
    with desk.town.connector.act(desk.town.actor(Office.UNIT_HEAD, "ywk")) as act:
        privileged.give_back(act, box.number)
    assert desk.box(box.number).end_cause == "withdrawn"


def test_extension_is_a_decision_of_its_own_and_moves_the_end(desk: BoxDesk, user: AccountRow) -> None:
    box = desk.open_box(user)
    request = desk.town.approve(desk.ask(user, extends=box.number, begins=box.ends_at))
    assert request.state == "approved"
    assert desk.box(box.number).ends_at == box.ends_at + HOUR
    desk.pass_time(HOUR)
    desk.turn()
    desk.town.connector.deliver()  # The step for the former end does nothing.
    assert (desk.roles(user), desk.box(box.number).state) == ({PLAIN}, "running")
    desk.pass_time(HOUR)
    desk.town.connector.deliver()
    assert (desk.roles(user), desk.box(box.number).state) == (set(), "ended")


def test_extension_decided_after_the_end_is_refused(desk: BoxDesk, user: AccountRow) -> None:
    box = desk.open_box(user)
    request = desk.ask(user, extends=box.number, begins=box.ends_at)
    desk.town.decide(request)
    desk.pass_time(HOUR)  # The job has not run yet.
    with pytest.raises(BoxOverError):
        desk.town.decide(request)


def test_extension_that_asks_for_more_than_the_box_is_refused(desk: BoxDesk, user: AccountRow) -> None:
    box = desk.open_box(user)
    with pytest.raises(ExtensionError):
        desk.ask(user, PLAIN, OTHER, extends=box.number, begins=box.ends_at)
    with pytest.raises(ExtensionError):
        desk.ask(user, PLAIN, extends=box.number, begins=box.ends_at + MINUTE)
    with pytest.raises(ExtensionError):
        desk.ask(desk.hire(), PLAIN, extends=box.number, begins=box.ends_at)


def test_two_boxes_of_one_account_do_not_overlap(desk: BoxDesk, user: AccountRow) -> None:
    box = desk.open_box(user)
    with pytest.raises(BoxOverlapError) as refused:
        desk.ask(user, OTHER, start=30 * MINUTE)
    assert refused.value.facts == {"number": box.number}
    assert desk.town.approve(desk.ask(user, OTHER, begins=box.ends_at)).state == "approved"


@pytest.mark.parametrize(
    ("how", "field"),
    [({"last": timedelta()}, "box.ends_at"), ({"last": timedelta(hours=25)}, "box.ends_at")],
)
def test_box_without_length_or_longer_than_the_pack_allows_is_refused(
    desk: BoxDesk, user: AccountRow, how: dict[str, Any], field: str
) -> None:
    with pytest.raises(RefusedInputError) as refused:
        desk.ask(user, **how)
    assert [problem.field for problem in refused.value.fields] == [field]


def test_reviewer_is_somebody_else_with_an_active_account(desk: BoxDesk, user: AccountRow) -> None:
    with pytest.raises(RefusedInputError) as refused:
        desk.ask(user, reviewer=user)
    assert [problem.field for problem in refused.value.fields] == ["box.reviewer"]


def test_permissions_that_are_held_are_not_given_for_a_time(desk: BoxDesk) -> None:
    user = desk.hire("ywk", PLAIN)
    with pytest.raises(AlreadyHeldError):
        desk.ask(user, PLAIN, OTHER)


def test_permission_granted_for_good_during_the_box_outlives_it(desk: BoxDesk, user: AccountRow) -> None:
    desk.open_box(user, PLAIN)
    form = desk.town.form(kind=RequestKind.GRANT, account=user.user_name, permissions=(PLAIN, OTHER))
    desk.town.approve(desk.town.submit(form))
    desk.town.connector.deliver()
    desk.pass_time(HOUR)
    desk.turn()
    desk.town.connector.deliver()
    assert desk.held(user) == desk.roles(user) == {PLAIN, OTHER}


def test_box_without_its_kind_and_kind_without_its_box_are_refused(desk: BoxDesk, user: AccountRow) -> None:
    box = {"starts_at": desk.now.isoformat(), "ends_at": (desk.now + HOUR).isoformat(), "reviewer": "x"}
    with pytest.raises(TermsMissingError):
        desk.town.submit(desk.town.form(kind=RequestKind.SUSPEND, account=user.user_name, box=box, cause="other"))


def test_notice_goes_out_once_before_each_end(desk: BoxDesk, user: AccountRow) -> None:
    box = desk.open_box(user)
    assert desk.turn()["notices"] == 0
    desk.pass_time(30 * MINUTE)
    assert (desk.turn()["notices"], desk.turn()["notices"]) == (1, 0)
    desk.town.approve(desk.ask(user, extends=box.number, begins=box.ends_at))
    desk.pass_time(HOUR)
    assert desk.turn()["notices"] == 1
    desk.town.connector.deliver()
    told = [mail for mail in desk.town.mailer.sent if mail.to == "user@example.cn"]
    assert len(told) == 2
