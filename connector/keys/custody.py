"""Stock work of the key custodian: issues, takes back, restocks and destroys keys (GS 10, 16).

A key issued is enrolled by its person alone: whoever may still know the password gets a new one by link first, because
Keycloak lets a login by password enrol the key that is being waited for.
"""

from sqlalchemy.exc import IntegrityError

from connector.activity import service as activity
from connector.auth.act import Act
from connector.keys import loss, steps, store, waivers
from connector.keys.ending import finish_cancellation
from connector.keys.errors import AccountHoldsKeyError, AccountNotReadyError, ReplacementNotApprovedError, WitnessError
from connector.keys.rules import KeyState, check_texts
from connector.keys.tables import HardwareKeyRow, ReplacementRow
from connector.provisioning import service as provisioning
from connector.register import accounts, holds
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountStatus


def issue_key(
    act: Act, serial: str, account: AccountRow, *, receipt: str, request_id: str | None = None, note: str = ""
) -> HardwareKeyRow:
    """Gives a key from stock to an account against a receipt (GS 10(1), 12, 16).

    Done by a key custodian, for somebody else. The account is active, or the replacement of its lost or damaged key is
    approved: one frozen for nothing but the key is enabled with a new link, and only the new key opens it; one that is
    out of use for another reason gets the key and stays out. Raises KeyMoveError, OwnKeyError, AccountHoldsKeyError,
    AccountNotReadyError, ReplacementNotApprovedError, RefusedInputError.
    """
    store.check_custodian(act, "发放密钥 / issue a key", account_id=account.id)
    check_texts(receipt, note)
    account = accounts.lock_account(act, account.id)
    key = store.lock_key(act, serial)
    case = loss.find_case(act, account.id)
    enable = _check_may_receive(act, account, case, request_id)
    if held := store.find_of(act, account.id):
        raise AccountHoldsKeyError(user_name=account.user_name, serial=held.serial)
    key.issued_at, key.bound_at = act.now, None
    request_id = case.request_id if case else request_id
    facts = {"receipt": receipt.strip(), "request_id": request_id, "note": note.strip()}
    try:
        with act.session.begin_nested():
            store.move(act, key, KeyState.ISSUED, account=account, **facts)
    except IntegrityError as error:
        held = store.find_of(act, account.id)
        if held is None:
            raise  # Not the rule of one key, but something the database could not write.
        raise AccountHoldsKeyError(user_name=account.user_name, serial=held.serial) from error
    _hand_over(act, account, key, request_id=request_id, enable=enable, replaces=case is not None)
    waivers.end_waiver(act, account, cause="key_issued")
    if case is not None:
        loss.close_case(act, case, account, key)
    return key


def _check_may_receive(act: Act, account: AccountRow, case: ReplacementRow | None, request_id: str | None) -> bool:
    """Whether the account is to be enabled with the new key; raises what forbids giving it one."""
    if case is not None and (case.approved_at is None or request_id not in (None, case.request_id)):
        raise ReplacementNotApprovedError(user_name=account.user_name)
    if account.status == AccountStatus.ACTIVE:
        return False
    if case is None or account.status == AccountStatus.CANCELLED:
        raise AccountNotReadyError(user_name=account.user_name, status=account.status)
    return accounts.is_frozen_for_key(act, account) and holds.find_hold(act, account) is None


def _hand_over(
    act: Act, account: AccountRow, key: HardwareKeyRow, *, request_id: str | None, enable: bool, replaces: bool
) -> None:
    """Old credentials go, attributes follow, the new key is asked for, and only the person himself gets in."""
    is_certificate = key.cert_serial is not None
    renews_password = replaces or (not is_certificate and activity.password_set_at(act, account.id) is not None)
    if renews_password:
        steps.delete_credentials(act, account, "webauthn", "password", request_id=request_id)
    steps.update_user(act, account, request_id=request_id)
    ask = steps.drop_enrolment if is_certificate else steps.require_enrolment
    ask(act, account, steps.ENROL_KEY, request_id=request_id)
    if enable:
        provisioning.enable_account(act, account, cause="key_replaced", request_id=request_id)
    if renews_password and account.status == AccountStatus.ACTIVE:
        provisioning.issue_link(act, account, request_id=request_id or "")
    elif renews_password:
        provisioning.void_password(act, account, request_id=request_id)  # The link comes with the enabling.


def return_key(act: Act, serial: str, *, receipt: str, note: str = "") -> HardwareKeyRow:
    """Takes a key back against a receipt and unbinds it: from then on it opens nothing (GS 10(6), 16).

    Done by a key custodian, not for himself. A lost key that is found comes back this way too.
    """
    key = store.lock_key(act, serial)
    store.check_custodian(act, "收回密钥 / take a key back", account_id=key.account_id)
    check_texts(receipt, note)
    account = accounts.lock_account(act, key.account_id) if key.account_id else None
    store.move(act, key, KeyState.RETURNED, receipt=receipt.strip(), note=note.strip(), data=_from(account))
    if account is not None and not finish_cancellation(act, account):
        steps.forget_key(act, account)
    return key


def restock_key(act: Act, serial: str, *, note: str = "") -> HardwareKeyRow:
    """Puts a returned key back into stock; its former credential is forgotten here, its history is not (GS 16)."""
    store.check_custodian(act, "密钥重新入库 / restock a key")
    key = store.lock_key(act, serial)
    key_id, key.key_id, key.issued_at, key.bound_at = key.key_id, None, None, None
    store.move(act, key, KeyState.IN_STOCK, note=note.strip(), data={"former_key_id": key_id} if key_id else {})
    return key


def destroy_key(act: Act, serial: str, *, witness: str, note: str = "") -> HardwareKeyRow:
    """Destroys a key in stock or returned. `witness` is the user name of a second person, who sees it (GS 16)."""
    store.check_custodian(act, "销毁密钥 / destroy a key")
    check_texts(None, note)
    key = store.lock_key(act, serial)
    seen_by = accounts.find_by_user_name(act, witness)
    if seen_by is None or seen_by.status != AccountStatus.ACTIVE or seen_by.person_id == act.actor.person_id:
        raise WitnessError
    store.move(act, key, KeyState.DESTROYED, witness_id=seen_by.person_id, note=note.strip())
    return key


def _from(account: AccountRow | None) -> dict[str, str]:
    return {"from_account": account.id} if account else {}
