"""Reads the keys, and moves one from state to state with its history and its entry in the record."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Exists, and_, exists, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.levels import check_level
from connector.errors import NotFoundError
from connector.keys.errors import OwnKeyError
from connector.keys.rules import HELD, OUT, HeldKey, KeyState, check_may_move
from connector.keys.serials import parse_serial
from connector.keys.tables import HardwareKeyRow, KeyBatchRow, KeyEventRow
from connector.register import accounts, offices
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import Office

MOST_ROWS = 1000
EVENTS = {
    KeyState.ISSUED: Event.KEY_ISSUED,
    KeyState.BOUND: Event.KEY_BOUND,
    KeyState.LOST: Event.KEY_LOST,
    KeyState.DAMAGED: Event.KEY_DAMAGED,
    KeyState.RETURNED: Event.KEY_RETURNED,
    KeyState.IN_STOCK: Event.KEY_RESTOCKED,
    KeyState.DESTROYED: Event.KEY_DESTROYED,
}


class KeyPage(NamedTuple):
    """`total` counts every key that the filters leave, `rows` is the page of them."""

    total: int
    rows: tuple[HardwareKeyRow, ...]


def check_custodian(act: Act, doing: str, *, account_id: str | None = None) -> None:
    """The actor holds the office with a second factor, and the key is not his own (GS 16)."""
    check_level(act.actor)
    offices.check_holds(act, Office.KEY_CUSTODIAN, doing=doing)
    if account_id is None:
        return
    if accounts.get_account(act, account_id).person_id == act.actor.person_id:
        raise OwnKeyError


def get_key(act: Act, serial: str) -> HardwareKeyRow:
    """The key with this serial number, in upper or lower case; raises NotFoundError."""
    found = act.session.scalar(select(HardwareKeyRow).where(HardwareKeyRow.serial == parse_serial(serial)))
    if found is None:
        raise NotFoundError(kind="密钥 (key)", name=serial)
    return found


def lock_key(act: Act, serial: str) -> HardwareKeyRow:
    """The key as it is now, locked until the end of the transaction; raises NotFoundError."""
    wanted = select(HardwareKeyRow).where(HardwareKeyRow.serial == parse_serial(serial)).with_for_update()
    found = act.session.scalar(wanted.execution_options(populate_existing=True))
    if found is None:
        raise NotFoundError(kind="密钥 (key)", name=serial)
    return found


def find_of(act: Act, account_id: str, states: Collection[KeyState] = HELD) -> HardwareKeyRow | None:
    """The account's newest key in one of these states; by default the one that it holds."""
    return act.session.scalars(
        select(HardwareKeyRow)
        .where(HardwareKeyRow.account_id == account_id, HardwareKeyRow.status.in_([s.value for s in states]))
        .order_by(HardwareKeyRow.issued_at.desc(), HardwareKeyRow.id)
        .limit(1)
    ).one_or_none()


def key_of(act: Act, account: AccountRow) -> HardwareKeyRow | None:
    """The key that the account holds: issued or bound."""
    return find_of(act, account.id)


def is_out(account_id: InstrumentedAttribute[str]) -> Exists:
    """SQL condition: a key of this account must still be handed in (GS 10(6))."""
    states = [state.value for state in OUT]
    return exists().where(HardwareKeyRow.account_id == account_id, HardwareKeyRow.status.in_(states))


def as_held(key: HardwareKeyRow | None) -> HeldKey | None:
    """The key as the rules need it."""
    if key is None or key.issued_at is None:
        return None
    return HeldKey(
        serial=key.serial,
        aaguid=key.aaguid,
        is_certificate=key.cert_serial is not None,
        key_id=key.key_id,
        issued_at=key.issued_at,
    )


def move(act: Act, key: HardwareKeyRow, wanted: KeyState, **facts: Any) -> KeyEventRow:
    """Moves a locked key; raises KeyMoveError. `facts`: account, receipt, witness_id, request_id, note, data.

    Without `account` the key is with nobody from then on.
    """
    former = KeyState(key.status)
    check_may_move(key.serial, former, wanted)
    account: AccountRow | None = facts.pop("account", None)
    data: dict[str, Any] = facts.pop("data", {})
    key.status, key.account_id = wanted.value, account.id if account else None
    if wanted in (KeyState.ISSUED, KeyState.RETURNED, KeyState.DESTROYED):
        key.custodian_id = act.actor.person_id
    row = _write_history(act, key, former.value, facts)
    audit.record(
        act, EVENTS[wanted], f"key:{key.serial}", account_id=key.account_id,
        person_id=account.person_id if account else None, request_id=row.request_id,
        former=former.value, receipt=row.receipt, witness=row.witness_id, **data,
    )  # fmt: skip
    return row


def begin_history(act: Act, keys: Sequence[HardwareKeyRow], receipt: str) -> None:
    """Writes the first state of keys taken in."""
    act.session.add_all(
        KeyEventRow(
            hardware_key_id=key.id, status=key.status, at=act.now, actor=act.actor.name, receipt=receipt,
            key_id=key.key_id,
        )
        for key in keys
    )  # fmt: skip
    act.session.flush()


def _write_history(act: Act, key: HardwareKeyRow, former: str, facts: dict[str, Any]) -> KeyEventRow:
    # A statement of its own: the session would insert before it updates, and two open states are refused.
    act.session.execute(
        update(KeyEventRow)
        .where(KeyEventRow.hardware_key_id == key.id, KeyEventRow.until.is_(None))
        .values(until=act.now)
    )
    row = KeyEventRow(
        hardware_key_id=key.id, former=former, status=key.status, at=act.now, actor=act.actor.name,
        account_id=key.account_id, key_id=key.key_id, **facts,
    )  # fmt: skip
    act.session.add(row)
    act.session.flush()
    return row


def history_of(act: Act, serial: str) -> list[KeyEventRow]:
    """Every state of the key, oldest first; raises NotFoundError."""
    key = get_key(act, serial)
    wanted = select(KeyEventRow).where(KeyEventRow.hardware_key_id == key.id).order_by(KeyEventRow.id)
    return list(act.session.scalars(wanted))


def list_keys(
    act: Act,
    *,
    status: KeyState | None = None,
    batch: str | None = None,
    account_id: str | None = None,
    text: str | None = None,
    first: int = 0,
    count: int = 50,
) -> KeyPage:
    """Keys by serial number; `text` is part of a serial or model. At most 1,000 rows a page."""
    conditions: list[ColumnElement[bool]] = []
    if status is not None:
        conditions.append(HardwareKeyRow.status == status.value)
    if account_id is not None:
        conditions.append(HardwareKeyRow.account_id == account_id)
    if batch:
        conditions.append(HardwareKeyRow.batch_id == get_batch(act, batch).id)
    if text:
        in_serial = HardwareKeyRow.serial.contains(text.upper(), autoescape=True)
        conditions.append(or_(in_serial, HardwareKeyRow.model.contains(text, autoescape=True)))
    total = act.session.scalar(select(func.count()).select_from(HardwareKeyRow).where(*conditions)) or 0
    wanted = select(HardwareKeyRow).where(*conditions).order_by(HardwareKeyRow.serial)
    page = wanted.offset(max(first, 0)).limit(min(max(count, 0), MOST_ROWS))
    return KeyPage(total, tuple(act.session.scalars(page)))


def get_batch(act: Act, number: str) -> KeyBatchRow:
    """The batch with this number; raises NotFoundError."""
    found = act.session.scalar(select(KeyBatchRow).where(KeyBatchRow.number == number))
    if found is None:
        raise NotFoundError(kind="密钥批次 (key batch)", name=number)
    return found


def list_batches(act: Act) -> list[tuple[KeyBatchRow, int]]:
    """Batches, the newest first, each with how many keys it has."""
    counted = (
        select(KeyBatchRow, func.count(HardwareKeyRow.id))
        .outerjoin(HardwareKeyRow, HardwareKeyRow.batch_id == KeyBatchRow.id)
        .group_by(KeyBatchRow.id)
        .order_by(KeyBatchRow.received_at.desc(), KeyBatchRow.number)
    )
    return [(batch, keys) for batch, keys in act.session.execute(counted)]


def keys_of_batch(act: Act, number: str, states: Collection[KeyState] = HELD) -> list[HardwareKeyRow]:
    """The keys of a batch in these states (by default those that accounts hold), by serial; raises NotFoundError."""
    batch = get_batch(act, number)
    wanted = select(HardwareKeyRow).where(
        HardwareKeyRow.batch_id == batch.id, HardwareKeyRow.status.in_([state.value for state in states])
    )
    return list(act.session.scalars(wanted.order_by(HardwareKeyRow.serial)))


def serials_by_account(
    act: Act, as_of: datetime | None = None, account_ids: Collection[str] | None = None
) -> dict[str, str]:
    """Serial number of the key each account held at `as_of` (default: now), by account id (A5; GS 16)."""
    moment = as_of or act.now
    wanted = (
        select(KeyEventRow.account_id, HardwareKeyRow.serial)
        .join(HardwareKeyRow, HardwareKeyRow.id == KeyEventRow.hardware_key_id)
        .where(
            KeyEventRow.status.in_([state.value for state in HELD]),
            KeyEventRow.account_id.is_not(None),
            and_(KeyEventRow.at <= moment, or_(KeyEventRow.until.is_(None), KeyEventRow.until > moment)),
        )
    )
    if account_ids is not None:
        wanted = wanted.where(KeyEventRow.account_id.in_(account_ids))
    return {str(account_id): serial for account_id, serial in act.session.execute(wanted)}
