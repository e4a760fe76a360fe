"""Deciding: who may, what a decision binds to, what follows from the last one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from connector.audit.tables import AuditEntryRow
from connector.auth.actor import job_actor
from connector.auth.levels import StepUpNeededError
from connector.errors import NotSignedInError, RefusedInputError
from connector.outbox.tables import StepRow
from connector.register import accounts
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountStatus, Office, RequestKind, Verdict
from connector.requests import service as requests
from connector.requests.errors import (
    ContentChangedError,
    NotApplicantError,
    OtherUnitError,
    RequestClosedError,
    SecondPartError,
    SelfApprovalError,
    StageClosedError,
    WrongOfficeError,
    WrongStatusError,
)
from connector.requests.tables import ParticipantRow
from tests.factories import make_appointment, make_person, make_person_form
from tests.town import HOST, NOON, Town


def steps(town: Town, prefix: str = "keycloak.") -> list[str]:
    with town.connector.act(HOST) as act:
        return [k for k in act.session.scalars(select(StepRow.kind).order_by(StepRow.id)) if k.startswith(prefix)]


@pytest.mark.req("B3")
def test_approve_own_request_is_refused(town: Town) -> None:
    request = town.submit()
    with pytest.raises(SelfApprovalError):
        town.decide(request, actor=town.applicant())


@pytest.mark.req("B3", "D5")
@pytest.mark.parametrize("level", ["pwd", None, "", "1", "MFA"])
def test_decide_without_a_second_factor_is_refused_and_stores_nothing(town: Town, level: str | None) -> None:
    request = town.submit()
    head = town.actor(Office.UNIT_HEAD, "ywk")
    for via in ("api", "page", "cli"):
        with pytest.raises(StepUpNeededError) as refused:
            town.decide(request, actor=replace(head, acr=level, via=via))
        assert refused.value.problem()["facts"] == {"acr_values": "mfa"}
    assert town.open_stage(request).office == Office.UNIT_HEAD
    town.decide(request, actor=replace(head, amr=("pwd", "hwk")))
    with town.connector.act(HOST) as act:
        assert [d.proof for d in requests.decisions_of(act, request.id)] == ["mfa hwk"]


@pytest.mark.parametrize("named", ["account", "person"])
def test_apply_in_the_name_of_another_unit_is_refused(town: Town, named: str) -> None:
    head = town.actor(Office.UNIT_HEAD, "xxjsk")
    of_other = {"account": head.name} if named == "account" else {"person": make_person_form("xxjsk")}
    with pytest.raises(OtherUnitError):
        town.submit(town.form("ywk", permissions=town.permissions(1), **of_other))


@pytest.mark.req("B3")
def test_approve_as_the_beneficiary_is_refused(town: Town) -> None:
    head = town.actor(Office.UNIT_HEAD, "ywk")
    with town.connector.act(HOST) as act:  # Somebody else could decide, so the chain is not refused from the start.
        second = make_person(act, "ywk")
        make_appointment(act, second, "ywk", Office.UNIT_HEAD)
    extra = town.permissions(1)
    request = town.submit(town.form("ywk", account=head.name, permissions=extra), actor=town.applicant("ywk"))
    with pytest.raises(SelfApprovalError):
        town.decide(request, actor=head)


@pytest.mark.req("B3")
def test_decide_two_stages_by_one_person_is_refused(town: Town) -> None:
    request = town.submit()
    head = town.actor(Office.UNIT_HEAD, "ywk")
    town.decide(request, actor=head)
    with pytest.raises(SecondPartError):
        town.decide(request, actor=head)


@pytest.mark.req("B3")
def test_a_second_part_is_refused_by_the_database_itself(town: Town) -> None:
    request = town.submit()
    applicant = town.applicant()
    with pytest.raises(IntegrityError), town.connector.act(HOST) as act:
        act.session.execute(
            insert(ParticipantRow).values(
                request_id=request.id, version=1, person_id=applicant.person_id, part="decider"
            )
        )


@pytest.mark.req("B13")
def test_decide_without_the_office_is_refused(town: Town) -> None:
    request = town.submit()
    with pytest.raises(WrongOfficeError, match="科室"):
        town.decide(request, actor=town.actor(Office.OPERATOR))


@pytest.mark.req("B13")
def test_decide_as_head_of_another_unit_is_refused(town: Town) -> None:
    with pytest.raises(WrongOfficeError):
        town.decide(town.submit(), actor=town.actor(Office.UNIT_HEAD, "dljg"))


def test_decide_as_a_job_is_refused(town: Town) -> None:
    with pytest.raises(NotSignedInError):
        town.decide(town.submit(), actor=job_actor("anything"))


@pytest.mark.req("B12")
def test_decide_on_content_that_was_not_shown_is_refused(town: Town) -> None:
    request = town.submit()
    with pytest.raises(ContentChangedError):
        town.decide(request, digest="0" * 64)


@pytest.mark.req("B12")
def test_decide_with_the_digest_of_an_older_version_is_refused(town: Town) -> None:
    form = town.form()
    request = town.submit(form)
    shown = request.digest
    town.decide(request, Verdict.RETURN, reason="请补充用途说明")
    with town.connector.act(town.applicant()) as act:
        requests.resubmit_request(act, request.id, form.model_copy(update={"permissions": town.permissions(3)}))
    with pytest.raises(ContentChangedError):
        town.decide(request, digest=shown)


def test_decide_a_stage_twice_the_second_is_refused(town: Town) -> None:
    request = town.submit()
    stage = town.open_stage(request)
    town.decide(request)
    with pytest.raises(StageClosedError), town.connector.act(town.actor(Office.UNIT_HEAD, "ywk")) as act:
        requests.decide(act, stage_id=stage.id, verdict=Verdict.APPROVE, digest=request.digest)


def test_decide_a_closed_request_is_refused(town: Town) -> None:
    request = town.submit()
    stage = town.open_stage(request)
    town.decide(request, Verdict.REJECT, reason="用途不符")
    with pytest.raises(RequestClosedError), town.connector.act(town.actor(Office.UNIT_HEAD, "ywk")) as act:
        requests.decide(act, stage_id=stage.id, verdict=Verdict.APPROVE, digest=request.digest)


@pytest.mark.req("B7")
@pytest.mark.parametrize("verdict", [Verdict.REJECT, Verdict.RETURN])
def test_refuse_without_a_reason_is_refused(town: Town, verdict: Verdict) -> None:
    with pytest.raises(RefusedInputError, match="1 field"):
        town.decide(town.submit(), verdict, reason=" ")


@pytest.mark.req("C1")
def test_nothing_is_enqueued_for_keycloak_before_the_last_approval(town: Town) -> None:
    request = town.submit(town.form(person=make_person_form("ywk", mail="wang@example.cn")))
    while request.state == "pending":
        assert steps(town) == []
        with town.connector.act(HOST) as act:
            assert act.session.scalar(select(AccountRow).where(AccountRow.opened_by == request.id)) is None
        request = town.decide(request)
    assert steps(town)[0] == "keycloak.create_user"
    assert set(steps(town)) == {"keycloak.create_user", "keycloak.grant_roles"}
    assert steps(town, "link.") == ["link.issue"]


@pytest.mark.req("J1")
def test_every_decision_stands_in_the_record_with_its_person(town: Town) -> None:
    request = town.approve(town.submit())
    with town.connector.act(HOST) as act:
        entries = act.session.scalars(
            select(AuditEntryRow).where(AuditEntryRow.request_id == request.id).order_by(AuditEntryRow.id)
        ).all()
    events = [entry.event for entry in entries]
    assert events[0] == "request.submitted"
    assert events.count("request.stage_approved") == 4
    assert "request.approved" in events
    assert "account.opened" in events
    deciders = {entry.actor_person_id for entry in entries if entry.event == "request.stage_approved"}
    assert len(deciders) == 4


@pytest.mark.req("B7")
def test_return_and_resubmit_keeps_every_version_and_decision(town: Town) -> None:
    form = town.form()
    request = town.submit(form)
    town.decide(request)
    returned = town.decide(request, Verdict.RETURN, reason="请说明用途")
    assert (returned.state, returned.due_at) == ("returned", None)
    with town.connector.act(town.applicant()) as act:
        again = requests.resubmit_request(act, request.id, form.model_copy(update={"reason": "岗位需要：公告编辑"}))
    assert (again.version, again.state) == (2, "pending")
    assert again.digest != request.digest
    done = town.approve(again)
    with town.connector.act(HOST) as act:
        versions = requests.versions_of(act, request.id)
        decisions = requests.decisions_of(act, request.id)
    assert [v.form["reason"] for v in versions] == [form.reason, "岗位需要：公告编辑"]
    assert [d.version for d in decisions] == [1, 1, 2, 2, 2, 2]
    assert done.state == "approved"


def test_resubmit_by_somebody_else_is_refused(town: Town) -> None:
    form = town.form()
    request = town.submit(form)
    town.decide(request, Verdict.RETURN, reason="请说明用途")
    with pytest.raises(NotApplicantError), town.connector.act(town.actor(Office.OPERATOR)) as act:
        requests.resubmit_request(act, request.id, form)


@pytest.mark.req("B7")
def test_withdraw_own_request_frees_the_person_for_another(town: Town) -> None:
    form = town.form()
    request = town.submit(form)
    with town.connector.act(town.applicant()) as act:
        assert requests.withdraw_request(act, request.id, "不再需要").state == "withdrawn"
    with pytest.raises(RequestClosedError), town.connector.act(town.applicant()) as act:
        requests.withdraw_request(act, request.id)
    assert town.submit(town.form(person=form.person)).number == "QX-2026-000002"


@pytest.mark.req("B6")
def test_the_clock_stands_still_while_the_request_is_with_the_applicant(town: Town) -> None:
    """Verification has 5 working days: 2 are used, the applicant takes 4, so 3 are left afterwards."""
    calendar = town.connector.rulebook.calendar
    form = town.form()
    request = town.submit(form, now=NOON)
    town.decide(request, now=NOON)
    town.decide(request, Verdict.RETURN, reason="请说明用途", now=NOON + timedelta(days=2))  # Thursday
    with town.connector.act(town.applicant(), now=NOON + timedelta(days=8)) as act:  # Wednesday after
        requests.resubmit_request(act, request.id, form)
    town.decide(request, now=NOON + timedelta(days=8))
    stage = town.open_stage(request)
    assert stage.office == "verifier"
    assert stage.due_at == calendar.due(NOON + timedelta(days=8), 3)


@pytest.mark.req("B6")
def test_stages_of_one_service_level_share_its_limit(town: Town) -> None:
    """LC 7(1) gives the department one working day for a reset, not one to each of its people."""
    account = town.account_of(town.approve(town.submit()))
    request = town.submit(town.form(kind=RequestKind.PASSWORD_RESET, account=account.user_name), now=NOON)
    tomorrow = NOON + timedelta(days=1)
    town.decide(request, now=tomorrow)
    assert town.open_stage(request).due_at == town.connector.rulebook.calendar.due(NOON, 1)


@pytest.mark.req("B1")
@pytest.mark.parametrize(
    ("kind", "before", "after", "expected"),
    [
        (RequestKind.SUSPEND, AccountStatus.ACTIVE, AccountStatus.SUSPENDED, ["keycloak.freeze", "keycloak.sweep"]),
        (RequestKind.DISABLE, AccountStatus.ACTIVE, AccountStatus.DISABLED, ["keycloak.freeze", "keycloak.sweep"]),
        (
            RequestKind.CANCEL,
            AccountStatus.ACTIVE,
            AccountStatus.CANCELLED,
            [
                "keycloak.delete_credential",
                "keycloak.update_user",
                "keycloak.freeze",
                "keycloak.sweep",
                "keycloak.delete_user",
            ],
        ),
    ],
)
def test_approve_a_way_out_of_use_changes_status_and_orders_the_freeze(
    town: Town, kind: RequestKind, before: AccountStatus, after: AccountStatus, expected: list[str]
) -> None:
    account = town.account_of(town.approve(town.submit()))
    assert account.status == before
    known = len(steps(town))
    town.approve(town.submit(town.form(kind=kind, account=account.user_name, cause="transfer")))
    with town.connector.act(HOST) as act:
        assert accounts.get_account(act, account.id).status == after
    assert steps(town)[known:] == expected


@pytest.mark.req("C5")
def test_enable_after_a_violation_needs_the_principal(town: Town) -> None:
    account = town.account_of(town.approve(town.submit()))
    suspension = town.form(kind=RequestKind.SUSPEND, account=account.user_name, cause="violation", until="2026-04-30")
    town.approve(town.submit(suspension))
    with town.connector.act(HOST) as act:
        until = accounts.get_account(act, account.id).suspended_until
    assert until == datetime(2026, 4, 30, 16, 0, tzinfo=UTC)
    enabling = town.form(kind=RequestKind.ENABLE, account=account.user_name, cause="harmless, says the applicant")
    with town.connector.act(town.applicant()) as act:
        chain = requests.preview_chain(act, enabling)
    assert Office.PRINCIPAL in [stage.office for stage in chain]
    town.approve(town.submit(enabling))
    with town.connector.act(HOST) as act:
        assert accounts.get_account(act, account.id).status == AccountStatus.ACTIVE


@pytest.mark.req("C5")
def test_enable_without_a_violation_does_not_need_the_principal(town: Town) -> None:
    account = town.account_of(town.approve(town.submit()))
    town.approve(town.submit(town.form(kind=RequestKind.SUSPEND, account=account.user_name, cause="leave")))
    with town.connector.act(town.applicant()) as act:
        chain = requests.preview_chain(act, town.form(kind=RequestKind.ENABLE, account=account.user_name))
    assert Office.PRINCIPAL not in [stage.office for stage in chain]


def test_approve_when_the_status_has_changed_meanwhile_is_refused_and_nothing_is_done(town: Town) -> None:
    account = town.account_of(town.approve(town.submit()))
    request = town.submit(town.form(kind=RequestKind.PASSWORD_RESET, account=account.user_name))
    town.decide(request)
    with town.connector.act(HOST) as act:
        accounts.set_status(act, accounts.get_account(act, account.id), AccountStatus.FROZEN, cause="departure")
    with pytest.raises(WrongStatusError):
        town.decide(request)
    with town.connector.act(HOST) as act:
        assert requests.get_request(act, request.id).state == "pending"


@pytest.mark.req("B1", "C3")
def test_approve_a_change_grants_and_withdraws_exactly_what_was_asked(town: Town) -> None:
    first, second = town.permissions(2)
    account = town.account_of(town.approve(town.submit(town.form(permissions=(first,)))))
    town.approve(town.submit(town.form(account=account.user_name, permissions=(second,), withdraw=(first,))))
    with town.connector.act(HOST) as act:
        assert [p.id for p in accounts.list_grants(act, accounts.get_account(act, account.id))] == [second]
