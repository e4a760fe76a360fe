"""Whose credentials may have changed: read from the mirror of Keycloak's events and from the register, never from
Keycloak, which answers a few hundred credential calls a second."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select

from connector.activity.cursor import OVERLAP
from connector.activity.tables import CursorRow, IdpEventRow
from connector.auth.act import Act
from connector.keys.tables import HardwareKeyRow, KeyPassRow
from connector.register.tables import AccountRow

CHANGES, EVERYBODY = "changes", "everybody"
CREDENTIAL_EVENTS = ("UPDATE_CREDENTIAL", "REMOVE_CREDENTIAL", "CUSTOM_REQUIRED_ACTION", "REGISTER", "RESET_PASSWORD")
FIRST_LOOK = timedelta(days=1)  # What is older is found by the slow pass.
USED_KEY = "public_key_credential_id"  # in the details of a login by security key


def complete_until(act: Act) -> datetime | None:
    """Up to when the mirror has every event; None before it has read both kinds."""
    read = list(act.session.scalars(select(CursorRow.read_at)))
    return min(read) - OVERLAP if len(read) == 2 else None


def changed_since(act: Act, since: datetime | None) -> list[str]:
    """Keycloak ids of the users whose credentials somebody changed, or who logged in by a key not bound to them."""
    by_hand = and_(
        IdpEventRow.kind == "admin",
        or_(IdpEventRow.type.in_(("UPDATE:USER", "CREATE:USER")), IdpEventRow.resource_path.contains("/credentials")),
    )
    wanted = (
        select(IdpEventRow.user_id, IdpEventRow.type, IdpEventRow.details)
        .where(
            IdpEventRow.user_id.is_not(None),
            IdpEventRow.error.is_(None),
            IdpEventRow.at >= (since or act.now - FIRST_LOOK) - OVERLAP,
            or_(by_hand, IdpEventRow.type.in_((*CREDENTIAL_EVENTS, "LOGIN"))),
        )
        .order_by(IdpEventRow.at)
    )
    changed: dict[str, None] = {}
    logins: list[tuple[str, str]] = []
    for user_id, kind, details in act.session.execute(wanted):
        if kind == "LOGIN":
            logins += [(str(user_id), details[USED_KEY])] if USED_KEY in details else []
        elif not details.get("by_us"):
            changed[str(user_id)] = None
    changed.update(dict.fromkeys(_by_wrong_key(act, logins)))
    return list(changed)


def _by_wrong_key(act: Act, logins: Iterable[tuple[str, str]]) -> list[str]:
    used = set(logins)
    bound = (
        select(AccountRow.keycloak_id, HardwareKeyRow.key_id)
        .join(AccountRow, AccountRow.id == HardwareKeyRow.account_id)
        .where(HardwareKeyRow.status == "bound", HardwareKeyRow.key_id.in_({key_id for _, key_id in used}))
    )
    right = {(str(user), str(key)) for user, key in act.session.execute(bound)} if used else set()
    return sorted({user for user, _ in used - right})


def next_of_everybody(act: Act, count: int) -> list[str]:
    """The next users of the slow pass over all accounts, by Keycloak id; from the beginning when it has ended."""
    row = get_pass(act, EVERYBODY)
    wanted = select(AccountRow.keycloak_id).where(AccountRow.keycloak_id.is_not(None))
    if row.position is not None:
        wanted = wanted.where(AccountRow.keycloak_id > row.position)
    return [str(found) for found in act.session.scalars(wanted.order_by(AccountRow.keycloak_id).limit(count))]


def advance(act: Act, *, read_to: datetime | None, everybody: list[str], count: int) -> None:
    """Notes how far both passes have come, after what they named was looked at."""
    if read_to is not None:
        get_pass(act, CHANGES).read_to = read_to
    row = get_pass(act, EVERYBODY)
    row.position = everybody[-1] if len(everybody) == count else None
    row.finished_at = row.finished_at if len(everybody) == count else act.now


def get_pass(act: Act, name: str) -> KeyPassRow:
    """The row of this pass, made when it is missing."""
    row = act.session.get(KeyPassRow, name, with_for_update=True)
    if row is None:
        row = KeyPassRow(name=name)
        act.session.add(row)
        act.session.flush()
    return row
