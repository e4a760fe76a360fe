"""Lost and damaged keys as one case: frozen when reported, a new key when approved, enabled with it (GS 12)."""

from typing import Any

from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.errors import FieldProblem, RefusedInputError
from connector.keys import steps, store
from connector.keys.ending import finish_cancellation
from connector.keys.errors import KeyNotHeldError, KeyStillMissingError, ReplacementNotOpenError
from connector.keys.rules import OUT, KeyState, check_texts
from connector.keys.tables import HardwareKeyRow, ReplacementRow
from connector.provisioning import service as provisioning
from connector.register import accounts, holds, offices
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountStatus, Office

REPORTERS = (Office.KEY_CUSTODIAN, Office.OPERATOR, Office.SYSTEM_ADMINISTRATOR, Office.SECURITY_ADMINISTRATOR)


def report_lost(act: Act, serial: str, *, note: str = "") -> HardwareKeyRow:
    """Marks a key as lost, as its holder or an office that keeps keys reports it; its account is frozen at once."""
    return _report(act, serial, KeyState.LOST, note)


def report_damaged(act: Act, serial: str, *, note: str = "") -> HardwareKeyRow:
    """Marks a key as damaged; it must still be handed in. Its account is frozen at once."""
    return _report(act, serial, KeyState.DAMAGED, note)


def _report(act: Act, serial: str, state: KeyState, note: str) -> HardwareKeyRow:
    key = store.lock_key(act, serial)
    if key.account_id is None or key.account_id != act.actor.account_id:
        offices.check_holds(act, *REPORTERS, doing="登记密钥遗失、损坏 / report a key")
    check_texts(None, note)
    if key.account_id is None:
        store.move(act, key, state, note=note.strip())
        return key
    account = accounts.lock_account(act, key.account_id)
    if account.status == AccountStatus.CANCELLED:  # Nobody needs another key; one that is lost cannot come back.
        store.move(act, key, state, account=account, note=note.strip())
        finish_cancellation(act, account)
        return key
    open_replacement(act, account, serial, state.value, None, note=note)
    return key


def open_replacement(
    act: Act, account: AccountRow, serial: str | None, cause: str, request_id: str | None, *, note: str = ""
) -> ReplacementRow:
    """Opens the case when the loss is reported: the key is lost or damaged, the account frozen at once (GS 12).

    `cause` is "lost" or "damaged"; `serial` may be None: the key the account has. The case that is open already takes
    the new request. Only an active account is frozen: one that is out of use for another reason stays so. Raises
    KeyNotHeldError, KeyMoveError, RefusedInputError.
    """
    state = _state_of(cause)
    account = accounts.lock_account(act, account.id)
    case = find_case(act, account.id)
    if case is not None:
        _check_same_key(act, case, account, serial)
        if case.approved_at is None and request_id:
            case.request_id = request_id
        return case
    key = _key_of(act, account, serial)
    if key.status != state:
        store.move(act, key, state, account=account, request_id=request_id, note=note.strip())
    case = ReplacementRow(
        account_id=account.id, former_id=key.id, cause=state.value, opened_at=act.now, request_id=request_id
    )
    act.session.add(case)
    act.session.flush()
    _record(act, Event.KEY_REPLACEMENT_OPENED, case, account, serial=key.serial, cause=state.value)
    _take_out(act, account, state, request_id)
    return case


def approve_replacement(act: Act, account: AccountRow, request_id: str) -> ReplacementRow:
    """Notes the approval: from now on the custodian may issue the new key. Raises ReplacementNotOpenError."""
    case = find_case(act, account.id)
    if case is None:
        raise ReplacementNotOpenError(user_name=account.user_name)
    if case.approved_at is None:
        case.request_id, case.approved_at = request_id, act.now
        _record(act, Event.KEY_REPLACEMENT_APPROVED, case, account)
    return case


def check_may_enable(act: Act, account: AccountRow) -> None:
    """Raises what keeps the account out: a key not replaced (KeyStillMissingError, GS 12), or a case that holds it."""
    if find_case(act, account.id) is not None:
        raise KeyStillMissingError(user_name=account.user_name)
    holds.check_not_held(act, account)


def keeps_out(act: Act, account: AccountRow) -> bool:
    """Whether a lost or damaged key keeps the account out after another reason has ended (GS 12).

    It then stands frozen for its key, so that the new key will bring it back; in Keycloak it is out already.
    """
    case = find_case(act, account.id)
    if case is None:
        return False
    accounts.set_status(act, account, AccountStatus.FROZEN, cause=f"key_{case.cause}", request_id=case.request_id)
    return True


def close_case(act: Act, case: ReplacementRow, account: AccountRow, key: HardwareKeyRow | None = None) -> None:
    """Closes the case with the key that was issued, or without one when the account is cancelled."""
    case.new_id, case.closed_at = key.id if key else None, act.now
    _record(act, Event.KEY_REPLACED, case, account, **({"serial": key.serial} if key else {"cause": "cancelled"}))


def find_case(act: Act, account_id: str) -> ReplacementRow | None:
    """The open case of this account."""
    wanted = select(ReplacementRow).where(ReplacementRow.account_id == account_id, ReplacementRow.closed_at.is_(None))
    return act.session.scalars(wanted).one_or_none()


def list_replacements(act: Act, *, open_only: bool = True, count: int = 200) -> list[ReplacementRow]:
    """Cases, the newest first."""
    wanted = select(ReplacementRow).order_by(ReplacementRow.opened_at.desc(), ReplacementRow.id).limit(count)
    if open_only:
        wanted = wanted.where(ReplacementRow.closed_at.is_(None))
    return list(act.session.scalars(wanted))


def _state_of(cause: str) -> KeyState:
    found = cause.removeprefix("key_")
    if found not in (KeyState.LOST, KeyState.DAMAGED):
        words = "请写明遗失（lost）或损坏（damaged）", "say lost or damaged"
        raise RefusedInputError([FieldProblem("cause", *words, "GS 12")], clause="GS 12")
    return KeyState(found)


def _key_of(act: Act, account: AccountRow, serial: str | None) -> HardwareKeyRow:
    """The key that the account has, or the one it has lost and not got another for; KeyNotHeldError otherwise."""
    key = store.find_of(act, account.id, OUT) if serial is None else store.lock_key(act, serial)
    replaced = key is not None and key.status not in OUT and store.find_of(act, account.id) is not None
    if key is None or key.account_id != account.id or replaced:
        raise KeyNotHeldError(user_name=account.user_name)
    return key


def _check_same_key(act: Act, case: ReplacementRow, account: AccountRow, serial: str | None) -> None:
    former = act.session.get_one(HardwareKeyRow, case.former_id)
    if serial is not None and store.get_key(act, serial).id != former.id:
        raise KeyNotHeldError(user_name=account.user_name)


def _take_out(act: Act, account: AccountRow, state: KeyState, request_id: str | None) -> None:
    """Freezes, and takes the key out of Keycloak: an enabling by another road must not bring it back."""
    if account.status == AccountStatus.ACTIVE:
        provisioning.freeze_account(act, account, cause=f"key_{state.value}", request_id=request_id)
    steps.forget_key(act, account, request_id=request_id)


def _record(act: Act, event: Event, case: ReplacementRow, account: AccountRow, **data: Any) -> None:
    audit.record(
        act, event, f"key-replacement:{case.id}", account_id=account.id, person_id=account.person_id,
        request_id=case.request_id, **data,
    )  # fmt: skip
