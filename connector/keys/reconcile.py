"""Compares Keycloak's credentials with the inventory, user by user: binds what is right, alarms and removes the rest.

Credentials are read outside any transaction; what they mean is decided in one, upon the inventory as it is then (H1).
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import select

from connector.auth.act import Act
from connector.keys import binding, changes, findings, steps, store, waivers
from connector.keys.findings import Policy
from connector.keys.rules import KeyState, Verdict, is_attested, judge
from connector.keys.tables import HardwareKeyRow
from connector.outbox.tables import StepRow
from connector.ports import IdentityProvider, IdpCredential, UnknownUserError
from connector.register.tables import AccountRow

OpenAct = Callable[[], AbstractContextManager[Act]]
CHUNK = 50  # users read before their transaction
PASS_COUNT = 100  # users of the slow pass in one run: 20,000 accounts take little more than three hours


@dataclass
class Reconciled:
    """What one run did."""

    checked: int = 0
    bound: int = 0
    unwanted: int = 0
    missing: int = 0
    waivers_ended: int = 0


def reconcile(
    idp: IdentityProvider, open_act: OpenAct, *, policy: Policy = "remove", count: int = PASS_COUNT
) -> Reconciled:
    """One run: whoever changed since the last one, then the next `count` of everybody. Ends the waivers that are due.

    Raises KeycloakUnavailableError; what was looked at until then is stored, and the next run begins at the same place.
    """
    done = Reconciled()
    with open_act() as act:
        done.waivers_ended = waivers.end_due_waivers(act)
    with open_act() as act:
        _write_waiting_certificates(act)
        read_to = changes.complete_until(act)
        changed = changes.changed_since(act, changes.get_pass(act, changes.CHANGES).read_to)
        everybody = changes.next_of_everybody(act, count)
    users = list(dict.fromkeys([*changed, *everybody]))
    for start in range(0, len(users), CHUNK):
        check_users(idp, open_act, users[start : start + CHUNK], done, policy)
    with open_act() as act:
        changes.advance(act, read_to=read_to, everybody=everybody, count=count)
    return done


def check_users(
    idp: IdentityProvider, open_act: OpenAct, user_ids: Sequence[str], done: Reconciled, policy: Policy
) -> None:
    """Looks at these users of Keycloak now; those that the register does not know are left out."""
    with open_act() as act:
        known = list(act.session.scalars(select(AccountRow.keycloak_id).where(AccountRow.keycloak_id.in_(user_ids))))
    seen = {user_id: _ask(idp, user_id) for user_id in known if user_id}
    with open_act() as act:
        for user_id, credentials in seen.items():
            account = act.session.scalar(select(AccountRow).where(AccountRow.keycloak_id == user_id))
            if account is not None and credentials is not None:
                _settle(act, account, credentials, done, policy)


def _ask(idp: IdentityProvider, user_id: str) -> list[IdpCredential] | None:
    try:
        return idp.list_credentials(user_id)
    except UnknownUserError:
        return None  # Deleted there: that is for the reconciliation of accounts.


def _settle(
    act: Act, account: AccountRow, credentials: Sequence[IdpCredential], done: Reconciled, policy: Policy
) -> None:
    done.checked += 1
    key = store.find_of(act, account.id)
    owners = _owners(act, [c.key_id for c in credentials if c.key_id])
    unsettled: set[str] = set()
    for credential, verdict in judge(credentials, store.as_held(key), owners):
        # Keycloak's own id stands for a credential whose data cannot be read.
        key_id = credential.key_id or credential.id
        if verdict in (Verdict.UNKNOWN, Verdict.FOREIGN):
            unsettled.add(key_id)
            done.unwanted += findings.note_unwanted(
                act, account, key_id, kind=verdict.value, serial=owners.get(key_id), policy=policy
            )
        elif key is not None and key.status == KeyState.ISSUED:
            binding.bind_key(act, key, key_id, attested=is_attested(credential))
            done.bound += 1
    if key is not None and _is_missing(act, key, credentials):
        unsettled.add(str(key.key_id))
        done.missing += findings.note_missing(act, account, str(key.key_id), key.serial)
    findings.close_settled(act, account.id, unsettled)


def _is_missing(act: Act, key: HardwareKeyRow, credentials: Sequence[IdpCredential]) -> bool:
    """A key bound before this run began, and whose credential is not there any more."""
    if key.status != KeyState.BOUND or key.key_id is None or key.bound_at is None or key.bound_at >= act.now:
        return False
    return all(credential.key_id != key.key_id for credential in credentials)


def _owners(act: Act, key_ids: Sequence[str]) -> dict[str, str]:
    """Serial numbers of the keys of the inventory that have these credentialIds."""
    if not key_ids:
        return {}
    wanted = select(HardwareKeyRow.key_id, HardwareKeyRow.serial).where(HardwareKeyRow.key_id.in_(key_ids))
    return {str(key_id): serial for key_id, serial in act.session.execute(wanted)}


def _write_waiting_certificates(act: Act) -> None:
    """Orders keySerial for keys issued before Keycloak had the user."""
    written = select(StepRow.account_id).where(StepRow.kind == steps.UPDATE_USER, StepRow.state != "done")
    waiting = (
        select(AccountRow)
        .join(HardwareKeyRow, HardwareKeyRow.account_id == AccountRow.id)
        .where(
            HardwareKeyRow.status == KeyState.ISSUED.value,
            HardwareKeyRow.cert_serial.is_not(None),
            AccountRow.keycloak_id.is_not(None),
            AccountRow.id.not_in(written.where(StepRow.account_id.is_not(None))),
        )
    )
    for account in act.session.scalars(waiting).all():
        steps.update_user(act, account)
