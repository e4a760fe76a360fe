"""Which charges a person has: by permissions, by the class of his account, by acting in projects. Reads only."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import select

from connector.auth.act import Act
from connector.conflicts.rules import Held
from connector.conflicts.tables import AssignmentRow, PhaseRow, ProjectRow
from connector.register.tables import AccountRow, GrantRow, PermissionRow
from connector.regulations.rulebook import Charge
from connector.regulations.vocabulary import AccountStatus
from connector.storage.batches import in_batches


def charge_of(act: Act, permission: PermissionRow) -> Charge | None:
    """The charge a permission belongs to (HH 3)."""
    return act.rulebook.charge_of(permission.id, permission.module, permission.workflow_role)


def charges_of(act: Act, person_id: str, *, without: Collection[str] = ()) -> list[Held]:
    """Every charge of one person from now on; `without` are permissions that are being withdrawn."""
    return [held for held in charges_by_person(act, [person_id]).get(person_id, []) if held.source not in without]


def charges_by_person(act: Act, persons: Iterable[str] | None = None) -> dict[str, list[Held]]:
    """As `charges_of`, of these persons, or of everybody, in a few statements."""
    found: dict[str, list[Held]] = {}
    rows: list[tuple[str, Held]] = []
    for some in [None] if persons is None else in_batches(list(persons)):
        rows += [*_granted(act, some), *_by_class(act, some), *_assigned(act, some)]
    for person_id, held in rows:
        found.setdefault(person_id, []).append(held)
    return found


def _granted(act: Act, persons: Collection[str] | None) -> list[tuple[str, Held]]:
    catalogue = act.session.scalars(select(PermissionRow)).all()
    charged = {row.id: charge.name for row in catalogue if (charge := charge_of(act, row)) is not None}
    query = (
        select(AccountRow.person_id, GrantRow.permission_id, GrantRow.since)
        .join(AccountRow, AccountRow.id == GrantRow.account_id)
        .where(GrantRow.until.is_(None), GrantRow.permission_id.in_(charged))
    )
    return [
        (person_id, Held(charged[permission], permission, since))
        for person_id, permission, since in act.session.execute(_of(query, AccountRow.person_id, persons))
    ]


def _by_class(act: Act, persons: Collection[str] | None) -> list[tuple[str, Held]]:
    named = {each.value: charge.name for charge in act.rulebook.charges() for each in charge.classes}
    query = select(AccountRow.person_id, AccountRow.account_class, AccountRow.opened_at).where(
        AccountRow.account_class.in_(named), AccountRow.status != AccountStatus.CANCELLED.value
    )
    return [
        (person_id, Held(named[of_class], f"class:{of_class}", since))
        for person_id, of_class, since in act.session.execute(_of(query, AccountRow.person_id, persons))
    ]


def _assigned(act: Act, persons: Collection[str] | None) -> list[tuple[str, Held]]:
    query = (
        select(AssignmentRow.person_id, AssignmentRow.charge, ProjectRow.number, PhaseRow)
        .join(PhaseRow, PhaseRow.id == AssignmentRow.phase_id)
        .join(ProjectRow, ProjectRow.id == PhaseRow.project_id)
        .where(AssignmentRow.ended_at.is_(None), ProjectRow.closed_at.is_(None), PhaseRow.ends_at > act.now)
    )
    return [
        (person_id, Held(charge, source_of(number, phase.name), phase.starts_at, phase.ends_at, number))
        for person_id, charge, number, phase in act.session.execute(_of(query, AssignmentRow.person_id, persons))
    ]


def source_of(project: str, phase: str) -> str:
    """How an assignment is named as the source of a charge."""
    return f"project:{project}:{phase}"


def _of(query: Any, column: Any, persons: Collection[str] | None) -> Any:
    return query if persons is None else query.where(column.in_(persons))
