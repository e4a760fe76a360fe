"""Kinds of difference between table, approvals, Keycloak and subsystems, what they are called, how each ends. Pure."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from connector.errors import Text
from connector.provisioning.agreement import Drift
from connector.reconciliation.rules import Finding


class Gap(StrEnum):
    """A kind of difference. The values stand in the worklist for ever."""

    APPROVED_NOT_ALLOWED = "approved_not_allowed"
    APPROVED_POST_UNKNOWN = "approved_post_unknown"
    KEYCLOAK_NOT_APPROVED = "keycloak_not_approved"
    APPROVED_NOT_IN_KEYCLOAK = "approved_not_in_keycloak"
    SUBSYSTEM_NOT_APPROVED = "subsystem_not_approved"
    APPROVED_NOT_IN_SUBSYSTEM = "approved_not_in_subsystem"


class Road(StrEnum):
    """A way to settle a difference; each but the last is an ordinary request that people decide."""

    WITHDRAW = "withdraw"
    MATRIX = "matrix"
    REPAIR = "repair"
    GRANT = "grant"
    EXPORT = "export"


GAP_NAMES: Mapping[Gap, Text] = {
    Gap.APPROVED_NOT_ALLOWED: Text("已审批，岗位对照表不允许", "approved, and the table does not allow it"),
    Gap.APPROVED_POST_UNKNOWN: Text("已审批，对照表中没有该岗位", "approved, and the table does not know the post"),
    Gap.KEYCLOAK_NOT_APPROVED: Text("Keycloak 中有，未经审批", "in Keycloak, and not approved"),
    Gap.APPROVED_NOT_IN_KEYCLOAK: Text("已审批，Keycloak 中没有", "approved, and not in Keycloak"),
    Gap.SUBSYSTEM_NOT_APPROVED: Text("子系统中有，未经审批", "in the subsystem, and not approved"),
    Gap.APPROVED_NOT_IN_SUBSYSTEM: Text("已审批，子系统中没有", "approved, and not in the subsystem"),
}
ROAD_NAMES: Mapping[Road, Text] = {
    Road.WITHDRAW: Text("申请收回权限", "apply to withdraw it"),
    Road.MATRIX: Text("申请修订对照表", "apply to correct the table"),
    Road.REPAIR: Text("批准对账修复申请", "approve the request of repair"),
    Road.GRANT: Text("申请授予权限", "apply to have it granted"),
    Road.EXPORT: Text("由子系统改正后重新导出", "put right in the subsystem, then export again"),
}
ROADS: Mapping[Gap, tuple[Road, ...]] = {
    Gap.APPROVED_NOT_ALLOWED: (Road.WITHDRAW, Road.MATRIX),
    Gap.APPROVED_POST_UNKNOWN: (Road.WITHDRAW, Road.MATRIX),
    Gap.KEYCLOAK_NOT_APPROVED: (Road.REPAIR,),
    Gap.APPROVED_NOT_IN_KEYCLOAK: (Road.REPAIR, Road.WITHDRAW),
    Gap.SUBSYSTEM_NOT_APPROVED: (Road.EXPORT, Road.GRANT),
    Gap.APPROVED_NOT_IN_SUBSYSTEM: (Road.EXPORT, Road.WITHDRAW),
}
OF_TABLE = frozenset({Gap.APPROVED_NOT_ALLOWED, Gap.APPROVED_POST_UNKNOWN})
OF_KEYCLOAK = frozenset({Gap.KEYCLOAK_NOT_APPROVED, Gap.APPROVED_NOT_IN_KEYCLOAK})
# What the comparison with Keycloak finds, as far as it is about who holds what; a name that differs is not.
BY_DRIFT: Mapping[Drift, Gap] = {
    Drift.EXTRA_ROLE: Gap.KEYCLOAK_NOT_APPROVED,
    Drift.UNLISTED_ROLE: Gap.KEYCLOAK_NOT_APPROVED,
    Drift.STRANGER_ROLE: Gap.KEYCLOAK_NOT_APPROVED,
    Drift.UNKNOWN: Gap.KEYCLOAK_NOT_APPROVED,
    Drift.DUPLICATE: Gap.KEYCLOAK_NOT_APPROVED,
    Drift.MISSING_ROLE: Gap.APPROVED_NOT_IN_KEYCLOAK,
    Drift.MISSING: Gap.APPROVED_NOT_IN_KEYCLOAK,
    Drift.OUTSIDE: Gap.APPROVED_NOT_IN_KEYCLOAK,
}
WHOLE_USER = frozenset({Drift.UNKNOWN, Drift.DUPLICATE, Drift.MISSING, Drift.OUTSIDE})

Key = tuple[str, str, str]  # kind, subject, permission


class Found(NamedTuple):
    """One difference as a check found it."""

    kind: Gap
    subject: str
    permission: str
    account_id: str | None
    user_name: str
    unit_id: str | None = None
    post: str = ""

    @property
    def key(self) -> Key:
        return self.kind.value, self.subject, self.permission


class Held(NamedTuple):
    """An approved permission of one subsystem as its account stands; `since` and `active_since` are moments."""

    account_id: str
    user_name: str
    unit_id: str
    post: str
    permission: str
    since: datetime
    active_since: datetime | None  # None while the account is out of use


def of_finding(finding: Finding) -> tuple[Gap, str] | None:
    """Kind and permission of what the comparison with Keycloak found; None when it is not about who holds what."""
    kind = BY_DRIFT.get(finding.kind)
    if kind is None:
        return None
    return kind, "" if finding.kind in WHOLE_USER else finding.name


def missing_in_export(
    approved: Iterable[Held], holdings: Collection[tuple[str, str]], taken_at: datetime
) -> list[Held]:
    """Approved before the list was taken, of an account in use since then, and not in the list."""
    return [
        held
        for held in approved
        if held.since <= taken_at
        and held.active_since is not None
        and held.active_since <= taken_at
        and (held.user_name, held.permission.partition(":")[2]) not in holdings
    ]


def beyond_approved(
    holdings: Iterable[tuple[str, str]], approved: Collection[tuple[str, str]]
) -> list[tuple[str, str]]:
    """(user name, role) of the list that nobody approved, neither now nor when it was taken; sorted."""
    return sorted(pair for pair in holdings if pair not in approved)
