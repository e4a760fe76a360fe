"""The departures room's front door: what jobs, routes and commands call. Freezes through provisioning only."""

from datetime import timedelta

from sqlalchemy import select

from connector.auth.act import Act
from connector.departures.cases import CaseView, count_overdue, list_cases, settle_cases
from connector.departures.handover import list_handovers
from connector.departures.hints import list_hints
from connector.departures.linking import link_key
from connector.departures.mover_cases import list_movers
from connector.departures.plan import BreakerRules, Filled
from connector.departures.readings import record_reading
from connector.departures.rotation import do_item, get_rotation, list_rotations
from connector.departures.runs import Run, plan_run, preview_moves, preview_plan, refuse_read
from connector.departures.shared_secrets import list_secrets
from connector.departures.tables import DeparturePlanRow
from connector.errors import NotFoundError
from connector.register.tables import AccountRow
from connector.requests.tables import RequestRow
from connector.settings import Settings
from connector.storage.batches import in_batches

__all__ = [
    "BreakerRules",
    "CaseView",
    "Run",
    "breaker_rules",
    "count_overdue",
    "do_item",
    "get_plan",
    "get_rotation",
    "link_key",
    "list_cases",
    "list_handovers",
    "list_hints",
    "list_movers",
    "list_plans",
    "list_rotations",
    "list_secrets",
    "plan_run",
    "preview_moves",
    "preview_plan",
    "record_reading",
    "refuse_read",
    "request_number",
    "settle_cases",
    "user_names",
]


def breaker_rules(settings: Settings, *, interval: timedelta = timedelta(hours=1)) -> BreakerRules:
    """The breaker of this installation. `interval` is the least time between the two reads that make an absence."""
    return BreakerRules(
        count=settings.breaker_count,
        share=settings.breaker_share,
        floor=settings.breaker_floor,
        interval=interval,
        canaries=frozenset(settings.directory.canaries),
        mapped=Filled.STATUS
        | (Filled.UNIT if settings.directory.unit_attribute else Filled(0))
        | (Filled.POST if settings.directory.post_attribute else Filled(0)),
    )


def list_plans(act: Act, *, limit: int = 50) -> list[DeparturePlanRow]:
    """Plans, the newest first."""
    newest_first = select(DeparturePlanRow).order_by(DeparturePlanRow.made_at.desc(), DeparturePlanRow.id)
    return list(act.session.scalars(newest_first.limit(limit)))


def get_plan(act: Act, plan_hash: str) -> tuple[DeparturePlanRow, dict[str, str]]:
    """The newest plan with this hash (or one that begins so), and its accounts' user names by account id."""
    statement = select(DeparturePlanRow).where(DeparturePlanRow.hash.startswith(plan_hash, autoescape=True))
    row = act.session.scalars(statement.order_by(DeparturePlanRow.made_at.desc())).first() if plan_hash else None
    if row is None:
        raise NotFoundError(kind="离岗方案 (departure plan)", name=plan_hash)
    return row, user_names(act, [str(item["account_id"]) for item in row.items])


def user_names(act: Act, account_ids: list[str]) -> dict[str, str]:
    """User names by account id."""
    names: dict[str, str] = {}
    for some in in_batches(account_ids):
        rows = act.session.execute(select(AccountRow.id, AccountRow.user_name).where(AccountRow.id.in_(some)))
        names |= {account_id: name for account_id, name in rows}
    return names


def request_number(act: Act, request_id: str | None) -> str | None:
    request = act.session.get(RequestRow, request_id) if request_id else None
    return request.number if request else None
