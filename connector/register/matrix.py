"""The table of posts and permissions each unit keeps, version by version (JC 4, 5, annex 1). Takes nothing away."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import func, select, update

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.actor import ActorKind
from connector.errors import NotFoundError
from connector.outbox import service as outbox
from connector.register import accounts, catalogue, matrix_lines, units
from connector.register.matrix_errors import MatrixInForceError, MatrixMovedOnError, NotAtInstallationError
from connector.register.matrix_lines import MatrixLine, MatrixProposal
from connector.register.tables import AccountRow, MatrixLineRow, MatrixRow, PersonRow, UnitRow

ADOPTED = "matrix.adopted"  # the step that looks for holders in excess of a new version


def adopt_proposal(act: Act, unit_id: str, proposal: MatrixProposal, *, adopted_by: str) -> MatrixRow:
    """Puts an approved proposal in force (JC 5). Raises MatrixMovedOnError when it was made from another version."""
    unit = lock_unit(act, unit_id)
    check_based_on(act, unit, proposal.based_on)
    matrix_lines.check_lines(act, proposal.lines)
    return _put_in_force(act, unit, proposal.lines, adopted_by=adopted_by)


def load_first(act: Act, unit_code: str, lines: Sequence[MatrixLine], *, paper: str) -> MatrixRow:
    """Takes over the first table of a unit from the paper its leader has signed, at installation (JC 4, 5).

    For the operator of the machine, while the unit has no version; after that a request is the only way. Raises
    NotAtInstallationError, MatrixInForceError, NotFoundError, RefusedInputError.
    """
    if act.actor.kind is not ActorKind.HOST:
        raise NotAtInstallationError
    unit = lock_unit(act, units.get_unit(act, unit_code).id)
    if version := last_version(act, unit.id):
        raise MatrixInForceError(unit=unit.name, version=version)
    matrix_lines.check_lines(act, lines)
    return _put_in_force(act, unit, lines, adopted_by=f"{accounts.PAPER}{paper}")


def adopt_matrix(act: Act, unit_code: str, posts: Mapping[str, Collection[str]], *, adopted_by: str) -> MatrixRow:
    """Puts a new version of the unit's table in force, in place of the one before.

    `posts` maps a post to permission ids. `adopted_by` is a request id, or "paper:NUMBER" of the table that the leader
    in charge has signed (JC 5). Asks nobody: `adopt_proposal` and `load_first` are the ways there. Raises
    NotFoundError, UnknownPermissionError.
    """
    unit = units.get_unit(act, unit_code)
    catalogue.check_permissions(act, {permission for held in posts.values() for permission in held})
    lines = [MatrixLine(post=post, permission=one) for post, held in posts.items() for one in sorted(set(held))]
    return _put_in_force(act, unit, lines, adopted_by=adopted_by)


def check_based_on(act: Act, unit: UnitRow, based_on: int) -> None:
    """Raises MatrixMovedOnError when another version than `based_on` is the last one."""
    version = last_version(act, unit.id)
    if version != based_on:
        raise MatrixMovedOnError(unit=unit.name, version=version, based_on=based_on)


def last_version(act: Act, unit_id: str) -> int:
    """The number of the unit's newest version; 0 when it never had one."""
    return act.session.scalar(select(func.max(MatrixRow.version)).where(MatrixRow.unit_id == unit_id)) or 0


def in_force(act: Act, unit_id: str) -> MatrixRow | None:
    """The version of the unit's table in force."""
    return act.session.scalar(select(MatrixRow).where(MatrixRow.unit_id == unit_id, MatrixRow.until.is_(None)))


def list_versions(act: Act, unit_id: str) -> list[MatrixRow]:
    """Every version of the unit's table, the newest first: none is ever deleted (JC 15)."""
    statement = select(MatrixRow).where(MatrixRow.unit_id == unit_id).order_by(MatrixRow.version.desc())
    return list(act.session.scalars(statement))


def get_version(act: Act, unit_id: str, version: int) -> MatrixRow:
    """One version of the unit's table; raises NotFoundError."""
    row = act.session.scalar(select(MatrixRow).where(MatrixRow.unit_id == unit_id, MatrixRow.version == version))
    if row is None:
        raise NotFoundError(kind="对照表版本 (version of the table)", name=str(version))
    return row


def lines_of(act: Act, matrix: MatrixRow | None) -> list[MatrixLine]:
    """The lines of a version, by post and permission; none for no version."""
    if matrix is None:
        return []
    statement = select(MatrixLineRow).where(MatrixLineRow.matrix_id == matrix.id)
    rows = act.session.scalars(statement.order_by(MatrixLineRow.post, MatrixLineRow.permission_id))
    return [MatrixLine.model_construct(post=row.post, permission=row.permission_id, note=row.note) for row in rows]


def lock_unit(act: Act, unit_id: str) -> UnitRow:
    """The unit, held until the end of the act: of two tables for it at once, the second sees the first."""
    statement = select(UnitRow).where(UnitRow.id == unit_id).with_for_update()
    return act.session.scalars(statement.execution_options(populate_existing=True)).one()


def _put_in_force(act: Act, unit: UnitRow, lines: Iterable[MatrixLine], *, adopted_by: str) -> MatrixRow:
    lines = list(lines)
    version = last_version(act, unit.id) + 1
    former = update(MatrixRow).where(MatrixRow.unit_id == unit.id, MatrixRow.until.is_(None))
    act.session.execute(former.values(until=act.now))
    matrix = MatrixRow(unit_id=unit.id, version=version, adopted_by=adopted_by, since=act.now)
    act.session.add(matrix)
    act.session.flush()
    act.session.add_all(
        MatrixLineRow(matrix_id=matrix.id, post=line.post, permission_id=line.permission, note=line.note)
        for line in lines
    )
    request_id = accounts.request_of(adopted_by)
    audit.record(
        act, Event.MATRIX_ADOPTED, f"matrix:{matrix.id}", request_id=request_id,
        unit=unit.code, version=version, adopted_by=adopted_by, posts=len({line.post for line in lines}),
        lines=len(lines),
    )  # fmt: skip
    outbox.enqueue(
        act, ADOPTED, key=f"{ADOPTED}:{matrix.id}", lane=f"matrix:{unit.id}", payload={"matrix_id": matrix.id},
        request_id=request_id,
    )  # fmt: skip
    return matrix


def current(act: Act, unit_id: str) -> dict[str, frozenset[str]]:
    """The unit's table in force: permission ids by post; empty when the unit has none."""
    statement = (
        select(MatrixLineRow.post, MatrixLineRow.permission_id)
        .join(MatrixRow, MatrixRow.id == MatrixLineRow.matrix_id)
        .where(MatrixRow.unit_id == unit_id, MatrixRow.until.is_(None))
    )
    posts: dict[str, set[str]] = {}
    for post, permission in act.session.execute(statement):
        posts.setdefault(post, set()).add(permission)
    return {post: frozenset(held) for post, held in posts.items()}


def allowed(act: Act, unit_id: str, post: str) -> frozenset[str] | None:
    """Permission ids that this post of the unit may hold; None when its table does not say: that is not excess."""
    return current(act, unit_id).get(post)


def excess(act: Act, account: AccountRow, *, unit_id: str | None = None, post: str | None = None) -> list[str] | None:
    """Permission ids the account holds and its post may not; None when the table does not know the post (JC 11).

    `unit_id` and `post` stand in for those of the register, for a person who is about to move.
    """
    person = act.session.get_one(PersonRow, account.person_id)
    may = allowed(act, unit_id or person.unit_id, person.post if post is None else post)
    if may is None:
        return None
    return [permission.id for permission in accounts.list_grants(act, account) if permission.id not in may]
