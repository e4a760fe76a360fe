"""What is shown of a departure plan: user names and causes, no names of persons."""

from dataclasses import dataclass
from datetime import datetime

from connector.auth.act import Act
from connector.departures import service
from connector.departures.tables import DeparturePlanRow


@dataclass(frozen=True, kw_only=True)
class PlanItemView:
    """One account of a plan. A `manual` one is never frozen by the machine."""

    user_name: str
    directory_key: str
    cause: str
    manual: bool


@dataclass(frozen=True, kw_only=True)
class PlanView:
    """One plan. `request` is the number of the request that may release it."""

    hash: str
    state: str
    made_at: datetime
    reasons: list[str]
    leavers: int
    request: str | None
    items: list[PlanItemView]


def show_plan(act: Act, plan_hash: str) -> PlanView:
    """The newest plan with this hash or this beginning of one; raises NotFoundError."""
    row, names = service.get_plan(act, plan_hash)
    return _view(act, row, names)


def show_plans(act: Act, *, limit: int = 50) -> list[PlanView]:
    """Plans, the newest first, without their accounts."""
    return [_view(act, row, {}) for row in service.list_plans(act, limit=limit)]


def _view(act: Act, row: DeparturePlanRow, names: dict[str, str]) -> PlanView:
    return PlanView(
        hash=row.hash,
        state=row.state,
        made_at=row.made_at,
        reasons=row.reasons,
        leavers=sum(1 for item in row.items if not item["manual"]),
        request=service.request_number(act, row.request_id),
        items=[
            PlanItemView(
                user_name=names[item["account_id"]],
                directory_key=item["key"],
                cause=item["cause"],
                manual=item["manual"],
            )
            for item in row.items
            if item["account_id"] in names
        ],
    )
