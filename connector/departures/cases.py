"""Cases of leavers: each asks the unit for its written form, and is open until the form is approved and the key back.

The form is that of LC 7(2), the key that of GS 10(6).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Row, and_, exists, func, or_, select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.departures import handover, rotation
from connector.departures.leavers import Leavers, look_at
from connector.departures.plan import Cause
from connector.departures.scope import Units, inside
from connector.departures.tables import DepartureCaseRow
from connector.keys import service as keys
from connector.outbox import service as outbox
from connector.register import offices
from connector.register.tables import AccountRow, PersonRow, UnitRow
from connector.regulations.vocabulary import RequestKind
from connector.requests.tables import RequestRow
from connector.storage.tables import new_id

FORM_LEVEL = "disable_form"  # service level of the rule packs: LC 7(2) gives the unit two working days
SETTLING_KINDS = (RequestKind.DISABLE, RequestKind.CANCEL, RequestKind.ENABLE)

_SUBJECT = "请补交账号禁用书面申请 / Written form needed: {user_name}"
_TEXT = """人事目录显示账号 {user_name} 的使用人已离岗，{done}
请在 {due} 前通过系统提交《用户禁用申请》，申请单位：{unit}。

The HR directory says that the person of account {user_name} has left. Please submit the written form to disable the
account before {due} (unit {unit}).
"""
_FROZEN = "账号已冻结。"
_MANUAL = "该账号不会自动冻结，请立即人工处理。"

# An approved form about the same account, decided since the case was opened.
_settles = and_(
    RequestRow.account_id == DepartureCaseRow.account_id,
    RequestRow.kind.in_([kind.value for kind in SETTLING_KINDS]),
    RequestRow.state == "approved",
    RequestRow.closed_at >= DepartureCaseRow.opened_at,
)
_has_form = exists().where(_settles).correlate(DepartureCaseRow)
_has_key = keys.is_out(DepartureCaseRow.account_id).correlate(DepartureCaseRow)


@dataclass(frozen=True, kw_only=True)
class CaseView:
    """One case as it is shown. `frozen_at` is None where a person must act on the account."""

    case_id: str
    user_name: str
    unit: str
    cause: str
    account_status: str
    opened_at: datetime
    frozen_at: datetime | None
    form_due_at: datetime
    overdue: bool
    form_request_id: str | None
    closed_at: datetime | None
    key_serial: str | None = None  # the key that is not back yet; it alone keeps a case open (GS 10(6))
    offices: tuple[str, ...] = ()  # "office@unit" that he still holds: a successor is needed
    waiting_requests: tuple[str, ...] = ()  # numbers of requests that nobody but him could decide now
    rotation_items: int = 0  # things he knew that are not changed yet (JC 22)


def find_open_case(act: Act, account_id: str) -> DepartureCaseRow | None:
    statement = select(DepartureCaseRow).where(
        DepartureCaseRow.account_id == account_id, DepartureCaseRow.closed_at.is_(None)
    )
    return act.session.scalars(statement).one_or_none()


def open_case(
    act: Act, account: AccountRow, *, cause: Cause, frozen: bool, known: Leavers | None = None
) -> DepartureCaseRow | None:
    """Opens the case of one leaver and asks his unit's head for the form by mail; None when one is open already.

    With `frozen` an open case takes the moment of this freeze. A case without a freeze raises an alarm. For an
    administrator the rotation of what he knew is opened too (JC 22).
    """
    known = known or look_at(act, [account])
    existing = known.cases.get(account.id)
    if existing is not None:
        existing.frozen_at = act.now if frozen else existing.frozen_at
        return None
    days = act.rulebook.service_level(FORM_LEVEL).working_days
    case = DepartureCaseRow(
        id=new_id(),
        person_id=account.person_id,
        account_id=account.id,
        cause=cause.value,
        opened_at=act.now,
        frozen_at=act.now if frozen else None,
        form_due_at=act.rulebook.calendar.due(act.now, days),
    )
    act.session.add(case)
    asked = _ask_for_form(act, account, case, known)
    audit.record(
        act, Event.DEPARTURE_OPENED, f"case:{case.id}", person_id=account.person_id, account_id=account.id,
        alarm=not frozen, cause=cause.value, frozen=frozen, asked=asked, form_due_at=case.form_due_at.isoformat(),
        offices=list(known.duties.get(account.person_id, ())),
    )  # fmt: skip
    if account.person_id in known.administrators:
        rotation.open_rotation(act, account)
    return case


def settle_cases(act: Act) -> int:
    """Closes the open cases whose account has got an approved form since, and whose key is back; returns how many."""
    statement = (
        select(DepartureCaseRow, RequestRow)
        .join(RequestRow, RequestRow.account_id == DepartureCaseRow.account_id)
        .where(DepartureCaseRow.closed_at.is_(None), _settles, ~_has_key)
        .order_by(RequestRow.closed_at)
    )
    settled = 0
    for case, request in act.session.execute(statement):
        if case.closed_at is None:
            _close(act, case, request)
            settled += 1
    return settled


def list_cases(
    act: Act,
    *,
    overdue_only: bool = False,
    open_only: bool = True,
    limit: int = 500,
    first: int = 0,
    within: Units = None,
) -> list[CaseView]:
    """Cases of people now in these units, the most urgent first.

    With form and key nothing is awaited, also before the next run closes it. Overdue is the form alone: no rule
    gives the key a day.
    """
    statement = (
        select(DepartureCaseRow, AccountRow, UnitRow.code, _has_form)
        .join(AccountRow, AccountRow.id == DepartureCaseRow.account_id)
        .join(PersonRow, PersonRow.id == DepartureCaseRow.person_id)
        .join(UnitRow, UnitRow.id == PersonRow.unit_id)
        .where(*inside(within, UnitRow.path))
        .order_by(DepartureCaseRow.form_due_at, DepartureCaseRow.id)
        .offset(first)
        .limit(limit)
    )
    if open_only or overdue_only:
        statement = statement.where(DepartureCaseRow.closed_at.is_(None), or_(~_has_form, _has_key))
    if overdue_only:
        statement = statement.where(DepartureCaseRow.form_due_at < act.now, ~_has_form)
    return _views(act, list(act.session.execute(statement)))


def count_overdue(act: Act) -> int:
    """How many open cases are past the limit of their form. Checks nothing: it names nobody."""
    late = select(func.count()).select_from(DepartureCaseRow)
    late = late.where(DepartureCaseRow.closed_at.is_(None), DepartureCaseRow.form_due_at < act.now, ~_has_form)
    return act.session.scalar(late) or 0


def _close(act: Act, case: DepartureCaseRow, request: RequestRow) -> None:
    case.closed_at, case.form_request_id = act.now, request.id
    audit.record(
        act, Event.DEPARTURE_CLOSED, f"case:{case.id}", person_id=case.person_id, account_id=case.account_id,
        request_id=request.id, kind=request.kind, late=request.submitted_at > case.form_due_at,
    )  # fmt: skip


def _ask_for_form(act: Act, account: AccountRow, case: DepartureCaseRow, known: Leavers) -> int:
    """Mails every head of the person's unit who has an address; returns how many. The text names no person."""
    unit = known.units[account.person_id]
    heads = known.heads[unit.id]
    due = case.form_due_at.astimezone(offices.OFFICE_ZONE).strftime("%Y-%m-%d %H:%M")
    done = _FROZEN if case.frozen_at else _MANUAL
    mails = [
        outbox.make_step(
            act,
            "mail",
            key=f"departure-form:{case.id}:{head.id}",
            lane="mail",
            payload={
                "to": head.mail,
                "subject": _SUBJECT.format(user_name=account.user_name),
                "text": _TEXT.format(user_name=account.user_name, done=done, due=due, unit=unit.code),
            },
        )
        for head in heads
    ]
    if mails:
        outbox.enqueue_all(act, mails)
    return len(mails)


def _views(act: Act, found: Sequence[Row[DepartureCaseRow, AccountRow, str, bool]]) -> list[CaseView]:
    """The cases; what an open one leaves behind is read for all of them together."""
    people = [case.person_id for case, *_ in found if case.closed_at is None]
    offices, waiting = handover.open_duties(act, people)
    items = rotation.open_items_of(act, people)
    serials = keys.serials_out(act, [case.account_id for case, *_ in found if case.closed_at is None])
    views = (_view(act, *row) for row in found)
    return [
        replace(
            view,
            key_serial=serials.get(case.account_id) if case.closed_at is None else None,
            offices=offices.get(case.person_id, ()),
            waiting_requests=waiting.get(case.person_id, ()),
            rotation_items=items.get(case.person_id, 0),
        )
        for view, (case, *_) in zip(views, found, strict=True)
    ]


def _view(act: Act, case: DepartureCaseRow, account: AccountRow, unit_code: str, has_form: bool) -> CaseView:
    return CaseView(
        case_id=case.id,
        user_name=account.user_name,
        unit=unit_code,
        cause=case.cause,
        account_status=account.status,
        opened_at=case.opened_at,
        frozen_at=case.frozen_at,
        form_due_at=case.form_due_at,
        overdue=case.closed_at is None and not has_form and case.form_due_at < act.now,
        form_request_id=case.form_request_id,
        closed_at=case.closed_at,
    )
