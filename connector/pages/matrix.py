"""账号权限对照表: a unit's table of posts in force, who holds what, and what is in excess (JC 4, 5, 11).

What is in excess is the register's rule: a post that the table does not know is never in excess. Changes nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import func, select

from connector.auth.act import Act
from connector.pages.access import PageActDep
from connector.pages.frame import render
from connector.pages.language import language_of, mark, translator
from connector.pages.paging import ON_A_PAGE, Paging, paging
from connector.pages.reach import chosen_unit, units_in_reach
from connector.register import catalogue, matrix
from connector.register.tables import AccountRow, GrantRow, MatrixRow, PermissionRow, PersonRow, SubsystemRow, UnitRow
from connector.regulations.vocabulary import AccountStatus

router = APIRouter(prefix="/pages/matrix", tags=["pages"], include_in_schema=False)

MOST_COLUMNS = 15  # A wider table is drawn for one system at a time.
HELD, EXCESS, MAY = "held", "excess", "may"


class Holder(NamedTuple):
    """One account: `cells` says of each column held, excess, may (not held) or nothing. `is_known`: the post is."""

    user_name: str
    name: str
    post: str
    status: str
    is_known: bool
    cells: Sequence[str]
    elsewhere: int  # permissions in excess in columns that are not shown


@router.get("")
def show(request: Request, act: PageActDep, unit: str = "", system: str = "", page: int = 1) -> HTMLResponse:
    """The table of one unit in force, and its accounts with what they hold beside what their posts may."""
    chosen = chosen_unit(act, unit.strip())
    columns, systems = catalogue.list_permissions(act), catalogue.list_subsystems(act)
    posts = matrix.current(act, chosen.id)
    wide = len(columns) > MOST_COLUMNS
    if system or wide:
        system = system if system in {row.id for row in systems} else _first_system(posts, systems)
        columns = [column for column in columns if column.subsystem_id == system]
    place = paging(page, _count(act, chosen))
    t = translator(language_of(request))
    return render(
        request, "matrix.html", title=t(mark("账号权限对照表")), unit=chosen, system=system, columns=columns,
        units=[(row.code, row.name) for row in units_in_reach(act)], systems=[(row.id, row.name) for row in systems],
        names={row.id: row.name for row in systems}, in_force=_in_force(act, chosen), wide=wide, place=place,
        posts=[(post, [column.id in may for column in columns]) for post, may in sorted(posts.items())],
        holders=_holders(act, chosen, place, columns, posts), paged=place if place.pages > 1 else None,
    )  # fmt: skip


def _first_system(posts: Mapping[str, Collection[str]], systems: Sequence[SubsystemRow]) -> str:
    """The system that the unit's table says most about; the first one where it says nothing."""
    named = Counter(permission.partition(":")[0] for may in posts.values() for permission in may)
    return named.most_common(1)[0][0] if named else systems[0].id if systems else ""


def _in_force(act: Act, unit: UnitRow) -> MatrixRow | None:
    return act.session.scalar(select(MatrixRow).where(MatrixRow.unit_id == unit.id, MatrixRow.until.is_(None)))


def _count(act: Act, unit: UnitRow) -> int:
    statement = select(func.count()).select_from(AccountRow).join(PersonRow, PersonRow.id == AccountRow.person_id)
    return act.session.scalar(statement.where(PersonRow.unit_id == unit.id, _IN_BEING)) or 0


def _holders(
    act: Act, unit: UnitRow, place: Paging, columns: Sequence[PermissionRow],
    posts: Mapping[str, Collection[str]],
) -> list[Holder]:  # fmt: skip
    """One page of the unit's own accounts, in two queries."""
    accounts = act.session.execute(
        select(AccountRow, PersonRow.name, PersonRow.post)
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .where(PersonRow.unit_id == unit.id, _IN_BEING)
        .order_by(AccountRow.user_name)
        .offset(place.first)
        .limit(ON_A_PAGE)
    ).all()
    held: dict[str, set[str]] = defaultdict(set)
    statement = select(GrantRow.account_id, GrantRow.permission_id).where(
        GrantRow.account_id.in_([account.id for account, *_ in accounts]), GrantRow.until.is_(None)
    )
    for account_id, permission_id in act.session.execute(statement):
        held[account_id].add(permission_id)
    shown = [column.id for column in columns]
    return [_holder(account, name, post, held[account.id], posts.get(post), shown) for account, name, post in accounts]


def _holder(
    account: AccountRow, name: str, post: str, held: Collection[str], may: Collection[str] | None, shown: Sequence[str]
) -> Holder:
    excess = set(held) - set(may) if may is not None else set[str]()
    cells = [
        EXCESS if column in excess else HELD if column in held else MAY if may is not None and column in may else ""
        for column in shown
    ]
    return Holder(account.user_name, name, post, account.status, may is not None, cells, len(excess - set(shown)))


_IN_BEING = AccountRow.status != AccountStatus.CANCELLED.value
