"""Pure rules of the keys: the states and allowed moves as data, and what a credential in Keycloak means."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from connector.errors import FieldProblem, RefusedInputError, Text
from connector.keys.errors import KeyMoveError
from connector.ports import IdpCredential


class KeyState(StrEnum):
    """State of a key. The values stand in the record for ever."""

    IN_STOCK = "in_stock"
    ISSUED = "issued"
    BOUND = "bound"
    LOST = "lost"
    DAMAGED = "damaged"
    RETURNED = "returned"
    DESTROYED = "destroyed"


STATE_NAMES: Mapping[KeyState, Text] = {
    KeyState.IN_STOCK: Text("在库", "in stock"),
    KeyState.ISSUED: Text("已发放", "issued"),
    KeyState.BOUND: Text("已绑定", "bound"),
    KeyState.LOST: Text("遗失", "lost"),
    KeyState.DAMAGED: Text("损坏", "damaged"),
    KeyState.RETURNED: Text("已收回", "returned"),
    KeyState.DESTROYED: Text("已销毁", "destroyed"),
}

# Every allowed move, and no other (GS 10(6), 12, 16). A lost key that is found comes back by a return.
MOVES: Mapping[KeyState, frozenset[KeyState]] = {
    KeyState.IN_STOCK: frozenset({KeyState.ISSUED, KeyState.LOST, KeyState.DESTROYED}),
    KeyState.ISSUED: frozenset({KeyState.BOUND, KeyState.LOST, KeyState.DAMAGED, KeyState.RETURNED}),
    KeyState.BOUND: frozenset({KeyState.LOST, KeyState.DAMAGED, KeyState.RETURNED}),
    KeyState.LOST: frozenset({KeyState.RETURNED}),
    KeyState.DAMAGED: frozenset({KeyState.LOST, KeyState.RETURNED}),
    KeyState.RETURNED: frozenset({KeyState.IN_STOCK, KeyState.LOST, KeyState.DESTROYED}),
    KeyState.DESTROYED: frozenset(),
}

HELD = frozenset({KeyState.ISSUED, KeyState.BOUND})  # opens the account, or is about to
OUT = HELD | {KeyState.DAMAGED}  # must still be handed in; a lost one cannot be (GS 10(6), 12)
SKEW = timedelta(seconds=60)  # Keycloak's clock and this product's differ by less.
NO_MODEL = "00000000-0000-0000-0000-000000000000"  # what an authenticator tells where no attestation is asked for
KEY_TYPES = frozenset({"webauthn", "webauthn-passwordless"})


def check_may_move(serial: str, former: KeyState, wanted: KeyState) -> None:
    """Raises KeyMoveError unless the table of moves has this one."""
    if wanted not in MOVES[former]:
        raise KeyMoveError(
            serial=serial,
            former=former.value,
            wanted=wanted.value,
            former_zh=STATE_NAMES[former].zh,
            wanted_zh=STATE_NAMES[wanted].zh,
        )


def check_texts(receipt: str | None, note: str) -> None:
    """Raises RefusedInputError unless there is a receipt number (None: none is asked for) and both texts fit."""
    problems = []
    if receipt is not None and not 0 < len(receipt.strip()) <= 64:
        problems.append(FieldProblem("receipt", "请填写回执编号（64字以内）", "give the receipt's number", "GS 16"))
    if len(note) > 256:
        problems.append(FieldProblem("note", "不超过256字", "at most 256 characters", "GS 16"))
    if problems:
        raise RefusedInputError(problems, clause="GS 16")


class Verdict(StrEnum):
    """What the inventory says of one credential of an account."""

    RIGHT = "right"  # the key bound to this account
    BIND = "bind"  # the first credential of the key issued to it
    FOREIGN = "foreign"  # a key of the inventory that this account does not hold
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class HeldKey:
    """The key an account holds, as the rules need it."""

    serial: str
    aaguid: str | None
    is_certificate: bool
    key_id: str | None
    issued_at: datetime


def fits_model(aaguid: str | None, told: str | None) -> bool:
    """Whether a credential that tells this model can be of the key. One that was not attested tells none."""
    return aaguid is None or told in (None, NO_MODEL) or told == aaguid


def is_attested(credential: IdpCredential) -> bool:
    return credential.aaguid not in (None, NO_MODEL)


def judge(
    credentials: Iterable[IdpCredential], held: HeldKey | None, inventory: Collection[str]
) -> list[tuple[IdpCredential, Verdict]]:
    """The verdict on each security-key credential of one account, oldest first.

    `inventory` holds every credentialId known of any key. A key whose credentialId is known is matched exactly; an
    issued one without takes the first credential of its model made since it was issued, and only one (H1).
    """
    found: list[tuple[IdpCredential, Verdict]] = []
    awaits = held is not None and held.key_id is None and not held.is_certificate
    for credential in sorted((c for c in credentials if c.type in KEY_TYPES), key=_age):
        if held is not None and held.key_id is not None and credential.key_id == held.key_id:
            found.append((credential, Verdict.RIGHT))
        elif credential.key_id in inventory:
            found.append((credential, Verdict.FOREIGN))
        elif held is not None and awaits and _is_first_of(held, credential):
            awaits = False
            found.append((credential, Verdict.BIND))
        else:
            found.append((credential, Verdict.UNKNOWN))
    return found


def _is_first_of(held: HeldKey, credential: IdpCredential) -> bool:
    made = credential.created_at
    recent = made is None or made >= held.issued_at - SKEW
    return recent and credential.key_id is not None and fits_model(held.aaguid, credential.aaguid)


def _age(credential: IdpCredential) -> tuple[float, str]:
    return (credential.created_at.timestamp() if credential.created_at else float("inf"), credential.id)
