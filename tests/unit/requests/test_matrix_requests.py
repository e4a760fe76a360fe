"""A unit's table of posts: drafted by its head, signed by the leader, filed by the department, then in force."""

from datetime import timedelta

import pytest

from connector.errors import ForbiddenError, NotFoundError, RefusedInputError
from connector.register import matrix, matrix_drafts, units
from connector.register.matrix_errors import (
    MatrixDraftMovedOnError,
    MatrixInForceError,
    MatrixMovedOnError,
    NotAtInstallationError,
)
from connector.register.matrix_lines import MatrixLine, MatrixProposal
from connector.regulations.vocabulary import Office, RequestKind, Verdict
from connector.requests import matrix_desk
from connector.requests import service as requests
from connector.requests.errors import NothingToChangeError, OpenTableRequestError
from connector.requests.forms import RequestForm
from tests.fixtures_matrix import adopt, lines, propose, submit
from tests.town import HOST, Town


def in_force(town: Town, unit: str = "ywk") -> dict[str, frozenset[str]]:
    with town.connector.act(HOST) as act:
        return matrix.current(act, units.get_unit(act, unit).id)


def head(town: Town, unit: str = "ywk") -> object:
    return town.actor(Office.UNIT_HEAD, unit)


def form(based_on: int, *permissions: str) -> RequestForm:
    proposal = MatrixProposal(based_on=based_on, lines=tuple(lines(*permissions)))
    return RequestForm(kind=RequestKind.ADOPT_MATRIX, unit_code="ywk", matrix=proposal)


def test_adopt_matrix_is_in_force_only_when_leader_and_department_have_signed(town: Town) -> None:
    first, second = town.permissions(2)
    request = propose(town, first)
    offices = []
    while request.state == "pending":
        assert in_force(town) == {}
        offices.append(town.open_stage(request).office)
        request = town.decide(request)
    assert offices == ["leader_in_charge", "system_department_head"]
    assert in_force(town) == {"科员": {first}}
    town.clock.advance(timedelta(days=1))
    second_request = adopt(town, second, post="科长")
    assert in_force(town) == {"科长": {second}}
    with town.connector.act(HOST) as act:
        newest, oldest = matrix_desk.show_versions(act, "ywk")
        assert matrix_drafts.get_draft(act, "ywk").revision == 0
    assert (newest.version, newest.request, newest.until) == (2, second_request.number, None)
    assert (oldest.version, oldest.until) == (1, newest.since)
    assert [one.office for one in newest.signed] == offices
    assert [(line.post, line.permission) for line in newest.change.added] == [("科长", second)]
    assert [(line.post, line.permission) for line in newest.change.removed] == [("科员", first)]
    assert [line.permission for line in oldest.lines] == [first]


@pytest.mark.parametrize("verdict", [Verdict.REJECT, Verdict.RETURN])
def test_adopt_matrix_that_was_not_approved_changes_nothing(town: Town, verdict: Verdict) -> None:
    town.decide(propose(town, *town.permissions(1)), verdict, reason="岗位不全")
    assert in_force(town) == {}


def test_submit_returned_table_again_goes_on_with_the_same_request(town: Town) -> None:
    first, second = town.permissions(2)
    request = town.decide(propose(town, first), Verdict.RETURN, reason="岗位不全")
    again = submit(town, lines(first, second))
    assert (again.id, again.version, again.state) == (request.id, 2, "pending")
    town.approve(again)
    assert in_force(town) == {"科员": {first, second}}


@pytest.mark.parametrize(
    ("office", "unit"),
    [(Office.LEADER_IN_CHARGE, "ywk"), (Office.UNIT_HEAD, "xxjsk"), (Office.SYSTEM_DEPARTMENT_HEAD, "")],
)
def test_save_draft_of_a_unit_one_does_not_head_is_refused(town: Town, office: Office, unit: str) -> None:
    with pytest.raises(ForbiddenError), town.connector.act(town.actor(office, unit)) as act:
        matrix_drafts.save_draft(act, "ywk", lines(*town.permissions(1)), revision=0)


def test_submit_table_by_a_member_of_the_unit_is_refused(town: Town) -> None:
    with pytest.raises(ForbiddenError):
        town.submit(form(0, *town.permissions(1)))


def test_submit_table_twice_for_one_unit_is_refused_and_names_the_first(town: Town) -> None:
    first, second = town.permissions(2)
    pending = propose(town, first)
    with pytest.raises(OpenTableRequestError, match=pending.number):
        propose(town, second)


def test_submit_table_made_from_an_older_version_is_refused(town: Town) -> None:
    first, second = town.permissions(2)
    adopt(town, first)
    with pytest.raises(MatrixMovedOnError):
        town.submit(form(0, second), actor=head(town))


def test_submit_table_that_says_what_is_in_force_is_refused(town: Town) -> None:
    (first,) = town.permissions(1)
    adopt(town, first)
    with pytest.raises(NothingToChangeError):
        town.submit(form(1, first), actor=head(town))


def test_approve_table_overtaken_by_another_version_is_refused_and_changes_nothing(town: Town) -> None:
    first, second = town.permissions(2)
    request = town.decide(propose(town, first))
    with town.connector.act(HOST) as act:
        matrix.load_first(act, "ywk", lines(second), paper="JZ-9")
    with pytest.raises(MatrixMovedOnError):
        town.decide(request)
    assert in_force(town) == {"科员": {second}}


def test_submit_table_with_wrong_lines_names_each(town: Town) -> None:
    (first,) = town.permissions(1)
    wrong = [*lines(first, first, "website:ghost"), MatrixLine(post="科长", permission=first, note="电话13912345678")]
    proposal = MatrixProposal(based_on=0, lines=tuple(wrong))
    sent = RequestForm(kind=RequestKind.ADOPT_MATRIX, unit_code="ywk", matrix=proposal)
    with pytest.raises(RefusedInputError) as refused:
        town.submit(sent, actor=head(town))
    assert [problem.field for problem in refused.value.fields] == [
        "lines.0",
        "lines.1",
        "lines.2.permission",
        "lines.3.note",
    ]


def test_submit_table_without_lines_names_the_empty_box(town: Town) -> None:
    with pytest.raises(RefusedInputError) as refused:
        town.submit(RequestForm(kind=RequestKind.ADOPT_MATRIX, unit_code="ywk"), actor=head(town))
    assert "matrix" in [problem.field for problem in refused.value.fields]


def test_form_of_another_kind_with_a_table_is_refused() -> None:
    proposal = MatrixProposal(based_on=0, lines=tuple(lines("website:x")))
    with pytest.raises(ValueError, match="adopt_matrix"):
        RequestForm(kind=RequestKind.GRANT, unit_code="ywk", matrix=proposal)


def test_save_draft_that_somebody_else_saved_is_refused(town: Town) -> None:
    first, second = town.permissions(2)
    with town.connector.act(head(town)) as act:
        matrix_drafts.save_draft(act, "ywk", lines(first), revision=0)
    with pytest.raises(MatrixDraftMovedOnError), town.connector.act(head(town)) as act:
        matrix_drafts.save_draft(act, "ywk", lines(second), revision=0)
    with pytest.raises(MatrixDraftMovedOnError), town.connector.act(head(town)) as act:
        matrix_desk.submit_draft(act, "ywk", revision=7)
    with town.connector.act(head(town)) as act:
        matrix_drafts.discard_draft(act, "ywk")
        assert matrix_drafts.get_draft(act, "ywk").lines == ()


def test_load_table_past_the_approvals_is_refused_once_there_is_one(town: Town) -> None:
    first, second = town.permissions(2)
    with town.connector.act(HOST) as act:
        row = matrix.load_first(act, "ywk", lines(first), paper="JZ-1")
    assert (row.version, row.adopted_by) == (1, "paper:JZ-1")
    with pytest.raises(MatrixInForceError), town.connector.act(HOST) as act:
        matrix.load_first(act, "ywk", lines(second), paper="JZ-2")
    assert in_force(town) == {"科员": {first}}


def test_load_table_by_a_person_is_refused(town: Town) -> None:
    with pytest.raises(NotAtInstallationError), town.connector.act(head(town)) as act:
        matrix.load_first(act, "ywk", lines(*town.permissions(1)), paper="JZ-1")


def test_show_table_of_another_unit_is_not_found_for_a_unit_head(town: Town) -> None:
    adopt(town, *town.permissions(1))
    with town.connector.act(town.actor(Office.UNIT_HEAD, "xxjsk")) as act, pytest.raises(NotFoundError):
        matrix_desk.show_version(act, "ywk")
    with town.connector.act(town.actor(Office.AUDITOR)) as act:
        assert matrix_desk.show_version(act, "ywk", 1).version == 1


def test_show_request_for_a_table_says_what_it_changes(town: Town) -> None:
    first, second = town.permissions(2)
    adopt(town, first)
    request = propose(town, second)
    with town.connector.act(HOST) as act:
        change = matrix_desk.change_of(act, requests.get_request(act, request.id))
    assert change is not None
    assert ([line.permission for line in change.added], [line.permission for line in change.removed]) == (
        [second],
        [first],
    )
