"""The acceptance check: a subsystem is accepted only when no test or temporary account is left in it (JC 21).

The register, Keycloak and the mirror's administrative events are laid side by side. Keycloak is read first, outside any
transaction; the result is recorded with who asked, when, and the counts.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import aliased

from connector.activity.tables import IdpEventRow
from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.checks.left_over import named_like_test
from connector.checks.scan import iso
from connector.errors import NotFoundError, Text
from connector.ports import IdentityProvider
from connector.register.tables import AccountRow, GrantRow, PermissionRow, SubsystemRow
from connector.regulations.vocabulary import AccountPurpose, AccountStatus
from connector.storage.batches import in_batches

CLAUSE = "JC 21"
OpenAct = Callable[[], AbstractContextManager[Act]]


class Reason(StrEnum):
    """Why an account keeps a subsystem from being accepted."""

    TEST = "test"
    TEMPORARY = "temporary"
    NAMED_TEST = "named_test"
    STRANGER = "stranger"  # holds a role there, and nobody applied for it
    STRANGER_NAMED_TEST = "stranger_named_test"  # no role there, not in the register, and named like a test
    MADE_OUTSIDE = "made_outside"  # made at Keycloak past this product, where the service account cannot look


REASONS: Mapping[Reason, Text] = {
    Reason.TEST: Text("测试账号，请注销", "a test account: cancel it"),
    Reason.TEMPORARY: Text("临时账号，请注销", "a temporary account: cancel it"),
    Reason.NAMED_TEST: Text("名称像测试账号，请核实后注销", "named like a test account: look, then cancel it"),
    Reason.STRANGER: Text("在该系统有角色，但台账中没有", "has a role there and is not in the register"),
    Reason.STRANGER_NAMED_TEST: Text(
        "身份服务中的测试账号，台账中没有", "a test account at Keycloak that is not in the register"
    ),
    Reason.MADE_OUTSIDE: Text(
        "在身份服务控制台创建，台账中没有，请用管理员身份核对",
        "made in Keycloak's console, not in the register: check as administrator",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Left:
    """One account that keeps the subsystem from being accepted."""

    user_name: str
    reason: Reason
    detail: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """The signed-off list. `complete`: Keycloak was read as administrator, so that nobody there was out of sight."""

    subsystem: str
    checked_by: str
    checked_at: datetime
    passed: bool
    complete: bool
    holders: int
    counts: Mapping[Reason, int]
    left: Sequence[Left]


class HolderSource(Protocol):
    """Keycloak as the check reads it. `complete` says whether it shows everybody."""

    complete: bool

    def holders(self, subsystem: str) -> Mapping[str, Sequence[str]]:
        """Ids of the users with a role of the subsystem's client, each with the roles."""

    def named(self, words: Sequence[str]) -> Mapping[str, str]:
        """User names, by id, of users whose name holds one of the words; empty where names cannot be searched."""

    def user_name(self, user_id: str) -> str: ...


class ServiceHolders:
    """Keycloak as the service account sees it: members of the accounts group only (measured)."""

    complete = False

    def __init__(self, idp: IdentityProvider) -> None:
        self._idp = idp

    def holders(self, subsystem: str) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {}
        for role in sorted(self._idp.list_roles(subsystem)):
            for user_id in self._idp.list_role_holders(subsystem, role):
                found.setdefault(user_id, []).append(role)
        return found

    def named(self, words: Sequence[str]) -> Mapping[str, str]:
        return {user.user_id: user.user_name for user in self._idp.list_accounts() if holds_word(user.user_name, words)}

    def user_name(self, user_id: str) -> str:
        return self._idp.get_user(user_id).user_name


def check_acceptance(source: HolderSource, open_act: OpenAct, subsystem: str) -> Acceptance:
    """Lays register and Keycloak side by side for one subsystem and records the result (JC 21).

    Raises NotFoundError for an unknown subsystem, KeycloakUnavailableError, KeycloakRefusedError; then nothing is
    recorded, and nothing was accepted.
    """
    with open_act() as act:
        if act.session.get(SubsystemRow, subsystem) is None:
            raise NotFoundError(kind="系统 (subsystem)", name=subsystem)
        words = act.rulebook.test_words()
    holders, named = source.holders(subsystem), source.named(words)
    with open_act() as act:
        unknown = list_strangers(act, [*holders, *named])
    left = [_stranger(source, user_id, holders.get(user_id), named.get(user_id)) for user_id in unknown]
    with open_act() as act:
        left += list_left(act, subsystem, words)
        if not source.complete:
            left += [_made_outside(user_id, at) for user_id, at in list_made_outside(act) if user_id not in unknown]
        return _record(act, source, subsystem, len(holders), left)


def holds_word(name: str, words: Iterable[str]) -> bool:
    """Pure: full-width and half-width, upper and lower case are one."""
    folded = _folded(name)
    return any(_folded(word) in folded for word in words)


def list_strangers(act: Act, user_ids: Sequence[str]) -> list[str]:
    """Those of Keycloak's ids that no account of the register has."""
    known: set[str | None] = set()
    for some in in_batches(user_ids):
        known |= set(act.session.scalars(select(AccountRow.keycloak_id).where(AccountRow.keycloak_id.in_(some))))
    return sorted(set(user_ids) - known)


def list_left(act: Act, subsystem: str, words: Sequence[str]) -> list[Left]:
    """Accounts of the register with a permission there that are for a time or a test, or named like one.

    A disabled one is left all the same: JC 21 asks for it to be deleted, and only a cancellation does that.
    """
    has_permission = exists().where(
        GrantRow.account_id == AccountRow.id,
        GrantRow.until.is_(None),
        PermissionRow.id == GrantRow.permission_id,
        PermissionRow.subsystem_id == subsystem,
    )
    rows = act.session.scalars(
        select(AccountRow)
        .where(
            AccountRow.status != AccountStatus.CANCELLED.value,
            has_permission,
            or_(AccountRow.purpose != AccountPurpose.ORDINARY.value, named_like_test(words)),
        )
        .order_by(AccountRow.user_name)
    )
    reasons = {AccountPurpose.TEST.value: Reason.TEST, AccountPurpose.TEMPORARY.value: Reason.TEMPORARY}
    return [
        Left(
            user_name=row.user_name,
            reason=reasons.get(row.purpose, Reason.NAMED_TEST),
            detail={"status": row.status, "valid_until": iso(row.valid_until), "account_class": row.account_class},
        )
        for row in rows
    ]


def list_made_outside(act: Act) -> Iterator[tuple[str, datetime]]:
    """Users made at Keycloak, by its events, that no account has and that nobody deleted since."""
    deleted = aliased(IdpEventRow)
    rows = act.session.execute(
        select(IdpEventRow.user_id, IdpEventRow.at)
        .where(
            IdpEventRow.type == "CREATE:USER",
            IdpEventRow.actor_id.is_not(None),
            IdpEventRow.error.is_(None),
            IdpEventRow.user_id.is_not(None),
            ~exists().where(AccountRow.keycloak_id == IdpEventRow.user_id),
            ~exists().where(
                deleted.user_id == IdpEventRow.user_id, deleted.type == "DELETE:USER", deleted.error.is_(None)
            ),
        )
        .order_by(IdpEventRow.at)
    )
    return ((str(user_id), at) for user_id, at in rows)


def _stranger(source: HolderSource, user_id: str, roles: Sequence[str] | None, name: str | None) -> Left:
    reason = Reason.STRANGER if roles else Reason.STRANGER_NAMED_TEST
    return Left(
        user_name=name or source.user_name(user_id),
        reason=reason,
        detail={"keycloak_id": user_id, "roles": list(roles or ())},
    )


def _made_outside(user_id: str, at: datetime) -> Left:
    return Left(
        user_name=user_id, reason=Reason.MADE_OUTSIDE, detail={"keycloak_id": user_id, "made_at": at.isoformat()}
    )


def _record(act: Act, source: HolderSource, subsystem: str, holders: int, left: Sequence[Left]) -> Acceptance:
    counts = {reason: sum(each.reason is reason for each in left) for reason in Reason}
    audit.record(
        act, Event.ACCEPTANCE_CHECKED, f"subsystem:{subsystem}", passed=not left, complete=source.complete,
        holders=holders, counts={reason.value: number for reason, number in counts.items()},
    )  # fmt: skip
    return Acceptance(
        subsystem=subsystem,
        checked_by=act.actor.name,
        checked_at=act.now,
        passed=not left,
        complete=source.complete,
        holders=holders,
        counts=counts,
        left=left,
    )


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
