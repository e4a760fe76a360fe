"""Turns what a run found into one request of repair, decided by two offices (JC 9, 11). Repairs nothing by itself."""

from collections.abc import Sequence

from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.errors import ConnectorError, NotFoundError
from connector.reconciliation import record
from connector.reconciliation.errors import NothingToRepairError, OldRunError, PlanRefusedError
from connector.reconciliation.rules import NAMED, Finding, is_stranger, plan_hash, plan_repair
from connector.reconciliation.tables import ReconciliationRow
from connector.register import units
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import RequestKind
from connector.requests import service as requests
from connector.requests.forms import RequestForm
from connector.requests.store import OPEN_STATES
from connector.requests.tables import RequestRow

_REASON = (
    "对账发现{subjects}个账号与台账不一致，共{count}处差异，方案摘要{hash}。"
    "批准后由系统按台账修复；无人申请的账号只停用，不删除。"
)
_SUPERSEDED = "对账结果已变化，方案作废 / a newer reconciliation found something else"


def propose(act: Act, run_id: str = "") -> RequestRow:
    """ONE request to put right what the newest run found; the one that waits already when it asks for the same.

    A request for anything else is withdrawn. The act must be a job's. Raises NotFoundError, OldRunError,
    NothingToRepairError, PlanRefusedError, and what submission raises, as NoApproverError.
    """
    run = record.newest_run(act)
    if run is None or (run_id and act.session.get(ReconciliationRow, run_id) is None):
        raise NotFoundError(kind="对账 (reconciliation)", name=run_id)
    if run_id and run.id != run_id:
        raise OldRunError(newest=run.id)
    planned = plan_repair(record.findings_of(act, run), record.spared_lately(act))
    run.plan_hash = plan_hash(planned) if planned else None
    waiting = _settle_open_plans(act, run.plan_hash)
    if not planned:
        run.plan = "none"
        raise NothingToRepairError
    if waiting is not None:
        run.plan, run.request_id = "waiting", waiting.id
    else:
        run.request_id = _submit(act, run, planned).id
        run.plan = "proposed"
    record.mark_proposed(act, run, planned)
    return act.session.get_one(RequestRow, run.request_id)


def propose_if_any(act: Act, run: ReconciliationRow) -> None:
    """As `propose`, for a job: the run says why there is no request, and an alarm calls for people."""
    try:
        with act.session.begin_nested():
            propose(act, run.id)
    except NothingToRepairError:
        _settle_open_plans(act, None)
        run.plan = "none"
    except PlanRefusedError:
        run.plan = "refused"
    except ConnectorError as error:
        run.plan, run.plan_refused_by = "undecidable", error.code
        audit.record(act, Event.REPAIR_NOT_DECIDABLE, f"reconciliation:{run.id}", alarm=True, refused=error.code)


def _submit(act: Act, run: ReconciliationRow, planned: Sequence[Finding]) -> RequestRow:
    names = _user_names(act, planned)
    by_subject: dict[str, list[dict[str, str]]] = {}
    evidence: dict[str, dict[str, object]] = {}
    for finding in planned:
        key = names.get(finding.subject, finding.subject)
        told = by_subject.setdefault(key, [])
        told.append({"kind": finding.kind.value, "name": finding.name})
        evidence[key] = {"differences": told} | ({"user_name": finding.name} if finding.kind in NAMED else {})
    form = RequestForm(
        kind=RequestKind.REPAIR_DRIFT,
        unit_code=units.centre(act).code,
        reason=_REASON.format(subjects=len(by_subject), count=len(planned), hash=run.plan_hash),
        cause="reconciliation",
        accounts=tuple(sorted(set(names.values()))),
        strangers=tuple(sorted({str(f.keycloak_id) for f in planned if is_stranger(f)})),
        evidence=evidence,
        plan_hash=run.plan_hash,
    )
    return requests.submit_request(act, form)


def _user_names(act: Act, planned: Sequence[Finding]) -> dict[str, str]:
    ids = {finding.account_id for finding in planned if finding.account_id}
    rows = act.session.execute(select(AccountRow.id, AccountRow.user_name).where(AccountRow.id.in_(ids)))
    return {account_id: user_name for account_id, user_name in rows}


def _settle_open_plans(act: Act, wanted: str | None) -> RequestRow | None:
    """The open request for exactly this plan; others are withdrawn. PlanRefusedError when this one was refused."""
    asked = select(RequestRow).where(RequestRow.kind == RequestKind.REPAIR_DRIFT.value)
    waiting: RequestRow | None = None
    for request in act.session.scalars(asked.where(RequestRow.state.in_(OPEN_STATES)).with_for_update()).all():
        if waiting is None and request.form.get("plan_hash") == wanted:
            waiting = request
        else:
            requests.withdraw_request(act, request.id, reason=_SUPERSEDED)
            record.mark_withdrawn(act, request.id)
    last = act.session.scalars(
        asked.order_by(RequestRow.submitted_at.desc(), RequestRow.number.desc()).limit(1)
    ).first()
    if wanted and last is not None and last.state == "rejected" and last.form.get("plan_hash") == wanted:
        raise PlanRefusedError(number=last.number)
    return waiting
