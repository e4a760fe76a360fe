"""What an account holds, put together for the page of its owner: permissions, password age, key. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from sqlalchemy import select

from connector.activity import service as activity
from connector.activity.tables import ActivityRow
from connector.auth.act import Act
from connector.keys import service as keys
from connector.keys.tables import HardwareKeyRow, WaiverRow
from connector.register.tables import AccountRow, AccountStateRow, GrantRow, PermissionRow
from connector.regulations.calendar import local_day
from connector.regulations.vocabulary import AccountClass

SOON = timedelta(days=14)


@dataclass(frozen=True, kw_only=True)
class HeldPermission:
    """One permission, held from `since` until `until` (None: still)."""

    module: str
    workflow_role: str
    sensitive: bool
    since: datetime
    until: datetime | None


@dataclass(frozen=True, kw_only=True)
class SystemPermissions:
    subsystem_id: str
    permissions: tuple[HeldPermission, ...]


@dataclass(frozen=True, kw_only=True)
class PasswordAge:
    """Days since the password was set, the limit, and the day of it. `kind` is "", "warn" or "bad"."""

    used_days: int
    limit_days: int
    ends_on: date
    kind: str


@dataclass(frozen=True, kw_only=True)
class Holdings:
    """Everything of one account. `last_login_at` is None when no login is on record."""

    status_since: datetime | None
    last_login_at: datetime | None
    systems: tuple[SystemPermissions, ...]
    former: tuple[SystemPermissions, ...]
    password: PasswordAge | None
    key: HardwareKeyRow | None
    key_used_at: datetime | None
    waiver: WaiverRow | None


def read_holdings(act: Act, account: AccountRow) -> Holdings:
    """What the account holds now, and what it held before."""
    grants = _grants(act, account)
    key = keys.key_of(act, account)
    uses = keys.list_uses(act, key.serial, count=1) if key else []
    return Holdings(
        status_since=act.session.scalar(
            select(AccountStateRow.since).where(
                AccountStateRow.account_id == account.id, AccountStateRow.until.is_(None)
            )
        ),
        last_login_at=act.session.scalar(
            select(ActivityRow.last_login_at).where(ActivityRow.keycloak_id == account.keycloak_id)
        ),
        systems=_by_system([(grant, each) for grant, each in grants if grant.until is None]),
        former=_by_system([(grant, each) for grant, each in grants if grant.until is not None]),
        password=_password_age(act, account),
        key=key,
        key_used_at=uses[0].at if uses else None,
        waiver=keys.find_waiver(act, account.id),
    )


def password_age(set_at: datetime, limit_days: int, now: datetime) -> PasswordAge:
    """How far a password set at `set_at` is on its way to a limit of `limit_days` days (JC 25, GS 10(4)). Pure."""
    ends = set_at + timedelta(days=limit_days)
    kind = "bad" if ends <= now else "warn" if ends - now <= SOON else ""
    return PasswordAge(used_days=(now - set_at).days, limit_days=limit_days, ends_on=local_day(ends), kind=kind)


def _password_age(act: Act, account: AccountRow) -> PasswordAge | None:
    set_at = activity.password_set_at(act, account.id)
    if set_at is None:
        return None
    return password_age(set_at, act.rulebook.password(AccountClass(account.account_class)).max_age_days, act.now)


def _grants(act: Act, account: AccountRow) -> list[tuple[GrantRow, PermissionRow]]:
    statement = (
        select(GrantRow, PermissionRow)
        .join(PermissionRow, PermissionRow.id == GrantRow.permission_id)
        .where(GrantRow.account_id == account.id)
        .order_by(PermissionRow.subsystem_id, PermissionRow.id, GrantRow.since)
    )
    return [(grant, permission) for grant, permission in act.session.execute(statement)]


def _by_system(grants: Sequence[tuple[GrantRow, PermissionRow]]) -> tuple[SystemPermissions, ...]:
    return tuple(
        SystemPermissions(
            subsystem_id=subsystem_id,
            permissions=tuple(
                HeldPermission(
                    module=permission.module,
                    workflow_role=permission.workflow_role,
                    sensitive=permission.sensitive,
                    since=grant.since,
                    until=grant.until,
                )
                for grant, permission in group
            ),
        )
        for subsystem_id, group in groupby(grants, key=lambda pair: pair[1].subsystem_id)
    )
