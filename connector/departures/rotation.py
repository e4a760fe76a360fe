"""Rotation cases: when an administrator leaves, every account and password he knew is changed, item by item (JC 22)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, or_, select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.departures import shared_secrets
from connector.departures.handover import LEAVING_CAUSES
from connector.departures.rotation_items import (
    ADMINISTRATOR_CLASSES,
    ADMINISTRATOR_OFFICES,
    is_administrator,
    what_he_knew,
)
from connector.departures.secret_tables import RotationCaseRow, RotationItemRow, SecretKnowerRow
from connector.departures.staff_errors import LeaverMayNotRotateError, RotationItemDoneError
from connector.errors import FieldProblem, NotFoundError, RefusedInputError
from connector.register.offices import check_holds
from connector.register.tables import AccountRow, AccountStateRow, AppointmentRow
from connector.regulations.vocabulary import Office
from connector.requests.forms import number_problems

WORKING_DAYS = 2  # JC 22 says "in time": as long as the written form has (LC 7(2)).
AGAIN = timedelta(days=1)  # between two alarms about one late case
SAME_LEAVING = timedelta(days=30)  # A case opened shortly before the account's end is of the same leaving.
ROTATORS = (
    Office.SYSTEM_ADMINISTRATOR,
    Office.SECURITY_ADMINISTRATOR,
    Office.OPERATOR,
    Office.SYSTEM_DEPARTMENT_HEAD,
)
_CASES = select(RotationCaseRow, AccountRow.user_name).join(AccountRow, AccountRow.id == RotationCaseRow.account_id)


@dataclass(frozen=True, kw_only=True)
class RotationItemView:
    """One thing to be changed."""

    item_id: str
    kind: str
    name: str
    opens: str
    done_at: datetime | None
    done_by: str | None
    note: str


@dataclass(frozen=True, kw_only=True)
class RotationView:
    """One rotation case with its items."""

    case_id: str
    user_name: str
    opened_at: datetime
    due_at: datetime
    overdue: bool
    open_items: int
    closed_at: datetime | None
    items: list[RotationItemView]


def open_rotation(act: Act, account: AccountRow) -> RotationCaseRow | None:
    """Opens the case of a leaver who knew anything worth changing, with an alarm; None when he is no administrator, or
    his case is open already."""
    if not is_administrator(act, account) or _find_open(act, account.person_id) is not None:
        return None
    case = RotationCaseRow(
        person_id=account.person_id,
        account_id=account.id,
        opened_at=act.now,
        due_at=act.rulebook.calendar.due(act.now, WORKING_DAYS),
    )
    act.session.add(case)
    act.session.flush()
    known = what_he_knew(act, account)
    act.session.add_all(
        RotationItemRow(case_id=case.id, position=position, **item._asdict()) for position, item in enumerate(known)
    )
    act.session.flush()
    audit.record(
        act, Event.ROTATION_OPENED, f"rotation:{case.id}", person_id=account.person_id, account_id=account.id,
        alarm=True, items=len(known), due_at=case.due_at.isoformat(),
    )  # fmt: skip
    return case


def open_missing(act: Act) -> int:
    """Opens the cases of administrators who left by another road than the directory: a form, a cancellation."""
    held = select(AppointmentRow.person_id).where(
        AppointmentRow.office.in_([office.value for office in ADMINISTRATOR_OFFICES])
    )
    knows = select(SecretKnowerRow.person_id).where(SecretKnowerRow.until.is_(None))
    statement = (
        select(AccountRow, AccountStateRow.since)
        .join(AccountStateRow, AccountStateRow.account_id == AccountRow.id)
        .where(
            AccountStateRow.until.is_(None),
            AccountStateRow.cause.in_(LEAVING_CAUSES),
            or_(
                AccountRow.account_class.in_([each.value for each in ADMINISTRATOR_CLASSES]),
                AccountRow.person_id.in_(held),
                AccountRow.person_id.in_(knows),
            ),
        )
    )
    left = list(act.session.execute(statement))
    opened = _last_opened(act, [account.person_id for account, _ in left])
    missing = [a for a, since in left if a.person_id not in opened or opened[a.person_id] < since - SAME_LEAVING]
    return sum(1 for account in missing if open_rotation(act, account) is not None)


def do_item(act: Act, item_id: str, note: str) -> RotationCaseRow:
    """Notes that one thing was changed; the case closes with its last item (JC 22).

    The actor holds an administrating office and is not the leaver; `note` says what was done, without the secret.
    Raises ForbiddenError, LeaverMayNotRotateError, RotationItemDoneError, RefusedInputError, NotFoundError.
    """
    check_holds(act, *ROTATORS, doing="登记口令更改 / note what was changed")
    item = act.session.get(RotationItemRow, item_id, with_for_update=True, populate_existing=True)
    if item is None:
        raise NotFoundError(kind="更改事项 (item)", name=item_id)
    case = act.session.get_one(RotationCaseRow, item.case_id, with_for_update=True, populate_existing=True)
    if case.person_id == act.actor.person_id:
        raise LeaverMayNotRotateError
    if item.done_at is not None:
        raise RotationItemDoneError
    item.done_at, item.done_by, item.note = act.now, act.actor.person_id, _checked_note(note)
    if item.secret_id:
        shared_secrets.mark_changed(act, item.secret_id, case.person_id)
    audit.record(
        act, Event.ROTATION_ITEM_DONE, f"rotation:{case.id}", person_id=case.person_id, account_id=case.account_id,
        item=item.subject, kind=item.kind, note=item.note,
    )  # fmt: skip
    act.session.flush()
    if _open_items(act, [case.id]).get(case.id, 0) == 0:
        case.closed_at = act.now
        audit.record(
            act, Event.ROTATION_CLOSED, f"rotation:{case.id}", person_id=case.person_id, account_id=case.account_id,
            late=act.now > case.due_at,
        )  # fmt: skip
    return case


def remind(act: Act) -> int:
    """Raises an alarm for each case open past its limit, once a day; returns how many."""
    late = select(RotationCaseRow).where(
        RotationCaseRow.closed_at.is_(None),
        RotationCaseRow.due_at < act.now,
        or_(RotationCaseRow.alarmed_at.is_(None), RotationCaseRow.alarmed_at <= act.now - AGAIN),
    )
    cases = act.session.scalars(late.order_by(RotationCaseRow.due_at)).all()
    left = _open_items(act, [case.id for case in cases])
    for case in cases:
        case.alarmed_at = act.now
        audit.record(
            act, Event.ROTATION_OVERDUE, f"rotation:{case.id}", person_id=case.person_id, account_id=case.account_id,
            alarm=True, open_items=left.get(case.id, 0), due_at=case.due_at.isoformat(),
        )  # fmt: skip
    return len(cases)


def list_rotations(act: Act, *, open_only: bool = True, limit: int = 200, first: int = 0) -> list[RotationView]:
    """Rotation cases with their items, the most urgent first."""
    statement = _CASES.order_by(RotationCaseRow.due_at, RotationCaseRow.id).offset(first).limit(limit)
    if open_only:
        statement = statement.where(RotationCaseRow.closed_at.is_(None))
    return _shown(act, statement)


def get_rotation(act: Act, case_id: str) -> RotationView:
    """One rotation case with its items, open or closed (JC 22); raises NotFoundError."""
    found = _shown(act, _CASES.where(RotationCaseRow.id == case_id))
    if not found:
        raise NotFoundError(kind="口令更改个案 (rotation case)", name=case_id)
    return found[0]


def _shown(act: Act, cases: Select[RotationCaseRow, str]) -> list[RotationView]:
    """The cases that `cases` selects, each with its items: two queries."""
    found = list(act.session.execute(cases))
    items = _items(act, [case.id for case, _ in found])
    return [
        RotationView(
            case_id=case.id,
            user_name=user_name,
            opened_at=case.opened_at,
            due_at=case.due_at,
            overdue=case.closed_at is None and case.due_at < act.now,
            open_items=sum(1 for item in items.get(case.id, []) if item.done_at is None),
            closed_at=case.closed_at,
            items=items.get(case.id, []),
        )
        for case, user_name in found
    ]


def open_items_of(act: Act, person_ids: Collection[str]) -> dict[str, int]:
    """By person: how many items of his open rotation case are not done yet."""
    statement = (
        select(RotationCaseRow.person_id, func.count(RotationItemRow.id))
        .join(RotationItemRow, RotationItemRow.case_id == RotationCaseRow.id)
        .where(RotationCaseRow.closed_at.is_(None), RotationItemRow.done_at.is_(None))
        .where(RotationCaseRow.person_id.in_(person_ids))
        .group_by(RotationCaseRow.person_id)
    )
    return {person_id: count for person_id, count in act.session.execute(statement)}


def _items(act: Act, case_ids: Collection[str]) -> dict[str, list[RotationItemView]]:
    found: dict[str, list[RotationItemView]] = {}
    statement = (
        select(RotationItemRow, AccountRow.user_name)
        .outerjoin(AccountRow, AccountRow.person_id == RotationItemRow.done_by)
        .where(RotationItemRow.case_id.in_(case_ids))
        .order_by(RotationItemRow.case_id, RotationItemRow.position)
    )
    for item, done_by in act.session.execute(statement):
        view = RotationItemView(
            item_id=item.id, kind=item.kind, name=item.name, opens=item.opens, done_at=item.done_at, done_by=done_by,
            note=item.note,
        )  # fmt: skip
        found.setdefault(item.case_id, []).append(view)
    return found


def _open_items(act: Act, case_ids: Collection[str]) -> dict[str, int]:
    statement = (
        select(RotationItemRow.case_id, func.count())
        .where(RotationItemRow.case_id.in_(case_ids), RotationItemRow.done_at.is_(None))
        .group_by(RotationItemRow.case_id)
    )
    return {case_id: count for case_id, count in act.session.execute(statement)}


def _last_opened(act: Act, person_ids: Collection[str]) -> dict[str, datetime]:
    statement = (
        select(RotationCaseRow.person_id, RotationCaseRow.opened_at)
        .where(RotationCaseRow.person_id.in_(person_ids))
        .order_by(RotationCaseRow.opened_at)
    )
    return {person_id: opened_at for person_id, opened_at in act.session.execute(statement)}


def _find_open(act: Act, person_id: str) -> RotationCaseRow | None:
    statement = select(RotationCaseRow).where(
        RotationCaseRow.person_id == person_id, RotationCaseRow.closed_at.is_(None)
    )
    return act.session.scalars(statement).one_or_none()


def _checked_note(note: str) -> str:
    problems = number_problems("note", note)
    if not 2 <= len(note.strip()) <= 500:
        problems.append(
            FieldProblem("note", "请写明如何更改，2至500字", "say what was done, 2 to 500 characters", "JC 22")
        )
    if problems:
        raise RefusedInputError(problems, clause="JC 22")
    return note.strip()
