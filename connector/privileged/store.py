"""Queries of the boxes. The only place that selects from their tables."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import exists, or_, select

from connector.auth.act import Act
from connector.errors import NotFoundError
from connector.privileged.tables import BoxRow, ExtensionRow, NoticeRow
from connector.register.tables import AccountRow, AccountStateRow, GrantRow, UnitRow
from connector.regulations.vocabulary import AccountStatus

OPEN = ("planned", "running")


def get_box(act: Act, number: str, *, lock: bool = False) -> BoxRow:
    """The box with this number or id; raises NotFoundError. `lock` holds its row until the end of the act."""
    query = select(BoxRow).where(or_(BoxRow.number == number, BoxRow.id == number))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    box = act.session.scalar(query)
    if box is None:
        raise NotFoundError(kind="临时使用 (privileged use)", name=number)
    return box


def open_boxes_of(act: Act, account_id: str) -> list[BoxRow]:
    """Planned and running boxes of an account, the earliest first, as they are now."""
    query = select(BoxRow).where(BoxRow.account_id == account_id, BoxRow.state.in_(OPEN)).order_by(BoxRow.starts_at)
    return list(act.session.scalars(query.execution_options(populate_existing=True)))


def list_open(act: Act) -> list[BoxRow]:
    """Every planned and running box, by the moment at which something is due."""
    query = select(BoxRow).where(BoxRow.state.in_(OPEN)).order_by(BoxRow.ends_at, BoxRow.id)
    return list(act.session.scalars(query))


def list_due_starts(act: Act) -> list[BoxRow]:
    query = select(BoxRow).where(BoxRow.state == "planned", BoxRow.starts_at <= act.now).order_by(BoxRow.starts_at)
    return list(act.session.scalars(query))


def list_due_ends(act: Act) -> list[BoxRow]:
    """Running boxes whose end has come, or whose account was out of use at any moment since they were opened."""
    was_out = exists().where(
        AccountStateRow.account_id == BoxRow.account_id,
        AccountStateRow.status != AccountStatus.ACTIVE.value,
        or_(
            AccountStateRow.until.is_(None),
            AccountStateRow.until > BoxRow.opened_at,
            AccountStateRow.since >= BoxRow.opened_at,
        ),
    )
    query = select(BoxRow).where(BoxRow.state == "running", or_(BoxRow.ends_at <= act.now, was_out))
    return list(act.session.scalars(query.order_by(BoxRow.ends_at, BoxRow.id)))


def list_ending(act: Act, before: datetime) -> list[BoxRow]:
    """Running boxes that end before this moment and whose notice has not gone out."""
    told = exists().where(NoticeRow.box_id == BoxRow.id, NoticeRow.ends_at == BoxRow.ends_at)
    query = select(BoxRow).where(BoxRow.state == "running", BoxRow.ends_at > act.now, BoxRow.ends_at <= before, ~told)
    return list(act.session.scalars(query.order_by(BoxRow.ends_at)))


def list_unproved(act: Act, before: datetime) -> list[BoxRow]:
    """Opened boxes that were to end before this moment, or ended before it, and whose end is not proved."""
    query = select(BoxRow).where(
        BoxRow.opened_at.is_not(None),
        BoxRow.proved_at.is_(None),
        or_(BoxRow.ends_at < before, BoxRow.ended_at < before),
    )
    return list(act.session.scalars(query.order_by(BoxRow.ends_at)))


def list_boxes(
    act: Act,
    *,
    person_id: str | None = None,
    units: Collection[UnitRow] | None = None,
    state: str | None = None,
    overdue: bool = False,
    first: int = 0,
    count: int = 50,
) -> list[BoxRow]:
    """Boxes, newest first. With `person_id` only those he uses or reviews, and those of `units` and below."""
    query = select(BoxRow).order_by(BoxRow.starts_at.desc(), BoxRow.id).offset(first).limit(count)
    if person_id is not None:
        inside = [UnitRow.path.startswith(unit.path, autoescape=True) for unit in units or ()]
        own = or_(BoxRow.person_id == person_id, BoxRow.reviewer_id == person_id, *inside)
        query = query.join(UnitRow, UnitRow.id == BoxRow.unit_id).where(own)
    if state:
        query = query.where(BoxRow.state == state)
    if overdue:
        query = query.where(BoxRow.review_due_at < act.now, BoxRow.reviewed_at.is_(None))
    return list(act.session.scalars(query))


def list_missing_reviews(act: Act) -> list[BoxRow]:
    """Boxes whose review is past its limit and of which nobody was told yet."""
    query = select(BoxRow).where(
        BoxRow.review_due_at < act.now, BoxRow.reviewed_at.is_(None), BoxRow.overdue_at.is_(None)
    )
    return list(act.session.scalars(query.order_by(BoxRow.review_due_at)))


def extensions_of(act: Act, box_id: str) -> list[ExtensionRow]:
    query = select(ExtensionRow).where(ExtensionRow.box_id == box_id).order_by(ExtensionRow.decided_at)
    return list(act.session.scalars(query))


def granted_by_box(act: Act, box: BoxRow) -> list[str]:
    """Permissions that the account holds now because of the box, and of nothing else."""
    query = select(GrantRow.permission_id).where(
        GrantRow.account_id == box.account_id, GrantRow.until.is_(None), GrantRow.granted_by == box.request_id
    )
    return sorted(act.session.scalars(query))


def account_of(act: Act, box: BoxRow) -> AccountRow:
    return act.session.get_one(AccountRow, box.account_id)
