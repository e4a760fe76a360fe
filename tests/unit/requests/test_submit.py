"""Submitting: everything is checked and the chain is shown before anything is stored."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from connector.errors import NotFoundError, RefusedInputError
from connector.register import accounts, appointments
from connector.register.errors import SecondAccountError, UnknownPermissionError
from connector.register.tables import AppointmentRow, PersonRow
from connector.regulations.vocabulary import AccountStatus, Office, RequestKind
from connector.requests import service as requests
from connector.requests.errors import (
    NoApproverError,
    NotApplicantError,
    NothingToChangeError,
    OpenRequestError,
    WrongStatusError,
)
from connector.requests.tables import RequestRow
from tests.factories import make_person_form
from tests.town import HOST, NOON, Town


def stored(town: Town) -> int:
    with town.connector.act(HOST) as act:
        return int(act.session.scalar(select(func.count()).select_from(RequestRow)) or 0)


def offices_of(chain: tuple[requests.PlannedStage, ...]) -> list[str]:
    return [stage.office.value for stage in chain]


@pytest.mark.req("B2")
def test_preview_grant_shows_the_whole_chain_and_stores_nothing(town: Town) -> None:
    form = town.form()
    with town.connector.act(town.applicant()) as act:
        chain = requests.preview_chain(act, form)
    assert offices_of(chain) == ["unit_head", "verifier", "system_department_head", "operator"]
    assert [len(stage.deciders) for stage in chain] == [1, 1, 1, 1]
    assert all(stage.clause for stage in chain)
    assert stored(town) == 0
    with town.connector.act(HOST) as act:
        names = act.session.scalars(select(PersonRow.name)).all()
    assert form.person is not None
    assert form.person.name not in names


@pytest.mark.req("B4")
def test_preview_grant_with_a_sensitive_permission_adds_the_leader(town: Town) -> None:
    form = town.form(permissions=town.permissions(1, sensitive=True))
    with town.connector.act(town.applicant()) as act:
        chain = requests.preview_chain(act, form)
    assert offices_of(chain) == ["unit_head", "verifier", "leader_in_charge", "system_department_head", "operator"]


@pytest.mark.req("B2")
def test_submit_with_a_vacant_office_is_refused_and_names_it(town: Town) -> None:
    verifier = town.centre.person(Office.VERIFIER, "jyzx")
    with town.connector.act(HOST) as act:
        row = act.session.scalar(select(AppointmentRow).where(AppointmentRow.person_id == verifier.id))
        assert row is not None
        row.valid_to = date(2026, 3, 9)
    with pytest.raises(NoApproverError, match="核验人") as refused:
        town.submit()
    assert refused.value.facts == {"offices": "核验人"}
    assert refused.value.problem()["who"] == "安全管理员"
    assert stored(town) == 0


@pytest.mark.req("B2", "B3")
def test_submit_when_one_person_would_be_needed_twice_is_refused(town: Town) -> None:
    """The verifier is also the only head of the system department: nobody is left for one of the two stages."""
    verifier = town.centre.person(Office.VERIFIER, "jyzx")
    head = town.centre.person(Office.SYSTEM_DEPARTMENT_HEAD)
    with town.connector.act(HOST) as act:
        row = act.session.scalar(select(AppointmentRow).where(AppointmentRow.person_id == head.id))
        assert row is not None
        row.person_id = verifier.id
    with pytest.raises(NoApproverError):
        town.submit()
    assert stored(town) == 0


@pytest.mark.req("B3")
def test_submit_by_an_approver_leaves_him_out_of_the_deciders(town: Town) -> None:
    with pytest.raises(NoApproverError, match="科室"):
        town.submit(actor=town.actor(Office.UNIT_HEAD, "ywk"))


@pytest.mark.req("B1")
def test_submit_names_every_empty_box_of_the_annex_with_its_clause(town: Town) -> None:
    form = town.form(reason=" ", permissions=())
    with pytest.raises(RefusedInputError) as refused:
        town.submit(form)
    fields = {field.field: field.clause for field in refused.value.fields}
    assert {"reason", "module", "workflow_role"} <= set(fields)
    assert fields["reason"].startswith("LC 6(1)")
    assert stored(town) == 0


@pytest.mark.req("A1")
def test_submit_with_a_wrong_document_number_is_refused_before_anything_is_stored(town: Town) -> None:
    person = make_person_form("ywk", document_number="110105194912310021", phone="12")
    with pytest.raises(RefusedInputError) as refused:
        town.submit(town.form(person=person))
    assert {field.field.split(".")[-1] for field in refused.value.fields} == {"document_number", "phone"}
    assert "110105194912310021" not in str(refused.value.problem())
    assert stored(town) == 0


@pytest.mark.req("A2")
def test_submit_for_a_person_with_an_account_is_refused_and_names_only_his_unit(town: Town) -> None:
    form = town.form()
    town.approve(town.submit(form))
    assert form.person is not None
    with pytest.raises(SecondAccountError) as refused:
        town.submit(town.form(person=form.person))
    problem = str(refused.value.problem())
    assert "业务科" in problem
    assert form.person.document_number not in problem
    assert form.person.name not in problem


def test_submit_two_for_one_person_at_once_only_one_is_taken(town: Town) -> None:
    form = town.form()
    town.submit(form)
    with pytest.raises(OpenRequestError):
        town.submit(town.form(person=form.person))
    assert stored(town) == 1


def test_submit_with_unknown_unit_or_permission_is_refused(town: Town) -> None:
    with pytest.raises(NotFoundError):
        town.submit(town.form(unit_code="nowhere"), actor=town.applicant())
    with pytest.raises(UnknownPermissionError):
        town.submit(town.form(permissions=("website:no.such",)))
    assert stored(town) == 0


def test_submit_for_another_unit_is_refused(town: Town) -> None:
    with pytest.raises(NotApplicantError):
        town.submit(town.form(unit_code="dljg"), actor=town.applicant("ywk"))


def test_propose_as_a_person_is_refused(town: Town) -> None:
    form = town.form(kind=RequestKind.DISABLE_DORMANT, accounts=("x",), reason="排查")
    with pytest.raises(NotApplicantError):
        town.submit(form)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (RequestKind.ENABLE, AccountStatus.ACTIVE),
        (RequestKind.PASSWORD_RESET, AccountStatus.DISABLED),
        (RequestKind.SUSPEND, AccountStatus.SUSPENDED),
        (RequestKind.DISABLE, AccountStatus.DISABLED),
        (RequestKind.CANCEL, AccountStatus.CANCELLED),
        (RequestKind.GRANT, AccountStatus.DISABLED),
    ],
)
@pytest.mark.req("B1")
def test_submit_a_kind_that_the_status_does_not_allow_is_refused(
    town: Town, kind: RequestKind, status: AccountStatus
) -> None:
    account = town.account_of(town.approve(town.submit()))
    with town.connector.act(HOST) as act:
        accounts.set_status(act, accounts.get_account(act, account.id), status, cause="test")
    with pytest.raises(WrongStatusError):
        town.submit(town.form(kind=kind, account=account.user_name, permissions=town.permissions(1)))


def test_submit_a_grant_of_what_is_held_is_refused(town: Town) -> None:
    held = town.permissions(1)
    account = town.account_of(town.approve(town.submit(town.form(permissions=held))))
    with pytest.raises(NothingToChangeError):
        town.submit(town.form(account=account.user_name, permissions=held))


@pytest.mark.req("B6")
def test_submit_opens_the_first_stage_with_its_working_day_limit(town: Town) -> None:
    request = town.submit(now=NOON)
    stage = town.open_stage(request)
    assert stage.office == "unit_head"
    assert stage.due_at == town.connector.rulebook.calendar.due(NOON, 2)
    assert request.due_at == stage.due_at
    assert request.number == "QX-2026-000001"


@pytest.mark.req("B6")
def test_submit_urgent_reset_is_due_at_once(town: Town) -> None:
    """LC 7(1): at once; the minutes are the house's."""
    account = town.account_of(town.approve(town.submit()))
    request = town.submit(town.form(kind=RequestKind.PASSWORD_RESET, account=account.user_name, urgent=True), now=NOON)
    assert request.due_at == NOON + timedelta(minutes=30)


def test_an_appointment_not_confirmed_by_a_second_person_does_not_count(town: Town) -> None:
    with town.connector.act(HOST) as act:
        for row in act.session.scalars(select(AppointmentRow).where(AppointmentRow.office == "verifier")):
            row.confirmed_at = row.confirmed_by = None
        assert appointments.holders(act, Office.VERIFIER, town.centre.unit.id) == []
    with pytest.raises(NoApproverError):
        town.submit()


def test_number_of_the_first_hour_of_a_year_in_china_is_of_that_year(town: Town) -> None:
    new_year = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)  # 00:30 on 2027-01-01 in China
    assert town.submit(now=new_year).number == "QX-2027-000001"
