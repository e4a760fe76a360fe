"""Cases of movers: what the new post may not hold is listed for withdrawal by one request (JC 6, 13).

The request goes the ordinary road (grant, with permissions to be withdrawn): people decide, nothing is taken alone.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import aliased

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.departures.scope import Units, inside
from connector.departures.staff_tables import MoverCaseRow
from connector.errors import ConnectorError
from connector.register import matrix, units
from connector.register.tables import AccountRow, PersonRow, UnitRow
from connector.regulations.vocabulary import AccountStatus, RequestKind
from connector.requests import service as requests
from connector.requests.forms import RequestForm
from connector.requests.tables import RequestRow

NO_MATRIX = "no-matrix"
NOTHING, WITHDRAWN, KEPT, ENDED = "nothing_in_excess", "withdrawn", "kept", "account_ended"
_OPEN_REQUESTS = ("pending", "returned")
_REASON = "人事目录显示使用人已调整单位或岗位，以下权限不在新岗位的权限对照表内，请核准收回。"


@dataclass(frozen=True, kw_only=True)
class MoverView:
    """One mover. `excess` is listed for withdrawal; `problem` says why no request is open."""

    case_id: str
    user_name: str
    from_unit: str
    to_unit: str
    from_post: str
    to_post: str
    excess: list[str]
    problem: str
    request: str | None
    request_state: str | None
    opened_at: datetime
    closed_at: datetime | None
    outcome: str


def open_case(act: Act, account: AccountRow, came_from: tuple[str, str]) -> MoverCaseRow | None:
    """Opens the case of somebody whose unit or post has just changed in the register, and asks for the withdrawal.

    `came_from` is his former unit id and post. A second move while the case is open carries it on: its request is
    withdrawn and asked anew for the new post. None for a cancelled account, which holds nothing.
    """
    if account.status == AccountStatus.CANCELLED:
        return None
    person = act.session.get_one(PersonRow, account.person_id)
    statement = select(MoverCaseRow).where(MoverCaseRow.account_id == account.id, MoverCaseRow.closed_at.is_(None))
    case = act.session.scalars(statement).one_or_none()
    if case is None:
        case = MoverCaseRow(
            person_id=person.id,
            account_id=account.id,
            from_unit_id=came_from[0],
            from_post=came_from[1],
            excess=[],
            opened_at=act.now,
        )
        act.session.add(case)
    case.to_unit_id, case.to_post = person.unit_id, person.post
    act.session.flush()
    audit.record(
        act, Event.MOVER_OPENED, f"mover:{case.id}", person_id=person.id, account_id=account.id,
        from_unit=units.get_unit_by_id(act, case.from_unit_id).code, from_post=case.from_post,
        to_unit=units.get_unit_by_id(act, case.to_unit_id).code, to_post=case.to_post,
    )  # fmt: skip
    _withdraw_request(act, case)
    _ask(act, case, account)
    return case


def settle_cases(act: Act) -> int:
    """Carries the open cases on: closes those decided, tries again where no request could be made; returns how many
    were closed."""
    statement = (
        select(MoverCaseRow, AccountRow, RequestRow)
        .join(AccountRow, AccountRow.id == MoverCaseRow.account_id)
        .outerjoin(RequestRow, RequestRow.id == MoverCaseRow.request_id)
        .where(MoverCaseRow.closed_at.is_(None))
        .order_by(MoverCaseRow.opened_at, MoverCaseRow.id)
    )
    cases = list(act.session.execute(statement))
    for case, account, request in cases:
        _carry_on(act, case, account, request)
    return sum(1 for case, _, _ in cases if case.closed_at is not None)


def list_movers(
    act: Act, *, open_only: bool = True, limit: int = 500, first: int = 0, within: Units = None
) -> list[MoverView]:
    """Mover cases of people who left or joined these units, the oldest first."""
    former, new = aliased(UnitRow), aliased(UnitRow)
    statement = (
        select(MoverCaseRow, AccountRow.user_name, former.code, new.code, RequestRow.number, RequestRow.state)
        .join(AccountRow, AccountRow.id == MoverCaseRow.account_id)
        .join(former, former.id == MoverCaseRow.from_unit_id)
        .join(new, new.id == MoverCaseRow.to_unit_id)
        .outerjoin(RequestRow, RequestRow.id == MoverCaseRow.request_id)
        .where(*inside(within, former.path, new.path))
        .order_by(MoverCaseRow.opened_at, MoverCaseRow.id)
        .offset(first)
        .limit(limit)
    )
    if open_only:
        statement = statement.where(MoverCaseRow.closed_at.is_(None))
    return [_view(*row) for row in act.session.execute(statement)]


def _carry_on(act: Act, case: MoverCaseRow, account: AccountRow, request: RequestRow | None) -> None:
    if account.status == AccountStatus.CANCELLED:
        _withdraw_request(act, case)
        _close(act, case, ENDED)
    elif request is not None and request.state == "approved":
        _close(act, case, WITHDRAWN)
    elif request is not None and request.state == "rejected":
        _close(act, case, KEPT)
    elif request is None or request.state != "pending" or account.status != AccountStatus.ACTIVE:
        # One that was returned is asked anew: a job has nothing to add to it. And that of somebody who left must not
        # stand in the way of his written form: a person has one open request at most.
        _withdraw_request(act, case)
        _ask(act, case, account)


def _ask(act: Act, case: MoverCaseRow, account: AccountRow) -> None:
    """Submits the request for the new unit. A refusal stands in the case and is tried again in the next run."""
    excess = matrix.excess(act, account)
    case.excess, case.problem = excess or [], "" if excess is not None else NO_MATRIX
    if excess is None:
        return
    if not excess:
        _close(act, case, NOTHING)
        return
    form = RequestForm(
        kind=RequestKind.GRANT,
        unit_code=units.get_unit_by_id(act, case.to_unit_id).code,
        account=account.user_name,
        withdraw=tuple(excess),
        reason=_REASON,
        cause="transfer",
    )
    try:
        with act.session.begin_nested():
            case.request_id = requests.submit_request(act, form).id
    except ConnectorError as error:
        case.problem = error.code


def _withdraw_request(act: Act, case: MoverCaseRow) -> None:
    request = act.session.get(RequestRow, case.request_id) if case.request_id else None
    if request is not None and request.state in _OPEN_REQUESTS:
        requests.withdraw_request(act, request.id, reason="使用人岗位又有变化 / the person has moved again")
    case.request_id = None


def _close(act: Act, case: MoverCaseRow, outcome: str) -> None:
    case.closed_at, case.outcome = act.now, outcome
    audit.record(
        act, Event.MOVER_CLOSED, f"mover:{case.id}", person_id=case.person_id, account_id=case.account_id,
        request_id=case.request_id, outcome=outcome,
    )  # fmt: skip


def _view(
    case: MoverCaseRow, user_name: str, from_unit: str, to_unit: str, number: str | None, state: str | None
) -> MoverView:
    return MoverView(
        case_id=case.id,
        user_name=user_name,
        from_unit=from_unit,
        to_unit=to_unit,
        from_post=case.from_post,
        to_post=case.to_post,
        excess=case.excess,
        problem=case.problem,
        request=number,
        request_state=state,
        opened_at=case.opened_at,
        closed_at=case.closed_at,
        outcome=case.outcome,
    )
