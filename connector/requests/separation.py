"""What keeps charges apart and time boxes right: checked when a request is submitted, and again at each decision."""

from collections.abc import Collection, Sequence

from connector.auth.act import Act
from connector.conflicts import service as conflicts
from connector.conflicts.forms import ExceptionForm
from connector.privileged import service as privileged
from connector.privileged.forms import BoxForm
from connector.register import accounts, catalogue, people, units
from connector.register.tables import AccountRow, PermissionRow, PersonRow
from connector.regulations.vocabulary import RequestKind, Verdict
from connector.requests import store
from connector.requests.errors import TermsMissingError
from connector.requests.forms import RequestForm
from connector.requests.tables import RequestRow, StageRow

GIVES = (RequestKind.GRANT, RequestKind.USE_PRIVILEGED)


def check_submission(
    act: Act,
    form: RequestForm,
    person: PersonRow | None,
    account: AccountRow | None,
    permissions: Sequence[PermissionRow],
) -> None:
    """The box, the exception, and charges that exclude each other, as they are now (HH 3, JC 7, JC 18)."""
    _check_terms(form)
    if form.exception is not None:
        conflicts.check_exception(act, form.exception)
    if person is None or form.kind not in GIVES:
        return
    wanted = [row for row in permissions if row.id in form.permissions]
    if form.box is None:
        conflicts.check_permissions(act, person.id, wanted, start=act.now, without=form.withdraw)
    elif account is not None:
        privileged.check_use(act, account, form.box, form.permissions)
        _check_box(act, person, form.box, wanted)


def check_decision(act: Act, request: RequestRow, stage: StageRow, person_id: str, verdict: Verdict) -> None:
    """Before an approval everything is checked again: what has changed meanwhile refuses it, and says what (B14).

    Nobody approves what rests on an exception of his own. Around the opening of bids the last approval, which gives
    sensitive permissions, waits (LC 8).
    """
    if verdict is not Verdict.APPROVE or request.kind not in GIVES or request.person_id is None:
        return
    form, person = request.form, people.get_person(act, request.person_id)
    conflicts.lock_person(act, person.id)
    wanted = catalogue.check_permissions(act, form["permissions"])
    if form.get("box"):
        box = BoxForm.model_validate(form["box"])
        privileged.check_use(act, accounts.get_account(act, str(request.account_id)), box, form["permissions"])
        used = _check_box(act, person, box, wanted)
    else:
        used = conflicts.check_permissions(act, person.id, wanted, start=act.now, without=form["withdraw"])
        if stage.position == max(each.position for each in store.stages_of(act, request)):
            home = units.get_unit_by_id(act, person.unit_id)
            used += conflicts.check_blackout(act, person.id, home, wanted, act.now, act.now)
    decided = {row.person_id for row in store.decisions_of(act, request.id) if row.version == request.version}
    conflicts.check_decider(used, {*decided, person_id})


def use_privileged(act: Act, request: RequestRow, account: AccountRow) -> None:
    """The box that was approved begins at its time; the clock opens it, within the minute (JC 18)."""
    form = request.form
    privileged.approve_use(
        act, account, BoxForm.model_validate(form["box"]), form["permissions"],
        request=(request.id, request.number), purpose=form["reason"],
    )  # fmt: skip


def except_conflict(act: Act, request: RequestRow) -> None:
    """The exception counts from now; who approved it is kept with it (JC 7)."""
    approvers = [row.person_id for row in store.decisions_of(act, request.id) if row.version == request.version]
    conflicts.lock_person(act, str(request.person_id))
    conflicts.start_exception(
        act, str(request.person_id), ExceptionForm.model_validate(request.form["exception"]),
        request=(request.id, request.number), reason=request.form["reason"], approvers=approvers,
    )  # fmt: skip


def take_over(act: Act, account: AccountRow, permissions: Collection[str], request_id: str) -> None:
    """What a box gives for a time and a request now gives for good is no longer the box's to take away."""
    for box in privileged.open_boxes_of(act, account.id):
        both = set(privileged.granted_by_box(act, box)) & set(permissions)
        if both:
            accounts.withdraw_grants(act, account, sorted(both), withdrawn_by=request_id)


def _check_box(
    act: Act, person: PersonRow, box: BoxForm, wanted: Sequence[PermissionRow]
) -> list[conflicts.ExceptionRow]:
    start = max(act.now, box.starts_at)
    home = units.get_unit_by_id(act, person.unit_id)
    used = conflicts.check_permissions(act, person.id, wanted, start=start, end=box.ends_at)
    return [*used, *conflicts.check_blackout(act, person.id, home, wanted, start, box.ends_at)]


def _check_terms(form: RequestForm) -> None:
    """A box belongs to privileged use and an exception to its own kind; each is there, and nowhere else."""
    if (form.box is not None) != (form.kind is RequestKind.USE_PRIVILEGED):
        raise TermsMissingError(name="box", kind=RequestKind.USE_PRIVILEGED.value)
    if (form.exception is not None) != (form.kind is RequestKind.EXCEPT_CONFLICT):
        raise TermsMissingError(name="exception", kind=RequestKind.EXCEPT_CONFLICT.value)
