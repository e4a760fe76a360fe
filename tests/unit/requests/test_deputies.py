"""Deputies: who may name whom, what a deputy may decide, and every rule of separation for both people (B8; HH 3)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from connector.audit.tables import AuditEntryRow
from connector.auth.actor import Actor, person_actor
from connector.auth.levels import StepUpNeededError
from connector.errors import ConnectorError, ForbiddenError, RefusedInputError
from connector.register import absences, accounts, deputies
from connector.register.absences import AbsenceForm
from connector.register.deputies import DeputyForm
from connector.register.deputy_errors import (
    DeputyClosedError,
    DeputyNamedError,
    DeputySelfConfirmationError,
    NotAwayError,
    NotDelegableError,
    UnfitDeputyError,
)
from connector.register.deputy_tables import DeputyRow
from connector.register.tables import AppointmentRow
from connector.regulations.vocabulary import AccountStatus, Office, RequestKind
from connector.requests import service as requests
from connector.requests import show
from connector.requests.errors import (
    InPersonError,
    NeededLaterError,
    RepresentedPartError,
    SecondPartError,
    SelfApprovalError,
    WrongOfficeError,
)
from connector.requests.tables import DecisionRow, ParticipantRow, RequestRow
from tests.factories import make_account, make_appointment, make_person
from tests.town import HOST, NOON, Town

TODAY = date(2026, 3, 10)
WEEK = TODAY + timedelta(days=7)


def member(town: Town, unit: str = "ywk") -> Actor:
    """A new member of a unit, with an account and no office."""
    with town.connector.act(HOST) as act:
        person = make_person(act, unit)
        account = make_account(act, unit, person=person)
        return person_actor(person.id, account.user_name, account_id=account.id, via="api", acr="mfa")


def appointment_of(town: Town, holder: Actor, office: Office) -> str:
    with town.connector.act(HOST) as act:
        held = select(AppointmentRow.id).where(
            AppointmentRow.person_id == holder.person_id, AppointmentRow.office == office.value
        )
        return act.session.scalars(held).one()


def name(town: Town, holder: Actor, office: Office, deputy: Actor, *, by: Actor | None = None, **days: date) -> str:
    form = DeputyForm(
        appointment_id=appointment_of(town, holder, office),
        deputy=deputy.name,
        valid_from=days.get("valid_from", TODAY),
        valid_to=days.get("valid_to", WEEK),
        reason="出差一周",
    )
    with town.connector.act(by or holder) as act:
        return deputies.name_deputy(act, form).row.id


@pytest.fixture
def head(town: Town) -> Actor:
    return town.actor(Office.UNIT_HEAD, "ywk")


@pytest.mark.req("B8")
def test_decide_as_a_deputy_stores_and_shows_both_names(town: Town, head: Actor) -> None:
    deputy = member(town)
    row_id = name(town, head, Office.UNIT_HEAD, deputy)
    request = town.submit()
    with town.connector.act(deputy) as act:
        (task,) = show.show_inbox(act)
        holder_name = act.session.get_one(type(town.centre.person(Office.UNIT_HEAD, "ywk")), head.person_id).name
        shown = show.show_request(act, request.id)
    assert (task.request_id, task.stands_for) == (request.id, holder_name)
    assert shown.stages[0].deputies == [f"{_name(town, deputy)}（代{holder_name}）"]
    town.decide(request, actor=deputy)
    with town.connector.act(HOST) as act:
        (decision,) = requests.decisions_of(act, request.id)
        (said,) = show.show_request(act, request.id).decisions
        entry = act.session.scalars(select(AuditEntryRow).where(AuditEntryRow.event == "request.stage_approved")).one()
        parts = requests.parts_of(act, requests.get_request(act, request.id))
    assert (decision.person_id, decision.stands_for_id, decision.deputy_row_id) == (
        deputy.person_id, head.person_id, row_id,
    )  # fmt: skip
    assert (said.decided_by, said.stands_for, said.capacity) == (_name(town, deputy), holder_name, "deputy")
    assert (entry.actor, entry.data["stands_for"], entry.data["stands_for_id"]) == (
        deputy.name, head.name, head.person_id,
    )  # fmt: skip
    assert (parts[str(deputy.person_id)], parts[str(head.person_id)]) == ("decider", "represented")


@pytest.mark.req("B8")
def test_decide_by_the_holder_while_he_has_a_deputy_is_his_own_decision(town: Town, head: Actor) -> None:
    name(town, head, Office.UNIT_HEAD, member(town))
    request = town.decide(town.submit(), actor=head)
    with town.connector.act(HOST) as act:
        (decision,) = requests.decisions_of(act, request.id)
    assert (decision.capacity, decision.stands_for_id) == ("holder", None)


@pytest.mark.req("B8", "B3")
def test_decide_as_a_deputy_of_the_applicant_is_refused(town: Town, head: Actor) -> None:
    deputy = member(town)
    name(town, head, Office.UNIT_HEAD, deputy)
    _second_head(town)
    request = town.submit(actor=head)
    assert _inbox(town, deputy) == []
    with pytest.raises(RepresentedPartError):
        town.decide(request, actor=deputy)


@pytest.mark.req("B8", "B3")
def test_decide_as_a_deputy_of_the_person_concerned_is_refused(town: Town, head: Actor) -> None:
    deputy = member(town)
    name(town, head, Office.UNIT_HEAD, deputy)
    _second_head(town)
    form = town.form(account=head.name, permissions=town.permissions(1))
    request = town.submit(form)
    with pytest.raises(RepresentedPartError):
        town.decide(request, actor=deputy)


@pytest.mark.req("B8", "B3")
@pytest.mark.parametrize("part", ["applicant", "beneficiary"])
def test_decide_as_a_deputy_on_himself_is_refused(town: Town, head: Actor, part: str) -> None:
    deputy = member(town)
    name(town, head, Office.UNIT_HEAD, deputy)
    if part == "applicant":
        request = town.submit(actor=deputy)
    else:
        request = town.submit(town.form(account=deputy.name, permissions=town.permissions(1)))
    with pytest.raises(SelfApprovalError):
        town.decide(request, actor=deputy)


@pytest.mark.req("B8", "B3")
def test_decide_twice_as_deputy_of_two_offices_is_refused(town: Town, head: Actor) -> None:
    deputy = member(town, "jyzx")
    name(town, head, Office.UNIT_HEAD, deputy)
    name(town, town.actor(Office.VERIFIER, "jyzx"), Office.VERIFIER, deputy)
    request = town.decide(town.submit(), actor=deputy)
    with pytest.raises(SecondPartError):
        town.decide(request, actor=deputy)


@pytest.mark.req("B8", "B3")
def test_decide_himself_after_his_deputy_decided_is_refused(town: Town, head: Actor) -> None:
    """The one stood for took part by his deputy: he cannot decide a later stage by another office of his."""
    with town.connector.act(HOST) as act:
        person = act.session.get_one(type(town.centre.person(Office.UNIT_HEAD, "ywk")), head.person_id)
        make_appointment(act, person, "jyzx", Office.VERIFIER)
    deputy = member(town)
    name(town, head, Office.UNIT_HEAD, deputy)
    request = town.decide(town.submit(), actor=deputy)
    with pytest.raises(SecondPartError):
        town.decide(request, actor=head)


@pytest.mark.req("B8", "B3")
def test_store_a_second_part_of_the_one_stood_for_is_refused_by_the_database(town: Town, head: Actor) -> None:
    deputy = member(town)
    row_id = name(town, head, Office.UNIT_HEAD, deputy)
    request = town.submit()
    stage = town.open_stage(request)
    values = {
        "id": "d1", "request_id": request.id, "version": 1, "stage_id": stage.id, "person_id": deputy.person_id,
        "verdict": "approve", "reason": "", "digest": request.digest, "via": "api", "proof": "mfa", "excluded": [],
        "decided_at": NOON, "capacity": "deputy", "stands_for_id": head.person_id, "deputy_row_id": row_id,
    }  # fmt: skip
    with pytest.raises(IntegrityError), town.connector.act(HOST) as act:  # The one stood for has no part: no decision.
        act.session.execute(insert(DecisionRow).values(**values))
    part = {"request_id": request.id, "version": 1, "person_id": head.person_id}
    with pytest.raises(IntegrityError), town.connector.act(HOST) as act:
        act.session.execute(insert(ParticipantRow), [{**part, "part": "represented"}, {**part, "part": "decider"}])
    with pytest.raises(IntegrityError), town.connector.act(HOST) as act:  # Both names or none.
        act.session.execute(insert(DecisionRow).values(**{**values, "deputy_row_id": None}))


@pytest.mark.req("B8")
def test_name_a_deputy_as_a_deputy_is_refused(town: Town, head: Actor) -> None:
    deputy = member(town)
    name(town, head, Office.UNIT_HEAD, deputy)
    with pytest.raises(ForbiddenError):
        name(town, head, Office.UNIT_HEAD, member(town), by=deputy, valid_from=WEEK + timedelta(days=1),
             valid_to=WEEK + timedelta(days=2))  # fmt: skip


@pytest.mark.req("B8")
def test_a_deputy_of_the_deputy_may_not_decide(town: Town, head: Actor) -> None:
    """The deputy holds an office of his own; his deputy stands for that one and for no other."""
    between = town.actor(Office.VERIFIER, "ywk")
    name(town, head, Office.UNIT_HEAD, between)
    last = member(town)
    name(town, between, Office.VERIFIER, last)
    with pytest.raises(WrongOfficeError):
        town.decide(town.submit(), actor=last)


@pytest.mark.req("B8")
@pytest.mark.parametrize("days", [-1, 8])
def test_decide_outside_the_days_is_refused(town: Town, head: Actor, days: int) -> None:
    deputy = member(town)
    first = TODAY + timedelta(days=1)
    name(town, head, Office.UNIT_HEAD, deputy, valid_from=first, valid_to=WEEK)
    request = town.submit()
    with pytest.raises(WrongOfficeError):
        town.decide(request, actor=deputy, now=NOON + timedelta(days=max(days, 0)))
    town.decide(request, actor=deputy, now=NOON + timedelta(days=7))


@pytest.mark.req("B8")
@pytest.mark.parametrize("whose", ["deputy", "holder"])
def test_a_deputy_loses_it_for_good_when_an_account_is_frozen(town: Town, head: Actor, whose: str) -> None:
    deputy = member(town)
    row_id = name(town, head, Office.UNIT_HEAD, deputy)
    request = town.submit()
    account_id = str((deputy if whose == "deputy" else head).account_id)
    for status in (AccountStatus.FROZEN, AccountStatus.ACTIVE):
        with town.connector.act(HOST, now=NOON + timedelta(minutes=5)) as act:
            accounts.set_status(act, accounts.lock_account(act, account_id), status, cause="incident")
        with pytest.raises(WrongOfficeError):
            town.decide(request, actor=deputy)
    with town.connector.act(HOST) as act:
        assert deputies.end_lapsed(act) == 1
        row = act.session.get_one(DeputyRow, row_id)
        assert (row.end_cause, row.ended_at) == ("account", NOON)


@pytest.mark.req("B8")
def test_end_lapsed_ends_what_is_over_and_nothing_else(town: Town, head: Actor) -> None:
    row_id = name(town, head, Office.UNIT_HEAD, member(town))
    with town.connector.act(HOST, now=NOON + timedelta(days=7)) as act:
        assert deputies.end_lapsed(act) == 0
    with town.connector.act(HOST, now=NOON + timedelta(days=8)) as act:
        assert deputies.end_lapsed(act) == 1
        assert act.session.get_one(DeputyRow, row_id).end_cause == "term"


@pytest.mark.req("B8")
def test_decide_in_person_matters_as_a_deputy_is_refused(town: Town) -> None:
    """LC 6(1): the leader in charge signs for sensitive permissions himself."""
    leader = town.actor(Office.LEADER_IN_CHARGE, "ywk")
    deputy = member(town)
    name(town, leader, Office.LEADER_IN_CHARGE, deputy)
    request = town.submit(town.form(permissions=town.permissions(1, sensitive=True)))
    while town.open_stage(request).office != Office.LEADER_IN_CHARGE:
        request = town.decide(request)
    assert _inbox(town, deputy) == []
    with pytest.raises(InPersonError) as refused:
        town.decide(request, actor=deputy)
    assert refused.value.clause_cited == "LC 6(1)"
    town.decide(request)


@pytest.mark.req("B8")
@pytest.mark.parametrize("office", [Office.SECURITY_ADMINISTRATOR, Office.AUDITOR, Office.KEY_CUSTODIAN])
def test_name_a_deputy_for_an_office_exercised_in_person_is_refused(town: Town, office: Office) -> None:
    with pytest.raises(NotDelegableError):
        name(town, town.actor(office, "jyzx"), office, member(town, "jyzx"))


@pytest.mark.req("B8")
def test_decide_as_a_deputy_whom_a_later_stage_needs_is_refused(town: Town, head: Actor) -> None:
    operator = town.actor(Office.OPERATOR, "jyzx")
    name(town, head, Office.UNIT_HEAD, operator)
    request = town.submit()
    with pytest.raises(NeededLaterError):
        town.decide(request, actor=operator)
    assert town.open_stage(request).office == Office.UNIT_HEAD


@pytest.mark.req("B8")
def test_name_for_an_absent_holder_counts_when_a_second_person_has_confirmed(town: Town, head: Actor) -> None:
    security, principal, deputy = town.actor(Office.SECURITY_ADMINISTRATOR), town.actor(Office.PRINCIPAL), member(town)
    with pytest.raises(NotAwayError):
        name(town, head, Office.UNIT_HEAD, deputy, by=security)
    with town.connector.act(security) as act:
        form = AbsenceForm(person_id=head.person_id, first_day=TODAY, last_day=WEEK, reason="住院")
        absences.note_absence(act, form)
    row_id = name(town, head, Office.UNIT_HEAD, deputy, by=security)
    request = town.submit()
    with pytest.raises(WrongOfficeError):
        town.decide(request, actor=deputy)
    for wrong, error in ((security, DeputySelfConfirmationError), (deputy, ForbiddenError)):
        with pytest.raises(error), town.connector.act(wrong) as act:
            deputies.confirm_deputy(act, row_id)
    with town.connector.act(principal) as act:
        deputies.confirm_deputy(act, row_id)
    with pytest.raises(DeputyClosedError), town.connector.act(principal) as act:
        deputies.confirm_deputy(act, row_id)
    town.decide(request, actor=deputy)


UNFIT: dict[str, Callable[[Town, Actor], Actor]] = {
    "himself": lambda _town, head: head,
    "auditor": lambda town, _head: town.actor(Office.AUDITOR),
    "another unit": lambda town, _head: member(town, "dljg"),
    "nobody": lambda _town, head: replace(head, name="nobody-0000"),
}


@pytest.mark.req("B8")
@pytest.mark.parametrize("who", UNFIT)
def test_name_an_unfit_deputy_is_refused(town: Town, head: Actor, who: str) -> None:
    with pytest.raises(ConnectorError) as refused:
        name(town, head, Office.UNIT_HEAD, UNFIT[who](town, head))
    assert isinstance(refused.value, UnfitDeputyError)


def test_name_a_second_deputy_for_the_same_days_is_refused(town: Town, head: Actor) -> None:
    name(town, head, Office.UNIT_HEAD, member(town))
    with pytest.raises(DeputyNamedError):
        name(town, head, Office.UNIT_HEAD, member(town), valid_from=WEEK)


@pytest.mark.parametrize(
    ("first", "last"), [(-1, 3), (3, 2), (0, 90)], ids=["past", "backwards", "longer than ninety days"]
)
def test_name_for_wrong_days_is_refused(town: Town, head: Actor, first: int, last: int) -> None:
    days = {"valid_from": TODAY + timedelta(days=first), "valid_to": TODAY + timedelta(days=last)}
    with pytest.raises(RefusedInputError):
        name(town, head, Office.UNIT_HEAD, member(town), **days)


def test_name_without_a_second_factor_is_refused(town: Town, head: Actor) -> None:
    with pytest.raises(StepUpNeededError):
        name(town, head, Office.UNIT_HEAD, member(town), by=replace(head, acr="pwd"))


def test_end_by_a_stranger_is_refused_and_by_the_deputy_himself_works(town: Town, head: Actor) -> None:
    deputy = member(town)
    row_id = name(town, head, Office.UNIT_HEAD, deputy)
    with pytest.raises(ForbiddenError), town.connector.act(member(town)) as act:
        deputies.end_deputy(act, row_id)
    with town.connector.act(deputy) as act:
        deputies.end_deputy(act, row_id)
    with pytest.raises(WrongOfficeError):
        town.decide(town.submit(), actor=deputy)


def test_enable_after_a_violation_by_a_deputy_is_refused(town: Town, head: Actor) -> None:
    """LC 7(3): the unit's principal decides that himself."""
    with town.connector.act(HOST) as act:
        clause = act.rulebook.in_person(Office.UNIT_HEAD, RequestKind.ENABLE, cause="violation")
        other = act.rulebook.in_person(Office.UNIT_HEAD, RequestKind.ENABLE, cause="request")
    assert (clause, other) == ("LC 7(3)", None)


def _name(town: Town, actor: Actor) -> str:
    with town.connector.act(HOST) as act:
        return act.session.get_one(type(town.centre.person(Office.UNIT_HEAD, "ywk")), actor.person_id).name


def _inbox(town: Town, actor: Actor) -> list[RequestRow]:
    with town.connector.act(actor) as act:
        return [request for _, request in requests.list_inbox(act, str(actor.person_id))]


def _second_head(town: Town) -> None:
    with town.connector.act(HOST) as act:
        make_appointment(act, make_person(act, "ywk"), "ywk", Office.UNIT_HEAD)
