"""The table of posts and permissions that each unit keeps (JC 4, 5, annex 1). Says what is in excess, takes nothing."""

from collections.abc import Collection, Mapping

from sqlalchemy import func, select, update

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.register import accounts, catalogue, units
from connector.register.tables import AccountRow, MatrixLineRow, MatrixRow, PersonRow


def adopt_matrix(act: Act, unit_code: str, posts: Mapping[str, Collection[str]], *, adopted_by: str) -> MatrixRow:
    """Puts a new version of the unit's table in force, in place of the one before.

    `posts` maps a post to permission ids. `adopted_by` is a request id, or "paper:NUMBER" of the table that the leader
    in charge has signed (JC 5). Raises NotFoundError, UnknownPermissionError.
    """
    unit = units.get_unit(act, unit_code)
    catalogue.check_permissions(act, {permission for held in posts.values() for permission in held})
    last = act.session.scalar(select(func.max(MatrixRow.version)).where(MatrixRow.unit_id == unit.id))
    former = update(MatrixRow).where(MatrixRow.unit_id == unit.id, MatrixRow.until.is_(None))
    act.session.execute(former.values(until=act.now))
    matrix = MatrixRow(unit_id=unit.id, version=(last or 0) + 1, adopted_by=adopted_by, since=act.now)
    act.session.add(matrix)
    act.session.flush()
    act.session.add_all(
        MatrixLineRow(matrix_id=matrix.id, post=post, permission_id=permission)
        for post, held in posts.items()
        for permission in sorted(set(held))
    )
    audit.record(
        act, Event.MATRIX_ADOPTED, f"matrix:{matrix.id}", request_id=accounts.request_of(adopted_by),
        unit=unit.code, version=matrix.version, adopted_by=adopted_by, posts=len(posts),
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
