"""Reads what the three-way check compares: approvals against tables, and approvals against exports. Writes nothing."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, func, select

from connector.auth.act import Act
from connector.reconciliation.rules import Finding
from connector.reconciliation.store import KEPT, STREAM
from connector.reconciliation.three_way_exports import holdings_of
from connector.reconciliation.three_way_rules import Found, Gap, Held, beyond_approved, missing_in_export, of_finding
from connector.reconciliation.three_way_tables import SubsystemExportRow
from connector.register.tables import AccountRow, AccountStateRow, GrantRow, MatrixLineRow, MatrixRow, PersonRow
from connector.regulations.vocabulary import AccountStatus
from connector.requests.entitlement_tables import OverrideRow
from connector.requests.tables import RequestRow
from connector.storage.batches import in_batches


class AgainstTables(NamedTuple):
    """`excepted` counts what an override of the very table in force approved: that is settled, and listed apart."""

    found: list[Found]
    excepted: int


class Owner(NamedTuple):
    """Whose account it is, as far as the worklist says."""

    user_name: str
    unit_id: str
    post: str


def beyond_tables(act: Act, unit_id: str = "") -> AgainstTables:
    """Approved permissions that the tables in force do not allow, of all units or of one (JC 11).

    A unit without a table has nothing to compare with. An override counts for the version, the post and the account it
    was given for: a new version asks again.
    """
    lines = select(MatrixLineRow.matrix_id).where(
        MatrixLineRow.matrix_id == MatrixRow.id, MatrixLineRow.post == PersonRow.post
    )
    query = (
        select(
            AccountRow.id, AccountRow.user_name, PersonRow.unit_id, PersonRow.post, GrantRow.permission_id,
            MatrixRow.id, lines.exists(),
        )
        .join(AccountRow, AccountRow.id == GrantRow.account_id)
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .join(MatrixRow, MatrixRow.unit_id == PersonRow.unit_id)
        .where(GrantRow.until.is_(None), MatrixRow.until.is_(None), KEPT)
        .where(~lines.where(MatrixLineRow.permission_id == GrantRow.permission_id).exists())
    )  # fmt: skip
    if unit_id:
        query = query.where(PersonRow.unit_id == unit_id)
    excepted, found, spared = _excepted(act), [], 0
    for account_id, user_name, unit, post, permission, table, is_known in act.session.execute(
        query.execution_options(yield_per=STREAM)
    ):
        if (account_id, permission, table, post) in excepted:
            spared += 1
            continue
        kind = Gap.APPROVED_NOT_ALLOWED if is_known else Gap.APPROVED_POST_UNKNOWN
        found.append(Found(kind, account_id, permission, account_id, user_name, unit, post))
    return AgainstTables(found, spared)


def in_keycloak(act: Act, findings: Iterable[Finding]) -> list[Found]:
    """What the comparison with Keycloak found, as far as it is about who holds what."""
    told = [(finding, of_finding(finding)) for finding in findings]
    owners = _owners(act, {finding.account_id for finding, kind in told if kind and finding.account_id})
    found = []
    for finding, kind in told:
        if kind is None or not finding.subject:
            continue
        owner = owners.get(finding.account_id or "")
        name = owner.user_name if owner else finding.name if not kind[1] else str(finding.keycloak_id)
        place = (owner.unit_id, owner.post) if owner else (None, "")
        found.append(Found(kind[0], finding.subject, kind[1], finding.account_id, name, *place))
    return found


def in_subsystem(act: Act, export: SubsystemExportRow) -> list[Found]:
    """A subsystem's list against the approvals of the moment it was taken, and of now."""
    holdings, approved = holdings_of(act, export), _approved(act, export)
    found = [
        Found(Gap.APPROVED_NOT_IN_SUBSYSTEM, held.account_id, held.permission, held.account_id, held.user_name,
              held.unit_id, held.post)
        for held in missing_in_export(approved, holdings, export.taken_at)
    ]  # fmt: skip
    allowed = {(held.user_name, held.permission.partition(":")[2]) for held in approved} | _approved_then(act, export)
    beyond = beyond_approved(holdings, allowed)
    known = _accounts(act, {user_name for user_name, _ in beyond})
    for user_name, role in beyond:
        account_id, owner = known.get(user_name, (None, None))
        place = (owner.unit_id, owner.post) if owner else (None, "")
        subject, permission = account_id or f"user:{user_name}", f"{export.subsystem_id}:{role}"
        found.append(Found(Gap.SUBSYSTEM_NOT_APPROVED, subject, permission, account_id, user_name, *place))
    return found


def units_without_table(act: Act) -> int:
    """How many units have people with accounts, and no table of posts."""
    tables = select(MatrixRow.id).where(MatrixRow.unit_id == PersonRow.unit_id, MatrixRow.until.is_(None))
    query = (
        select(func.count(func.distinct(PersonRow.unit_id)))
        .join(AccountRow, AccountRow.person_id == PersonRow.id)
        .where(KEPT, ~tables.exists())
    )
    return act.session.scalar(query) or 0


def _excepted(act: Act) -> set[tuple[str | None, str, str, str]]:
    """(account, permission, table, post) of the overrides given by tables that are still in force."""
    query = (
        select(RequestRow.account_id, OverrideRow.permissions, OverrideRow.matrix_id, OverrideRow.post)
        .join(RequestRow, RequestRow.id == OverrideRow.request_id)
        .join(MatrixRow, MatrixRow.id == OverrideRow.matrix_id)
        .where(RequestRow.state == "approved", MatrixRow.until.is_(None), OverrideRow.version == RequestRow.version)
    )
    return {(account, one, table, post) for account, held, table, post in act.session.execute(query) for one in held}


def _approved(act: Act, export: SubsystemExportRow) -> list[Held]:
    """Every permission of the subsystem approved now."""
    query = _grants(export.subsystem_id).where(GrantRow.until.is_(None))
    return [
        Held(account_id, user_name, unit_id, post, permission, since, at if status == AccountStatus.ACTIVE else None)
        for account_id, user_name, unit_id, post, permission, since, status, at in act.session.execute(query)
    ]


def _approved_then(act: Act, export: SubsystemExportRow) -> set[tuple[str, str]]:
    """(user name, role) approved when the list was taken: what was withdrawn since stands in the next one no more."""
    moment = export.taken_at
    query = _grants(export.subsystem_id).where(GrantRow.since <= moment, GrantRow.until > moment)
    return {(row[1], row[4].partition(":")[2]) for row in act.session.execute(query)}


def _grants(subsystem_id: str) -> Select[str, str, str, str, str, datetime, str, datetime]:
    prefix = f"{subsystem_id}:"
    return (
        select(
            AccountRow.id, AccountRow.user_name, PersonRow.unit_id, PersonRow.post, GrantRow.permission_id,
            GrantRow.since, AccountRow.status, AccountStateRow.since,
        )
        .join(AccountRow, AccountRow.id == GrantRow.account_id)
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .join(AccountStateRow, AccountStateRow.account_id == AccountRow.id)
        .where(AccountStateRow.until.is_(None), KEPT, GrantRow.permission_id.startswith(prefix, autoescape=True))
    )  # fmt: skip


def _owners(act: Act, account_ids: Collection[str]) -> dict[str, Owner]:
    found: dict[str, Owner] = {}
    query = select(AccountRow.id, AccountRow.user_name, PersonRow.unit_id, PersonRow.post).join(
        PersonRow, PersonRow.id == AccountRow.person_id
    )
    for ids in in_batches(account_ids):
        for account_id, *owner in act.session.execute(query.where(AccountRow.id.in_(ids))):
            found[account_id] = Owner(*owner)
    return found


def _accounts(act: Act, user_names: Collection[str]) -> dict[str, tuple[str | None, Owner | None]]:
    found: dict[str, tuple[str | None, Owner | None]] = {}
    query = select(AccountRow.id, AccountRow.user_name, PersonRow.unit_id, PersonRow.post).join(
        PersonRow, PersonRow.id == AccountRow.person_id
    )
    for names in in_batches(user_names):
        for account_id, user_name, unit_id, post in act.session.execute(query.where(AccountRow.user_name.in_(names))):
            found[user_name] = account_id, Owner(user_name, unit_id, post)
    return found
