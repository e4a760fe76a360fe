"""Submits requests: everything is checked and the chain is computed before anything is stored."""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from sqlalchemy.exc import IntegrityError

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.actor import ActorKind
from connector.keys import service as keys
from connector.outbox import service as outbox
from connector.register import accounts, catalogue, causes, confine, holds, offices, people, returning, units
from connector.register.tables import AccountRow, PersonRow, UnitRow
from connector.regulations.vocabulary import AccountStatus, RequestKind
from connector.requests import separation, store
from connector.requests.chain import PlannedStage, make_stages, plan_chain, stage_due, used_days
from connector.requests.classes import check_class
from connector.requests.content import content_digest, stored_form
from connector.requests.effects import act_on_submission
from connector.requests.errors import NotApplicantError, NothingToChangeError, OpenRequestError, OtherUnitError
from connector.requests.forms import BY_MACHINE, RequestForm, check_fields, check_last_day
from connector.requests.matrix_proposal import check_proposal
from connector.requests.reorganise import check_change
from connector.requests.rules import check_new_end, check_status_allows, only_withdraws
from connector.requests.tables import ParticipantRow, RequestRow, StageRow, VersionRow
from connector.scans import service as scans
from connector.storage.tables import new_id


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A form that holds: whom and what it is about, and who decides it."""

    form: RequestForm
    unit: UnitRow
    person: PersonRow | None
    account: AccountRow | None
    cause: str
    chain: tuple[PlannedStage, ...]


def preview_chain(act: Act, form: RequestForm) -> tuple[PlannedStage, ...]:
    """The chain as the applicant is shown it before submission (B2). Raises what submission would raise.

    Whatever the check registered on the way is undone: a preview stores nothing.
    """
    with act.session.begin_nested() as trial:
        chain = check_form(act, form).chain
        trial.rollback()
    return chain


def submit_request(act: Act, form: RequestForm) -> RequestRow:
    """Checks the form against the rules in force, fixes its chain and content, and opens the first stage.

    Raises RefusedInputError with every wrong field, NoApproverError, SecondAccountError, OpenRequestError,
    WrongStatusError, NothingToChangeError, NotApplicantError; then nothing is stored.
    """
    checked = check_form(act, form)
    request = RequestRow(
        id=new_id(),
        number=store.next_number(act),
        kind=form.kind.value,
        state="pending",
        version=0,
        digest="",
        form={},
        unit_id=checked.unit.id,
        person_id=checked.person.id if checked.person else None,
        account_id=checked.account.id if checked.account else None,
        applicant_id=act.actor.person_id,
        submitted_by=act.actor.name,
        submitted_at=act.now,
    )
    try:
        with act.session.begin_nested():
            act.session.add(request)
    except IntegrityError as error:
        raise OpenRequestError from error
    put_version(act, request, checked, Event.REQUEST_SUBMITTED)
    return request


def days_late(act: Act, form: RequestForm) -> int:
    """By how many working days the written form comes after its limit, counted from the event (LC 7(2)); else 0."""
    if form.event_on is None or form.kind not in (RequestKind.SUSPEND, RequestKind.DISABLE):
        return 0
    event = datetime.combine(form.event_on, time(12), offices.OFFICE_ZONE)
    limit = act.rulebook.calendar.due(event, act.rulebook.service_level("disable_form").working_days)
    return max(0, act.rulebook.calendar.working_days_between(limit, act.now))


def put_version(act: Act, request: RequestRow, checked: Checked, event: Event) -> None:
    """Adds the next version with its stages and parties, and opens its first stage."""
    request.version += 1
    stages = make_stages(request.id, request.version, checked.chain, urgent=checked.form.urgent)
    request.form = stored_form(checked.form)
    request.cause, request.urgent = checked.cause, checked.form.urgent
    request.digest = content_digest(
        version=request.version,
        form=request.form,
        person_id=request.person_id,
        account_id=request.account_id,
        stages=stages,
        scans=scans.hashes_of(act, request.id, request.version),
    )
    act.session.add(
        VersionRow(
            request_id=request.id,
            version=request.version,
            digest=request.digest,
            form=request.form,
            submitted_by=act.actor.name,
            submitted_at=act.now,
        )
    )
    act.session.add_all(stages)
    _add_parties(act, request)
    record_request(
        act, event, request, digest=request.digest, kind=request.kind, version=request.version,
        days_late=days_late(act, checked.form),
    )  # fmt: skip
    act_on_submission(act, request)
    open_stage(act, request, stages[0])


def open_stage(act: Act, request: RequestRow, stage: StageRow) -> None:
    """Opens a stage: its clock starts and its office is told (webhook, mail) through the outbox."""
    stage.state, stage.opened_at = "open", act.now
    used = used_days(act.rulebook.calendar, stage.level, store.all_stages_of(act, request.id))
    stage.due_at = stage_due(act, stage.level, used)
    request.due_at = stage.due_at
    act.session.flush()
    outbox.enqueue(
        act,
        "stage.opened",
        key=f"stage.opened:{stage.id}",
        lane=f"stage:{stage.id}",
        payload={"stage_id": stage.id},
        request_id=request.id,
    )


def record_request(act: Act, event: Event, request: RequestRow, **data: Any) -> None:
    """Writes one audit entry about a request."""
    audit.record(
        act, event, f"request:{request.id}",
        request_id=request.id, person_id=request.person_id, account_id=request.account_id,
        number=request.number, **data,
    )  # fmt: skip


def check_form(act: Act, form: RequestForm) -> Checked:
    """Everything that must hold before a form is stored."""
    check_fields(form, act.rulebook.form(form.kind))
    check_last_day(form, offices.office_day(act))
    unit = units.get_unit(act, form.unit_code)
    _check_applicant(act, form, unit)
    person, account = _find_subject(act, form)
    _check_own_person(act, unit, person)
    confine.lift(act)
    cause = form.cause
    if account is not None:
        status = AccountStatus(account.status)
        # A leaver loses everything by his written form: single permissions only go where a case holds the account.
        withdraws = only_withdraws(form.permissions, form.withdraw) and holds.find_hold(act, account) is not None
        check_status_allows(form.kind, status, withdraws=withdraws)
        # Why the account is out of use is read from its history, not from the applicant (LC 7(3)).
        if form.kind is RequestKind.ENABLE:
            cause = causes.cause_to_lift(act, account)
            keys.check_may_enable(act, account)
            check_new_end(form, account.valid_until, act.now)
    elif person is not None:
        cause = _cause_of_return(act, person) or cause
    check_proposal(act, form, unit)
    check_change(act, form, unit)
    permissions = catalogue.check_permissions(act, (*form.permissions, *form.withdraw))
    if form.kind is RequestKind.GRANT:
        _check_changes_something(act, form, account)
    check_class(act, form, person, account)
    for name in form.accounts:
        accounts.get_by_user_name(act, name)
    separation.check_submission(act, form, person, account, permissions)
    parties = {p for p in (act.actor.person_id, person.id if person else None) if p}
    sensitive = any(p.sensitive for p in permissions if p.id in form.permissions)
    # "order:DJ-2026-000001" is decided as "order": the rule packs know the kind of cause, not its number.
    chain = plan_chain(act, form.kind, unit, sensitive=sensitive, cause=cause.partition(":")[0], parties=parties)
    return Checked(form=form, unit=unit, person=person, account=account, cause=cause, chain=chain)


def _check_applicant(act: Act, form: RequestForm, unit: UnitRow) -> None:
    """The applicant belongs to the unit or to one above it (LC 6(1)); proposals are made by jobs only."""
    if act.actor.kind is ActorKind.JOB:
        return
    if form.kind in BY_MACHINE or not act.actor.person_id:
        raise NotApplicantError
    if form.kind is RequestKind.REORGANISE_UNIT:
        return  # Those who keep the units apply for any of them; their office is checked with the plan.
    applicant = people.get_person(act, act.actor.person_id)
    if not units.is_within(unit, units.get_unit_by_id(act, applicant.unit_id)):
        raise NotApplicantError


def _check_own_person(act: Act, unit: UnitRow, person: PersonRow | None) -> None:
    """A unit applies for its own people and those below it, and its own offices decide (LC 6(1))."""
    if person is None or act.actor.kind is ActorKind.JOB:
        return
    home = units.get_unit_by_id(act, person.unit_id)
    if not units.is_within(home, unit):
        raise OtherUnitError(unit=unit.name)


def _find_subject(act: Act, form: RequestForm) -> tuple[PersonRow | None, AccountRow | None]:
    if form.account:
        account = accounts.get_by_user_name(act, form.account)
        return people.get_person(act, account.person_id), account
    if form.person is None:
        return None, None
    person = people.ensure_person(act, form.person)
    with confine.beyond(act):  # One person, one account, in the whole installation (LC 5(3)).
        former = returning.find_former(act, person)
        if former is None:
            accounts.check_no_account(act, person)
        else:
            holds.check_not_held(act, former)
    returning.renew_particulars(act, person, form.person)
    return person, None


def _cause_of_return(act: Act, person: PersonRow) -> str:
    """A violation is not forgotten by a cancellation: who decides on enabling, decides on the return (LC 7(3))."""
    former = returning.find_former(act, person)
    cause = causes.cause_to_lift(act, former) if former else ""
    return cause if cause == causes.VIOLATION else ""


def _check_changes_something(act: Act, form: RequestForm, account: AccountRow | None) -> None:
    held = {p.id for p in accounts.list_grants(act, account)} if account else set()
    if not set(form.permissions) - held and not set(form.withdraw) & held:
        raise NothingToChangeError


def _add_parties(act: Act, request: RequestRow) -> None:
    parties: dict[str, str] = {}
    if request.applicant_id:
        parties[request.applicant_id] = "applicant"
    if request.person_id and request.person_id not in parties:
        parties[request.person_id] = "beneficiary"
    act.session.add_all(
        ParticipantRow(request_id=request.id, version=request.version, person_id=person_id, part=part)
        for person_id, part in parties.items()
    )
    act.session.flush()
