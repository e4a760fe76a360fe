"""Cases of untrue data as they are shown: the list, the overdue ones. Reads only (HH 4)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select, true

from connector.auth.act import Act
from connector.register import people
from connector.register.reach import Units, inside
from connector.register.tables import AccountRow, PersonRow, UnitRow
from connector.registration.tables import MismatchRow, ParticularsRow
from connector.requests.tables import RequestRow


@dataclass(frozen=True, kw_only=True)
class MismatchView:
    """One case as it is shown; numbers of its requests with their states."""

    case_id: str
    user_name: str
    unit: str
    account_status: str
    source: str
    fields: list[str]
    reason: str
    opened_by: str
    opened_at: datetime
    due_at: datetime
    days_left: int
    overdue: bool
    clause: str
    mailed: int
    suspension: tuple[str, str] | None
    restoration: tuple[str, str] | None
    termination: tuple[str, str] | None
    correction: str | None  # id of the one that waits for a verifier
    rectified_at: datetime | None
    problem: str
    closed_at: datetime | None
    outcome: str


@dataclass(frozen=True, kw_only=True)
class CorrectionShown:
    """One correction of a case without its values: names of the fields, its state, and what the verifier said."""

    correction_id: str
    fields: list[str]
    state: str
    sent_by: str
    sent_at: datetime
    verified_by: str | None
    verified_at: datetime | None
    reason: str


def list_mismatches(
    act: Act, *, open_only: bool = True, overdue_only: bool = False, within: Units = None, own: str | None = None,
    case_id: str | None = None, first: int = 0, limit: int = 200,
) -> list[MismatchView]:  # fmt: skip
    """Cases of people of these units, and of the person `own`, the most urgent first.

    Whoever lists them checks that the actor may.
    """
    statement = (
        select(MismatchRow, AccountRow, UnitRow.code, ParticularsRow.id)
        .join(AccountRow, AccountRow.id == MismatchRow.account_id)
        .join(PersonRow, PersonRow.id == MismatchRow.person_id)
        .join(UnitRow, UnitRow.id == PersonRow.unit_id)
        .outerjoin(ParticularsRow, (ParticularsRow.case_id == MismatchRow.id) & (ParticularsRow.state == "waiting"))
        .where(or_(and_(true(), *inside(within, UnitRow.path)), MismatchRow.person_id == own))
        .order_by(MismatchRow.due_at, MismatchRow.id)
        .offset(first)
        .limit(limit)
    )
    if case_id is not None:
        statement = statement.where(MismatchRow.id == case_id)
    if open_only or overdue_only:
        statement = statement.where(MismatchRow.closed_at.is_(None))
    if overdue_only:
        statement = statement.where(MismatchRow.due_at < act.now, MismatchRow.rectified_at.is_(None))
    return [_view(act, case, account, code, waits) for case, account, code, waits in act.session.execute(statement)]


def corrections_of(act: Act, case_id: str) -> list[CorrectionShown]:
    """Every correction of the case, the newest first."""
    statement = (
        select(ParticularsRow)
        .where(ParticularsRow.case_id == case_id)
        .order_by(ParticularsRow.sent_at.desc(), ParticularsRow.id)
    )
    return [
        CorrectionShown(
            correction_id=row.id,
            fields=row.fields,
            state=row.state,
            sent_by=people.get_person(act, row.sent_by).name,
            sent_at=row.sent_at,
            verified_by=people.get_person(act, row.verified_by).name if row.verified_by else None,
            verified_at=row.verified_at,
            reason=row.reason,
        )
        for row in act.session.scalars(statement)
    ]


def _view(act: Act, case: MismatchRow, account: AccountRow, code: str, waits: str | None) -> MismatchView:
    def asked(request_id: str | None) -> tuple[str, str] | None:
        request = act.session.get(RequestRow, request_id) if request_id else None
        return (request.number, request.state) if request else None

    own = {name: getattr(case, name) for name in MismatchView.__dataclass_fields__ if hasattr(case, name)}
    return MismatchView(
        **own,
        case_id=case.id,
        user_name=account.user_name,
        unit=code,
        account_status=account.status,
        days_left=act.rulebook.calendar.working_days_between(act.now, case.due_at),
        overdue=case.closed_at is None and case.rectified_at is None and case.due_at < act.now,
        suspension=asked(case.suspend_request_id),
        restoration=asked(case.enable_request_id),
        termination=asked(case.cancel_request_id),
        correction=waits,
    )
