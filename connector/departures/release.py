"""Held plans: kept with the request by which two people may release exactly this content, and nothing else."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.departures.moves import Move
from connector.departures.plan import HoldReason, Plan, content_hash
from connector.departures.tables import DeparturePlanRow
from connector.errors import ConnectorError
from connector.register import units
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import RequestKind
from connector.requests import service as requests
from connector.requests.forms import RequestForm
from connector.requests.tables import RequestRow
from connector.storage.batches import in_batches

LEAVERS, MOVERS = "leavers", "movers"
_OPEN_PLANS = ("held", "rejected")
_OPEN_REQUESTS = ("pending", "returned")
_REASONS = {
    LEAVERS: (
        "人事目录同步被熔断（{reasons}），拟冻结{count}个账号，方案摘要{hash}。"
        "批准后，仅当下一次读取得出完全相同的方案时才会执行。"
    ),
    MOVERS: (
        "人事目录一次变更了{count}名使用人的信息（{reasons}），不冻结任何账号，方案摘要{hash}。"
        "批准后，下一次读取时仅变更内容完全相同的部分。"
    ),
}


@dataclass
class MoveVerdict:
    """What people said so far of the held moves of a reading: marks released, refused, and still waiting."""

    released: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)
    request_id: str | None = None


def store_plan(act: Act, plan: Plan, state: str) -> DeparturePlanRow:
    """Adds the row of a plan of leavers."""
    return _store(act, LEAVERS, plan.hash, [item.as_json() for item in plan.items], plan.reasons, state)


def hold_plan(act: Act, plan: Plan) -> DeparturePlanRow:
    """The row of this held plan: the one that waits already, or a new one with its request; others are superseded.

    Its state is `released` when the request for exactly this content is approved, `rejected` when it was refused.
    """
    waiting = None
    for row in _open_plans(act, LEAVERS):
        if row.hash == plan.hash and waiting is None:
            waiting = row
        else:
            _supersede(act, row)
    if waiting is None:
        waiting = store_plan(act, plan, "held")
        audit.record(
            act, Event.PLAN_HELD, f"plan:{plan.hash}", alarm=True, reasons=waiting.reasons,
            leavers=len(plan.automatic), manual=len(plan.manual),
        )  # fmt: skip
    if waiting.request_id is None:
        _ask_for_release(act, waiting, [item.account_id for item in plan.automatic])
    _follow_request(act, waiting)
    return waiting


def supersede_open_plans(act: Act) -> None:
    """A plan of leavers that may run by itself makes the held ones void."""
    for row in _open_plans(act, LEAVERS):
        _supersede(act, row)


def follow_moves(act: Act, present: Collection[str]) -> MoveVerdict:
    """Reads the verdicts on held moves; `present` are the marks of all moves that the directory asks for now.

    A plan of which nothing is asked for any more is void, and its request withdrawn.
    """
    verdict = MoveVerdict()
    for row in _open_plans(act, MOVERS):
        marks = {str(item["mark"]) for item in row.items} & set(present)
        if not marks:
            _supersede(act, row)
            continue
        if row.request_id is None:
            _ask_for_release(act, row, [item["account_id"] for item in row.items])
        _follow_request(act, row)
        said = {"released": verdict.released, "rejected": verdict.refused}.get(row.state, verdict.waiting)
        said |= marks
        verdict.request_id = row.request_id
    return verdict


def hold_moves(act: Act, moves: Sequence[Move]) -> DeparturePlanRow:
    """Adds the held plan of these moves with its request and an alarm."""
    items = sorted((move.as_json() for move in moves), key=lambda item: str(item["account_id"]))
    reasons = (HoldReason.TOO_MANY_MOVERS,)
    row = _store(act, MOVERS, content_hash(items, reasons), items, reasons, "held")
    audit.record(act, Event.PLAN_HELD, f"plan:{row.hash}", alarm=True, reasons=row.reasons, movers=len(moves))
    _ask_for_release(act, row, [move.account_id for move in moves])
    return row


def waits(act: Act) -> bool:
    """Whether held moves wait for people."""
    return any(row.state == "held" for row in _open_plans(act, MOVERS))


def refused_marks(act: Act) -> set[str]:
    """Marks of the moves that people refused."""
    return {str(i["mark"]) for row in _open_plans(act, MOVERS) if row.state == "rejected" for i in row.items}


def _store(
    act: Act, kind: str, plan_hash: str, items: list[Any], reasons: Sequence[HoldReason], state: str
) -> DeparturePlanRow:
    row = DeparturePlanRow(
        hash=plan_hash,
        kind=kind,
        made_at=act.now,
        state=state,
        items=items,
        reasons=[reason.value for reason in reasons],
        closed_at=act.now if state == "executed" else None,
    )
    act.session.add(row)
    act.session.flush()
    return row


def _open_plans(act: Act, kind: str) -> list[DeparturePlanRow]:
    statement = (
        select(DeparturePlanRow)
        .where(DeparturePlanRow.kind == kind, DeparturePlanRow.state.in_(_OPEN_PLANS))
        .order_by(DeparturePlanRow.made_at.desc(), DeparturePlanRow.id)
        .with_for_update()
    )
    return list(act.session.scalars(statement))


def _supersede(act: Act, row: DeparturePlanRow) -> None:
    row.state, row.closed_at = "superseded", act.now
    request = act.session.get(RequestRow, row.request_id) if row.request_id else None
    if request is not None and request.state in _OPEN_REQUESTS:
        requests.withdraw_request(act, request.id, reason="人事目录方案已变化 / the plan has changed")


def _follow_request(act: Act, row: DeparturePlanRow) -> None:
    """Reads the verdict. Only an approval whose content names this very hash releases the plan (B12)."""
    request = act.session.get(RequestRow, row.request_id) if row.request_id else None
    if request is None or request.state in _OPEN_REQUESTS:
        return
    released = request.state == "approved" and request.form.get("plan_hash") == row.hash
    row.state = "released" if released else "rejected"
    row.closed_at = act.now if released else None


def _ask_for_release(act: Act, row: DeparturePlanRow, account_ids: Sequence[str]) -> None:
    """Submits the request; where nobody can decide it, the plan stays held and the record says why.

    A plan that touches nobody needs no release: it stands as an alarm.
    """
    if not account_ids:
        return
    reasons = "、".join(row.reasons)
    form = RequestForm(
        kind=RequestKind.RELEASE_DEPARTURES,
        unit_code=units.centre(act).code,
        reason=_REASONS[row.kind].format(reasons=reasons, count=len(account_ids), hash=row.hash),
        cause="breaker",
        accounts=tuple(_user_names(act, account_ids)),
        plan_hash=row.hash,
    )
    try:
        with act.session.begin_nested():
            row.request_id = requests.submit_request(act, form).id
    except ConnectorError as error:
        row.request_id = None
        audit.record(act, Event.PLAN_HELD, f"plan:{row.hash}", alarm=True, request_refused=error.code)


def _user_names(act: Act, account_ids: Sequence[str]) -> list[str]:
    names: list[str] = []
    for some in in_batches(account_ids):
        names += act.session.scalars(select(AccountRow.user_name).where(AccountRow.id.in_(some)))
    return sorted(names)
