"""Tables, approvals, Keycloak and subsystems compared: every kind of difference, its way out, and when it is closed."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from connector.errors import FieldProblem, ForbiddenError, NotFoundError, RefusedInputError
from connector.provisioning import service as provisioning
from connector.reconciliation import three_way, three_way_exports, three_way_settle, three_way_views
from connector.reconciliation.three_way_errors import NoSuchRoadError, OlderExportError
from connector.reconciliation.three_way_rules import Gap
from connector.reconciliation.three_way_tables import SubsystemHoldingRow
from connector.reconciliation.three_way_views import GapView
from connector.register import accounts
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountStatus, Office
from connector.requests.errors import OpenRequestError
from connector.requests.tables import RequestRow
from jobs import check_matrix
from tests.fixtures_matrix import adopt, granted_beyond
from tests.fixtures_reconciliation import deliver, opened
from tests.town import HOST, Town

CENTRE = ("centre:experts.viewer", "centre:statistics.viewer")


def check(town: Town) -> dict[str, Any]:
    town.clock.advance(timedelta(minutes=1))
    return three_way.check_matrix(town.connector)


def gaps(town: Town, *, open_only: bool = True) -> list[GapView]:
    with town.connector.act(HOST) as act:
        return three_way_views.list_gaps(act, open_only=open_only)


def told(town: Town) -> list[tuple[str, str, str]]:
    return [(gap.kind, gap.user_name, gap.permission) for gap in gaps(town)]


def receive(town: Town, *rows: tuple[str, str], subsystem: str = "centre", **options: Any) -> None:
    text = "user_name,role\n" + "".join(f"{user},{role}\n" for user, role in rows)
    with town.connector.act(HOST) as act:
        three_way_exports.receive_export(act, subsystem, text.encode(), **options)


def account_with(town: Town, *permissions: str) -> AccountRow:
    account = town.account_of(town.approve(town.submit(town.form(permissions=permissions))))
    deliver(town)
    with town.connector.act(HOST) as act:
        return accounts.get_account(act, account.id)


def withdraw(town: Town, gap: GapView, actor: Any = None) -> RequestRow:
    with town.connector.act(actor or HOST) as act:
        return three_way_settle.ask_withdrawal(act, gap.id)


def test_adopted_table_puts_excess_holders_on_the_worklist_at_once_and_takes_nothing(town: Town) -> None:
    first, second = town.permissions(2)
    account = opened(town, 2)
    adopt(town, first)
    assert gaps(town) == []
    deliver(town)
    assert told(town) == [("approved_not_allowed", account.user_name, second)]
    with town.connector.act(HOST) as act:
        assert {p.id for p in accounts.list_grants(act, accounts.get_account(act, account.id))} == {first, second}
    assert check(town)["opened"] == 0


def test_excess_is_withdrawn_by_a_request_and_closed_by_the_next_check_only(town: Town) -> None:
    first, second = town.permissions(2)
    account = opened(town, 2)
    adopt(town, first)
    summary = check(town)
    assert (summary["counts"], summary["by_unit"]) == (
        {"approved_not_allowed": 1},
        {"ywk": {"approved_not_allowed": 1}},
    )
    (gap,) = gaps(town)
    assert [road.road for road in gap.roads] == ["withdraw", "matrix"]
    request = withdraw(town, gap)
    assert (request.form["withdraw"], request.account_id) == ([second], account.id)
    town.approve(request)
    deliver(town)
    (still,) = gaps(town)
    assert (still.request, still.request_state) == (request.number, "approved")
    assert check(town)["closed"] == 1
    (closed,) = gaps(town, open_only=False)
    assert closed.closed_at is not None


def test_excess_is_settled_by_a_corrected_table_too(town: Town) -> None:
    first, second = town.permissions(2)
    opened(town, 2)
    adopt(town, first)
    check(town)
    adopt(town, first, second)
    deliver(town)
    assert len(gaps(town)) == 1
    assert check(town)["closed"] == 1


def test_post_the_table_does_not_know_is_a_kind_apart(town: Town) -> None:
    account = opened(town, 1)
    adopt(town, *town.permissions(1), post="科长")
    check(town)
    assert [gap[:2] for gap in told(town)] == [("approved_post_unknown", account.user_name)]


def test_excess_that_was_overridden_is_counted_apart_until_another_table_asks_again(town: Town) -> None:
    first, second, third = town.permissions(3)
    adopt(town, first)
    granted_beyond(town, first, second)
    deliver(town)
    summary = check(town)
    assert (summary["counts"], summary["excepted"]) == ({}, 1)
    adopt(town, first, third)
    summary = check(town)
    assert (summary["counts"], summary["excepted"]) == ({"approved_not_allowed": 1}, 0)


def test_role_given_and_role_taken_past_the_approvals_lead_to_the_repair(town: Town) -> None:
    account = opened(town, 1)
    (held,) = town.permissions(1)
    subsystem, role = held.split(":")
    town.idp.withdraw_roles(str(account.keycloak_id), subsystem, [role])
    town.idp.grant_roles(str(account.keycloak_id), "centre", ["experts.viewer"])
    summary = check(town)
    assert sorted(told(town)) == [
        ("approved_not_in_keycloak", account.user_name, held),
        ("keycloak_not_approved", account.user_name, "centre:experts.viewer"),
    ]
    numbers = {gap.request for gap in gaps(town)}
    assert len(numbers) == 1
    assert None not in numbers
    assert summary["run"]


def test_subsystem_list_with_more_and_less_than_approved_is_told(town: Town) -> None:
    account, other = account_with(town, CENTRE[0]), account_with(town, CENTRE[1])
    town.clock.advance(timedelta(hours=1))
    receive(town, (account.user_name.upper(), "experts.viewer"), (account.user_name, "ghost.role"), ("mole", "x.y"))
    check(town)
    assert sorted(told(town)) == sorted(
        [
            ("approved_not_in_subsystem", other.user_name, CENTRE[1]),
            ("subsystem_not_approved", account.user_name, "centre:ghost.role"),
            ("subsystem_not_approved", "mole", "centre:x.y"),
        ]
    )
    town.clock.advance(timedelta(hours=1))
    receive(town, (account.user_name, "experts.viewer"), (other.user_name, "statistics.viewer"))
    assert len(gaps(town)) == 3
    assert check(town)["closed"] == 3


def test_subsystem_list_older_than_an_approval_or_a_withdrawal_blames_nobody(town: Town) -> None:
    early = account_with(town, CENTRE[0])
    town.clock.advance(timedelta(hours=1))
    receive(town, (early.user_name, "experts.viewer"))
    town.clock.advance(timedelta(hours=1))
    account_with(town, CENTRE[1])
    form = town.form(kind="grant", account=early.user_name, permissions=(), withdraw=(CENTRE[0],))
    town.approve(town.submit(form))
    deliver(town)
    assert check(town)["counts"] == {}


def test_account_out_of_use_is_not_missed_in_a_subsystem(town: Town) -> None:
    account, other = account_with(town, CENTRE[0]), account_with(town, CENTRE[1])
    with town.connector.act(HOST) as act:
        row = accounts.lock_account(act, account.id)
        provisioning.freeze_account(act, row, cause="request", status=AccountStatus.FROZEN)
    deliver(town)
    town.clock.advance(timedelta(hours=1))
    receive(town, (other.user_name, "statistics.viewer"))
    assert check(town)["counts"] == {}


def test_keycloak_that_does_not_answer_ends_the_check_and_keeps_nothing(town: Town) -> None:
    account = opened(town, 2)
    adopt(town, town.permissions(1)[0])
    deliver(town)
    town.idp.fail("list_accounts")
    with pytest.raises(Exception, match="Keycloak"):
        check(town)
    assert [gap[1] for gap in told(town)] == [account.user_name]
    with town.connector.act(HOST) as act:
        assert three_way_views.newest_check(act) is None


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (b"", ["row 1"]),
        (b"user,role\na,b\n", ["row 1"]),
        (b"user_name,role\n", ["file"]),
        (b"user_name,role\na\n", ["row 2"]),
        (b"user_name,role\na,b,c\nA B,c\na,=cmd\n", ["row 2", "row 3", "row 4"]),
        (b"user_name,role\na,b\nA,b\n", ["row 3"]),
        ("user_name,role\n王,编辑\n".encode(), ["row 2"]),
        (b"\xff\xfe", ["file"]),
        (b'user_name,role\n"a,b\n', ["file"]),
    ],
)
def test_parse_export_that_is_not_plain_names_every_wrong_row(content: bytes, fields: list[str]) -> None:
    with pytest.raises(RefusedInputError) as refused:
        three_way_exports.parse_export(content)
    assert [problem.field for problem in refused.value.fields] == fields


def test_parse_export_with_many_wrong_rows_stops_naming_them_and_repeats_no_value() -> None:
    with pytest.raises(RefusedInputError) as refused:
        three_way_exports.parse_export(b"user_name,role\n" + b"13912345678 x,b\n" * 100)
    problems: list[FieldProblem] = refused.value.fields
    assert len(problems) == three_way_exports.MOST_PROBLEMS
    assert "139" not in repr(problems)


def test_parse_export_with_chinese_headings_and_mark_is_read() -> None:
    assert three_way_exports.parse_export("\ufeff用户名,角色\nAbc,x.y\n".encode()) == [("abc", "x.y")]


@pytest.mark.parametrize(
    ("office", "may"),
    [
        (Office.SYSTEM_ADMINISTRATOR, True),
        (Office.SYSTEM_DEPARTMENT_HEAD, True),
        (Office.AUDITOR, False),
        (Office.UNIT_HEAD, False),
    ],
)
def test_receive_export_is_for_those_who_answer_for_the_lists(town: Town, office: Office, may: bool) -> None:
    with town.connector.act(town.actor(office)) as act:
        if may:
            assert three_way_exports.receive_export(act, "centre", b"user_name,role\na,b\n").rows == 1
        else:
            with pytest.raises(ForbiddenError):
                three_way_exports.receive_export(act, "centre", b"user_name,role\na,b\n")


def test_receive_export_older_future_or_of_nowhere_is_refused_and_newest_alone_is_kept(town: Town) -> None:
    receive(town, ("a", "b"), ("c", "d"))
    with pytest.raises(OlderExportError):
        receive(town, ("a", "b"), taken_at=town.clock.now() - timedelta(days=1))
    with pytest.raises(RefusedInputError):
        receive(town, ("a", "b"), taken_at=town.clock.now() + timedelta(minutes=1))
    with pytest.raises(NotFoundError):
        receive(town, ("a", "b"), subsystem="ghost")
    town.clock.advance(timedelta(hours=1))
    receive(town, ("e", "f"))
    with town.connector.act(HOST) as act:
        assert [row.user_name for row in act.session.scalars(select(SubsystemHoldingRow))] == ["e"]


def test_ask_withdrawal_twice_for_a_closed_one_or_for_a_stranger_is_refused(town: Town) -> None:
    opened(town, 2)
    adopt(town, town.permissions(1)[0])
    town.clock.advance(timedelta(hours=1))
    receive(town, ("mole", "x.y"))
    check(town)
    mine = next(gap for gap in gaps(town) if gap.kind == Gap.APPROVED_NOT_ALLOWED)
    mole = next(gap for gap in gaps(town) if gap.user_name == "mole")
    with pytest.raises(NoSuchRoadError):
        withdraw(town, mole)
    with pytest.raises(NotFoundError):  # The head of another unit does not see it.
        withdraw(town, mine, town.actor(Office.UNIT_HEAD, "dljg"))
    withdraw(town, mine)
    with pytest.raises(OpenRequestError):
        withdraw(town, mine)


def test_ask_withdrawal_by_a_person_is_his_own_request_and_he_cannot_decide_it(town: Town) -> None:
    opened(town, 2)
    adopt(town, town.permissions(1)[0])
    check(town)
    (gap,) = gaps(town)
    applicant = town.actor(Office.SYSTEM_ADMINISTRATOR)
    request = withdraw(town, gap, applicant)
    assert (request.applicant_id, request.submitted_by) == (applicant.person_id, applicant.name)


def test_list_gaps_shows_a_unit_head_his_own_and_nobody_else_anything(town: Town) -> None:
    opened(town, 2)
    adopt(town, town.permissions(1)[0])
    town.clock.advance(timedelta(hours=1))
    receive(town, ("mole", "x.y"))
    check(town)
    with town.connector.act(town.actor(Office.UNIT_HEAD, "ywk")) as act:
        assert {gap.unit_code for gap in three_way_views.list_gaps(act)} == {"ywk"}
    with town.connector.act(town.actor(Office.UNIT_HEAD, "dljg")) as act:
        assert three_way_views.list_gaps(act) == []
    with town.connector.act(town.applicant()) as act, pytest.raises(ForbiddenError):
        three_way_views.list_gaps(act)


def test_run_job_is_one_check(town: Town) -> None:
    summary = check_matrix.run(town.connector, town.clock.now())
    assert (summary["counts"], summary["opened"]) == ({}, 0)
