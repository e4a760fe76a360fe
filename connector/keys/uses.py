"""Which key was used at which login: read from the mirror of Keycloak's events and the keys' history (GX 10, GS 16)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from connector.activity.tables import IdpEventRow
from connector.auth.act import Act
from connector.keys import store
from connector.keys.changes import USED_KEY
from connector.keys.serials import certificate_serial_of
from connector.keys.tables import HardwareKeyRow, KeyEventRow
from connector.register.tables import AccountRow

USED_CERTIFICATE = "x509_cert_serial_number"  # decimal, in the details of a login by certificate
USE_TYPES = ("LOGIN", "LOGIN_ERROR")


@dataclass(frozen=True, kw_only=True)
class KeyUse:
    """One login by a key. `error` is Keycloak's reason where it was refused."""

    at: datetime
    user_name: str
    client_id: str | None
    ip: str | None
    error: str | None


def serial_of(act: Act, event: IdpEventRow) -> str | None:
    """Serial number of the key that this event names; None when it names none that was ever in the inventory."""
    wanted = select(HardwareKeyRow.serial)
    if key_id := event.details.get(USED_KEY):
        bound = wanted.join(KeyEventRow, KeyEventRow.hardware_key_id == HardwareKeyRow.id)
        return act.session.scalar(bound.where(KeyEventRow.key_id == key_id).order_by(KeyEventRow.id.desc()).limit(1))
    number = certificate_serial_of(str(event.details.get(USED_CERTIFICATE, "")))
    return act.session.scalar(wanted.where(HardwareKeyRow.cert_serial == number)) if number else None


def list_uses(act: Act, serial: str, *, count: int = 100) -> list[KeyUse]:
    """Logins by this key, newest first, by everybody who has ever held it; raises NotFoundError."""
    key = store.get_key(act, serial)
    history = store.history_of(act, serial)
    names = {row.key_id for row in history if row.key_id}
    holders = {row.account_id for row in history if row.account_id}
    wanted = (
        select(IdpEventRow, AccountRow.user_name)
        .join(AccountRow, AccountRow.keycloak_id == IdpEventRow.user_id)
        .where(AccountRow.id.in_(holders), IdpEventRow.type.in_(USE_TYPES))
        .order_by(IdpEventRow.at.desc(), IdpEventRow.id)
    )
    found: list[KeyUse] = []
    for event, user_name in act.session.execute(wanted.execution_options(yield_per=500)):
        if _names(event, names, key.cert_serial):
            found.append(_use(event, user_name))
        if len(found) == count:
            break
    return found


def _names(event: IdpEventRow, key_ids: set[str], cert_serial: str | None) -> bool:
    if event.details.get(USED_KEY) in key_ids:
        return True
    number = certificate_serial_of(str(event.details.get(USED_CERTIFICATE, "")))
    return number is not None and number == cert_serial


def _use(event: IdpEventRow, user_name: str) -> KeyUse:
    return KeyUse(at=event.at, user_name=user_name, client_id=event.client_id, ip=event.ip, error=event.error)
