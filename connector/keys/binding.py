"""Binds keys to accounts, and asks for what is still out before an account ends (GS 10(1), 10(6))."""

from collections.abc import Collection

from sqlalchemy import select

from connector.auth.act import Act
from connector.keys import loss, steps, store, waivers
from connector.keys.errors import KeyIdTakenError
from connector.keys.rules import OUT, KeyState
from connector.keys.tables import HardwareKeyRow
from connector.register import accounts
from connector.register.tables import AccountRow


def bind_key(act: Act, key: HardwareKeyRow, key_id: str, *, attested: bool) -> None:
    """Binds an issued key to its holder by the credential that was seen first (H1). Called by the reconciliation.

    `attested` says whether the authenticator proved its model. Raises KeyIdTakenError, KeyMoveError.
    """
    other = act.session.scalar(
        select(HardwareKeyRow).where(HardwareKeyRow.key_id == key_id, HardwareKeyRow.id != key.id)
    )
    if other is not None:
        raise KeyIdTakenError(serial=other.serial)
    account = accounts.get_account(act, str(key.account_id))
    key.key_id, key.bound_at = key_id, act.now
    store.move(act, key, KeyState.BOUND, account=account, data={"key_id": key_id, "attested": attested})


def bind_certificate(act: Act, account_id: str, written: list[str]) -> None:
    """Binds the account's certificate key once Keycloak has its serial number among those `written`."""
    key = store.find_of(act, account_id, {KeyState.ISSUED})
    if key is None or key.cert_serial not in written:
        return
    key.bound_at = act.now
    account = accounts.get_account(act, account_id)
    store.move(act, key, KeyState.BOUND, account=account, data={"cert_serial": key.cert_serial})


def holds_key(act: Act, account_id: str) -> str | None:
    """Serial of the key that this account must still hand in, if any; a damaged one too, a lost one not (GS 10(6))."""
    key = store.find_of(act, account_id, OUT)
    return key.serial if key else None


def serials_out(act: Act, account_ids: Collection[str]) -> dict[str, str]:
    """`holds_key` of many accounts in one query: the serial by account id, of those with a key to hand in."""
    query = select(HardwareKeyRow.account_id, HardwareKeyRow.serial).where(
        HardwareKeyRow.account_id.in_(account_ids), HardwareKeyRow.status.in_([state.value for state in OUT])
    )
    return {str(account_id): serial for account_id, serial in act.session.execute(query)}


def unbind(act: Act, account: AccountRow, *, request_id: str | None = None) -> None:
    """Takes every key and code of a cancelled account out of Keycloak, ends its waiver and its case (GS 10(6)).

    Called before the account is deleted there: the steps stand in its lane, in this order.
    """
    steps.forget_key(act, account, request_id=request_id)
    waivers.end_waiver(act, account, cause="cancelled")
    if (case := loss.find_case(act, account.id)) is not None:
        loss.close_case(act, case, account)
