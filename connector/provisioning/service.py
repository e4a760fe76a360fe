"""Turns decided changes into outbox steps. Writes rows only; Keycloak is touched by `handlers` when a step is run."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from connector.auth.act import Act
from connector.outbox import service as outbox
from connector.outbox.tables import StepRow
from connector.provisioning.passwords import REPLACE_PASSWORD
from connector.register import accounts, holds, people
from connector.register.tables import AccountRow, PermissionRow
from connector.regulations.vocabulary import AccountStatus
from connector.signals import service as signals
from connector.storage.tables import new_id

SWEEP_AFTER = timedelta(seconds=2)  # A token minted in the second of the freeze outlives the first sweep (measured).


def open_in_keycloak(
    act: Act, account: AccountRow, permissions: Sequence[PermissionRow], *, request_id: str, link: bool = True
) -> None:
    """Enqueues: create the user, grant its roles, mail the one-time link. Nothing has touched Keycloak yet (C1).

    Without `link` the caller orders it, after what must come before the person's first login.
    """
    _enqueue(act, account, "keycloak.create_user", request_id, {})
    grant_in_keycloak(act, account, permissions, request_id=request_id)
    if link:
        issue_link(act, account, request_id=request_id)


def grant_in_keycloak(act: Act, account: AccountRow, permissions: Sequence[PermissionRow], *, request_id: str) -> None:
    """Enqueues the client roles of these permissions, one step per subsystem (C3)."""
    for subsystem, roles in _by_subsystem(permissions).items():
        _enqueue(act, account, "keycloak.grant_roles", request_id, {"subsystem": subsystem, "roles": roles})


def withdraw_in_keycloak(
    act: Act, account: AccountRow, permissions: Sequence[PermissionRow], *, request_id: str
) -> None:
    """Enqueues the withdrawal of these permissions' client roles, then ends the sessions that still carry them."""
    for subsystem, roles in _by_subsystem(permissions).items():
        _enqueue(act, account, "keycloak.withdraw_roles", request_id, {"subsystem": subsystem, "roles": roles})
    if permissions:
        signals.announce(act, account, "sessions-revoked", cause="withdrawn", request_id=request_id)


def issue_link(act: Act, account: AccountRow, *, request_id: str) -> None:
    """Enqueues the mail with a one-time link to a new initial password (LC 7(1), JC 23).

    A person without a mail address gets his link from the operator (`trading-idp links issue`).
    """
    if people.get_person(act, account.person_id).mail:
        _enqueue(act, account, "link.issue", request_id, {})


def void_password(act: Act, account: AccountRow, *, cause: str = "", request_id: str | None = None) -> StepRow:
    """Enqueues a password that nobody knows; the person gets his own by a link when the account is in use (JC 23)."""
    return _enqueue(act, account, REPLACE_PASSWORD, request_id, {"cause": cause})


def require_password_change(act: Act, account: AccountRow, *, reason: str) -> list[int]:
    """Enqueues a forced password change at the next login (JC 25, GS 10(4)); returns the step's id."""
    step = _enqueue(act, account, "keycloak.require_actions", None, {"actions": ["UPDATE_PASSWORD"], "reason": reason})
    return [step.id]


def freeze_account(
    act: Act,
    account: AccountRow,
    *,
    cause: str,
    request_id: str | None = None,
    reason: str = "",
    status: AccountStatus = AccountStatus.FROZEN,
    until: datetime | None = None,
) -> list[int]:
    """Takes the account out of use at once: disable, log out, end offline sessions, verify, sweep again (GS 12-14).

    The steps stand in a lane of their own and are tried right after the commit by whoever ordered it, so a freeze
    never waits behind another step. Returns their ids.
    """
    accounts.set_status(act, account, status, cause=cause, request_id=request_id, until=until)
    return _take_out(act, [(account, reason)], cause=cause, request_id=request_id)


def freeze_accounts(act: Act, some: Sequence[tuple[AccountRow, str]], *, cause: str) -> list[int]:
    """As `freeze_account`, of many different accounts, each with its reason, in a few statements for all of them."""
    accounts.set_statuses(act, [account for account, _ in some], AccountStatus.FROZEN, cause=cause)
    return _take_out(act, some, cause=cause, request_id=None)


def enable_account(act: Act, account: AccountRow, *, cause: str, request_id: str | None) -> None:
    """Puts an account back into use: status active, then Keycloak is made to agree (roles as approved, enabled).

    Raises what holds the account (GS 13, GS 14, HH 4): no road leads past a case.
    """
    holds.check_not_held(act, account)
    accounts.set_status(act, account, AccountStatus.ACTIVE, cause=cause, request_id=request_id)
    _enqueue(act, account, "keycloak.create_user", request_id, {})
    grant_in_keycloak(act, account, accounts.list_grants(act, account), request_id=request_id or "")
    _enqueue(act, account, "keycloak.enable", request_id, {})
    signals.announce(act, account, "enabled", cause=cause, request_id=request_id)


def cancel_account(act: Act, account: AccountRow, *, request_id: str, delete: bool = True) -> list[int]:
    """Freeze, then delete in Keycloak (GS 10(6)); person, account and history stay in the register.

    Without `delete` it stays there, frozen, until `delete_account`: its key is still out.
    """
    ids = freeze_account(act, account, cause="cancel", request_id=request_id, status=AccountStatus.CANCELLED)
    accounts.withdraw_grants(act, account, [p.id for p in accounts.list_grants(act, account)], withdrawn_by=request_id)
    return [*ids, *(delete_account(act, account, request_id=request_id) if delete else ())]


def delete_account(act: Act, account: AccountRow, *, request_id: str | None) -> list[int]:
    """Deletes a cancelled account in Keycloak, and tells the subsystems."""
    step = _enqueue(act, account, "keycloak.delete_user", request_id, {})
    signals.announce(act, account, "purged", cause="cancel", request_id=request_id)
    return [step.id]


def _enqueue(act: Act, account: AccountRow, kind: str, request_id: str | None, payload: dict[str, object]) -> StepRow:
    return outbox.enqueue_for_account(act, kind, account.id, payload, request_id=request_id)


def _take_out(act: Act, some: Sequence[tuple[AccountRow, str]], *, cause: str, request_id: str | None) -> list[int]:
    """Enqueues freeze and sweep of each, and the signals; the freezes are urgent. Returns the ids of both."""
    steps = [
        _freeze_step(act, account, kind, mark, request_id, {"reason": reason, "cause": cause})
        for account, reason, mark in [(account, reason, new_id()) for account, reason in some]
        for kind in ("keycloak.freeze", "keycloak.sweep")
    ]
    ids = [step.id for step in outbox.enqueue_all(act, steps)]
    act.urgent.extend(ids[::2])
    signals.announce_all(act, [account for account, _ in some], "disabled", cause=cause, request_id=request_id)
    return ids


def _freeze_step(
    act: Act, account: AccountRow, kind: str, mark: str, request_id: str | None, payload: dict[str, str]
) -> StepRow:
    return outbox.make_step(
        act,
        kind,
        key=f"{kind}:{mark}",
        lane=f"freeze:{account.id}",
        payload=payload,
        account_id=account.id,
        request_id=request_id,
        due_at=act.now if kind == "keycloak.freeze" else act.now + SWEEP_AFTER,
    )


def _by_subsystem(permissions: Sequence[PermissionRow]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for permission in permissions:
        grouped.setdefault(permission.subsystem_id, []).append(permission.role)
    return grouped


def end_suspensions(act: Act, keeps_out: Callable[[Act, AccountRow], bool]) -> int:
    """Enables accounts whose suspension has run out; those for a violation wait for an approval (LC 7(3)).

    `keeps_out` says whether a reason of its own keeps an account out still, as a lost key does (GS 12). What a case
    holds stays suspended, and is looked at again with the next run.
    """
    over = act.session.scalars(
        select(AccountRow).where(
            AccountRow.status == AccountStatus.SUSPENDED.value, AccountRow.suspended_until <= act.now
        )
    )
    ended = 0
    for account in over.all():
        if accounts.present_cause(act, account) == "violation":
            continue
        locked = accounts.lock_account(act, account.id)
        if holds.find_hold(act, locked) is None and not keeps_out(act, locked):
            enable_account(act, locked, cause="suspension_over", request_id=None)
            ended += 1
    return ended
