"""Queries of the freeze orders and their lines. The only place that selects from their tables."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, or_, select

from connector.auth.act import Act
from connector.errors import NotFoundError
from connector.incidents.tables import FreezeLineRow, FreezeNumberRow, FreezeOrderRow
from connector.register.tables import AccountRow, PersonRow, UnitRow
from connector.storage import numbers


def next_number(act: Act) -> str:
    """The next number of the year, "DJ-2026-000012"; gaps only where a transaction was rolled back."""
    return numbers.next_number(act.session, FreezeNumberRow, "DJ", act.now)


def get_order(act: Act, number: str, *, lock: bool = False) -> FreezeOrderRow:
    """The order with this number or id; raises NotFoundError. `lock` holds its row until the end of the act."""
    query = select(FreezeOrderRow).where(or_(FreezeOrderRow.number == number, FreezeOrderRow.id == number))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    order = act.session.scalar(query)
    if order is None:
        raise NotFoundError(kind="冻结指令 (freeze order)", name=number)
    return order


def list_orders(act: Act, *, states: Collection[str] = (), count: int = 100) -> list[FreezeOrderRow]:
    """Orders, the newest first."""
    query = select(FreezeOrderRow).order_by(FreezeOrderRow.ordered_at.desc(), FreezeOrderRow.number.desc())
    if states:
        query = query.where(FreezeOrderRow.state.in_(states))
    return list(act.session.scalars(query.limit(count)))


def lines_of(act: Act, order_id: str) -> list[FreezeLineRow]:
    """The lines of an order, in the order they are begun."""
    return list(
        act.session.scalars(select(FreezeLineRow).where(FreezeLineRow.order_id == order_id).order_by(FreezeLineRow.id))
    )


def get_line(act: Act, order_id: str, account_id: str) -> FreezeLineRow:
    """The line of this account; raises NotFoundError."""
    statement = select(FreezeLineRow).where(FreezeLineRow.order_id == order_id, FreezeLineRow.account_id == account_id)
    line = act.session.scalar(statement)
    if line is None:
        raise NotFoundError(kind="账号 (account)", name=account_id)
    return line


def accounts_of(act: Act, order_id: str) -> dict[str, tuple[AccountRow, PersonRow, UnitRow]]:
    """Account, person and unit of every line, by account id."""
    statement = (
        select(AccountRow, PersonRow, UnitRow)
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .join(UnitRow, UnitRow.id == PersonRow.unit_id)
        .join(FreezeLineRow, FreezeLineRow.account_id == AccountRow.id)
        .where(FreezeLineRow.order_id == order_id)
    )
    return {account.id: (account, person, unit) for account, person, unit in act.session.execute(statement)}


def take_page(act: Act, order_id: str, count: int) -> list[FreezeLineRow]:
    """The next lines that nobody has begun, locked."""
    statement = (
        select(FreezeLineRow)
        .where(FreezeLineRow.order_id == order_id, FreezeLineRow.state == "pending", FreezeLineRow.begun_at.is_(None))
        .order_by(FreezeLineRow.id)
        .limit(count)
        .with_for_update(skip_locked=True)
    )
    return list(act.session.scalars(statement))


def count_lines(act: Act, order_id: str) -> dict[str, int]:
    """How many lines there are of each state."""
    statement = (
        select(FreezeLineRow.state, func.count())
        .where(FreezeLineRow.order_id == order_id)
        .group_by(FreezeLineRow.state)
    )
    return {state: count for state, count in act.session.execute(statement)}


def size_frozen_alone(act: Act, since: datetime) -> int:
    """How many accounts the actor has had frozen without a second person since then."""
    mine = (
        FreezeOrderRow.orderer_id == act.actor.person_id
        if act.actor.person_id
        else FreezeOrderRow.ordered_by == act.actor.name
    )
    statement = select(func.coalesce(func.sum(FreezeOrderRow.size), 0)).where(
        mine,
        FreezeOrderRow.direction == "freeze",
        FreezeOrderRow.started_at >= since,
        FreezeOrderRow.confirmer_id.is_(None),
    )
    return act.session.scalar(statement) or 0
