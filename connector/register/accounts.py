"""Opens accounts and keeps their status and permissions with history. Writes the register only, never Keycloak."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.errors import NotFoundError, Text
from connector.register import catalogue, separated, units, user_names
from connector.register.errors import SecondAccountError
from connector.register.tables import AccountRow, AccountStateRow, GrantRow, PermissionRow, PersonRow, UnitRow
from connector.regulations.vocabulary import AccountClass, AccountPurpose, AccountStatus
from connector.storage.batches import in_batches

STATUS_NAMES: dict[AccountStatus, Text] = {
    AccountStatus.ACTIVE: Text("启用", "active"),
    AccountStatus.SUSPENDED: Text("暂停", "suspended"),
    AccountStatus.DISABLED: Text("禁用", "disabled"),
    AccountStatus.FROZEN: Text("冻结", "frozen"),
    AccountStatus.CANCELLED: Text("注销", "cancelled"),
}
KEY_CAUSES = ("key_lost", "key_damaged")  # of a freeze; a new key ends such a freeze and no other (GS 12)
# Version of what the entries on accounts tell: from 2 on everything that the ledger needs (unit, purpose, end), so that
# it can be rebuilt from the record. An entry without `v` is of version 1, and what it does not tell stays unknown.
TOLD = 2
PAPER = "paper:"  # What opened or granted is a paper of the founding list, not a request.


def open_account(
    act: Act,
    person: PersonRow,
    *,
    account_class: AccountClass,
    opened_by: str,
    purpose: AccountPurpose = AccountPurpose.ORDINARY,
    valid_until: datetime | None = None,
) -> AccountRow:
    """Opens the one account of `person`, active, under the next user name of his unit (A2, A4; LC 5(3), GS 10(1)).

    `opened_by` is a request id, or "paper:NUMBER"; `valid_until` the end that was approved (JC 18, JC 21). Raises
    SecondAccountError (409) when the person has an account of whatever status, also when another transaction is
    opening it at the same moment.
    """
    unit = _lock_unit(act, person.unit_id)
    check_no_account(act, person)
    separated.lock_person(act, person.id)
    separated.check_class_fits(act, account_class, separated.open_offices(act, person.id))
    account = AccountRow(
        person_id=person.id,
        user_name=user_names.next_user_name(act, unit),
        account_class=account_class.value,
        status=AccountStatus.ACTIVE.value,
        opened_at=act.now,
        opened_by=opened_by,
        purpose=purpose.value,
        valid_until=valid_until,
    )
    _store_only_account(act, account, person)
    _open_states(act, [account], cause="opened", request_id=request_of(opened_by))
    audit.record(
        act, Event.ACCOUNT_OPENED, f"account:{account.id}", person_id=person.id, account_id=account.id,
        request_id=request_of(opened_by), opened_by=opened_by,
        user_name=account.user_name, account_class=account_class.value,
        v=TOLD, unit=unit.code, purpose=purpose.value, valid_until=valid_until.isoformat() if valid_until else None,
    )  # fmt: skip
    return account


def _store_only_account(act: Act, account: AccountRow, person: PersonRow) -> None:
    """Another transaction may have opened one since the check: the database says so, and is told as the check would."""
    try:
        with act.session.begin_nested():
            act.session.add(account)
    except IntegrityError as error:
        check_no_account(act, person)
        raise separated.refusal_of(error) or error from error


def check_no_account(act: Act, person: PersonRow) -> None:
    """Raises SecondAccountError when the person has an account, naming its unit and status only (LC 5(3), JC 12)."""
    existing = find_by_person(act, person.id)
    if existing is None:
        return
    name = STATUS_NAMES[AccountStatus(existing.status)]
    unit = units.get_unit_by_id(act, person.unit_id)
    raise SecondAccountError(unit=unit.name, status=name.en, status_zh=name.zh)


def get_account(act: Act, account_id: str) -> AccountRow:
    """The account with this id; raises NotFoundError."""
    account = act.session.get(AccountRow, account_id)
    if account is None:
        raise NotFoundError(kind="账号 (account)", name=account_id)
    return account


def lock_account(act: Act, account_id: str) -> AccountRow:
    """The account as it is now, locked until the end of the transaction; raises NotFoundError."""
    statement = select(AccountRow).where(AccountRow.id == account_id).with_for_update()
    account = act.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if account is None:
        raise NotFoundError(kind="账号 (account)", name=account_id)
    return account


def lock_accounts(act: Act, ids: Sequence[str]) -> dict[str, AccountRow]:
    """These accounts as they are now, by id, locked in one order, so that two who lock many wait and never block."""
    found: dict[str, AccountRow] = {}
    for some in in_batches(ids):
        rows = select(AccountRow).where(AccountRow.id.in_(some)).order_by(AccountRow.id).with_for_update()
        locked = act.session.scalars(rows.execution_options(populate_existing=True))
        found |= {row.id: row for row in locked}
    return found


def find_by_user_name(act: Act, name: str) -> AccountRow | None:
    """The account with this user name; user names are lower case."""
    return act.session.scalars(select(AccountRow).where(AccountRow.user_name == name.strip().lower())).one_or_none()


def get_by_user_name(act: Act, name: str) -> AccountRow:
    """The account with this user name; raises NotFoundError."""
    account = find_by_user_name(act, name)
    if account is None:
        raise NotFoundError(kind="账号 (account)", name=name)
    return account


def present_cause(act: Act, account: AccountRow) -> str:
    """Why the account has its present status, for example "violation" (LC 7(3)); "" when nothing is written."""
    statement = select(AccountStateRow.cause).where(
        AccountStateRow.account_id == account.id, AccountStateRow.until.is_(None)
    )
    return act.session.scalar(statement) or ""


def back_since(session: Session, account_id: str) -> datetime | None:
    """Since when the account has had its present status, unless that is its first one: then it was never away."""
    statement = select(AccountStateRow.since).where(AccountStateRow.account_id == account_id)
    states = session.scalars(statement.order_by(AccountStateRow.id.desc()).limit(2)).all()
    return states[0] if len(states) == 2 else None


def is_frozen_for_key(act: Act, account: AccountRow) -> bool:
    """Whether nothing but a lost or damaged key keeps the account frozen: the new key will end it (GS 12)."""
    return account.status == AccountStatus.FROZEN and present_cause(act, account) in KEY_CAUSES


def find_by_person(act: Act, person_id: str) -> AccountRow | None:
    """The one account of this person, of whatever status."""
    return act.session.scalars(select(AccountRow).where(AccountRow.person_id == person_id)).one_or_none()


def set_status(
    act: Act,
    account: AccountRow,
    status: AccountStatus,
    *,
    cause: str,
    request_id: str | None = None,
    until: datetime | None = None,
) -> None:
    """Changes the status, with its history row and its audit entry in the same transaction (A5; JC 15).

    `until` is the end of a suspension (LC 7(3)). A status that already stands, with the same end, changes nothing,
    unless a weightier cause takes the place of a lost key, or goes again: a freeze for a key ends with the next one
    (GS 12).
    """
    set_statuses(act, [account], status, cause=cause, request_id=request_id, until=until)


def set_statuses(
    act: Act,
    some: Sequence[AccountRow],
    status: AccountStatus,
    *,
    cause: str,
    request_id: str | None = None,
    until: datetime | None = None,
) -> None:
    """As `set_status`, of different accounts at once: their history costs one statement and not one for each."""

    def stands(account: AccountRow) -> bool:
        if account.status != status.value or account.suspended_until != until:
            return False
        return status != AccountStatus.FROZEN or is_frozen_for_key(act, account) == (cause in KEY_CAUSES)

    changed = [account for account in some if not stands(account)]
    for account in changed:
        audit.record(
            act, Event.ACCOUNT_STATUS_CHANGED, f"account:{account.id}", person_id=account.person_id,
            account_id=account.id, request_id=request_id, former=account.status, status=status.value, cause=cause,
            until=until.isoformat() if until else None, v=TOLD, purpose=account.purpose,
            valid_until=account.valid_until.isoformat() if account.valid_until else None,
        )  # fmt: skip
        account.status, account.suspended_until = status.value, until
    if changed:
        _open_states(act, changed, cause=cause, request_id=request_id)


def list_grants(act: Act, account: AccountRow) -> list[PermissionRow]:
    """The permissions that the account holds now, ordered by id."""
    statement = (
        select(PermissionRow)
        .join(GrantRow, GrantRow.permission_id == PermissionRow.id)
        .where(GrantRow.account_id == account.id, GrantRow.until.is_(None))
        .order_by(PermissionRow.id)
    )
    return list(act.session.scalars(statement))


def add_grants(act: Act, account: AccountRow, permission_ids: Iterable[str], *, granted_by: str) -> list[PermissionRow]:
    """Gives the permissions the account does not hold yet and returns only those (C3).

    `granted_by` is a request id, or "paper:NUMBER". Raises UnknownPermissionError and AdministratorAloneError (GS 9)
    before anything is stored.
    """
    wanted = catalogue.check_permissions(act, permission_ids)
    if wanted:
        separated.lock_person(act, account.person_id)
        separated.check_may_be_granted(
            act,
            account_class=AccountClass(account.account_class),
            person_id=account.person_id,
            workflow_roles={permission.workflow_role for permission in wanted},
        )
    held = {permission.id for permission in list_grants(act, account)}
    added = [permission for permission in wanted if permission.id not in held]
    if added:
        act.session.add_all(
            GrantRow(account_id=account.id, permission_id=permission.id, granted_by=granted_by, since=act.now)
            for permission in added
        )
        act.session.flush()
        _record_grants(act, Event.GRANT_ADDED, account, added, by=granted_by)
    return added


def withdraw_grants(
    act: Act, account: AccountRow, permission_ids: Iterable[str], *, withdrawn_by: str
) -> list[PermissionRow]:
    """Takes away those of the permissions that the account holds and returns only those; the history stays (JC 15)."""
    wanted = {permission.id for permission in catalogue.check_permissions(act, permission_ids)}
    taken = [permission for permission in list_grants(act, account) if permission.id in wanted]
    if taken:
        act.session.execute(
            update(GrantRow)
            .where(
                GrantRow.account_id == account.id,
                GrantRow.permission_id.in_([permission.id for permission in taken]),
                GrantRow.until.is_(None),
            )
            .values(until=act.now, withdrawn_by=withdrawn_by)
        )
        _record_grants(act, Event.GRANT_WITHDRAWN, account, taken, by=withdrawn_by)
    return taken


def request_of(source: str) -> str | None:
    """The request id in `opened_by`, `granted_by` or `withdrawn_by`; None when a paper stands there."""
    return None if source.startswith(PAPER) else source


def _lock_unit(act: Act, unit_id: str) -> UnitRow:
    statement = select(UnitRow).where(UnitRow.id == unit_id).with_for_update()
    return act.session.scalars(statement.execution_options(populate_existing=True)).one()


def _open_states(act: Act, some: Sequence[AccountRow], *, cause: str, request_id: str | None) -> None:
    # The former states are closed by a statement of its own: the session would insert before it updates,
    # and two open states of one account are refused by the database.
    for ids in in_batches([account.id for account in some]):
        former = update(AccountStateRow).where(AccountStateRow.account_id.in_(ids), AccountStateRow.until.is_(None))
        act.session.execute(former.values(until=act.now))
    act.session.add_all(
        AccountStateRow(account_id=account.id, status=account.status, cause=cause, request_id=request_id, since=act.now)
        for account in some
    )
    act.session.flush()


def _record_grants(act: Act, event: Event, account: AccountRow, permissions: list[PermissionRow], *, by: str) -> None:
    audit.record(
        act, event, f"account:{account.id}", person_id=account.person_id, account_id=account.id,
        request_id=request_of(by), by=by, permissions=[permission.id for permission in permissions],
    )  # fmt: skip
