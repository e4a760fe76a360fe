"""Cases of untrue data: opened by whoever has the duty, notified with a deadline, followed by the clock (A6; HH 4).

Access is taken away and given back by requests alone: this module asks for them, people decide.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.actor import Actor, ActorKind
from connector.errors import ConnectorError, FieldProblem, NotFoundError, RefusedInputError
from connector.outbox import service as outbox
from connector.register import accounts, offices, people, units
from connector.register.tables import AccountRow
from connector.registration.errors import MismatchClosedError, OpenMismatchError
from connector.registration.tables import MismatchRow
from connector.regulations.vocabulary import AccountStatus, Office, RequestKind
from connector.requests import service as requests
from connector.requests.forms import RequestForm, number_problems
from connector.requests.tables import RequestRow

LEVEL = "rectification"
CAUSE = "mismatch"  # of the suspension: lifted by a verified correction, never by the clock (HH 4)
CLAUSE = "HH 4"
FIELDS = ("name", "document_number", "phone", "unit", "post", "mail", "user")
ANYWHERE = (Office.VERIFIER, Office.OPERATOR, Office.SYSTEM_DEPARTMENT_HEAD, Office.SECURITY_ADMINISTRATOR)
OPEN_REQUESTS = ("pending", "returned")
MACHINE = "job:follow_registration"

_SUBJECT = "账号登记信息需在限期内改正 / Registered data to be corrected: {user_name}"
_TEXT = """账号 {user_name} 的登记信息与实际不符（{clause}）。该账号将按程序暂停使用。
请在 {due} 前通过系统提交更正并经核验；逾期未改正的，将提请终止账号。单位：{unit}。

Registered data of account {user_name} do not agree with the facts ({clause}). Its suspension has been applied for.
Please send the corrected data before {due}; without it, the end of the account is applied for (unit {unit}).
"""


class MismatchForm(BaseModel):
    """What is untrue, of whose account, and how it came to light. Names of fields, never values."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    account: str = Field(max_length=64, description="user name")
    fields: list[Literal["name", "document_number", "phone", "unit", "post", "mail", "user"]] = Field(min_length=1)
    reason: str = Field(min_length=4, max_length=500)
    source: Literal["reported", "duplicate"] = "reported"


def open_mismatch(act: Act, form: MismatchForm) -> MismatchRow:
    """Opens the case, asks for the suspension, and tells the person and his unit the deadline (HH 4).

    By a verifier, operator, head of the system department, security administrator, or the person's unit head.
    Raises ForbiddenError, NotFoundError, OpenMismatchError, RefusedInputError.
    """
    account = accounts.get_by_user_name(act, form.account)
    person = people.get_person(act, account.person_id)
    doing = "发起信息不符个案 / open a case of untrue data"
    if not offices.units_where(act, ANYWHERE):
        offices.check_holds(act, *ANYWHERE, Office.UNIT_HEAD, unit_id=person.unit_id, doing=doing)
    if problems := number_problems("reason", form.reason):
        raise RefusedInputError(problems, clause="LC 5(5)")
    return record_mismatch(act, account, source=form.source, fields=form.fields, reason=form.reason)


def record_mismatch(act: Act, account: AccountRow, *, source: str, fields: Sequence[str], reason: str) -> MismatchRow:
    """Stores the case whoever found it; for `open_mismatch` and the comparison with the directory."""
    if account.status == AccountStatus.CANCELLED:
        gone = FieldProblem("account", "账号已注销", "the account is cancelled", CLAUSE)
        raise RefusedInputError([gone], clause=CLAUSE)
    level = act.rulebook.service_level(LEVEL)
    case = MismatchRow(
        person_id=account.person_id,
        account_id=account.id,
        source=source,
        fields=sorted(set(fields)),
        reason=reason,
        opened_by=act.actor.name,
        opener_id=act.actor.person_id,
        opened_at=act.now,
        due_at=act.rulebook.calendar.due(act.now, level.working_days),
        clause=level.clause,
    )
    try:
        with act.session.begin_nested():
            act.session.add(case)
    except IntegrityError:
        raise OpenMismatchError from None
    case.mailed = _notify(act, case, account)
    _record(act, Event.MISMATCH_OPENED, case, source=source, fields=case.fields, due_at=case.due_at.isoformat())
    follow(act, case)
    return case


def get_case(act: Act, case_id: str, *, lock: bool = False) -> MismatchRow:
    """The case; raises NotFoundError."""
    statement = select(MismatchRow).where(MismatchRow.id == case_id)
    statement = statement.with_for_update().execution_options(populate_existing=True) if lock else statement
    case = act.session.scalars(statement).one_or_none()
    if case is None:
        raise NotFoundError(kind="信息不符个案 (mismatch case)", name=case_id)
    return case


def get_open_case(act: Act, case_id: str) -> MismatchRow:
    """The case, locked; raises MismatchClosedError when it has ended."""
    case = get_case(act, case_id, lock=True)
    if case.closed_at is not None:
        raise MismatchClosedError
    return case


def follow_mismatches(act: Act) -> dict[str, int]:
    """Carries every open case on by the clock; summary: `open`, `overdue`, `closed`."""
    open_now = select(MismatchRow).where(MismatchRow.closed_at.is_(None)).order_by(MismatchRow.opened_at)
    cases = list(act.session.scalars(open_now.with_for_update()))
    for case in cases:
        follow(act, case)
    overdue = sum(case.closed_at is None and case.overdue_at is not None for case in cases)
    closed = sum(case.closed_at is not None for case in cases)
    return {"open": len(cases) - closed, "overdue": overdue, "closed": closed}


def follow(act: Act, case: MismatchRow) -> None:
    """The next step of one open case: suspend, restore, or propose its end, as the clause says (HH 4)."""
    account = accounts.lock_account(act, str(case.account_id))
    case.problem = ""
    if account.status == AccountStatus.CANCELLED:
        _close(act, case, "terminated")
    elif case.rectified_at is not None:
        _restore(act, case, account)
    elif case.due_at < act.now:
        _terminate(act, case, account)
    elif account.status == AccountStatus.ACTIVE and not _is_settled(act, case.suspend_request_id):
        case.suspend_request_id = _ask(act, case, RequestKind.SUSPEND, account, case.suspend_request_id)
    act.session.flush()


def _restore(act: Act, case: MismatchRow, account: AccountRow) -> None:
    """The data are right now: what this case took away is asked back, what it asked for is withdrawn."""
    for asked in (case.suspend_request_id, case.cancel_request_id):
        _withdraw(act, case, asked)
    if account.status != AccountStatus.SUSPENDED or accounts.present_cause(act, account) != CAUSE:
        _close(act, case, "restored")
    elif not _is_settled(act, case.enable_request_id):
        case.enable_request_id = _ask(act, case, RequestKind.ENABLE, account, case.enable_request_id)


def _terminate(act: Act, case: MismatchRow, account: AccountRow) -> None:
    """The deadline has passed: an alarm once, and a cancellation is proposed; people decide."""
    if case.overdue_at is None:
        case.overdue_at = act.now
        _record(act, Event.MISMATCH_OVERDUE, case, alarm=True)
    _withdraw(act, case, case.suspend_request_id)
    if not _is_settled(act, case.cancel_request_id):
        case.cancel_request_id = _ask(act, case, RequestKind.CANCEL, account, case.cancel_request_id)


_REASONS = {
    RequestKind.SUSPEND: "登记信息与实际不符，依据条款暂停使用并限期改正（{clause}）。",
    RequestKind.ENABLE: "登记信息已改正并经核验，申请恢复使用（{clause}）。",
    RequestKind.CANCEL: "登记信息逾期未改正，提请终止账号（{clause}）。",
}
_EVENTS = {RequestKind.SUSPEND: Event.MISMATCH_SUSPENSION_ASKED, RequestKind.CANCEL: Event.MISMATCH_CANCEL_PROPOSED}


def _ask(act: Act, case: MismatchRow, kind: RequestKind, account: AccountRow, former: str | None) -> str | None:
    """Submits the request for the case, with whoever began it as applicant, so that he decides nothing of it (JC 7).

    A refusal stands in the case and is tried again by the clock.
    """
    _withdraw(act, case, former)
    form = RequestForm(
        kind=kind,
        unit_code=units.get_unit_by_id(act, people.get_person(act, case.person_id).unit_id).code,
        account=account.user_name,
        reason=_REASONS[kind].format(clause=case.clause),
        cause="" if kind is RequestKind.ENABLE else CAUSE,
    )
    try:
        with act.session.begin_nested():
            request = requests.submit_request(_machine(act, case), form)
    except ConnectorError as error:
        case.problem = error.code
        return None
    if kind in _EVENTS:
        _record(act, _EVENTS[kind], case, request_id=request.id)
    return request.id


def _machine(act: Act, case: MismatchRow) -> Act:
    actor = Actor(kind=ActorKind.JOB, name=MACHINE, person_id=case.opener_id, via="job")
    return replace(act, actor=actor)


def _is_settled(act: Act, request_id: str | None) -> bool:
    """Whether a request waits or was decided; one returned or withdrawn is asked anew."""
    request = act.session.get(RequestRow, request_id) if request_id else None
    return request is not None and request.state in ("pending", "approved", "rejected")


def _withdraw(act: Act, case: MismatchRow, request_id: str | None) -> None:
    request = act.session.get(RequestRow, request_id) if request_id else None
    if request is not None and request.state in OPEN_REQUESTS:
        requests.withdraw_request(_machine(act, case), request.id, reason="个案情况已变化 / the case has moved on")


def _close(act: Act, case: MismatchRow, outcome: str) -> None:
    case.closed_at, case.outcome = act.now, outcome
    _record(act, Event.MISMATCH_CLOSED, case, outcome=outcome, late=case.overdue_at is not None)


def _notify(act: Act, case: MismatchRow, account: AccountRow) -> int:
    """Mails the person and every head of his unit; returns how many. The text names no person."""
    person = people.get_person(act, case.person_id)
    unit = units.get_unit_by_id(act, person.unit_id)
    told = {p.id: p for p in (person, *offices.holders(act, Office.UNIT_HEAD, unit.id)) if p.mail}
    due = case.due_at.astimezone(offices.OFFICE_ZONE).strftime("%Y-%m-%d %H:%M")
    words = {"user_name": account.user_name, "clause": case.clause, "due": due, "unit": unit.code}
    for each in told.values():
        outbox.enqueue(
            act, "mail", key=f"mismatch:{case.id}:{each.id}", lane="mail",
            payload={"to": each.mail, "subject": _SUBJECT.format(**words), "text": _TEXT.format(**words)},
        )  # fmt: skip
    return len(told)


def _record(act: Act, event: Event, case: MismatchRow, **data: Any) -> None:
    audit.record(
        act, event, f"mismatch:{case.id}", person_id=case.person_id, account_id=case.account_id, clause=case.clause,
        **data,
    )  # fmt: skip
