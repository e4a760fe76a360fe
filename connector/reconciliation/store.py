"""What the comparison reads of register, outbox and mirror: slices by id, streams of ids. Writes nothing."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, func, or_, select

from connector.activity.tables import IdpEventRow
from connector.auth.act import Act
from connector.outbox.tables import StepRow
from connector.provisioning.repairs import stranger_lane
from connector.reconciliation.rules import Known
from connector.register.tables import (
    AccountRow,
    GrantRow,
    MatrixLineRow,
    MatrixRow,
    PermissionRow,
    PersonRow,
)
from connector.regulations.vocabulary import AccountStatus

STREAM = 5000  # Rows fetched at once.
GIVEN, TAKEN = "CREATE:CLIENT_ROLE_MAPPING", "DELETE:CLIENT_ROLE_MAPPING"
KEPT = AccountRow.status != AccountStatus.CANCELLED.value
EXPECTED = and_(KEPT, or_(AccountRow.keycloak_id.is_not(None), AccountRow.status == AccountStatus.ACTIVE.value))


class Steps(NamedTuple):
    """The steps of one account towards Keycloak that have not ended well."""

    waiting: bool = False
    stopped: int | None = None  # id of the first that is dead or in conflict


def accounts_of(act: Act, keycloak_ids: Collection[str]) -> dict[str, Known]:
    """The accounts of these users of Keycloak."""
    query = select(AccountRow.keycloak_id, AccountRow.id, AccountRow.status, AccountRow.user_name)
    rows = act.session.execute(query.where(AccountRow.keycloak_id.in_(keycloak_ids)))
    return {str(keycloak_id): Known(*known) for keycloak_id, *known in rows}


def account_by_name(act: Act, user_name: str) -> str | None:
    """Id of the account that bears this name."""
    return act.session.scalar(select(AccountRow.id).where(AccountRow.user_name == user_name))


def names_among(act: Act, user_names: Collection[str]) -> set[str]:
    """Which of these are user names of accounts."""
    return set(act.session.scalars(select(AccountRow.user_name).where(AccountRow.user_name.in_(user_names))))


def count_accounts(act: Act) -> int:
    """How many accounts should have a user at Keycloak."""
    return act.session.scalar(select(func.count()).select_from(AccountRow).where(EXPECTED)) or 0


def accounts_without_user(act: Act, seen: Collection[str]) -> Iterator[str]:
    """Ids of the accounts that should have a user, and whose user is not among `seen`."""
    query = select(AccountRow.id, AccountRow.keycloak_id).where(EXPECTED).execution_options(yield_per=STREAM)
    for account_id, keycloak_id in act.session.execute(query):
        if keycloak_id not in seen:
            yield account_id


def permissions(act: Act) -> dict[str, list[str]]:
    """Roles of the catalogue, by subsystem."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for subsystem, role in act.session.execute(select(PermissionRow.subsystem_id, PermissionRow.role)):
        found[subsystem].append(role)
    return found


def approved_holders(act: Act, permission_id: str) -> set[str]:
    """Ids at Keycloak of those who may hold the permission now, but of cancelled accounts."""
    query = (
        select(AccountRow.keycloak_id)
        .join(GrantRow, GrantRow.account_id == AccountRow.id)
        .where(GrantRow.permission_id == permission_id, GrantRow.until.is_(None))
        .where(KEPT, AccountRow.keycloak_id.is_not(None))
    )
    return {str(found) for found in act.session.scalars(query.execution_options(yield_per=STREAM))}


def steps_of(act: Act, account_id: str) -> Steps:
    """How the steps of the account towards Keycloak stand."""
    query = select(StepRow.id, StepRow.state).where(
        StepRow.account_id == account_id,
        StepRow.kind.startswith("keycloak."),
        StepRow.state.in_(("pending", "leased", "dead", "conflict")),
    )
    rows = act.session.execute(query.order_by(StepRow.id)).all()
    stopped = [step_id for step_id, state in rows if state in ("dead", "conflict")]
    return Steps(waiting=len(rows) > len(stopped), stopped=stopped[0] if stopped else None)


def is_being_shut_out(act: Act, user_id: str) -> bool:
    """Whether a step waits that shuts this user of Keycloak out."""
    query = select(StepRow.id).where(StepRow.lane == stranger_lane(user_id), StepRow.state.in_(("pending", "leased")))
    return act.session.scalars(query.limit(1)).first() is not None


def sample(act: Act, after: str, count: int) -> list[str]:
    """The next `count` accounts with a user by their ids, from the start again at the end."""
    query = select(AccountRow.id).where(KEPT, AccountRow.keycloak_id.is_not(None)).order_by(AccountRow.id)
    found = list(act.session.scalars(query.where(AccountRow.id > after).limit(count)))
    if len(found) < count and after:
        found += act.session.scalars(query.where(AccountRow.id <= after).limit(count - len(found)))
    return found


def users_given_roles(act: Act, since: datetime | None) -> set[str]:
    """Users whom the register does not know, and to whom somebody gave roles after `since`, by the mirror."""
    query = (
        select(IdpEventRow.user_id)
        .outerjoin(AccountRow, AccountRow.keycloak_id == IdpEventRow.user_id)
        .where(IdpEventRow.actor_id.is_not(None), IdpEventRow.type == GIVEN)
        .where(IdpEventRow.user_id.is_not(None), AccountRow.id.is_(None))
    )
    if since is not None:
        query = query.where(IdpEventRow.at >= since)
    return {str(found) for found in act.session.scalars(query.distinct())}


def roles_by_events(act: Act, user_id: str) -> set[str]:
    """Names of the roles that the user was given and that nobody has taken since, by the mirror."""
    query = (
        select(IdpEventRow.type, IdpEventRow.resource_path, IdpEventRow.details)
        .where(IdpEventRow.user_id == user_id, IdpEventRow.type.in_((GIVEN, TAKEN)), IdpEventRow.error.is_(None))
        .order_by(IdpEventRow.at, IdpEventRow.id)
    )
    held: set[tuple[str | None, str]] = set()
    for type_name, path, details in act.session.execute(query):
        roles = {(path, str(role)) for role in details.get("roles", ())}
        held = held | roles if type_name == GIVEN else held - roles
    return {role for _, role in held}


def excess(act: Act) -> dict[str, int]:
    """How many accounts hold how many permissions that their post may not have, by the tables in force (JC 11)."""
    lines = (
        select(MatrixLineRow.matrix_id)
        .join(MatrixRow, MatrixRow.id == MatrixLineRow.matrix_id)
        .where(MatrixRow.unit_id == PersonRow.unit_id, MatrixRow.until.is_(None), MatrixLineRow.post == PersonRow.post)
    )
    query = (
        select(func.count(func.distinct(AccountRow.id)), func.count())
        .select_from(GrantRow)
        .join(AccountRow, AccountRow.id == GrantRow.account_id)
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .where(GrantRow.until.is_(None), KEPT)
        .where(lines.exists(), ~lines.where(MatrixLineRow.permission_id == GrantRow.permission_id).exists())
    )
    accounts, held = act.session.execute(query).one()
    return {"accounts": accounts, "permissions": held}
