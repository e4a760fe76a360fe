"""Lists every approval beyond a table of posts, so that an inspection sees all of them (B5; JC 9, 11). Reads only."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from connector.auth.act import Act
from connector.register.reach import inside, units_of_ledger
from connector.register.tables import AccountRow, GrantRow, MatrixRow, PersonRow, UnitRow
from connector.requests.entitlement_tables import OverrideRow
from connector.requests.tables import RequestRow
from connector.storage.batches import in_batches


@dataclass(frozen=True, kw_only=True)
class OverrideView:
    """One override. `held` are those of its permissions that are held by this request today."""

    request: str
    request_state: str
    user_name: str | None
    unit_code: str
    unit_name: str
    post: str
    post_unknown: bool
    permissions: list[str]
    held: list[str]
    matrix_version: int
    in_force: bool
    decided_by: str
    reason: str
    at: datetime


def list_overrides(act: Act, *, unit_code: str = "", first: int = 0, count: int = 200) -> list[OverrideView]:
    """Overrides, the newest first: overseers see all, a unit head those of his units; ForbiddenError for others."""
    statement = (
        select(OverrideRow, RequestRow, UnitRow, MatrixRow, PersonRow.name, AccountRow.user_name)
        .join(RequestRow, RequestRow.id == OverrideRow.request_id)
        .join(UnitRow, UnitRow.id == OverrideRow.unit_id)
        .join(MatrixRow, MatrixRow.id == OverrideRow.matrix_id)
        .join(PersonRow, PersonRow.id == OverrideRow.person_id)
        .outerjoin(AccountRow, AccountRow.id == RequestRow.account_id)
        .where(*inside(units_of_ledger(act), UnitRow.path))
        .order_by(OverrideRow.at.desc(), OverrideRow.id)
        .offset(first)
        .limit(count)
    )
    if unit_code:
        statement = statement.where(UnitRow.code == unit_code)
    rows = act.session.execute(statement).all()
    held = _held(act, [request.id for _, request, *_ in rows])
    return [
        OverrideView(
            request=request.number,
            request_state=request.state,
            user_name=user_name,
            unit_code=unit.code,
            unit_name=unit.name,
            post=row.post,
            post_unknown=row.post_unknown,
            permissions=row.permissions,
            held=sorted(held[request.id] & set(row.permissions)),
            matrix_version=table.version,
            in_force=table.until is None,
            decided_by=decided_by,
            reason=row.reason,
            at=row.at,
        )
        for row, request, unit, table, decided_by, user_name in rows
    ]


def _held(act: Act, request_ids: list[str]) -> defaultdict[str, set[str]]:
    held: defaultdict[str, set[str]] = defaultdict(set)
    for ids in in_batches(request_ids):
        statement = select(GrantRow.granted_by, GrantRow.permission_id)
        for request_id, permission in act.session.execute(
            statement.where(GrantRow.granted_by.in_(ids), GrantRow.until.is_(None))
        ):
            held[request_id].add(permission)
    return held
