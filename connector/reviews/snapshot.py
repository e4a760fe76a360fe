"""What a quarter's filing says: accounts, permissions, tables of posts at its end, and its clean-up list (JC 19).

Read from the histories of the register as of the quarter's end, so that the same quarter gives the same rows whenever
it is prepared. Numbers of documents are masked. Reads only.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from connector.auth.act import Act
from connector.register.accounts import STATUS_NAMES, request_of
from connector.register.names import CLASS_NAMES
from connector.register.tables import (
    AccountRow,
    AccountStateRow,
    GrantRow,
    MatrixLineRow,
    MatrixRow,
    PermissionRow,
    PersonRow,
    SubsystemRow,
    UnitRow,
)
from connector.regulations.calendar import SHANGHAI
from connector.regulations.vocabulary import AccountStatus
from connector.requests.tables import RequestRow
from connector.reviews.periods import Period
from connector.storage.batches import in_batches

Line = Mapping[str, Any]
OUT_OF_USE = (AccountStatus.DISABLED, AccountStatus.CANCELLED, AccountStatus.SUSPENDED, AccountStatus.FROZEN)
ANNEX_3 = ("系统名称", "科室", "使用人", "使用账户", "账号类型", "处理方式")  # word for word, JC annex 3
NO_SYSTEM = "（无系统权限）"


class Snapshot(NamedTuple):
    """The rows of one quarter, each kind in a fixed order."""

    accounts: Sequence[Line]
    permissions: Sequence[Line]
    matrix: Sequence[Line]
    cleanup: Sequence[Line]


class Difference(NamedTuple):
    """What changed against the quarter before."""

    accounts_added: Sequence[Line]
    accounts_removed: Sequence[Line]
    accounts_changed: Sequence[Line]
    permissions_added: Sequence[Line]
    permissions_removed: Sequence[Line]


def take_snapshot(act: Act, period: Period) -> Snapshot:
    """The quarter as the register's histories tell it."""
    end = period.end
    numbers = _Sources(act)
    return Snapshot(
        _accounts(act, end, numbers), _permissions(act, end, numbers), _matrix(act, end, numbers), _cleanup(act, period)
    )


def difference(before: Sequence[Line], held_before: Sequence[Line], now: Snapshot) -> Difference:
    """Pure: accounts by user name, permissions by user name and id."""
    old, new = {row["user_name"]: row for row in before}, {row["user_name"]: row for row in now.accounts}
    had = {(row["user_name"], row["permission"]): row for row in held_before}
    has = {(row["user_name"], row["permission"]): row for row in now.permissions}
    compared = ("status", "account_class", "unit_code", "purpose")
    changed = [
        {"user_name": name, "what": field, "before": old[name][field], "now": new[name][field]}
        for name in sorted(old.keys() & new.keys())
        for field in compared
        if old[name][field] != new[name][field]
    ]
    return Difference(
        [new[name] for name in sorted(new.keys() - old.keys())],
        [old[name] for name in sorted(old.keys() - new.keys())],
        changed,
        [has[key] for key in sorted(has.keys() - had.keys())],
        [had[key] for key in sorted(had.keys() - has.keys())],
    )


class _Sources:
    """Numbers of the requests that opened or granted; a paper stands for itself."""

    def __init__(self, act: Act) -> None:
        self._act = act
        self._known: dict[str, str] = {}

    def learn(self, sources: Sequence[str]) -> None:
        wanted = {source for source in sources if request_of(source)} - self._known.keys()
        for some in in_batches(wanted):
            rows = self._act.session.execute(select(RequestRow.id, RequestRow.number).where(RequestRow.id.in_(some)))
            self._known.update({request_id: number for request_id, number in rows})

    def name(self, source: str) -> str:
        return self._known.get(source, source)


def _at(
    end: datetime, since: InstrumentedAttribute[datetime], until: InstrumentedAttribute[datetime | None]
) -> ColumnElement[bool]:
    return and_(since < end, or_(until.is_(None), until >= end))


def _accounts(act: Act, end: datetime, numbers: _Sources) -> list[Line]:
    rows = act.session.execute(
        select(AccountRow, AccountStateRow, PersonRow, UnitRow)
        .join(AccountStateRow, AccountStateRow.account_id == AccountRow.id)
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .join(UnitRow, UnitRow.id == PersonRow.unit_id)
        .where(
            _at(end, AccountStateRow.since, AccountStateRow.until),
            AccountStateRow.status != AccountStatus.CANCELLED.value,
        )
        .order_by(AccountRow.user_name)
    ).all()
    numbers.learn([row.AccountRow.opened_by for row in rows])
    return [
        {
            "user_name": account.user_name,
            "person": person.name,
            "document": person.document_masked,
            "unit_code": unit.code,
            "unit": unit.name,
            "post": person.post,
            "account_class": account.account_class,
            "status": state.status,
            "status_since": _local(state.since),
            "purpose": account.purpose,
            "opened_at": _local(account.opened_at),
            "opened_by": numbers.name(account.opened_by),
        }
        for account, state, person, unit in rows
    ]


def _permissions(act: Act, end: datetime, numbers: _Sources) -> list[Line]:
    rows = act.session.execute(
        select(AccountRow.user_name, GrantRow, PermissionRow, SubsystemRow.name)
        .join(GrantRow, GrantRow.account_id == AccountRow.id)
        .join(PermissionRow, PermissionRow.id == GrantRow.permission_id)
        .join(SubsystemRow, SubsystemRow.id == PermissionRow.subsystem_id)
        .where(_at(end, GrantRow.since, GrantRow.until))
        .order_by(AccountRow.user_name, PermissionRow.id)
    ).all()
    numbers.learn([grant.granted_by for _, grant, _, _ in rows])
    return [
        {
            "user_name": user_name,
            "permission": permission.id,
            "system": system,
            "module": permission.module,
            "workflow_role": permission.workflow_role,
            "sensitive": permission.sensitive,
            "since": _local(grant.since),
            "granted_by": numbers.name(grant.granted_by),
        }
        for user_name, grant, permission, system in rows
    ]


def _matrix(act: Act, end: datetime, numbers: _Sources) -> list[Line]:
    rows = act.session.execute(
        select(UnitRow.code, UnitRow.name, MatrixRow, MatrixLineRow)
        .join(MatrixRow, MatrixRow.unit_id == UnitRow.id)
        .join(MatrixLineRow, MatrixLineRow.matrix_id == MatrixRow.id)
        .where(_at(end, MatrixRow.since, MatrixRow.until))
        .order_by(UnitRow.code, MatrixLineRow.post, MatrixLineRow.permission_id)
    ).all()
    numbers.learn([matrix.adopted_by for _, _, matrix, _ in rows])
    return [
        {
            "unit_code": code,
            "unit": name,
            "version": matrix.version,
            "post": line.post,
            "permission": line.permission_id,
            "adopted_by": numbers.name(matrix.adopted_by),
        }
        for code, name, matrix, line in rows
    ]


def _cleanup(act: Act, period: Period) -> list[Line]:
    """JC annex 3: who went out of use in the quarter and stayed so, one line for each system he had a permission in."""
    rows = act.session.execute(
        select(AccountRow, AccountStateRow, PersonRow.name, UnitRow.name)
        .join(AccountStateRow, AccountStateRow.account_id == AccountRow.id)
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .join(UnitRow, UnitRow.id == PersonRow.unit_id)
        .where(
            AccountStateRow.status.in_([status.value for status in OUT_OF_USE]),
            AccountStateRow.since >= period.start,
            _at(period.end, AccountStateRow.since, AccountStateRow.until),
        )
        .order_by(AccountRow.user_name)
    ).all()
    return [
        dict(
            zip(
                ANNEX_3,
                (
                    system,
                    unit,
                    person,
                    account.user_name,
                    CLASS_NAMES[account.account_class].zh,
                    STATUS_NAMES[AccountStatus(state.status)].zh,
                ),
                strict=True,
            )
        )
        for account, state, person, unit in rows
        for system in _systems(act, account.id, state.since)
    ]


def _systems(act: Act, account_id: str, moment: datetime) -> list[str]:
    rows = act.session.scalars(
        select(SubsystemRow.name)
        .join(PermissionRow, PermissionRow.subsystem_id == SubsystemRow.id)
        .join(GrantRow, GrantRow.permission_id == PermissionRow.id)
        .where(
            GrantRow.account_id == account_id,
            GrantRow.since <= moment,
            or_(GrantRow.until.is_(None), GrantRow.until >= moment),
        )
        .distinct()
        .order_by(SubsystemRow.name)
    )
    return list(rows) or [NO_SYSTEM]


def _local(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).isoformat(timespec="seconds")
