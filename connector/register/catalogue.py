"""The catalogue of subsystems and permissions: module + workflow role of one subsystem (LC annex 1). Grants nothing."""

from collections.abc import Iterable

from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.errors import NotFoundError
from connector.register.errors import UnknownPermissionError
from connector.register.tables import PermissionRow, SubsystemRow


def register_subsystem(act: Act, subsystem_id: str, name: str) -> SubsystemRow:
    """Registers a subsystem under its client id in Keycloak; one that is known already only takes the name (J3)."""
    row = act.session.get(SubsystemRow, subsystem_id)
    if row is not None:
        row.name = name
        return row
    row = SubsystemRow(id=subsystem_id, name=name)
    act.session.add(row)
    act.session.flush()
    audit.record(act, Event.SUBSYSTEM_REGISTERED, f"subsystem:{subsystem_id}", name=name)
    return row


def register_permission(
    act: Act, *, subsystem_id: str, module: str, workflow_role: str, sensitive: bool, role: str = "", clause: str = ""
) -> PermissionRow:
    """Registers one permission, which is one client role of the subsystem's client (C3; LC annex 1, LC 8).

    `role` is the client role's name, by default "module.workflow_role". It is sensitive when the list or a rule pack
    in force says so. A permission that is known already takes the new sensitivity; its role never changes, because
    grants refer to it. Raises NotFoundError for the subsystem.
    """
    if act.session.get(SubsystemRow, subsystem_id) is None:
        raise NotFoundError(kind="子系统 (subsystem)", name=subsystem_id)
    sensitive = sensitive or act.rulebook.is_sensitive(module, workflow_role)
    role = role or f"{module}.{workflow_role}"
    permission_id = f"{subsystem_id}:{role}"
    row = act.session.get(PermissionRow, permission_id)
    if row is not None and (row.sensitive, row.clause) == (sensitive, clause):
        return row
    if row is None:
        row = PermissionRow(
            id=permission_id, subsystem_id=subsystem_id, role=role, module=module, workflow_role=workflow_role
        )
        act.session.add(row)
    row.sensitive, row.clause = sensitive, clause
    act.session.flush()
    subject = f"permission:{permission_id}"
    audit.record(act, Event.PERMISSION_REGISTERED, subject, sensitive=sensitive, clause=clause)
    return row


def get_permission(act: Act, permission_id: str) -> PermissionRow:
    """The permission with this id ("subsystem:role"); raises NotFoundError."""
    row = act.session.get(PermissionRow, permission_id)
    if row is None:
        raise NotFoundError(kind="权限 (permission)", name=permission_id)
    return row


def list_permissions(act: Act, *, subsystem_id: str | None = None) -> list[PermissionRow]:
    """The whole catalogue, or that of one subsystem, ordered by id."""
    statement = select(PermissionRow).order_by(PermissionRow.id)
    if subsystem_id is not None:
        statement = statement.where(PermissionRow.subsystem_id == subsystem_id)
    return list(act.session.scalars(statement))


def list_subsystems(act: Act) -> list[SubsystemRow]:
    """Every subsystem, ordered by id."""
    return list(act.session.scalars(select(SubsystemRow).order_by(SubsystemRow.id)))


def name_of_subsystem(act: Act, subsystem_id: str) -> str:
    """What people call the subsystem; the id itself where it is not registered."""
    row = act.session.get(SubsystemRow, subsystem_id)
    return row.name if row else subsystem_id


def check_permissions(act: Act, permission_ids: Iterable[str]) -> list[PermissionRow]:
    """The permissions with these ids, ordered by id; raises UnknownPermissionError naming every unknown one."""
    wanted = sorted(set(permission_ids))
    rows = act.session.scalars(select(PermissionRow).where(PermissionRow.id.in_(wanted)).order_by(PermissionRow.id))
    found = list(rows)
    unknown = sorted(set(wanted) - {row.id for row in found})
    if unknown:
        raise UnknownPermissionError(permissions=", ".join(unknown))
    return found
