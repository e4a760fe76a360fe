"""Held plans: kept with the request by which two people may release exactly this content, and nothing else."""

from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.departures.plan import Plan
from connector.departures.tables import DeparturePlanRow
from connector.errors import ConnectorError
from connector.register import units
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import RequestKind
from connector.requests import service as requests
from connector.requests.forms import RequestForm
from connector.requests.tables import RequestRow

_OPEN_PLANS = ("held", "rejected")
_OPEN_REQUESTS = ("pending", "returned")
_REASON = (
    "人事目录同步被熔断（{reasons}），拟冻结{count}个账号，方案摘要{hash}。"
    "批准后，仅当下一次读取得出完全相同的方案时才会执行。"
)


def store_plan(act: Act, plan: Plan, state: str) -> DeparturePlanRow:
    """Adds the plan's row."""
    row = DeparturePlanRow(
        hash=plan.hash,
        made_at=act.now,
        state=state,
        items=[item.as_json() for item in plan.items],
        reasons=[reason.value for reason in plan.reasons],
        closed_at=act.now if state == "executed" else None,
    )
    act.session.add(row)
    act.session.flush()
    return row


def hold_plan(act: Act, plan: Plan) -> DeparturePlanRow:
    """The row of this held plan: the one that waits already, or a new one with its request; others are superseded.

    Its state is `released` when the request for exactly this content is approved, `rejected` when it was refused.
    """
    waiting = None
    for row in _open_plans(act):
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
        _ask_for_release(act, plan, waiting)
    _follow_request(act, plan, waiting)
    return waiting


def supersede_open_plans(act: Act) -> None:
    """A plan that may run by itself makes the held ones void."""
    for row in _open_plans(act):
        _supersede(act, row)


def _open_plans(act: Act) -> list[DeparturePlanRow]:
    statement = (
        select(DeparturePlanRow)
        .where(DeparturePlanRow.state.in_(_OPEN_PLANS))
        .order_by(DeparturePlanRow.made_at.desc(), DeparturePlanRow.id)
        .with_for_update()
    )
    return list(act.session.scalars(statement))


def _supersede(act: Act, row: DeparturePlanRow) -> None:
    row.state, row.closed_at = "superseded", act.now
    request = act.session.get(RequestRow, row.request_id) if row.request_id else None
    if request is not None and request.state in _OPEN_REQUESTS:
        requests.withdraw_request(act, request.id, reason="人事目录方案已变化 / the plan has changed")


def _follow_request(act: Act, plan: Plan, row: DeparturePlanRow) -> None:
    """Reads the verdict. Only an approval whose content names this very hash releases the plan (B12)."""
    request = act.session.get(RequestRow, row.request_id) if row.request_id else None
    if request is None or request.state in _OPEN_REQUESTS:
        return
    released = request.state == "approved" and request.form.get("plan_hash") == plan.hash
    row.state = "released" if released else "rejected"
    row.closed_at = act.now if released else None


def _ask_for_release(act: Act, plan: Plan, row: DeparturePlanRow) -> None:
    """Submits the request; where nobody can decide it, the plan stays held and the record says why.

    A plan that freezes nobody needs no release: it stands as an alarm.
    """
    if not plan.automatic:
        return
    ids = [item.account_id for item in plan.automatic]
    names = act.session.scalars(
        select(AccountRow.user_name).where(AccountRow.id.in_(ids)).order_by(AccountRow.user_name)
    )
    reasons = "、".join(row.reasons)
    form = RequestForm(
        kind=RequestKind.RELEASE_DEPARTURES,
        unit_code=units.centre(act).code,
        reason=_REASON.format(reasons=reasons, count=len(ids), hash=plan.hash),
        cause="breaker",
        accounts=tuple(names),
        plan_hash=plan.hash,
    )
    try:
        with act.session.begin_nested():
            row.request_id = requests.submit_request(act, form).id
    except ConnectorError as error:
        row.request_id = None
        audit.record(act, Event.PLAN_HELD, f"plan:{plan.hash}", alarm=True, request_refused=error.code)
