"""A change of a unit as a request: two offices approve exactly what was previewed, the clock carries it out (A3).

Open requests and stages of a unit that closes follow to the one that takes over; what was shown is shown again (B12).
"""

from collections.abc import Collection

from sqlalchemy import or_, select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.errors import FieldProblem, RefusedInputError
from connector.outbox import service as outbox
from connector.register import accounts, offices, unit_changes, units
from connector.register.tables import UnitRow
from connector.register.unit_changes import CLAUSE, UnitChange, UnitPlan
from connector.register.unit_tables import UnitPlanRow
from connector.regulations.vocabulary import AccountStatus, Office, RequestKind
from connector.requests import store
from connector.requests.content import content_digest
from connector.requests.errors import ContentChangedError, OpenUnitChangeError
from connector.requests.forms import RequestForm
from connector.requests.tables import RequestRow, StageRow, VersionRow

KEEPERS = (Office.OPERATOR, Office.SYSTEM_DEPARTMENT_HEAD)
UNCHECKED = "0" * 64


def preview_change(act: Act, unit_code: str, change: UnitChange) -> UnitPlan:
    """What the change would do now; its hash goes into the request. Stores nothing (A3)."""
    offices.check_host_or_holds(act, *KEEPERS, doing="单位撤并 / change a unit")
    return unit_changes.plan_change(act, units.get_unit(act, unit_code), change)


def check_change(act: Act, form: RequestForm, unit: UnitRow) -> None:
    """The plan is the one that was previewed, of a day to come, by those who keep the units; one at a time.

    Raises ForbiddenError, RefusedInputError, ContentChangedError, OpenUnitChangeError.
    """
    if form.kind is not RequestKind.REORGANISE_UNIT:
        return
    offices.check_holds(act, *KEEPERS, doing="单位撤并 / change a unit")
    if form.unit_change is None or form.unit_change.effective_on < offices.office_day(act):
        zh, en = "请填写撤并方案，生效日期不能早于今天", "give the change; its day must not have passed"
        early = FieldProblem("unit_change", zh, en, CLAUSE)
        raise RefusedInputError([early], clause=CLAUSE)
    if unit_changes.plan_change(act, unit, form.unit_change).hash != form.unit_change.plan_hash:
        raise ContentChangedError
    waiting = select(RequestRow.id).where(
        RequestRow.kind == form.kind.value, RequestRow.unit_id == unit.id, RequestRow.state == "pending"
    )
    planned = select(UnitPlanRow.id).where(UnitPlanRow.unit_id == unit.id, UnitPlanRow.state == "approved")
    if act.session.scalar(waiting) or act.session.scalar(planned):
        raise OpenUnitChangeError


def approve_change(act: Act, request: RequestRow, _excluded: Collection[str]) -> None:
    """Keeps the approved plan for its day, or carries it out when the day has come.

    ContentChangedError when the register is no longer what was previewed: nobody approved that.
    """
    change = UnitChange.model_validate(request.form["unit_change"])
    unit = units.get_unit_by_id(act, request.unit_id)
    if unit_changes.plan_change(act, unit, change).hash != change.plan_hash:
        raise ContentChangedError
    plan = UnitPlanRow(
        request_id=request.id,
        unit_id=unit.id,
        change=change.model_dump(mode="json"),
        hash=change.plan_hash,
        effective_on=change.effective_on,
        state="approved",
        made_at=act.now,
    )
    act.session.add(plan)
    act.session.flush()
    if change.effective_on <= offices.office_day(act):
        _carry_out(act, plan)


def follow_plans(act: Act) -> int:
    """Carries out every approved plan whose day has come; one that is no longer possible raises an alarm."""
    today = offices.office_day(act)
    due = select(UnitPlanRow).where(UnitPlanRow.state == "approved", UnitPlanRow.effective_on <= today)
    done = 0
    for plan in act.session.scalars(due.order_by(UnitPlanRow.made_at).with_for_update()).all():
        done += _carry_out(act, plan)
    return done


def _carry_out(act: Act, plan: UnitPlanRow) -> bool:
    unit = units.get_unit_by_id(act, plan.unit_id)
    change = UnitChange.model_validate(plan.change)
    try:
        unit_changes.plan_change(act, unit, change)
    except RefusedInputError:
        plan.state = "stale"
        audit.record(
            act, Event.UNIT_CHANGED, f"unit:{unit.id}", alarm=True, request_id=plan.request_id, code=unit.code,
            how="stale",
        )  # fmt: skip
        return False
    moved = unit_changes.apply_change(act, unit, change, by=str(plan.request_id))
    followed = _move_requests(act, unit, units.get_unit(act, change.target)) if change.how == "close" else 0
    for person_id in moved:
        account = accounts.find_by_person(act, person_id)
        if account is not None and account.status != AccountStatus.CANCELLED:
            outbox.enqueue_for_account(act, "keycloak.follow_register", account.id, {"fields": ["unit"]})
    plan.state, plan.done_at, plan.done = "done", act.now, {"persons": len(moved), "requests": followed}
    act.session.flush()
    return True


def _move_requests(act: Act, unit: UnitRow, target: UnitRow) -> int:
    """Open requests of the unit, and stages that wait for its offices, go to the unit that takes over."""
    waits = (
        select(StageRow.request_id)
        .join(RequestRow, RequestRow.id == StageRow.request_id)
        .where(StageRow.unit_id == unit.id, StageRow.state.in_(["open", "waiting"]))
    )
    statement = (
        select(RequestRow)
        .where(RequestRow.state.in_(["pending", "returned"]))
        .where(or_(RequestRow.unit_id == unit.id, RequestRow.id.in_(waits)))
        .order_by(RequestRow.id)
        .with_for_update()
    )
    found = list(act.session.scalars(statement))
    for request in found:
        stages = store.stages_of(act, request)
        for stage in stages:
            if stage.unit_id == unit.id and stage.state in ("open", "waiting"):
                stage.unit_id = target.id
        request.unit_id = target.id if request.unit_id == unit.id else request.unit_id
        request.digest = content_digest(
            version=request.version,
            form=request.form,
            person_id=request.person_id,
            account_id=request.account_id,
            stages=stages,
        )
        act.session.get_one(VersionRow, (request.id, request.version)).digest = request.digest
        audit.record(
            act, Event.UNIT_CHANGED, f"request:{request.id}", request_id=request.id, former=unit.code,
            code=target.code, digest=request.digest,
        )  # fmt: skip
    return len(found)
