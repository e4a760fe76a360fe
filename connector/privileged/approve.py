"""From an application to a box: what must hold at submission and again at the decision, and the start. No network."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.errors import FieldProblem, RefusedInputError
from connector.outbox import service as outbox
from connector.outbox.tables import StepRow
from connector.privileged import store
from connector.privileged.errors import AlreadyHeldError, BoxOverError, BoxOverlapError, ExtensionError
from connector.privileged.forms import BoxForm
from connector.privileged.rules import Span
from connector.privileged.tables import BoxRow, ExtensionRow
from connector.register import accounts, people
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountStatus
from connector.storage.tables import new_id

OPEN_STEP, END_STEP = "keycloak.open_box", "keycloak.end_box"


def check_use(act: Act, account: AccountRow, form: BoxForm, permissions: Collection[str]) -> None:
    """Everything about the box that must hold at submission, and again when it is approved (JC 18).

    Raises RefusedInputError with every wrong box of the form, BoxOverError, BoxOverlapError, AlreadyHeldError,
    ExtensionError, NotFoundError for the reviewer or the box to extend.
    """
    span = Span(form.starts_at, form.ends_at)
    if problems := [*_span_problems(act, span), *_reviewer_problems(act, account, form.reviewer)]:
        raise RefusedInputError(problems, clause="JC 18")
    if span.end <= act.now:
        raise BoxOverError(ends_at=span.end.isoformat())
    if form.extends:
        _check_extends(act, account, form, permissions)
    else:
        _check_free(act, account, span)
        _check_not_held(act, account, permissions)


def approve_use(
    act: Act,
    account: AccountRow,
    form: BoxForm,
    permissions: Collection[str],
    *,
    request: tuple[str, str],
    purpose: str,
) -> BoxRow:
    """The approved box, planned or opened at once; or the box that it extends, with its new end (JC 18).

    `account` is locked, so that two approvals of one account come one after another. `request` is id and number.
    """
    check_use(act, account, form, permissions)
    request_id, number = request
    if form.extends:
        return _extend(act, form, request_id)
    box = BoxRow(
        id=new_id(), number=number, request_id=request_id, account_id=account.id, person_id=account.person_id,
        unit_id=people.get_person(act, account.person_id).unit_id, keycloak_id=account.keycloak_id,
        permissions=sorted(permissions), purpose=purpose, starts_at=form.starts_at, ends_at=form.ends_at,
        state="planned", reviewer_id=accounts.get_by_user_name(act, form.reviewer).person_id,
    )  # fmt: skip
    act.session.add(box)
    act.session.flush()
    record_box(act, Event.PRIVILEGE_PLANNED, box, starts_at=box.starts_at.isoformat(), ends_at=box.ends_at.isoformat())
    return box


def open_box(act: Act, box: BoxRow, account: AccountRow) -> None:
    """Gives the permissions: in the register now, in Keycloak by a step tried at once after the commit.

    The step that takes them away is written now, due at the end: it needs no job to remember it.
    """
    box.state, box.opened_at, box.keycloak_id = "running", act.now, account.keycloak_id
    act.session.flush()
    accounts.add_grants(act, account, box.permissions, granted_by=box.request_id)
    record_box(act, Event.PRIVILEGE_STARTED, box, ends_at=box.ends_at.isoformat())
    act.urgent.append(order_step(act, box, OPEN_STEP).id)
    order_step(act, box, END_STEP, at_end=True)


def order_step(act: Act, box: BoxRow, kind: str, *, at_end: bool = False) -> StepRow:
    """Writes a step in the box's own lane: what stands still in the account's lane holds up no end."""
    return outbox.enqueue(
        act,
        kind,
        key=f"{kind}:{new_id()}",
        lane=f"box:{box.id}",
        payload={
            "box": box.id,
            "roles": [permission.partition(":")[2] for permission in box.permissions],
            "ends_at": box.ends_at.isoformat() if at_end else None,
        },
        account_id=box.account_id,
        request_id=box.request_id,
        due_at=box.ends_at if at_end else act.now,
    )


def record_box(act: Act, event: Event, box: BoxRow, *, alarm: bool = False, **data: Any) -> None:
    """Writes one audit entry about a box."""
    audit.record(
        act, event, f"privileged-box:{box.id}", account_id=box.account_id, person_id=box.person_id,
        request_id=box.request_id, alarm=alarm, number=box.number, permissions=box.permissions, **data,
    )  # fmt: skip


def _extend(act: Act, form: BoxForm, request_id: str) -> BoxRow:
    box = store.get_box(act, str(form.extends), lock=True)
    former, box.ends_at = box.ends_at, form.ends_at
    act.session.add(
        ExtensionRow(request_id=request_id, box_id=box.id, former_end=former, new_end=form.ends_at, decided_at=act.now)
    )
    act.session.flush()
    order_step(act, box, END_STEP, at_end=True)
    record_box(
        act, Event.PRIVILEGE_EXTENDED, box, former_end=former.isoformat(), ends_at=box.ends_at.isoformat(),
        by_request=request_id,
    )  # fmt: skip
    return box


def _span_problems(act: Act, span: Span) -> list[FieldProblem]:
    longest = act.rulebook.number("box_hours")
    if span.length <= timedelta():
        return [FieldProblem("box.ends_at", "结束时间应晚于开始时间", "the end must be after the start", "JC 18")]
    if span.length > timedelta(hours=longest):
        return [FieldProblem("box.ends_at", f"一次最长{longest}小时", f"at most {longest} hours at a time", "JC 18")]
    return []


def _reviewer_problems(act: Act, account: AccountRow, reviewer: str) -> list[FieldProblem]:
    found = accounts.find_by_user_name(act, reviewer)
    if found is None or found.status != AccountStatus.ACTIVE:
        return [FieldProblem("box.reviewer", "请填写在用的账号", "name an active account", "JC 18")]
    if found.person_id == account.person_id:
        return [FieldProblem("box.reviewer", "复核人不能是使用人本人", "the reviewer is not the user", "JC 7, JC 18")]
    return []


def _check_free(act: Act, account: AccountRow, span: Span) -> None:
    for box in store.open_boxes_of(act, account.id):
        if span.overlaps(Span(box.starts_at, box.ends_at)):
            raise BoxOverlapError(number=box.number)


def _check_not_held(act: Act, account: AccountRow, permissions: Collection[str]) -> None:
    held = {permission.id for permission in accounts.list_grants(act, account)} & set(permissions)
    of_boxes = {name for box in store.open_boxes_of(act, account.id) for name in store.granted_by_box(act, box)}
    if held - of_boxes:
        raise AlreadyHeldError(permissions=", ".join(sorted(held - of_boxes)))


def _check_extends(act: Act, account: AccountRow, form: BoxForm, permissions: Collection[str]) -> None:
    """A new decision, made before the end: what is over is not extended (JC 18)."""
    box = store.get_box(act, str(form.extends), lock=True)
    if box.state != "running" or box.ends_at <= act.now:
        raise BoxOverError(ends_at=box.ends_at.isoformat())
    same = box.account_id == account.id and set(permissions) == set(box.permissions)
    if not same or form.starts_at != box.ends_at:
        raise ExtensionError(number=box.number, ends_at=box.ends_at.isoformat())
    later = [other for other in store.open_boxes_of(act, account.id) if other.id != box.id]
    for other in later:
        if Span(form.starts_at, form.ends_at).overlaps(Span(other.starts_at, other.ends_at)):
            raise BoxOverlapError(number=other.number)
