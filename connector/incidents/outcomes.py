"""What the answers ask for: ordered where a machine may do it, told by a person where not, and checked before closing.

Each is checked where it shows: in the register, in the outbox, in the mirror of Keycloak's events.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from connector.activity.tables import ActivityRow
from connector.audit.events import Event
from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.errors import Text
from connector.incidents.case_tables import CaseCreatedRow, CaseOutcomeRow, CaseRow
from connector.outbox.tables import StepRow
from connector.provisioning import service as provisioning
from connector.register import accounts
from connector.register.tables import AccountRow, GrantRow
from connector.regulations.incidents import Outcome
from connector.regulations.vocabulary import AccountStatus, Office, RequestKind
from connector.requests.tables import RequestRow, StageRow

TOLD = (Outcome.CLEAN_DATA, Outcome.REFER_UNIT, Outcome.REFER_AUTHORITY)  # Only people know whether it was done.
OUT_OF_USE = frozenset({AccountStatus.FROZEN.value, AccountStatus.DISABLED.value, AccountStatus.CANCELLED.value})

NAMES: Mapping[Outcome, Text] = {
    Outcome.FREEZE_CREATED: Text("冻结其创建的用户", "Freeze the users it created"),
    Outcome.DELETE_CREATED: Text("删除其创建的用户", "Delete the users it created"),
    Outcome.CHANGE_PASSWORD: Text("更改登录口令", "Change the password"),
    Outcome.REISSUE_KEY: Text("收回并补发密钥", "Take the key back and issue another"),
    Outcome.WITHDRAW_PERMISSIONS: Text("收回权限", "Withdraw permissions"),
    Outcome.CLEAN_DATA: Text("清理垃圾、错误数据", "Clear rubbish and wrong data"),
    Outcome.REFER_UNIT: Text("上报本单位领导按规定处理", "Refer to the leader of the unit"),
    Outcome.REFER_AUTHORITY: Text("上报本级领导按规定处理", "Refer to the leader of the authority"),
    Outcome.RESTORE: Text("恢复账号", "Restore the account"),
    Outcome.CANCEL: Text("注销账号", "Cancel the account"),
}
TO_DO: Mapping[Outcome, Text] = {
    Outcome.FREEZE_CREATED: Text("在本案“新建用户”中核对名单后冻结", "Check the list in the case, then freeze"),
    Outcome.DELETE_CREATED: Text(
        "台账内的提交注销申请；无人申请的由 Keycloak 主域管理员删除",
        "Apply to cancel those of the register; the others are removed by Keycloak's administrator",
    ),
    Outcome.CHANGE_PASSWORD: Text(
        "原口令已下令作废，执行后自动标记", "The password is being made void; marked when done"
    ),
    Outcome.REISSUE_KEY: Text(
        "由密钥保管员挂失原密钥，经补发申请换发", "The custodian marks it lost; another is applied for"
    ),
    Outcome.WITHDRAW_PERMISSIONS: Text("提交权限变更申请，批准并执行后自动标记", "Apply for the change of permissions"),
    Outcome.CLEAN_DATA: Text("由业务部门清理后在此登记", "The department clears it, then it is entered here"),
    Outcome.REFER_UNIT: Text("上报后在此登记收件人和回执", "Refer it, then enter to whom, with the receipt"),
    Outcome.REFER_AUTHORITY: Text("上报后在此登记收件人和回执", "Refer it, then enter to whom, with the receipt"),
    Outcome.RESTORE: Text(
        "其他措施完成后提交启用申请，由中心主要负责人批准",
        "When all else is done, apply for enabling; the principal approves",
    ),
    Outcome.CANCEL: Text("提交注销申请，批准并执行后自动标记", "Apply for cancelling; marked when it is carried out"),
}


@dataclass(frozen=True, kw_only=True)
class OutcomeState:
    """One outcome as it stands now. `told` says that a person must say it is done."""

    outcome: Outcome
    done: bool
    told: bool
    row: CaseOutcomeRow


def order(act: Act, case: CaseRow, outcome: Outcome) -> list[int]:
    """Outbox steps that an outcome needs at once: the old password is made void while the account is still shut."""
    if outcome is not Outcome.CHANGE_PASSWORD:
        return []
    account = accounts.get_account(act, case.account_id)
    step = provisioning.void_password(act, account, cause=f"incident:{case.number}")
    act.urgent.append(step.id)
    return [step.id]


def states_of(act: Act, case: CaseRow) -> list[OutcomeState]:
    """Every outcome the answers have asked for, in the order of the tree, checked now."""
    rows = select(CaseOutcomeRow).where(CaseOutcomeRow.case_id == case.id).order_by(CaseOutcomeRow.chosen_at)
    order_of = list(Outcome)
    found = sorted(act.session.scalars(rows), key=lambda row: order_of.index(Outcome(row.outcome)))
    return [
        OutcomeState(outcome=Outcome(row.outcome), done=is_done(act, case, row), told=row.outcome in TOLD, row=row)
        for row in found
    ]


def is_done(act: Act, case: CaseRow, row: CaseOutcomeRow) -> bool:
    """Whether the outcome shows as done where it must show; a person's word counts only where nothing shows."""
    if row.outcome in TOLD:
        return row.done_at is not None
    return CHECKS[Outcome(row.outcome)](act, case, row)


def _created_are_shut(act: Act, case: CaseRow, _row: CaseOutcomeRow) -> bool:
    return all(is_shut(act, one) for one in _created(act, case))


def _created_are_gone(act: Act, case: CaseRow, _row: CaseOutcomeRow) -> bool:
    return all(_is_gone(act, one) for one in _created(act, case))


def _password_is_void(act: Act, _case: CaseRow, row: CaseOutcomeRow) -> bool:
    return bool(row.steps) and _are_done(act, row.steps)


def _key_is_another(act: Act, case: CaseRow, row: CaseOutcomeRow) -> bool:
    reissued = (Event.KEY_REPLACED.value, Event.KEY_BOUND.value)
    lost = (Event.KEY_LOST.value, Event.KEY_RETURNED.value, Event.KEY_DAMAGED.value)
    return _told_since(act, case, reissued, row) and _told_since(act, case, lost, row)


def _permissions_are_withdrawn(act: Act, case: CaseRow, row: CaseOutcomeRow) -> bool:
    withdrawn = select(func.count()).where(GrantRow.account_id == case.account_id, GrantRow.until >= row.chosen_at)
    return bool(act.session.scalar(withdrawn)) and not _open_steps(act, case.account_id)


def _is_restored(act: Act, case: CaseRow, _row: CaseOutcomeRow) -> bool:
    """In use by a request to enable that the principal has approved since the case opened, and Keycloak has it."""
    by_principal = (
        select(StageRow.id)
        .join(RequestRow, (RequestRow.id == StageRow.request_id) & (RequestRow.version == StageRow.version))
        .where(
            RequestRow.account_id == case.account_id,
            RequestRow.kind == RequestKind.ENABLE.value,
            RequestRow.state == "approved",
            RequestRow.submitted_at >= case.opened_at,
            StageRow.office == Office.PRINCIPAL.value,
            StageRow.state == "approved",
        )
    )
    is_active = accounts.get_account(act, case.account_id).status == AccountStatus.ACTIVE
    approved = act.session.scalar(by_principal.limit(1)) is not None
    return is_active and approved and not _open_steps(act, case.account_id)


def _is_cancelled(act: Act, case: CaseRow, _row: CaseOutcomeRow) -> bool:
    account = accounts.get_account(act, case.account_id)
    return account.status == AccountStatus.CANCELLED and not _open_steps(act, account.id)


Check = Callable[[Act, CaseRow, CaseOutcomeRow], bool]
CHECKS: Mapping[Outcome, Check] = {
    Outcome.FREEZE_CREATED: _created_are_shut,
    Outcome.DELETE_CREATED: _created_are_gone,
    Outcome.CHANGE_PASSWORD: _password_is_void,
    Outcome.REISSUE_KEY: _key_is_another,
    Outcome.WITHDRAW_PERMISSIONS: _permissions_are_withdrawn,
    Outcome.RESTORE: _is_restored,
    Outcome.CANCEL: _is_cancelled,
}


def _created(act: Act, case: CaseRow) -> list[CaseCreatedRow]:
    return list(act.session.scalars(select(CaseCreatedRow).where(CaseCreatedRow.case_id == case.id)))


def is_shut(act: Act, one: CaseCreatedRow) -> bool:
    """Whether a created user is out of use, in the register and by the steps to Keycloak."""
    if one.account_id:
        account = act.session.get_one(AccountRow, one.account_id)
        return account.status in OUT_OF_USE and not _open_steps(act, account.id)
    return (bool(one.steps) and _are_done(act, one.steps)) or _is_deleted(act, one)


def _is_gone(act: Act, one: CaseCreatedRow) -> bool:
    if one.account_id:
        account = act.session.get_one(AccountRow, one.account_id)
        return account.status == AccountStatus.CANCELLED and not _open_steps(act, account.id)
    return _is_deleted(act, one)


def _is_deleted(act: Act, one: CaseCreatedRow) -> bool:
    """The mirror has the event of his deletion, or the look-up that found him no more."""
    seen = act.session.get(ActivityRow, one.user_id) if one.user_id else None
    return seen is not None and seen.gone_at is not None and seen.gone_at >= one.created_at


def _are_done(act: Act, steps: list[int]) -> bool:
    return set(act.session.scalars(select(StepRow.state).where(StepRow.id.in_(steps)))) == {"done"}


def _open_steps(act: Act, account_id: str) -> bool:
    """Steps to Keycloak about the account that are not carried out: a letter or a signal under way keeps nothing."""
    waiting = select(StepRow.id).where(
        StepRow.account_id == account_id, StepRow.state != "done", StepRow.kind.startswith("keycloak.")
    )
    return act.session.scalar(waiting.limit(1)) is not None


def _told_since(act: Act, case: CaseRow, events: tuple[str, ...], _row: CaseOutcomeRow) -> bool:
    told = select(AuditEntryRow.id).where(
        AuditEntryRow.account_id == case.account_id, AuditEntryRow.event.in_(events), AuditEntryRow.at >= case.opened_at
    )
    return act.session.scalar(told.limit(1)) is not None
