"""Access reviews by unit: who answers, what silence does, and how a withdrawal is decided (JC 9, HH 3)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from connector.auth.actor import Actor, job_actor
from connector.auth.levels import StepUpNeededError
from connector.errors import ForbiddenError, RefusedInputError
from connector.register import accounts, matrix
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import Office, Verdict
from connector.requests import service as requests
from connector.requests.errors import NotApplicantError, SelfApprovalError
from connector.reviews import answers, campaigns, carry_on, views
from connector.reviews.errors import (
    AlreadyAnsweredError,
    CampaignOpenError,
    NotReviewerError,
    ReviewUnderWayError,
    SelfReviewError,
)
from connector.reviews.tables import CampaignRow, SubjectRow
from tests.town import HOST, NOON, Town

JOB = job_actor("carry_reviews")


def opened(town: Town, *units: str) -> str:
    with town.connector.act(town.actor(Office.SYSTEM_DEPARTMENT_HEAD)) as act:
        return campaigns.open_campaign(act, units or ("ywk",), working_days=5).number


def says(town: Town, actor: Actor, number: str, account: AccountRow, *withdraw: str, **how: Any) -> SubjectRow:
    with town.connector.act(actor, now=how.get("now")) as act:
        held = [permission.id for permission in accounts.list_grants(act, account)]
        given = [
            answers.Answer(
                permission=each, answer="withdraw" if each in withdraw else "keep", reason=how.get("reason", "")
            )
            for each in held
        ]
        return answers.answer(act, number, account.user_name, given)


def turn(town: Town, now: Any = None) -> dict[str, int]:
    with town.connector.act(JOB, now=now) as act:
        return carry_on.carry_on(act)


def campaign_of(town: Town, number: str) -> CampaignRow:
    with town.connector.act(HOST) as act:
        return campaigns.get_campaign(act, number)


def test_open_campaign_by_system_department_head_lists_every_permission(town: Town, staff: list[AccountRow]) -> None:
    number = opened(town)
    with town.connector.act(town.actor(Office.UNIT_HEAD, "ywk")) as act:
        shown = views.list_subjects(act, number)
    assert [each.user_name for each in shown] == sorted(account.user_name for account in staff)
    assert all(each.mine for each in shown)
    first = shown[0].items[0]
    assert (first.granted_by, first.since) == ("paper:TEST-1", NOON - timedelta(days=80))
    assert first.unknown == "not-in-keycloak"


def test_open_campaign_by_a_unit_head_is_refused(town: Town, staff: list[AccountRow]) -> None:
    with pytest.raises(ForbiddenError), town.connector.act(town.actor(Office.UNIT_HEAD, "ywk")) as act:
        campaigns.open_campaign(act, ("ywk",))


def test_open_campaign_for_a_unit_under_review_is_refused(town: Town, staff: list[AccountRow]) -> None:
    opened(town)
    with pytest.raises(ReviewUnderWayError):
        opened(town)


def test_answer_own_permissions_is_refused_and_the_leader_answers(
    town: Town, staff: list[AccountRow], head_holds: AccountRow
) -> None:
    number = opened(town)
    with pytest.raises(SelfReviewError):
        says(town, town.actor(Office.UNIT_HEAD, "ywk"), number, head_holds)
    says(town, town.actor(Office.LEADER_IN_CHARGE, "ywk"), number, head_holds)
    with pytest.raises(NotReviewerError):  # Before the due date the leader answers for nobody else.
        says(town, town.actor(Office.LEADER_IN_CHARGE, "ywk"), number, staff[0])


def test_answer_without_second_factor_is_refused(town: Town, staff: list[AccountRow]) -> None:
    from dataclasses import replace

    number = opened(town)
    with pytest.raises(StepUpNeededError):
        says(town, replace(town.actor(Office.UNIT_HEAD, "ywk"), acr="pwd"), number, staff[0])


def test_answer_twice_is_refused(town: Town, staff: list[AccountRow]) -> None:
    number = opened(town)
    head = town.actor(Office.UNIT_HEAD, "ywk")
    says(town, head, number, staff[0])
    with pytest.raises(AlreadyAnsweredError):
        says(town, head, number, staff[0], town.permissions(1)[0])


def test_answer_that_leaves_a_permission_out_is_refused(town: Town, staff: list[AccountRow]) -> None:
    number = opened(town)
    one = answers.Answer(permission=town.permissions(1)[0], answer="keep")
    with pytest.raises(RefusedInputError) as caught, town.connector.act(town.actor(Office.UNIT_HEAD, "ywk")) as act:
        answers.answer(act, number, staff[0].user_name, [one])
    assert [problem.field for problem in caught.value.fields] == [town.permissions(2)[1]]


def test_keep_an_excess_needs_a_reason(town: Town, staff: list[AccountRow]) -> None:
    first, second = town.permissions(2)
    with town.connector.act(HOST) as act:
        matrix.adopt_matrix(act, "ywk", {"科员": [first]}, adopted_by="paper:M-1")
    number = opened(town)
    head = town.actor(Office.UNIT_HEAD, "ywk")
    with pytest.raises(RefusedInputError) as caught:
        says(town, head, number, staff[0])
    assert [problem.field for problem in caught.value.fields] == [second]
    says(town, head, number, staff[0], reason="代管该模块至年底")


def test_withdraw_answer_goes_one_request_that_others_decide(town: Town, staff: list[AccountRow]) -> None:
    number = opened(town)
    head = town.actor(Office.UNIT_HEAD, "ywk")
    both = town.permissions(2)
    subject = says(town, head, number, staff[0], *both)
    with town.connector.act(HOST) as act:
        request = requests.get_request(act, str(subject.request_id))
        stages = [stage.office for stage in requests.stages_of(act, request)]
    assert request.form["withdraw"] == sorted(both)
    assert request.applicant_id == head.person_id
    assert stages == ["leader_in_charge", "system_department_head", "operator"]
    with pytest.raises(SelfApprovalError):
        town.decide(request, actor=head)
    with town.connector.act(HOST) as act:  # Nothing is taken before the last decision.
        assert len(accounts.list_grants(act, staff[0])) == 2
    town.approve(request)
    with town.connector.act(HOST) as act:
        assert accounts.list_grants(act, staff[0]) == []


def test_withdraw_of_the_heads_own_is_confirmed_by_the_principal(
    town: Town, staff: list[AccountRow], head_holds: AccountRow
) -> None:
    number = opened(town)
    subject = says(town, town.actor(Office.LEADER_IN_CHARGE, "ywk"), number, head_holds, town.permissions(1)[0])
    with town.connector.act(HOST) as act:
        request = requests.get_request(act, str(subject.request_id))
        stages = {stage.office for stage in requests.stages_of(act, request)}
    assert stages == {"principal", "system_department_head", "operator"}


def test_withdraw_reviewed_is_no_form_for_people(town: Town, staff: list[AccountRow]) -> None:
    from connector.regulations.vocabulary import RequestKind
    from connector.requests.forms import RequestForm

    form = RequestForm(
        kind=RequestKind.WITHDRAW_REVIEWED, unit_code="ywk", account=staff[0].user_name,
        withdraw=town.permissions(1), reason="想收回",
    )  # fmt: skip
    with pytest.raises(NotApplicantError):
        town.submit(form)


def test_withdraw_while_another_request_is_open_waits_and_is_tried_again(town: Town, staff: list[AccountRow]) -> None:
    other = town.submit(town.form(account=staff[0].user_name, permissions=town.permissions(3)))
    number = opened(town)
    subject = says(town, town.actor(Office.UNIT_HEAD, "ywk"), number, staff[0], *town.permissions(2))
    assert (subject.request_id, subject.problem) == (None, "open-request")
    town.decide(other, Verdict.REJECT, reason="不需要")
    turn(town)
    with town.connector.act(HOST) as act:
        again = act.session.get_one(SubjectRow, subject.id)
    assert again.request_id is not None
    assert again.problem == ""


def test_silence_goes_up_twice_and_withdraws_nothing(town: Town, staff: list[AccountRow]) -> None:
    number = opened(town)
    campaign = campaign_of(town, number)
    assert turn(town, campaign.due_at - timedelta(hours=3))["reminded"] == 1
    assert turn(town, campaign.due_at - timedelta(hours=2))["reminded"] == 0
    assert turn(town, campaign.due_at)["raised"] == 1
    leader = town.actor(Office.LEADER_IN_CHARGE, "ywk")
    says(town, leader, number, staff[0], now=campaign.due_at)
    says(town, town.actor(Office.UNIT_HEAD, "ywk"), number, staff[1], now=campaign.due_at)  # The first keeps the right.
    assert turn(town, campaign.listed_at)["raised"] == 1
    with town.connector.act(town.actor(Office.PRINCIPAL), now=campaign.listed_at) as act:
        mine = views.list_subjects(act, number, mine=True)
        unit = views.report(act, number).units[0]
    assert [each.user_name for each in mine] == [staff[2].user_name]
    assert (unit.answered, unit.unanswered, unit.withdrawn) == (2, 1, 0)
    with town.connector.act(HOST) as act:
        assert len(accounts.list_grants(act, staff[2])) == 2


def test_close_while_unanswered_before_the_principals_list_is_refused(town: Town, staff: list[AccountRow]) -> None:
    number = opened(town)
    campaign = campaign_of(town, number)
    head = town.actor(Office.SYSTEM_DEPARTMENT_HEAD)
    with pytest.raises(CampaignOpenError), town.connector.act(head) as act:
        carry_on.close_campaign(act, number, note="")
    with town.connector.act(head, now=campaign.listed_at) as act:
        carry_on.close_campaign(act, number, note="三人均无人答复，权限保持不变")
    assert campaign_of(town, number).closed_at == campaign.listed_at


def test_campaign_closes_only_when_each_withdrawal_is_done_in_keycloak_or_refused(
    town: Town, staff: list[AccountRow]
) -> None:
    number = opened(town)
    head = town.actor(Office.UNIT_HEAD, "ywk")
    done = says(town, head, number, staff[0], *town.permissions(2))
    refused = says(town, head, number, staff[1], *town.permissions(1))
    says(town, head, number, staff[2])
    assert turn(town)["closed"] == 0
    with town.connector.act(HOST) as act:
        both = [requests.get_request(act, str(each.request_id)) for each in (done, refused)]
    town.decide(both[1], Verdict.REJECT, reason="仍需使用")
    town.approve(both[0])
    assert turn(town)["closed"] == 0  # Approved, and not in Keycloak yet.
    with town.connector.act(HOST) as act:
        from connector.outbox.tables import StepRow

        for step in act.session.scalars(select(StepRow).where(StepRow.request_id == both[0].id)):
            step.state = "done"
    assert turn(town)["closed"] == 1
    with town.connector.act(town.actor(Office.AUDITOR)) as act:
        unit = views.report(act, number).units[0]
    assert (unit.kept, unit.to_withdraw, unit.withdrawn, unit.refused) == (3, 3, 2, 1)


def test_reviewer_who_left_office_answers_no_more_and_his_successor_does(town: Town, staff: list[AccountRow]) -> None:
    from connector.register.tables import AppointmentRow
    from tests.factories import make_appointment, make_person

    number = opened(town)
    head = town.actor(Office.UNIT_HEAD, "ywk")
    with town.connector.act(HOST) as act:
        for row in act.session.scalars(select(AppointmentRow).where(AppointmentRow.person_id == head.person_id)):
            row.ended_at = act.now
        new = make_person(act, "ywk")
        make_appointment(act, new, "ywk", Office.UNIT_HEAD)
    with pytest.raises(NotReviewerError):
        says(town, head, number, staff[0])
    from connector.auth.actor import person_actor

    says(town, person_actor(new.id, "successor", acr="mfa"), number, staff[0])


def test_clock_opens_the_review_of_a_period_once(town: Town, staff: list[AccountRow]) -> None:
    july = NOON.replace(month=7, day=2)
    with town.connector.act(JOB, now=july) as act:
        first = campaigns.open_due_campaign(act)
        assert first is not None
        assert first.period == "2026-H2"
        assert campaigns.open_due_campaign(act) is None
    with town.connector.act(JOB) as act:  # The register is younger than this half year.
        assert campaigns.open_due_campaign(act) is None
