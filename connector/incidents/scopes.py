"""Whom an order is about, who may give it, and the accounts it binds to. Reads the register; changes nothing."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, select

from connector.auth.act import Act
from connector.auth.actor import ActorKind
from connector.errors import NotFoundError
from connector.incidents.case_tables import CaseCreatedRow, CaseRow
from connector.keys.rules import HELD
from connector.keys.tables import HardwareKeyRow, KeyBatchRow
from connector.register import accounts, people, units
from connector.register.accounts import KEY_CAUSES
from connector.register.offices import check_holds, units_where
from connector.register.tables import (
    AccountRow,
    AccountStateRow,
    GrantRow,
    PermissionRow,
    PersonRow,
    SubsystemRow,
    UnitRow,
)
from connector.regulations.vocabulary import AccountStatus, Office

ANYBODY = (Office.SECURITY_ADMINISTRATOR, Office.PRINCIPAL)
OWN_UNIT = (Office.UNIT_HEAD, Office.LEADER_IN_CHARGE)
# A suspension ends by itself, and a freeze for a lost key ends with the next key (KEY_CAUSES): those are frozen as
# well; the other states are shut already.
FREEZABLE = (AccountStatus.ACTIVE, AccountStatus.SUSPENDED)
DOING = "冻结或解冻账号 / freeze or unfreeze accounts"


class ScopeKind(StrEnum):
    """What a freeze goes by (GS 12-14)."""

    PERSON = "person"
    UNIT = "unit"  # and everything below it
    SUBSYSTEM = "subsystem"  # everybody who holds a permission of it
    KEY_BATCH = "key_batch"  # everybody who holds a key of it
    INCIDENT = "incident"  # everybody whom the compromised account of a case created (GS 13)


@dataclass(frozen=True)
class Scope:
    """`value` is a user name, a unit's code, a subsystem's id, the number of a batch of keys or of a case."""

    kind: ScopeKind
    value: str


class LeftOut(StrEnum):
    """Why an account of the scope is not in the plan."""

    FROZEN = "frozen"
    DISABLED = "disabled"
    CANCELLED = "cancelled"
    OWN = "own"  # Nobody shuts himself out with a crowd; a second officer may freeze him by name.


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One account of a scope. `subsystems` are those it holds a permission of; `until` is a suspension's end."""

    account_id: str
    person_id: str
    user_name: str
    person_name: str
    unit_code: str
    unit_name: str
    status: AccountStatus
    cause: str
    until: datetime | None
    subsystems: tuple[str, ...] = ()
    left_out: LeftOut | None = None


def name_of(act: Act, scope: Scope) -> str:
    """What people call the scope; raises NotFoundError when there is no such thing."""
    if scope.kind is ScopeKind.PERSON:
        return people.get_person(act, accounts.get_by_user_name(act, scope.value).person_id).name
    if scope.kind is ScopeKind.UNIT:
        return units.get_unit(act, scope.value).name
    if scope.kind is ScopeKind.SUBSYSTEM:
        return _subsystem(act, scope.value).name
    return _case(act, scope.value).number if scope.kind is ScopeKind.INCIDENT else _key_batch(act, scope.value).number


def check_may_order(act: Act, scope: Scope) -> None:
    """Raises ForbiddenError unless the actor's office reaches this far (GS 12-14).

    Security administrator and principal: everybody. Unit head and leader in charge: persons and units within their
    own. Key custodian: batches of keys. The operator of the machine: everybody, by command.
    """
    if act.actor.kind is ActorKind.HOST or units_where(act, ANYBODY):
        return
    if scope.kind is ScopeKind.PERSON:
        person = people.get_person(act, accounts.get_by_user_name(act, scope.value).person_id)
        check_holds(act, *ANYBODY, *OWN_UNIT, unit_id=person.unit_id, doing=DOING)
    elif scope.kind is ScopeKind.UNIT:
        check_holds(act, *ANYBODY, *OWN_UNIT, unit_id=units.get_unit(act, scope.value).id, doing=DOING)
    elif scope.kind is ScopeKind.KEY_BATCH:
        check_holds(act, *ANYBODY, Office.KEY_CUSTODIAN, doing=DOING)
    else:
        check_holds(act, *ANYBODY, doing=DOING)


def candidates(act: Act, scope: Scope, *, own_person_id: str | None) -> list[Candidate]:
    """Every account of the scope, by unit and user name; those that stay out of a freeze say why.

    `own_person_id` is who gives the order: he stays out unless he is named himself.
    """
    found = _found(act, _condition(act, scope))
    spared = own_person_id if scope.kind is not ScopeKind.PERSON else None
    return [replace(one, left_out=_why_left_out(one, spared)) for one in found]


def frozen_by(act: Act, cause: str) -> list[Candidate]:
    """The accounts that are frozen for this cause and no other."""
    return _found(act, and_(AccountRow.status == AccountStatus.FROZEN.value, AccountStateRow.cause == cause))


def plan_hash(subject: str, plan: Iterable[Candidate]) -> str:
    """Digest (hex SHA-256) of what is to be done to whom: who confirms it confirms this list and no other."""
    content = [subject, sorted((one.account_id, one.status.value) for one in plan)]
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()


def _why_left_out(one: Candidate, spared: str | None) -> LeftOut | None:
    if one.status not in FREEZABLE and one.cause not in KEY_CAUSES:
        return LeftOut(one.status.value)
    return LeftOut.OWN if one.person_id == spared else None


def _subsystem(act: Act, subsystem_id: str) -> SubsystemRow:
    row = act.session.get(SubsystemRow, subsystem_id)
    if row is None:
        raise NotFoundError(kind="子系统 (subsystem)", name=subsystem_id)
    return row


def _condition(act: Act, scope: Scope) -> ColumnElement[bool]:
    if scope.kind is ScopeKind.PERSON:
        return AccountRow.id == accounts.get_by_user_name(act, scope.value).id
    if scope.kind is ScopeKind.UNIT:
        return UnitRow.path.startswith(units.get_unit(act, scope.value).path, autoescape=True)
    if scope.kind is ScopeKind.SUBSYSTEM:
        return AccountRow.id.in_(_holders_of(_subsystem(act, scope.value).id))
    if scope.kind is ScopeKind.INCIDENT:
        case = _case(act, scope.value)
        return AccountRow.id.in_(select(CaseCreatedRow.account_id).where(CaseCreatedRow.case_id == case.id))
    return AccountRow.id.in_(_key_holders(_key_batch(act, scope.value)))


def _case(act: Act, number: str) -> CaseRow:
    row = act.session.scalar(select(CaseRow).where(CaseRow.number == number))
    if row is None:
        raise NotFoundError(kind="案件 (case)", name=number)
    return row


def _holders_of(subsystem_id: str) -> Select[str]:
    return (
        select(GrantRow.account_id)
        .join(PermissionRow, PermissionRow.id == GrantRow.permission_id)
        .where(GrantRow.until.is_(None), PermissionRow.subsystem_id == subsystem_id)
    )


def _key_batch(act: Act, number: str) -> KeyBatchRow:
    row = act.session.scalars(select(KeyBatchRow).where(KeyBatchRow.number == number)).one_or_none()
    if row is None:
        raise NotFoundError(kind="密钥批次 (batch of keys)", name=number)
    return row


def _key_holders(batch: KeyBatchRow) -> Select[str | None]:
    return select(HardwareKeyRow.account_id).where(
        HardwareKeyRow.batch_id == batch.id, HardwareKeyRow.status.in_([state.value for state in HELD])
    )


def _found(act: Act, condition: ColumnElement[bool]) -> list[Candidate]:
    accounts_of = (
        select(AccountRow, PersonRow, UnitRow, AccountStateRow.cause)
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .join(UnitRow, UnitRow.id == PersonRow.unit_id)
        .outerjoin(AccountStateRow, and_(AccountStateRow.account_id == AccountRow.id, AccountStateRow.until.is_(None)))
        .where(condition)
    )
    systems = _systems(act, accounts_of.with_only_columns(AccountRow.id, maintain_column_froms=True))
    return [
        Candidate(
            account_id=account.id,
            person_id=person.id,
            user_name=account.user_name,
            person_name=person.name,
            unit_code=unit.code,
            unit_name=unit.name,
            status=AccountStatus(account.status),
            cause=cause or "",
            until=account.suspended_until,
            subsystems=tuple(sorted(systems[account.id])),
        )
        for account, person, unit, cause in act.session.execute(
            accounts_of.order_by(UnitRow.path, AccountRow.user_name)
        )
    ]


def _systems(act: Act, account_ids: Select[str]) -> dict[str, set[str]]:
    statement = (
        select(GrantRow.account_id, PermissionRow.subsystem_id)
        .join(PermissionRow, PermissionRow.id == GrantRow.permission_id)
        .where(GrantRow.until.is_(None), GrantRow.account_id.in_(account_ids))
        .distinct()
    )
    held: dict[str, set[str]] = defaultdict(set)
    for account_id, subsystem_id in act.session.execute(statement):
        held[account_id].add(subsystem_id)
    return held
